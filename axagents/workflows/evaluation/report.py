"""The report of an evaluation, for a terminal and as Markdown; every number in it was computed."""

from collections.abc import Callable, Sequence

from axagents.layout import markdown_table, table
from axagents.workflows.evaluation.request import EvaluationResult
from axagents.workflows.evaluation.sections import (
    AttributeReport,
    FairnessReport,
    RivalReport,
    SliceSearchReport,
    ThresholdReport,
)
from axagents.workflows.train.request import Figure
from axagents.workflows.train.result import tell_figure

Rows = Sequence[Sequence[object]]
LayOut = Callable[[Sequence[str], Rows], str]
_MOST_SLICES = 8
_MOST_IMPORTANT = 8
_MOST_RATES = 4
_SHOWN_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "mean_prediction", "mean_residual")


def report_text(result: EvaluationResult) -> str:
    """Return the report as a terminal shows it."""
    blocks = [
        result.headline,
        *[f"! {each}" for each in result.warnings],
        _facts(result),
        _metrics(result, table),
        *[block for _, block in _sections(result, table)],
        "\n".join([f"report  {result.report}", f"page    {result.page}"]),
        f"MLflow  experiment {result.experiment}, run {result.mlflow_run_id}",
        "\n".join(["Next:", *[f"  {each}" for each in result.next]]),
    ]
    return "\n\n".join(block for block in blocks if block)


def report_markdown(result: EvaluationResult) -> str:
    """Return the report as Markdown."""
    warnings = "\n".join(f"- {each}" for each in result.warnings)
    blocks = [
        f"# {result.model}{f' {result.version}' if result.version else ''} on {result.dataset}: {result.verdict}",
        result.headline,
        f"## Before you trust it\n\n{warnings}" if warnings else "",
        "## Performance",
        _facts(result),
        _metrics(result, markdown_table),
        *[f"## {title}\n\n{block}" for title, block in _sections(result, markdown_table) if block],
        "## Rules\n\n" + _rules(result, markdown_table),
        f"## Where it lies\n\n- model: SHA-256 `{result.sha256}`\n- data: `{result.dataset}`, SHA-256 "
        f"`{result.fingerprint}`\n- MLflow: experiment `{result.experiment}`, run `{result.mlflow_run_id}`\n"
        f"- page with plots: `{result.page}`",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _sections(result: EvaluationResult, lay_out: LayOut) -> list[tuple[str, str]]:
    return [
        ("Classes", _classes(result, lay_out)),
        ("Calibration", _calibration(result)),
        ("Fairness", _fairness(result, lay_out)),
        ("Where it errs", _errors(result, lay_out)),
        ("What it leans on", _importance(result, lay_out)),
        ("Robustness", _robustness(result, lay_out)),
        ("Latency", _latency(result, lay_out)),
        ("Thresholds", _thresholds(result.thresholds, lay_out)),
        ("Comparison", "\n\n".join(_rival(each, lay_out) for each in result.comparison.rivals)),
        ("Success criteria", _criteria(result)),
    ]


def _facts(result: EvaluationResult) -> str:
    entities = f" about {result.entities:,} entities" if result.entities else ""
    threshold = f", threshold {result.threshold:.3f}" if result.threshold is not None else ""
    told = f"{result.rows:,} labelled rows{entities} of {result.rows_from}"
    return f"{told}, {result.task}, target {result.target}{threshold}."


def _metrics(result: EvaluationResult, lay_out: LayOut) -> str:
    rows = [[name, tell_figure(each), each.method] for name, each in result.metrics.items()]
    return lay_out(["metric", "value [95 %]", "interval by"], rows)


def _classes(result: EvaluationResult, lay_out: LayOut) -> str:
    classes = result.performance.classes
    if not classes:
        return ""
    rows = [
        [
            each.name,
            each.support,
            each.predicted,
            *[_tell(each.metrics.get(name)) for name in ("precision", "recall", "f1")],
        ]
        for each in classes
    ]
    table = lay_out(["class", "rows", "called so", "precision", "recall", "f1"], rows)
    averages = result.performance.averages
    if not averages or len(classes) == 2:
        return table
    names = ("precision", "recall", "f1")
    means = [[kind, *[_tell(found.get(name)) for name in names]] for kind, found in averages.items()]
    head = "Precision, recall and f1 above are means over the classes, each counting the same (macro)."
    return "\n\n".join([table, head, lay_out(["mean over classes", *names], means)])


def _calibration(result: EvaluationResult) -> str:
    told: list[str] = []
    for each in result.performance.calibration:
        line = f"Calibration of {each.name}: slope {_tell(each.slope)}, intercept {_tell(each.intercept)}"
        if each.error:
            line += f"; expected calibration error {each.error.value:.4f} (chance alone {each.error.by_chance:.4f})"
        told.append(f"{line}.")
    return "\n".join(told)


def _fairness(result: EvaluationResult, lay_out: LayOut) -> str:
    if result.fairness is None:
        return ""
    rule = result.fairness.rule
    head = f"Fairness by {rule.criterion}, limit {rule.limit:g}: {result.fairness.verdict}."
    blocks = [_attribute(each, lay_out, rule=rule.criterion) for each in result.fairness.attributes]
    mitigation = _mitigation(result.fairness, lay_out)
    notes = [f"{each}." for each in result.fairness.notes]
    return "\n\n".join([head, *blocks, *([mitigation] if mitigation else []), *notes])


def _mitigation(found: FairnessReport, lay_out: LayOut) -> str:
    if not found.mitigation:
        return ""
    rule = found.rule.criterion
    rows = [
        [
            f"{each.name}, for {each.target.replace('_', ' ')}",
            _tell(each.before[rule].value),
            _tell(each.after[rule].value),
            each.verdict,
            _signed(each.accuracy),
            _signed(each.f1),
        ]
        for each in found.mitigation
    ]
    headers = ["what could be done", f"{rule.replace('_', ' ')} now", "then", "verdict then", "accuracy", "f1"]
    catches = dict.fromkeys(f"Mind: {each.catch}." for each in found.mitigation)
    return "\n\n".join([lay_out(headers, rows), *catches])


def _attribute(found: AttributeReport, lay_out: LayOut, *, rule: str) -> str:
    parts = [each.part for each in (found.criteria.get(rule), *found.criteria.values()) if each]
    # Of several classes the rates that differ most are shown; of one, or of values, those that are always looked for.
    names = dict.fromkeys(parts) if any("[" in each for each in parts) else _SHOWN_RATES
    shown = [name for name in names if any(name in each.figures for each in found.groups)][:_MOST_RATES]
    rows = [
        [
            each.name,
            each.rows,
            *[_tell(each.figures.get(name)) for name in shown],
            each.why if not each.scored else "",
        ]
        for each in found.groups
    ]
    told = f"{found.name}: {found.verdict}. {found.why}."
    return f"{told}\n\n" + lay_out(["group", "rows", *[_rate(name) for name in shown], "not scored"], rows)


def _rate(name: str) -> str:
    return name.replace("_", " ").replace("[", " of ").removesuffix("]")


def _errors(result: EvaluationResult, lay_out: LayOut) -> str:
    blocks = [_search(each, lay_out) for each in result.errors.searches]
    return "\n\n".join(["\n".join(f"{each}." for each in result.errors.notes), *[block for block in blocks if block]])


def _search(found: SliceSearchReport, lay_out: LayOut) -> str:
    if not found.slices:
        return ""
    rows = [
        [each.text, each.rows, each.inside, each.outside, _signed(each.difference), each.confirmed]
        for each in found.slices[:_MOST_SLICES]
    ]
    headers = [f"{found.measure}, where", "rows", "there", "elsewhere", "difference", "confirmed"]
    return lay_out(headers, rows)


def _importance(result: EvaluationResult, lay_out: LayOut) -> str:
    overview = result.errors.overview
    if overview is None:
        return ""
    losses = {each.column: each.loss for each in result.errors.losses}
    rows = [
        [each.column, _tell(losses.get(each.column)), _tell(each.effect)] for each in overview.effects[:_MOST_IMPORTANT]
    ]
    head = f"{overview.method} on {overview.rows:,} rows, on the scale of {overview.scale}."
    return f"{head}\n\n" + lay_out(["column", "loss when shuffled", "mean size of its Shapley values"], rows)


def _robustness(result: EvaluationResult, lay_out: LayOut) -> str:
    found = result.errors.robustness
    if found is None:
        return ""
    rows = [
        [each.text, each.refused or each.value, _signed(each.change), "worse" if each.worse else ""]
        for each in found.effects
        if each.columns
    ]
    rows += [[each.text, each.value, _signed(each.change), each.metric] for each in found.shifts]
    head = f"{found.metric} {found.value:.4f} on {found.rows:,} rows as they are."
    return "\n\n".join([head, lay_out(["when", "value", "change", ""], rows), *found.notes])


def _latency(result: EvaluationResult, lay_out: LayOut) -> str:
    latency = result.errors.latency
    if not latency:
        return ""
    names = list(latency[0].percentiles)
    rows = [[each.rows, each.calls, *[_tell(each.percentiles[name], 2) for name in names]] for each in latency]
    return lay_out(["rows a call", "calls", *[f"{name} ms" for name in names]], rows)


def _rival(found: RivalReport, lay_out: LayOut) -> str:
    head = f"{found.role.capitalize()} {found.name}: {found.because}."
    if not found.differences:
        return head
    rows = [[each.metric, each.ours, each.theirs, _signed(each.difference)] for each in found.differences]
    return f"{head}\n\n" + lay_out(["metric", "this", "other", "difference"], rows)


def _thresholds(found: ThresholdReport | None, lay_out: LayOut) -> str:
    if found is None:
        return ""
    rows = [
        [
            each.name,
            each.threshold,
            *[_tell(each.metrics.get(name)) for name in ("precision", "recall", "f1")],
            _tell(each.alerts, 1),
            _tell(each.cost, 1),
        ]
        for each in found.options
    ]
    head = (
        f"{found.because} Chosen on {found.chosen_on}, reported on {found.reported_on}; alerts and cost per 1,000 rows."
    )
    headers = ["rule", "threshold", "precision", "recall", "f1", "alerts", "cost"]
    return "\n\n".join([head, lay_out(headers, rows), *found.notes])


def _criteria(result: EvaluationResult) -> str:
    return "\n".join(f"{each.text}: {each.status}, {each.because}." for each in result.criteria)


def _rules(result: EvaluationResult, lay_out: LayOut) -> str:
    rows = [
        [each.rule, each.verdict, "decided" if each.decided else "speaks" if each.fired else "", each.because]
        for each in result.rules
    ]
    return lay_out(["rule", "verdict", "", "because"], rows)


def _tell(found: Figure | None, digits: int = 3) -> str:
    if found is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.mean:.{digits}f}"
    return f"{found.mean:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


def _signed(found: Figure | None) -> str:
    if found is None or found.low is None or found.high is None:
        return "-"
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
