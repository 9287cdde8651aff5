"""The names that a chat completes."""

from axagents.cli.chat.session import AUTO, Session
from axagents.errors import AxError
from axagents.project import Project

_SHOWN = 50


def persona_names(session: Session) -> dict[str, str]:
    """Return the personas with their titles, and the word for whoever a sentence is for."""
    return {**{each.id: each.title for each in session.personas()}, AUTO: "whoever a sentence is for"}


def session_names(project: Project) -> dict[str, str]:
    """Return the kept sessions with their first words."""
    from axagents.agents.sessions import list_sessions

    return {each.session: " ".join(each.words.split())[:_SHOWN] for each in list_sessions(project)}


def project_names(project: Project) -> dict[str, str]:
    """Return the names of models, datasets, experiments and deployments; none while they cannot be read."""
    from axagents.agents.world import ProjectWorld

    world = ProjectWorld(project)
    try:
        names = {each.name: "deployment" for each in world.deployments()}
        # Those of a tracking server would be asked for over the network with every few letters.
        names |= {} if project.settings.tracking.uri else dict.fromkeys(world.experiments(), "experiment")
        names |= {each.name: "model" for each in world.models()}
        return names | {each.name: "dataset" for each in world.datasets()}
    except AxError:
        return {}
