"""The report of a tracked run and of a comparison, for a terminal and as Markdown."""

from collections.abc import Callable, Sequence

from axagents.decisions.table import Decision
from axagents.layout import markdown_table, table
from axagents.workflows.experiments.request import Comparison, Difference, TrackerResult

LayOut = Callable[[Sequence[str], Sequence[Sequence[object]]], str]


def report_text(result: TrackerResult, decision: Decision, notes: Sequence[str]) -> str:
    """Return the report of a tracked run as a terminal shows it."""
    blocks = [
        f"{decision.verdict}: {decision.because}",
        f"experiment {result.experiment}, run {result.run_name} ({result.mlflow_run_id})"
        + (", continued" if result.continued else ""),
        *_parts(result, table),
        *notes,
        "\n".join(["Next:", *[f"  {each}" for each in result.next]]),
    ]
    return "\n\n".join(block for block in blocks if block)


def report_markdown(result: TrackerResult, decision: Decision, notes: Sequence[str]) -> str:
    """Return the report of a tracked run as Markdown."""
    blocks = [
        f"# {result.experiment}, {result.run_name}: {decision.verdict}",
        decision.because,
        *_parts(result, markdown_table),
        *notes,
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _parts(result: TrackerResult, lay_out: LayOut) -> list[str]:
    shown = {name: value for name, value in result.metrics.items() if "." not in name or name.startswith("claimed.")}
    parts = [
        f"Hypothesis: {result.hypothesis}" if result.hypothesis else "",
        f"Tags: {', '.join(result.tags)}" if result.tags else "",
        lay_out(["parameter", "value"], list(result.params.items())) if result.params else "",
        lay_out(["metric", "value", "from"], _metric_rows(result, shown)) if shown else "",
        f"Artifacts: {', '.join(result.artifacts)}" if result.artifacts else "",
    ]
    if result.criteria:
        rows = [[each.text, each.status, each.because] for each in result.criteria]
        parts.append(lay_out(["criterion", "status", "because"], rows))
    if result.comparison:
        parts += [f"Compared with {result.baseline}: {result.comparison.answer}"]
        parts += [lay_out(*difference_rows(result.comparison)), *result.comparison.notes]
    told = [result.environment[name] for name in ("env.os", "env.cpu") if name in result.environment]
    return [*parts, f"Made on Python {result.environment.get('env.python', '?')}, {', '.join(told)}."]


def _metric_rows(result: TrackerResult, shown: dict[str, float]) -> list[list[object]]:
    return [[name, value, "claimed" if name in result.claimed else "computed"] for name, value in shown.items()]


def comparison_text(found: Comparison) -> str:
    """Return a comparison as a terminal shows it."""
    names = [each.name for each in found.experiments]
    metrics = list(dict.fromkeys(each.metric for each in found.differences))
    values = {(each.metric, each.first): each.first_value for each in found.differences}
    values |= {(each.metric, each.second): each.second_value for each in found.differences}
    rows = [[name, *[values.get((name, side)) for side in names], found.best[name] or "-"] for name in metrics]
    runs = [f"{each.name}: run {each.run_name} ({each.run_id})" for each in found.experiments]
    blocks = [
        found.answer,
        table(["metric", *names, "best"], rows),
        table(*difference_rows(found)),
        *found.notes,
        "\n".join(runs),
    ]
    return "\n\n".join(blocks)


def difference_rows(found: Comparison) -> tuple[list[str], list[list[object]]]:
    """Return the differences as a table: header and rows."""
    header = ["metric", "difference", "is", "interval", "level", "better", "by"]
    return header, [_row(each) for each in found.differences]


def _row(each: Difference) -> list[object]:
    interval = "-" if each.low is None else f"[{each.low:+.4f}, {each.high:+.4f}]"
    pair = f"{each.first} - {each.second}"
    level = f"{each.level:.1%}"
    return [each.metric, pair, f"{each.difference:+.4f}", interval, level, each.better or "none shown", each.method]
