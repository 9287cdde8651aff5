"""`ax deny`: say no to an effect that an agent asked for."""

from axagents.cli.approve import ApprovalArgument
from axagents.cli.common import command, group
from axagents.cli.output import Shown

app = group()


@command(app, "deny")
def deny(approval: ApprovalArgument) -> Shown:
    """Deny an effect that an agent asked for; its run then ends without it."""
    from axagents.project import current_project
    from axagents.stores.agents.approvals import Approvals

    approvals = Approvals(current_project())
    found = approvals.decide(approvals.get(approval).approval_id, "denied", how="command")
    data = {"approval_id": found.approval_id, "status": found.status, "run_id": found.run_id, "hash": found.hash}
    return Shown(data, f"{found.approval_id} is denied\nnext: ax runs resume {found.run_id}", verdict=found.status)
