"""One call of a tool with an effect, made by a client that is no person: the first call shows the plan and waits, the
same call does what was approved.

Each plan that waits has a run of its own, so that what was begun under an approval is gone on with, never begun again.
"""

from dataclasses import dataclass
from typing import Any, Literal

from filelock import FileLock
from pydantic import Field

from axagents.actor import approved
from axagents.agents.proposal import Ground, Proposal, draw
from axagents.agents.tools import ToolBox, call_typed, foresee_typed
from axagents.agents.world import ProjectWorld
from axagents.clock import parse_stamp, utc_now
from axagents.errors import AxError, Failed, Unfinished, Waiting
from axagents.faults import fault_point
from axagents.llm.turn import Call, Source
from axagents.progress import note
from axagents.project import Project
from axagents.requests import validate
from axagents.stores.agents.approvals import LIFETIME, Approval, ApprovalNeed, Approvals
from axagents.stores.database import open_database
from axagents.stores.runs import RunRecord, Runs, repeating, within_run
from axagents.toolkit import ToolSpec

CALL = "mcp-call"
"""The name of the runs that hold such calls."""
AGAIN = "the very same call, made again after a person has approved it, does it; once"
_CALL_ID = "1"
_LOOKED_AT = 200


class Waits(ApprovalNeed):
    """The answer to a call whose effect waits for a person."""

    status: Literal["waiting"] = "waiting"
    next: str = AGAIN
    why: str = Field("", description="why it is asked again")


@dataclass(frozen=True)
class _Asked:
    """A call that is wanted, and by whom."""

    project: Project
    box: ToolBox
    spec: ToolSpec
    arguments: dict[str, Any]
    client: str

    @property
    def request(self) -> dict[str, Any]:
        return {"tool": self.spec.name, "arguments": self.arguments}

    def draw(self) -> Proposal:
        """Draw the plan as it is now."""
        told = {name: Source(source="model", origin=f"{self.client} over MCP") for name in self.arguments}
        call = Call(id=_CALL_ID, tool=self.spec.name, arguments=self.arguments, sources=told)
        ground = Ground(self.project, ProjectWorld(self.project), self.box, words="", own_words=False)
        return draw(call, ground)


def call_effect(
    project: Project, box: ToolBox, spec: ToolSpec, *, arguments: dict[str, Any], client: str
) -> dict[str, Any]:
    """Show the plan of an effect and let it wait, or do what a person has approved.

    Raises:
        UserError: an argument is wrong.
        AxError: what is known to be wrong with the call before anybody is asked, or what the tool raised.
        Failed: a person denied this plan, or this very call is being made.
    """
    validate(spec.request, arguments)
    asked = _Asked(project, box, spec, arguments, client)
    with FileLock(project.state / "calls.lock"):
        plan = asked.draw()
        last = _last(asked)
        step = _first(asked, plan) if last is None else _next(asked, plan, last)
        if isinstance(step, RunRecord):
            Runs(project).take_over(step)
    return _perform(asked, step) if isinstance(step, RunRecord) else step


def _last(asked: _Asked) -> RunRecord | None:
    newest = Runs(asked.project).newest(limit=_LOOKED_AT, name=CALL)
    return next((each for each in newest if _same(each, asked)), None)


def _same(record: RunRecord, asked: _Asked) -> bool:
    return {key: record.request.get(key) for key in ("tool", "arguments")} == asked.request


Step = RunRecord | dict[str, Any]
"""The run to be gone on with, or the answer."""


def _first(asked: _Asked, plan: Proposal) -> Step:
    foresee_typed(asked.spec, asked.arguments)
    # Whole or not at all: a run of a call that runs, or ran, was begun under an approval.
    with open_database(asked.project).write():
        run_id = Runs(asked.project).start("command", CALL, {**asked.request, "client": asked.client})
        fault_point("agents.single_call.begun")
        waits = _ask(asked, plan, run_id)
        fault_point("agents.single_call.asked")
    return waits


def _ask(asked: _Asked, plan: Proposal, run_id: str) -> dict[str, Any]:
    approvals = Approvals(asked.project)
    why = approvals.why_again(run_id, _CALL_ID, digest=plan.hash)
    approval = approvals.ask(run_id, _CALL_ID, digest=plan.hash, plan=plan.as_dict())
    waits = _waits(approval, why)
    told = Waiting("an effect waits for an approval", needs=[waits], hint=waits["approve"][0])
    Runs(asked.project).fail(run_id, told, status="waiting")
    return waits


def _waits(approval: Approval, why: str) -> dict[str, Any]:
    need = approval.need(f"ax approve {approval.approval_id}")
    return Waits(**need.model_dump(), why=why).model_dump(mode="json")


def _next(asked: _Asked, plan: Proposal, last: RunRecord) -> Step:
    if last.status == "running" and not last.interrupted:
        raise Failed(f"this very call is being made right now, by run {last.run_id}", hint="wait for its answer")
    if last.status in ("running", "failed") and last.verdict is None:
        note(f"run {last.run_id} was cut short; it goes on")
        return last
    approval = Approvals(asked.project).find(last.run_id, _CALL_ID, digest=plan.hash)
    if approval is not None and approval.status == "denied":
        return _denied(asked, plan, approval)
    if last.status != "waiting":
        return _told_again(last, plan) or _first(asked, plan)
    if approval is None or not approval.stands:
        foresee_typed(asked.spec, asked.arguments)
        return _ask(asked, plan, last.run_id)
    return last if approval.status == "approved" else _waits(approval, "")


def _denied(asked: _Asked, plan: Proposal, approval: Approval) -> Step:
    """End the run of a plan that was denied; after a while the same call may ask anew, by a run of its own."""
    Runs(asked.project).finish(approval.run_id, "completed", verdict="DENIED")
    if approval.expired:
        return _first(asked, plan)
    hint = "ask the person what else to do; it can be asked anew when the plan is 15 minutes old"
    raise Failed(f"a person denied this plan (approval {approval.approval_id}); nothing was done", hint=hint)


def _told_again(last: RunRecord, plan: Proposal) -> dict[str, Any] | None:
    """Return what the call gave a moment ago, where nothing has changed since: its answer may have been lost."""
    if last.verdict != "DONE" or last.result is None or last.finished_at is None:
        return None
    if last.result["after"] != plan.hash or parse_stamp(last.finished_at) + LIFETIME < utc_now():
        return None
    note(f"it was done by run {last.run_id}, and nothing has changed since; this is what it gave")
    return last.result["result"]


def _perform(asked: _Asked, run: RunRecord) -> dict[str, Any]:
    runs = Runs(asked.project)
    try:
        with approved(), runs.told_if_cut(run.run_id), within_run(run.run_id), repeating(run.status != "waiting"):
            fault_point("agents.single_call.taken")
            result = call_typed(asked.spec, asked.arguments)
            fault_point("agents.single_call.done")
    except AxError as error:
        runs.fail(run.run_id, error)
        if not isinstance(error, Unfinished):
            runs.finish(run.run_id, "failed", verdict="FAILED")
        raise
    runs.finish(run.run_id, "completed", verdict="DONE", result={"result": result, "after": asked.draw().hash})
    return result
