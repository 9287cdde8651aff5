"""What a chat offers as an example can be done with the tools that are installed."""

from axagents.cli.chat.commands import workable_example
from axagents.cli.chat.session import Options, Session
from axagents.project import Project


def test_the_example_of_plan_can_be_done_here(project: Project) -> None:
    session = Session(project, Options("offline"), "x", "ml-engineer")
    planned = session.plan_offline(workable_example(session))
    assert planned.outcome in ("run", "confirm", "ask")
    assert not planned.unavailable
