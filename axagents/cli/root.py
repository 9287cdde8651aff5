"""The top of the command line: commands are listed from a table, and imported when they are called."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command as built

from axagents.cli.commands import COMMANDS
from axagents.errors import NotFound

_ALIASES = {"history": ("runs", "list"), "trace": ("runs", "show"), "resume": ("runs", "resume")}
_OPTIONS = (("--version", "Print the version."), ("--help", "Show this message."))


class LazyGroup(TyperGroup):
    """The top-level group.

    Its one option, `--version`, is read in `axagents.cli.main`: a parameter here would load pydantic for `--help`.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = built(import_module(entry.module).app)
        command.name = cmd_name
        command.help = command.help or entry.help
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in _ALIASES:
            args = [*_ALIASES[args[0]], *args[1:]]
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise NotFound("command", args[0], COMMANDS, hint="ax --help")
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Options"):
            formatter.write_dl(_OPTIONS)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])
        with formatter.section("Shorter names"):
            formatter.write_dl([(name, f"ax {' '.join(whole)}") for name, whole in _ALIASES.items()])


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Start with: ax init --demo churn",
)


@app.callback()
def root() -> None:
    """The machine-learning operations team in a terminal: agents plan, typed tools compute."""


def invoke(arguments: list[str]) -> Any:
    """Run one command line and return what the command returned, or its exit code; errors are raised."""
    return built(app).main(args=arguments, prog_name="ax", standalone_mode=False)
