"""Where the logs lie: answers by deployment, outcomes by model, each as segments and the Delta table they end in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from axagents.project import Project

Kind = Literal["predictions", "outcomes"]
_KINDS: tuple[Kind, ...] = ("predictions", "outcomes")


@dataclass(frozen=True)
class LogPlace:
    """One log; `name` is that of the deployment, or of the model where it holds outcomes."""

    folder: Path
    kind: Kind
    name: str

    @property
    def segments(self) -> Path:
        return self.folder / "segments"

    @property
    def table(self) -> Path:
        return self.folder / "table"


def predictions_log(project: Project, deployment: str) -> LogPlace:
    """Return where the answers of a deployment are kept."""
    return _place(project, "predictions", deployment)


def outcomes_log(project: Project, model: str) -> LogPlace:
    """Return where the outcomes of a model are kept."""
    return _place(project, "outcomes", model)


def every_log(project: Project) -> Iterator[LogPlace]:
    """Yield the logs that there are."""
    for kind in _KINDS:
        folder = inference_folder(project) / kind
        for each in sorted(folder.iterdir()) if folder.is_dir() else ():
            if each.is_dir():
                yield LogPlace(each, kind, unquote(each.name.replace("+", "%")))


def inference_folder(project: Project) -> Path:
    """Return the folder of all logs and of the key."""
    return project.state / "inference"


def _place(project: Project, kind: Kind, name: str) -> LogPlace:
    # Delta takes a percent sign in a path for an escape.
    folder = quote(name, safe="").replace(".", "%2E").replace("%", "+")
    return LogPlace(inference_folder(project) / kind / folder, kind, name)
