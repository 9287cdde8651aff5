"""`ax serve`: keep this project's deployments running."""

from typing import Annotated

import typer

from axagents.cli.common import command, group
from axagents.cli.output import Shown

app = group()


@command(app, "serve")
def serve(
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End what runs in the background, and all it keeps.")] = False,
) -> Shown:
    """Keep the gateways and servers of this project's local deployments running until Ctrl-C."""
    from axagents.actor import refuse_agents
    from axagents.project import current_project
    from axagents.serving.local.folding import Folding
    from axagents.serving.local.starting import serve_command, start_supervisor, stop_supervisor
    from axagents.serving.local.supervisor import Supervisor, supervisor_of

    refuse_agents("start or end what serves")
    project = current_project()
    folder = project.deployments_path
    again = serve_command(project.root)
    if stop:
        ended = stop_supervisor(folder)
        return Shown({"stopped": ended}, "ended, after what was under way was answered" if ended else "nothing runs")
    if detach:
        started = start_supervisor(folder, again)
        told = "serving in the background" if started else "it serves in the background already"
        return Shown({"started": started, "process": supervisor_of(folder)}, f"{told}\nnext: ax serve --stop")
    folding = Folding(project, log=folder / "fold.log")
    Supervisor(folder, again=again, chores=[folding]).run()
    return Shown({"stopped": True}, "ended, after what was under way was answered")
