"""What the project's own records say of a run, as the parts of a tree: they are there where spans are not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from axagents.clock import parse_stamp
from axagents.project import Project
from axagents.stores.agents.approvals import Approval, Approvals
from axagents.stores.agents.journal import AgentJournal, Entry
from axagents.stores.journal import Journal
from axagents.stores.runs import RunRecord, Runs

Kind = Literal["agent", "workflow", "command", "turn", "call", "step", "approval", "effect", "span"]

OPEN = "open"
"""The status of what has begun and has no end yet; the run's own status says what that means."""


@dataclass
class Part:
    """One part of a run's tree, as far as it is known; times in seconds of the epoch.

    Attributes:
        key: names it within its run; a span that bears the same belongs to it.
        end: None where it has not ended.
        told: what else there is to say, for programs.
    """

    kind: Kind
    name: str
    key: str
    start: float
    end: float | None = None
    status: str = "done"
    tokens: int = 0
    cost_usd: float = 0.0
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    span_id: str | None = None
    run_id: str = ""
    children: list["Part"] = field(default_factory=list["Part"])

    def covers(self, moment: float) -> bool:
        """Tell whether it was going on at a moment."""
        return self.start <= moment and (self.end is None or moment <= self.end)


def seconds(stamp: str) -> float:
    """Return what `stamp` wrote as seconds of the epoch."""
    return parse_stamp(stamp).timestamp()


def read_facts(project: Project, run: RunRecord) -> list[Part]:
    """Return the parts of a run without its effects and the runs that it began: turns with their calls, or steps."""
    if run.kind == "agent":
        entries, approvals = AgentJournal(project, run.run_id).entries(), Approvals(project).of_run(run.run_id)
        return _Agent(run).read(entries, approvals)
    return _steps(project, run)


def _steps(project: Project, run: RunRecord) -> list[Part]:
    found: list[Part] = []
    for each in Runs(project).steps(run.run_id):
        start = seconds(each.started_at)
        end = None if each.seconds is None else start + each.seconds
        found.append(Part("step", each.step, f"step:{each.step}", start, end, status="done" if end else OPEN))
    return found


def read_effects(project: Project, run: RunRecord) -> list[Part]:
    """Return the effects of a run."""
    return [
        Part(
            "effect",
            each.effect,
            f"effect:{each.key}",
            seconds(each.planned_at),
            seconds(each.ended_at) if each.ended_at else None,
            status=each.status,
            told={"reason": each.reason} if each.reason else {},
        )
        for each in Journal(project).of_run(run.run_id)
    ]


class _Agent:
    """Reads the turns of an agent's run, with their calls and approvals, out of its journal."""

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._last = seconds(run.started_at)
        self._turns: list[Part] = []
        self._calls: dict[str, Part] = {}
        self._wanted: set[str] = set()
        self._thinks = True

    def read(self, entries: Sequence[Entry], approvals: Sequence[Approval]) -> list[Part]:
        for entry in entries:
            at = seconds(entry.at)
            if entry.kind == "message" and "turn" in entry.body:
                self._take_turn(entry.body["turn"], at)
            elif entry.kind == "message":
                self._thinks = True
            elif entry.kind == "call":
                self._begin_call(entry.body["call"], at)
            elif entry.kind == "result":
                self._end_call(entry.body, at)
            self._last = at
        for approval in approvals:
            self._owner(approval.call_id).children.append(_approval(approval))
        answered = any(entry.kind == "answer" for entry in entries)
        if self._run.status == "running" and self._thinks and not answered:
            # What it does now, or did when it was cut: it thinks.
            self._turns.append(self._turn(self._last, None, status=OPEN))
        for turn in self._turns:
            turn.children.sort(key=lambda each: each.start)
        return self._turns

    def _turn(self, start: float, end: float | None, *, status: str = "done") -> Part:
        number = len(self._turns) + 1
        return Part("turn", f"turn {number}", f"turn:{number}", start, end, status=status)

    def _take_turn(self, turn: dict[str, Any], at: float) -> None:
        part = self._turn(self._last, at)
        usage: dict[str, int] = turn.get("usage") or {}
        part.tokens, part.cost_usd = turn.get("tokens", 0), turn.get("cost_usd", 0.0)
        part.told = {"ended_by": turn["stop_reason"], **{f"{key}_tokens": value for key, value in usage.items()}}
        self._turns.append(part)
        self._wanted = {call["id"] for call in turn["calls"]} if turn["stop_reason"] == "calls" else set()
        self._thinks = False

    def _begin_call(self, call: dict[str, Any], at: float) -> None:
        self._calls[call["id"]] = self._call(call["id"], call["tool"], at)

    def _call(self, id_: str, tool: str, at: float) -> Part:
        part = Part("call", tool, f"call:{id_}", at, status=OPEN, told={"call_id": id_})
        self._owner(id_).children.append(part)
        return part

    def _end_call(self, body: dict[str, Any], at: float) -> None:
        part = self._calls.get(body["call_id"]) or self._call(body["call_id"], body["tool"], at)
        part.end, part.status = at, body["status"]
        why = body["error"]["message"] if body.get("error") else body.get("why")
        part.told |= {"why": why} if why else {}
        self._wanted.discard(body["call_id"])
        self._thinks = not self._wanted

    def _owner(self, call_id: str) -> Part:
        """Return the turn whose number a call's id begins with, else the last one; one is made where there is none."""
        number = call_id.partition(".")[0]
        if number.isdecimal() and 0 < int(number) <= len(self._turns):
            return self._turns[int(number) - 1]
        if not self._turns:
            self._turns.append(self._turn(self._last, self._last))
        return self._turns[-1]


def _approval(approval: Approval) -> Part:
    start = seconds(approval.asked_at)
    end = seconds(approval.decided_at) if approval.decided_at else None
    status = "expired" if approval.status == "waiting" and approval.expired else approval.status
    told = {"approval_id": approval.approval_id, "by": approval.decided_by, "how": approval.how}
    name = str(approval.plan.get("tool", ""))
    return Part("approval", name, f"approval:{approval.approval_id}", start, end, status=status, told=told)
