"""The report of a training, for a terminal and as Markdown; every number in it was computed."""

from collections.abc import Callable, Sequence

from axagents.layout import markdown_table, table
from axagents.workflows.train.request import CandidateSummary, TrainResult
from axagents.workflows.train.result import tell_figure

_MOST_IMPORTANT = 8
Rows = Sequence[Sequence[object]]


def report_text(result: TrainResult) -> str:
    """Return the report as a terminal shows it."""
    blocks = [
        f"{result.verdict}: {result.headline}",
        *[f"! {each}" for each in result.warnings],
        f"{_leakage(result)} {_facts(result)}",
        table(*_figures(result)),
        table(*_candidates(result)),
        result.because,
        *_decisions(result),
        "Leans most on: " + ", ".join(_important(result)),
        "\n".join([f"model   {result.model_path}", *[f"plot    {each}" for each in result.plots]]),
        f"MLflow  experiment {result.experiment}, run {result.mlflow_run_id}",
        "\n".join(["Next:", *[f"  {each}" for each in result.next]]),
    ]
    return "\n\n".join(block for block in blocks if block)


def report_markdown(result: TrainResult) -> str:
    """Return the report as Markdown."""
    warnings = "\n".join(f"- {each}" for each in result.warnings)
    blocks = [
        f"# {result.target} from {result.dataset}: {result.verdict}",
        result.headline,
        f"## Before you trust it\n\n{warnings}" if warnings else "",
        _leakage(result),
        "## Figures",
        _facts(result),
        markdown_table(*_figures(result)),
        "## Candidates",
        markdown_table(*_candidates(result)),
        result.because,
        "## Decisions and probabilities" if result.task != "regression" else "",
        *_decisions(result),
        "## Importance",
        _importance_table(result, markdown_table),
        "## Left out",
        markdown_table(["column", "why"], [[each.column, each.why] for each in result.left_out])
        if result.left_out
        else "Nothing.",
        "## Plots",
        "\n".join(f"![{each.rpartition('/')[2]}]({'/'.join(each.split('/')[-2:])})" for each in result.plots),
        "## Where it lies",
        f"- model: `{result.model_path}`\n- MLflow: experiment `{result.experiment}`, run `{result.mlflow_run_id}`\n"
        f"- data: `{result.dataset}`, SHA-256 `{result.fingerprint}`",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _leakage(result: TrainResult) -> str:
    found = result.leakage
    if not found.findings:
        return "Leakage check: SAFE, no rule found anything."
    rules = ", ".join(dict.fromkeys(each.rule for each in found.findings))
    return f"Leakage check: {found.verdict} ({rules})."


def _facts(result: TrainResult) -> str:
    origin = f" of {result.feature_set}" if result.feature_set else ""
    return (
        f"{result.rows:,} rows, {len(result.features)} features{origin}, {result.task}. {result.split}. "
        f"Figures: {result.assessment}. {result.trials} configurations tried in {result.seconds:.0f} s, "
        f"seed {result.seed}."
    )


def _figures(result: TrainResult) -> tuple[list[str], Rows]:
    rows = [
        [
            name,
            tell_figure(found),
            *[tell_figure(floor[name]) if name in floor else "-" for floor in result.floors.values()],
        ]
        for name, found in result.metrics.items()
    ]
    gain = f"gain over linear {tell_figure(result.gain)}"
    return ["metric", f"chosen: {result.chosen}", *[f"floor: {name}" for name in result.floors]], [
        *rows,
        [result.primary_metric, gain, "", ""],
    ]


def _candidates(result: TrainResult) -> tuple[list[str], Rows]:
    header = ["candidate", result.primary_metric, "loss to the best", "within margin", "tried", "seconds"]
    return header, [_candidate(each) for each in result.candidates]


def _candidate(each: CandidateSummary) -> list[object]:
    mark = " (chosen)" if each.role == "chosen" else ""
    return [
        each.name + mark,
        tell_figure(each.score),
        tell_figure(each.loss),
        each.within_margin,
        each.trials,
        each.seconds,
    ]


def _decisions(result: TrainResult) -> list[str]:
    told: list[str] = []
    if result.threshold:
        at = result.threshold
        told.append(
            f"Threshold {at.threshold:.3f}, chosen on out-of-fold predictions: precision {at.precision:.3f}, recall "
            f"{at.recall:.3f}, F1 {at.f1:.3f}; {at.share_positive:.1%} of rows are called {result.classes[-1]!r}."
        )
    if result.calibration:
        found = result.calibration
        if found.kind:
            told.append(
                f"Calibrated ({found.kind}): Brier score {found.brier_raw:.4f} before, {found.brier:.4f} after."
            )
        else:
            told.append(f"Not calibrated, since that did not help: Brier score {found.brier_raw:.4f}.")
    return told


def _important(result: TrainResult) -> list[str]:
    return [f"{each.column} ({each.loss:.4f})" for each in result.importance[:_MOST_IMPORTANT]]


def _importance_table(result: TrainResult, lay_out: Callable[[Sequence[str], Rows], str]) -> str:
    rows = [[each.column, round(each.loss, 5), round(each.spread, 5)] for each in result.importance]
    return lay_out(["column", f"loss of {result.primary_metric} when shuffled", "spread"], rows)
