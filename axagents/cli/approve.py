"""`ax approve`: a person's word on an effect that an agent asked for."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from axagents.cli.asking import agreed, somebody_is_there
from axagents.cli.common import command, group
from axagents.cli.output import Shown, tell
from axagents.errors import Waiting

app = group()

ApprovalArgument = Annotated[str, typer.Argument(metavar="ID", help="The approval, or the plan's hash.")]


@command(app, "approve")
def approve(approval: ApprovalArgument) -> Shown:
    """Show the plan of an effect that an agent asked for, and approve it on the terminal."""
    from axagents.actor import refuse_agents
    from axagents.project import current_project
    from axagents.stores.agents.approvals import Approvals

    approvals = Approvals(current_project())
    found = approvals.get(approval)
    refuse_agents("approve")
    if not somebody_is_there():
        told = "approving takes a terminal, so that a person sees the plan"
        raise Waiting(told, needs=[{"kind": "terminal", "text": found.plan["text"]}])
    tell(found.plan["text"])
    word = "approved" if agreed("approve this plan?") else "denied"
    shown = decided(approvals.decide(found.approval_id, word, how="command"))
    return shown if word == "approved" else replace(shown, exit_code=1)


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
