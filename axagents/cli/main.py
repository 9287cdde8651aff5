"""The command `ax`: run it, and turn whatever goes wrong into one line and an exit code."""

import sys
from collections.abc import Callable

from axagents import __version__
from axagents.cli.output import say, tell
from axagents.errors import AxError


def main() -> None:
    """Run `ax` on the arguments of this process and exit with the code that says how it went."""
    if sys.argv[1:2] == ["--version"]:
        say(f"axagents {__version__}")
        sys.exit(0)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        from axagents.cli.root import invoke

        code = invoke(arguments)
    except KeyboardInterrupt:
        tell("interrupted")
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        from axagents.cli.failures import explain

        return explain(error, arguments)
    return code if isinstance(code, int) else 0


def attempt(work: Callable[[], None]) -> AxError | None:
    """Do one piece of the work of a command that goes on whatever happens, and return what went wrong with it."""
    try:
        work()
    except BrokenPipeError:
        raise
    except Exception as error:
        from axagents.cli.failures import as_told

        return as_told(error, sys.argv)
    return None
