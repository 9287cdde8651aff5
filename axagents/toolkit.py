"""Declare a typed tool: a function from one request model to one result model, and what it touches."""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel

from axagents.errors import AxError


class Touch(StrEnum):
    """What a tool may change.

    READ changes nothing; COMPUTE adds runs, artifacts and notes and changes nothing that others rely on;
    EFFECT changes what others rely on, and is planned, approved and journalled.
    """

    READ = "read"
    COMPUTE = "compute"
    EFFECT = "effect"


class ToolError(AxError):
    """Something a tool tells the model that called it, so that the model can do better."""

    kind = "tool"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)


@dataclass(frozen=True)
class ToolSpec:
    """What is known of a tool without calling it.

    Attributes:
        name: the name that models, MCP and the planner use.
        description: the function's docstring.
        effect_kind: for an EFFECT tool, the word that `[approve] auto` uses for it.
    """

    name: str
    touches: Touch
    description: str
    request: type[BaseModel]
    result: type[BaseModel]
    function: Callable[[Any], BaseModel]
    effect_kind: str | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the request."""
        return self.request.model_json_schema()


Function = TypeVar("Function", bound=Callable[..., BaseModel])

_SPEC = "__axagents_tool__"


def tool(name: str, *, touches: Touch, effect_kind: str | None = None) -> Callable[[Function], Function]:
    """Mark a function as the tool `name`; the function itself is returned unchanged.

    Raises:
        TypeError: it does not take one pydantic model, return one, or say in its docstring what it does.
    """

    def declare(function: Function) -> Function:
        setattr(function, _SPEC, _spec(function, name, touches=touches, effect_kind=effect_kind))
        return function

    return declare


def _spec(function: Callable[..., BaseModel], name: str, *, touches: Touch, effect_kind: str | None) -> ToolSpec:
    parameters = list(inspect.signature(function).parameters)
    hints = typing.get_type_hints(function)
    if len(parameters) != 1:
        raise TypeError(f"tool {name!r} must take exactly one request, not {len(parameters)} arguments")
    request, result = hints.get(parameters[0]), hints.get("return")
    if not _is_model(request) or not _is_model(result):
        raise TypeError(f"tool {name!r} must take a pydantic model and return one, both annotated")
    if not function.__doc__:
        raise TypeError(f"tool {name!r} needs a docstring: the model reads it to know when to call it")
    if (touches is Touch.EFFECT) != (effect_kind is not None):
        raise TypeError(f"tool {name!r}: an effect, and only an effect, names its effect_kind")
    return ToolSpec(
        name=name,
        touches=touches,
        description=inspect.cleandoc(function.__doc__),
        request=typing.cast(type[BaseModel], request),
        result=typing.cast(type[BaseModel], result),
        function=function,
        effect_kind=effect_kind,
    )


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def tool_spec(function: Any) -> ToolSpec | None:
    """Return what `@tool` declared of a function, or None when it is no tool."""
    return getattr(function, _SPEC, None)
