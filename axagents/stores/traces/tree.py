"""A run as one tree: what the records say, made exact by spans, with the runs that it began and the totals."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axagents.clock import utc_now
from axagents.fields import sha256_text
from axagents.project import Project
from axagents.stores.runs import RunRecord, Runs
from axagents.stores.traces.facts import OPEN, Kind, Part, read_effects, read_facts, seconds
from axagents.stores.traces.recording import RUN
from axagents.stores.traces.spans import Spans
from axagents.tracing import Span

_NANO = 1e9
_RUNS = ("agent", "workflow", "command")
_CLOCK_SLACK = 0.005
_KINDS: dict[Any, Kind] = {"chat": "turn", "execute_tool": "call"}


@dataclass(frozen=True)
class Node:
    """One part of a run's tree.

    Attributes:
        recorded: whether a span was recorded; else the times are those of the journal.
        start_s: seconds after the beginning of the tree; duration_s: None while it goes on, or where it was cut.
        told: what else there is to say of it.
    """

    id: str
    parent: str | None
    run_id: str
    kind: Kind
    name: str
    status: str
    recorded: bool
    start_s: float
    duration_s: float | None
    tokens: int
    cost_usd: float
    told: dict[str, Any]
    children: tuple["Node", ...]

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it, from the top down."""
        yield self
        for child in self.children:
            yield from child.walk()

    def as_dict(self) -> dict[str, Any]:
        """Return it as programs see it, without its children, who name it as their parent."""
        own = {key: value for key, value in vars(self).items() if key not in ("told", "children")}
        return {**own, **{key: value for key, value in self.told.items() if value is not None}}


@dataclass(frozen=True)
class Totals:
    """What a run took, with the runs that it began; `waited_s` for people's words."""

    turns: int
    calls: int
    retries: int
    runs: int
    tokens: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    approvals: int
    waited_s: float


def read_tree(project: Project, run_id: str) -> Node:
    """Return a run's tree.

    Raises:
        NotFound: no such run.
    """
    run = Runs(project).get(run_id)
    return _finish(_part(project, run), None, seconds(run.started_at))


def add_up(tree: Node) -> Totals:
    """Return what everything in a tree took together."""
    nodes = list(tree.walk())
    turns = [each for each in nodes if each.kind == "turn"]
    approvals = [each for each in nodes if each.kind == "approval"]
    return Totals(
        turns=len(turns),
        calls=sum(each.kind == "call" for each in nodes),
        retries=sum(each.told.get("retries", 0) for each in turns),
        runs=sum(each.kind in _RUNS for each in nodes),
        tokens=sum(each.tokens for each in turns),
        input_tokens=sum(each.told.get("input_tokens", 0) for each in turns),
        output_tokens=sum(each.told.get("output_tokens", 0) for each in turns),
        cost_usd=sum(each.cost_usd for each in turns),
        approvals=len(approvals),
        waited_s=round(sum(each.duration_s or 0.0 for each in approvals), 3),
    )


def _part(project: Project, run: RunRecord) -> Part:
    end = seconds(run.finished_at) if run.finished_at else None
    status = "interrupted" if run.interrupted else run.status
    made = Part(run.kind, run.name, "run", seconds(run.started_at), end, status=status, told={"verdict": run.verdict})
    made.children = read_facts(project, run)
    _apply(made, Spans(project).of_run(run.run_id))
    began = [_part(project, child) for child in Runs(project).children(run.run_id)]
    for part in [*read_effects(project, run), *began]:
        _innermost(made, part.start).children.append(part)
    _settle(made, run.run_id, {"running": "running", "waiting": "waiting"}.get(status, "cut"))
    return made


def _innermost(part: Part, moment: float) -> Part:
    """Return the call or the step, within a run, in which something began at a moment."""
    for child in reversed(part.children):
        if child.kind in ("turn", "call", "step") and child.start - _CLOCK_SLACK <= moment:
            if child.kind == "turn":
                inner = _innermost(child, moment)
                if inner is not child:
                    return inner
            elif child.covers(moment) or child.covers(moment + _CLOCK_SLACK):
                return child
    return part


def _settle(part: Part, run_id: str, open_means: str) -> None:
    """Say of which run the parts are, and what became of those without an end."""
    part.run_id = part.run_id or run_id
    part.status = open_means if part.status == OPEN else part.status
    for child in part.children:
        if not child.run_id:
            _settle(child, run_id, open_means)
    part.children.sort(key=lambda each: each.start)


def _apply(run: Part, spans: list[Span]) -> None:
    """Make the parts of a run exact by their spans; spans of nothing that is written down become parts themselves."""
    by_key = {run.key: run} | {part.key: part for part in _below(run)}
    by_span: dict[str, Part] = {}
    loose: list[Span] = []
    for span in spans:
        part = by_key.get(_key(span))
        if part is None:
            loose.append(span)
            continue
        by_span[span.span_id] = part
        _make_exact(part, span)
    extra = {span.span_id: _extra(span) for span in loose}
    by_span |= extra
    for span in loose:
        by_span.get(span.parent_id or "", run).children.append(extra[span.span_id])


def _key(span: Span) -> str:
    told = span.attributes
    if RUN in told:
        return "run"
    for name, attribute in (
        ("turn", "axagents.turn"),
        ("call", "gen_ai.tool.call.id"),
        ("step", "axagents.step"),
        ("approval", "axagents.approval"),
    ):
        if attribute in told:
            return f"{name}:{told[attribute]}"
    return ""


def _make_exact(part: Part, span: Span) -> None:
    if part.span_id is not None:
        # Another process went on with it; the last one counts.
        part.told["attempts"] = part.told.get("attempts", 1) + 1
    part.span_id = span.span_id
    part.told |= _told(span)
    if part.key != "run" and part.status != "expired":
        if part.end is not None:
            part.start, part.end = span.started / _NANO, span.ended / _NANO
        elif span.error:
            part.end, part.status = span.ended / _NANO, "failed"


def _extra(span: Span) -> Part:
    kind = _KINDS.get(span.attributes.get("gen_ai.operation.name"), "span")
    name = "turn" if kind == "turn" else span.name
    part = Part(kind, name, f"span:{span.span_id}", span.started / _NANO, span.ended / _NANO, span_id=span.span_id)
    part.told = _told(span)
    part.status = "failed" if span.error else "done"
    return part


def _told(span: Span) -> dict[str, Any]:
    retries = [each for each in span.events if each.name == "axagents.retry"]
    told = {
        "model": span.attributes.get("gen_ai.request.model"),
        "error": span.error,
        "retries": len(retries) or None,
        "retried_after": [str(each.attributes.get("error.type")) for each in retries] or None,
        "verdict": span.attributes.get("axagents.verdict"),
    }
    return {key: value for key, value in told.items() if value is not None}


def _below(part: Part) -> Iterator[Part]:
    for child in part.children:
        yield child
        yield from _below(child)


def _finish(part: Part, parent: str | None, began: float) -> Node:
    id_ = part.span_id or sha256_text(f"{part.run_id} {part.key}")[:16]
    goes_on = part.status == "running" or (part.kind == "approval" and part.status == "waiting")
    end = utc_now().timestamp() if goes_on and part.end is None else part.end
    return Node(
        id=id_,
        parent=parent,
        run_id=part.run_id,
        kind=part.kind,
        name=part.name,
        status=part.status,
        recorded=part.span_id is not None,
        start_s=round(part.start - began, 3),
        duration_s=None if end is None else round(max(0.0, end - part.start), 3),
        tokens=part.tokens,
        cost_usd=part.cost_usd,
        told=part.told,
        children=tuple(_finish(child, id_, began) for child in part.children),
    )
