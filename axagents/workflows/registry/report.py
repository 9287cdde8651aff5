"""A registered version, as a person reads it at a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from axagents.decisions.table import Decision
from axagents.layout import table, with_interval
from axagents.workflows.names import WORKFLOWS
from axagents.workflows.registry.request import Lineage, RegistryResult, VersionComparison, VersionMetadata


def describe(metadata: VersionMetadata) -> str:
    """Return one sentence about a version, for MLflow's page of it."""
    what = f"{metadata.framework} {metadata.task or ''} model".replace("  ", " ")
    target = f" for {metadata.target}" if metadata.target else ""
    data = f", trained on {metadata.lineage.dataset}" if metadata.lineage.dataset else ""
    return f"{what}{target}{data}. SHA-256 {metadata.artifact.sha256}"


def next_commands(model: str, version: str, verdict: str) -> list[str]:
    """Return the commands that come next after a verdict."""
    shown = f"ax registry show {model}:{version}"
    if verdict == "PROMOTE":
        return [f'ax registry stage {model} {version} production --why "..."', shown]
    if verdict == "CANARY":
        return [f'ax registry stage {model} {version} canary --why "..."', shown]
    if verdict == "HOLD" and "ml-model-evaluation" in WORKFLOWS:
        return [f'ax run ml-model-evaluation --input \'{{"model_id": "{model}:{version}"}}\'', shown]
    return [shown]


def report_text(result: RegistryResult, decision: Decision) -> str:
    """Return the report of ml-model-registry."""
    metadata = result.metadata
    done = "registered" if result.registered else "was registered before with this content; nothing was changed"
    lines = [
        f"{result.model} {result.version} {done} ({result.stage}).",
        "",
        list_facts(
            [
                ("verdict", f"{decision.verdict}: {decision.because}"),
                ("SHA-256", result.sha256),
                ("model", _model(metadata)),
                ("size", f"{metadata.artifact.size_bytes:,} bytes in {metadata.artifact.files} files"),
                ("checked", _checked(metadata)),
                ("reads", f"{len(metadata.inputs)} columns" if metadata.inputs else "unknown: it has no signature"),
                ("lineage", tell_lineage(metadata.lineage)),
                ("evaluation", result.evaluation or "none of this SHA-256"),
                ("comparison", _compared(result.comparison)),
            ],
        ),
    ]
    if metadata.metrics.claimed or metadata.metrics.verified:
        lines += ["", metrics_table(metadata)]
    lines += ["", "next:", *(f"  {each}" for each in result.next)]
    return "\n".join(lines)


def list_facts(facts: Sequence[tuple[str, str]]) -> str:
    """Lay names and values out in two columns."""
    width = max(len(name) for name, _ in facts)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in facts)


def metrics_table(metadata: VersionMetadata) -> str:
    """Return the metrics that a tool computed beside those that somebody claims."""
    metrics = metadata.metrics
    names = [*metrics.verified, *(name for name in metrics.claimed if name not in metrics.verified)]
    claimed = {name: f"{value:g}" for name, value in metrics.claimed.items()}
    rows = [(name, _tell_metric(metrics.verified.get(name)), claimed.get(name, "")) for name in names]
    told = table(("metric", "verified", "claimed"), rows)
    return told + (f"\nverified by {metrics.verified_by}" if metrics.verified_by else "\nnobody verified these figures")


def _tell_metric(figure: Mapping[str, Any] | float | None) -> str:
    told = figure if isinstance(figure, Mapping) else {"mean": figure}
    mean = told.get("mean")
    return "" if mean is None else with_interval(mean, told.get("low"), told.get("high"))


def tell_lineage(lineage: Lineage) -> str:
    """Write where a version comes from, and what of that is not known."""
    parts = [
        f"data {lineage.dataset}" if lineage.dataset else "",
        f"{len(lineage.features)} features" if lineage.features else "",
        f"feature set {lineage.feature_set}" if lineage.feature_set else "",
        f"experiment {lineage.experiment}" if lineage.experiment else "",
        f"run {lineage.run_id}" if lineage.run_id else "",
    ]
    told = ", ".join(each for each in parts if each) or "nothing known"
    return told if lineage.complete else f"{told} (incomplete: {', '.join(lineage.missing)} not known)"


def _model(metadata: VersionMetadata) -> str:
    estimator = (metadata.estimator or "").rpartition(".")[2]
    parts = [metadata.framework, metadata.task or "", estimator, f"for {metadata.target}" if metadata.target else ""]
    threshold = f"threshold {metadata.threshold:.4g}" if metadata.threshold is not None else ""
    parts += [threshold, "calibrated" if metadata.calibrated else ""]
    return ", ".join(each for each in parts if each)


def _checked(metadata: VersionMetadata) -> str:
    check = metadata.check
    if check.network == "not loaded":
        return "not loaded: a pickle"
    if not check.rows:
        return "loads; brings no input example"
    return f"answers its input example ({check.rows} rows{', as when it was saved' if check.compared else ''})"


def _compared(comparison: VersionComparison) -> str:
    if comparison.against is None:
        return comparison.because
    return f"with {comparison.against} ({comparison.stage}): {comparison.because}"
