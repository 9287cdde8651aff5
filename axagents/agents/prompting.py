"""Templates: the personas' instructions and the answers' wording, in a sandbox."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from axagents.agents.receipts import quoted, raw, write
from axagents.catalog import Catalog
from axagents.errors import UserError


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False
    )
    environment.filters.update(
        {"figure": _figure, "percent": _percent, "interval": _interval, "bare": _bare, "raw": raw}
    )
    return environment


def render_prompt(catalog: Catalog, name: str, values: Mapping[str, Any]) -> str:
    """Render `prompts/<name>.j2`.

    Raises:
        UserError: there is no such template, or it is wrong: file and line are told.
    """
    file = catalog.find("prompts", name)
    try:
        return _compiled(file.text).render(values).strip()
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise UserError(f"{file.path}{f', line {line}' if line else ''}: {error}") from error


@lru_cache(maxsize=128)
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


def _figure(value: Any, digits: int = 4) -> str:
    """Write a number with so many decimals, with its receipt."""
    number = raw(value)
    if number is None:
        return "unknown"
    return write(value, f"{number:,}" if isinstance(number, int) else f"{number:.{digits}f}")


def _percent(value: Any, digits: int = 1) -> str:
    """Write a share as a percentage, with its receipt."""
    number = raw(value)
    return "unknown" if number is None else write(value, f"{100 * number:.{digits}f} %")


def _interval(value: Any, digits: int = 4) -> str:
    """Write a figure with its interval where it has one."""
    if value is None:
        return "unknown"
    mean = _figure(value["mean"], digits)
    if value["low"] is None or value["high"] is None:
        return mean
    return f"{mean} [{_figure(value['low'], digits)}, {_figure(value['high'], digits)}]"


def _bare(value: Any) -> str:
    """Write a text without a receipt, as it may stand in a command."""
    return quoted(raw(value))
