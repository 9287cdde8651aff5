"""A project on disk: `ax.toml` at its root and `.ax/` beside it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from axagents.errors import UserError
from axagents.filesystem import refuse_network
from axagents.settings import SETTINGS_FILE, Settings, load_settings

STATE_FOLDER = ".ax"

_FIRST_SETTINGS = """\
# Settings of this project; `ax config show` lists them all with their meaning.
"""


@dataclass(frozen=True)
class Project:
    """Where a project keeps what.

    Attributes:
        root: the folder that holds `ax.toml`, absolute.
        settings: what `ax.toml` and the environment say.
    """

    root: Path
    settings: Settings = field(repr=False)

    @property
    def state(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def database_path(self) -> Path:
        return self.state / "ax.db"

    @property
    def checkpoints_path(self) -> Path:
        return self.state / "checkpoints.db"

    @property
    def mlflow_path(self) -> Path:
        return self.state / "mlflow.db"

    @property
    def artifacts_path(self) -> Path:
        return self.state / "mlartifacts"

    @property
    def chroma_path(self) -> Path:
        return self.state / "chroma"

    @property
    def deployments_path(self) -> Path:
        return self.state / "deployments"

    @property
    def runs_path(self) -> Path:
        return self.state / "runs"

    def place_of(self, path: Path) -> str:
        """Return an absolute path as it is recorded: relative to the root where it lies inside."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of one run's files, made when missing."""
        folder = self.runs_path / run_id
        make_folder(folder)
        return folder


def make_folder(folder: Path) -> None:
    """Make a folder and its parents.

    Raises:
        UserError: the place cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from None


def find_project(start: Path | None = None) -> Project | None:
    """Return the project of the nearest parent folder with an `ax.toml`, or None."""
    root = find_root(start)
    return open_project(root) if root else None


def find_root(start: Path | None = None) -> Path | None:
    """Return the nearest parent folder with an `ax.toml`, whatever that says, or None."""
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / SETTINGS_FILE).is_file()), None)


def open_project(root: Path) -> Project:
    """Return the project whose `ax.toml` lies in `root`, its state folder made when missing.

    Raises:
        UserError: no `ax.toml` there, or a setting that is wrong.
    """
    root = root.resolve()
    if not (root / SETTINGS_FILE).is_file():
        raise UserError(f"{root} is no project: it has no {SETTINGS_FILE}", field="--project", hint="ax init")
    project = Project(root, load_settings(root))
    _make_state(project)
    return project


def create_project(root: Path) -> Project:
    """Make `ax.toml` and `.ax/` in `root`; what is there already stays as it is."""
    root = root.resolve()
    make_folder(root)
    path = root / SETTINGS_FILE
    if not path.exists():
        try:
            path.write_text(_FIRST_SETTINGS, encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from None
    return open_project(root)


def _make_state(project: Project) -> None:
    if not project.state.is_dir():
        refuse_network(project.root)
        make_folder(project.state)
        project.state.chmod(0o700)
        (project.state / ".gitignore").write_text("*\n", encoding="utf-8")


_current: ContextVar[Project | None] = ContextVar("current_project", default=None)


@contextmanager
def use_project(project: Project) -> Generator[Project]:
    """Make `project` the one that tools work on while the context is open."""
    token = _current.set(project)
    try:
        yield project
    finally:
        _current.reset(token)


def project_here() -> Project | None:
    """Return the project that tools work on: the one in use, else that of this folder, or None."""
    return _current.get() or find_project()


def current_project() -> Project:
    """Return the project that tools work on.

    Raises:
        UserError: there is none.
    """
    project = project_here()
    if project is None:
        raise UserError("this is no project: there is no ax.toml here or above", hint="ax init")
    return project
