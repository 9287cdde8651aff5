"""What every command shares: its common options, its project, its way of ending."""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from axagents.cli.output import Shown, show, tell
from axagents.cli.verdicts import read_verdicts

MATCHED = 8
INTERRUPTED = 130


class Format(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


class Need(Enum):
    """Whether a command needs a project, and makes one where there is none; MAKES says how one is made itself."""

    NONE = "none"
    READS = "reads"
    WRITES = "writes"
    MAKES = "makes"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]
ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="The project's folder; by default the nearest one with an ax.toml.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Tell more.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
FailOnOption = Annotated[str | None, typer.Option("--fail-on", metavar="VERDICTS", help="Exit 8 on these verdicts.")]

_COMMON = {
    "format_": (FormatOption, Format.TEXT),
    "project_": (ProjectOption, None),
    "verbose_": (VerboseOption, False),
    "debug_": (DebugOption, False),
    "fail_on_": (FailOnOption, None),
}


def group(help_text: str | None = None) -> typer.Typer:
    """Return a Typer application set up as all of ours are."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )


def command(
    app: typer.Typer, name: str | None = None, *, project: Need = Need.READS, listened: bool = True
) -> Callable[[Callable[..., Shown]], Callable[..., Shown]]:
    """Add a function to `app` as a command with the common options; what it returns is printed, once, here.

    Args:
        listened: whether progress is shown here, or by the command itself.
    """

    def register(function: Callable[..., Shown]) -> Callable[..., Shown]:
        app.command(name)(_with_common_options(function, project, listened=listened))
        return function

    return register


def _with_common_options(function: Callable[..., Shown], need: Need, *, listened: bool) -> Callable[..., None]:
    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        common = {key: arguments.pop(key) for key in _COMMON}
        as_json = common["format_"] is Format.JSON
        _as_json.set(as_json)
        _verbose.set(common["verbose_"])
        wanted: set[str] = set()

        def work() -> Shown:
            wanted.update(read_verdicts(common["fail_on_"]))
            return _listened(function, arguments) if listened else function(**arguments)

        try:
            shown = _in_project(need, common["project_"], work)
        except KeyboardInterrupt as error:
            # Here, and not in main: Typer would end it without a word.
            from axagents.errors import Interrupted

            run_id = error.run_id if isinstance(error, Interrupted) else None
            tell(f"interrupted; next: ax runs resume {run_id}" if run_id else "interrupted")
            raise typer.Exit(INTERRUPTED) from None
        show(shown, as_json=as_json)
        raise typer.Exit(MATCHED if (shown.verdict or "").upper() in wanted else shown.exit_code)

    own = list(inspect.signature(function, eval_str=True).parameters.values())
    added = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for key, (annotation, default) in _COMMON.items()
    ]
    as_keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    run.__signature__ = inspect.Signature(as_keywords + added)  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {each.name: each.annotation for each in as_keywords + added}
    return run


def _listened(function: Callable[..., Shown], arguments: dict[str, Any]) -> Shown:
    from axagents.cli.live import Live
    from axagents.progress import listen

    with Live() as live, listen(live):
        return function(**arguments)


def _in_project(need: Need, folder: Path | None, work: Callable[[], Shown]) -> Shown:
    if need is Need.MAKES:
        _folder.set(folder)
    if need is Need.MAKES or (need is Need.NONE and folder is None):
        return work()
    from axagents.errors import UserError
    from axagents.project import create_project, find_project, open_project, use_project

    found = open_project(folder) if folder else find_project()
    if found is None and need is Need.READS:
        raise UserError("this is no project: there is no ax.toml here or in a folder above", hint="ax init")
    if found is None:
        found = create_project(Path.cwd())
        tell(f"made a project here: {found.root / 'ax.toml'} and .ax/")
    with use_project(found):
        return work()


_folder: ContextVar[Path | None] = ContextVar("folder", default=None)
_as_json: ContextVar[bool] = ContextVar("as_json", default=False)
_verbose: ContextVar[bool] = ContextVar("verbose", default=False)


def named_folder() -> Path | None:
    """Return where `--project` says that a project is to be made."""
    return _folder.get()


def wants_json() -> bool:
    """Tell whether `--format json` asks for the result."""
    return _as_json.get()


def wants_more() -> bool:
    """Tell whether `--verbose` asks for all there is to say."""
    return _verbose.get()
