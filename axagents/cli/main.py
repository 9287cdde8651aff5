"""The command `ax`: find the command, run it, and turn whatever goes wrong into one line and an exit code."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command as built

from axagents import __version__
from axagents.cli.commands import COMMANDS
from axagents.cli.output import say, tell


class LazyGroup(TyperGroup):
    """The top-level group: its commands are listed from a table and imported when called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if getattr(ctx, "resilient_parsing", False) or "--help" in sys.argv[1:2]:
            return _listed(cmd_name, entry.help)
        command = built(import_module(entry.module).app)
        command.name = cmd_name
        command.help = command.help or entry.help
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from axagents.errors import NotFound

            raise NotFound("command", args[0], COMMANDS, hint="ax --help")
        return super().resolve_command(ctx, args)


def _listed(name: str, help_text: str) -> Any:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)

    def nothing() -> None:
        return None

    app.command(name, help=help_text)(nothing)
    return built(app)


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The machine-learning operations team in a terminal.",
    epilog="Start with: ax init --demo churn",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"axagents {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The machine-learning operations team in a terminal: agents plan, typed tools compute."""


def main() -> None:
    """Run `ax` on the arguments of this process and exit with the code that says how it went."""
    if sys.argv[1:] == ["--version"]:
        say(f"axagents {__version__}")
        sys.exit(0)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = built(app).main(args=arguments, prog_name="ax", standalone_mode=False)
    except KeyboardInterrupt:
        tell("interrupted")
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        from axagents.cli.failures import explain

        return explain(error, arguments)
    return code if isinstance(code, int) else 0
