"""Turn an exception that ended a command into what the user reads, and the exit code."""

import os
import traceback
from collections.abc import Sequence
from typing import Any, cast

from axagents.cli.output import show_error, tell
from axagents.errors import AxError, Failed, UserError, nearest


def explain(error: Exception, arguments: Sequence[str]) -> int:
    """Print what went wrong and return the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError":
        tell(str(cast(Any, error).format_message()))
        return UserError.exit_code
    told = as_told(error, arguments)
    show_error(told, as_json=_wants_json(arguments))
    return told.exit_code


def as_told(error: Exception, arguments: Sequence[str]) -> AxError:
    """Return what went wrong as the user is told it; with --debug, print where it came from."""
    if "--debug" in arguments:
        traceback.print_exception(error)
    return _as_told(error)


def _as_told(error: Exception) -> AxError:
    if isinstance(error, AxError):
        return error
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        return _usage(error)
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else ""
        return Failed(f"{error.strerror.lower()}:{place}")
    shown = f"{type(error).__name__}: {error}"
    return Failed(f"this is a bug in axagents: {shown}", hint="the same command with --debug shows where")


def _usage(error: Exception) -> UserError:
    message = str(cast(Any, error).format_message()).rstrip(".")
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "ax")
    legal = _legal_options(context) if "No such option" in message else []
    wrong = getattr(error, "option_name", None)
    near = nearest(wrong, legal) if wrong else []
    if near and "Possible options" not in message:
        message += f"; did you mean {' or '.join(near)}?"
    return UserError(message[0].lower() + message[1:], legal=legal, hint=f"{path} --help")


def _legal_options(context: object) -> list[str]:
    command = getattr(context, "command", None)
    return [name for parameter in getattr(command, "params", []) for name in parameter.opts if name.startswith("--")]


def _wants_json(arguments: Sequence[str]) -> bool:
    if "--format=json" in arguments:
        return True
    places = [i for i, each in enumerate(arguments) if each == "--format"]
    return any(arguments[i + 1 : i + 2] == ["json"] for i in places) or os.environ.get("AX_FORMAT") == "json"
