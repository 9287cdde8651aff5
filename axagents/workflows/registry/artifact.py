"""Find the model folder that a request names, and what is wrong with the request before a library is loaded."""

from pathlib import Path

from axagents.actor import is_agent
from axagents.errors import NotFound, Refused, UserError
from axagents.project import Project
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.registry.state import read_model
from axagents.workflows.registry.naming import choose_name, choose_version
from axagents.workflows.registry.request import RegistryRequest


class _Everything:
    def __contains__(self, _sha256: object) -> bool:
        return True


_EVERYTHING = _Everything()


def open_asked(project: Project, request: RegistryRequest, *, inside_only: bool) -> ModelFolder:
    """Return the model folder that the request names, looked at and not refused.

    Args:
        inside_only: whoever asks may name folders of the project only.

    Raises:
        UserError, NotFound: no such folder, no model folder, or not of the framework that the request says.
        Refused: what `open_folder` refuses, or a place outside the project.
    """
    path = _locate(project, request.model_path)
    if inside_only and not path.resolve().is_relative_to(project.root):
        raise Refused(f"model_path: {path} lies outside the project, where agents have no business", field="model_path")
    # Looking runs nothing; a pickle that the registry does not hold yet is registered without being loaded.
    opened = open_folder(path, allow_pickle=request.allow_pickle, held=_EVERYTHING)
    if request.framework and request.framework != opened.framework:
        raise UserError(
            f"framework: {path} holds a model of {opened.framework}, not of {request.framework}",
            field="framework",
            legal=[opened.framework],
            hint="leave framework out: it is read from the folder",
        )
    return opened


def _locate(project: Project, named: str) -> Path:
    """Return the folder as named from here, else from the project's root."""
    here, there = Path(named).expanduser(), project.root / Path(named).expanduser()
    if here.exists() or not there.exists():
        if not here.exists() and here.parent.is_dir():
            near = [f"{here.parent}/{each.name}" for each in here.parent.iterdir() if (each / "MLmodel").is_file()]
            raise NotFound("model folder", named, near, field="model_path")
        return here.absolute()
    return there


def check_artifact(project: Project, request: RegistryRequest) -> None:
    """Find what is wrong with the folder and the names: a place that is none, a version that is taken."""
    opened = open_asked(project, request, inside_only=is_agent())
    choose_version(read_model(project, choose_name(project, request, opened)), request, opened.sha256)


EARLY_CHECK = check_artifact
