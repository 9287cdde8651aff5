"""`ax approve`: a person's word on an effect that an agent asked for."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.asking import agreed, somebody_is_there
from axagents.cli.common import command, group
from axagents.cli.output import Shown, table, tell
from axagents.errors import Waiting

if TYPE_CHECKING:
    from axagents.project import Project

app = group()

_HELP = "The approval, or the plan's hash."
ApprovalArgument = Annotated[str, typer.Argument(metavar="ID", help=_HELP)]
WaitingArgument = Annotated[str | None, typer.Argument(metavar="ID", help=f"{_HELP} By default all that waits.")]


@command(app, "approve")
def approve(approval: WaitingArgument = None) -> Shown:
    """Show the plan of an effect that an agent asked for, and approve it on the terminal; or list what waits."""
    from axagents.actor import refuse_agents
    from axagents.project import current_project
    from axagents.stores.agents.approvals import Approvals

    if approval is None:
        return _list(current_project())
    approvals = Approvals(current_project())
    found = approvals.get(approval)
    refuse_agents("approve")
    found.check_open("approved")
    if not somebody_is_there():
        told = "approving takes a terminal, so that a person sees the plan"
        raise Waiting(told, needs=[{"kind": "terminal", "text": found.plan["text"]}])
    tell(found.plan["text"])
    word = "approved" if agreed("approve this plan?") else "denied"
    shown = decided(approvals.decide(found.approval_id, word, how="command"))
    return shown if word == "approved" else replace(shown, exit_code=1)


def _list(project: "Project") -> Shown:
    from axagents.stores.agents.approvals import Approvals

    found = Approvals(project).open()
    rows = [(each.approval_id, each.plan["tool"], each.hash, each.run_id, each.asked_at[:19]) for each in found]
    ways = [
        f"ax runs resume {each.run_id}   # older than 15 minutes: shows the plan as it is now"
        if each.expired
        else f"ax approve {each.approval_id}"
        for each in found
    ]
    keys = ("approval_id", "tool", "hash", "run_id", "asked_at")
    data = [{**dict(zip(keys, row, strict=True)), "next": way} for row, way in zip(rows, ways, strict=True)]
    text = table(["approval", "tool", "plan", "run", "asked"], rows) if rows else "nothing waits for a word"
    return Shown({"approvals": data}, "\n".join([text, *(f"next: {way}" for way in ways)]))


def decided(approval: Any) -> Shown:
    """Show what was decided, and how the run goes on."""
    data = {
        "approval_id": approval.approval_id,
        "status": approval.status,
        "run_id": approval.run_id,
        "hash": approval.hash,
    }
    text = f"{approval.approval_id} is {approval.status}\nnext: ax runs resume {approval.run_id}"
    return Shown(data, text, verdict=approval.status)
