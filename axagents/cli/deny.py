"""`ax deny`: say no to an effect that an agent asked for."""

from axagents.cli.approve import ApprovalArgument, decided
from axagents.cli.common import command, group
from axagents.cli.output import Shown

app = group()


@command(app, "deny")
def deny(approval: ApprovalArgument) -> Shown:
    """Deny an effect that an agent asked for; its run then ends without it."""
    from axagents.project import current_project
    from axagents.stores.agents.approvals import Approvals

    approvals = Approvals(current_project())
    return decided(approvals.decide(approvals.get(approval).approval_id, "denied", how="command"))
