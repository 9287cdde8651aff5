"""Put a person's own persona into a project, or take it out; the command is the person's trust in exactly that file."""

from pathlib import Path

from axagents.actor import refuse_agents
from axagents.agents.persona import Persona, check_names
from axagents.catalog import open_catalog
from axagents.contents import content_files
from axagents.documents import parse_yaml
from axagents.errors import NotFound, Refused, UserError
from axagents.filesystem import write_whole
from axagents.project import Project, make_folder
from axagents.settings_file import set_setting
from axagents.trust import read_holding, record_trust


def register_persona(project: Project, text: str, *, source: str, replace: bool = False) -> Path:
    """Write a persona into the project's own content, trusted as it stands, and return its file.

    Raises:
        Refused: an agent asks, or the project holds other content that nobody trusted.
        UserError: it is no persona, names what nothing knows, stands there already with other content and is not to be
            replaced, or cannot be written.
    """
    persona = parse_yaml(text, Persona, source=source)
    _check_leave(project)
    path = project.root / "personas" / f"{persona.id}.yaml"
    before = path.read_bytes() if path.is_file() else None
    if before == text.encode():
        return path
    taken = before is not None or persona.id in content_files(None)["personas"]
    if taken and not replace:
        raise UserError(f"there is a persona {persona.id!r} already", field="id", hint="--replace, or another id")
    check_names(open_catalog(project), persona, source=source)
    make_folder(path.parent)
    try:
        write_whole(path, text)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    set_setting(project.root, "content", "true")
    record_trust(read_holding(project.root))
    return path


def remove_persona(project: Project, persona_id: str) -> Path:
    """Take a persona out of the project's own content, and return the file that is gone.

    Raises:
        UserError: the project has no persona of that name of its own.
        Refused: an agent asks, or the project holds content that nobody trusted.
    """
    _check_leave(project)
    own = {path.stem: path for path in (project.root / "personas").glob("*.yaml")}
    if persona_id not in own:
        if persona_id in content_files(None)["personas"]:
            raise UserError(f"{persona_id} is a shipped persona, which stays", field="id", hint="ax agent list")
        raise NotFound("persona of this project's own", persona_id, own, hint="ax agent list")
    own[persona_id].unlink()
    record_trust(read_holding(project.root))
    return own[persona_id]


def _check_leave(project: Project) -> None:
    refuse_agents("add or remove personas")
    if read_holding(project.root).state in ("untrusted", "changed"):
        raise Refused("this project holds content that is not trusted as it is; look at it first", hint="ax trust")
