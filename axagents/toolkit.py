"""Declare a typed tool: a function of one request model or of typed arguments, its result, and what it touches."""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticUserError

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
        function: takes the request and returns the result.
        effect_kind: for an EFFECT tool, the word that `[approve] auto` uses for it.
        check: raises what is known to be wrong with a request before the tool is called.
        kind_of: for an EFFECT tool whose word depends on the request: gives it.
    """

    name: str
    touches: Touch
    description: str
    request: type[BaseModel]
    result: type[BaseModel]
    function: Callable[[Any], BaseModel]
    effect_kind: str | None = None
    check: Callable[[Any], None] | None = None
    kind_of: Callable[[Any], str] | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the request."""
        return self.request.model_json_schema()


Function = TypeVar("Function", bound=Callable[..., Any])

_SPEC = "__axagents_tool__"


def tool(
    name: str | None = None,
    *,
    touches: Touch,
    effect_kind: str | None = None,
    check: Callable[[Any], None] | None = None,
    kind_of: Callable[[Any], str] | None = None,
) -> Callable[[Function], Function]:
    """Mark a function as a tool; the function itself is returned unchanged.

    It takes one pydantic model, or arguments that have types; what it returns has a type too. A model's fields stand in
    the result by their names, anything else under `value`.

    Args:
        name: by default the function's, with hyphens.
        check: for an EFFECT tool: given the request, raises an AxError where the call cannot be made, so that nobody is
            asked to approve it. It changes nothing.
        kind_of: for an EFFECT tool some of whose requests have another effect_kind: given the request, returns it.

    Raises:
        TypeError: a type or the docstring is missing, or what is declared cannot be called with JSON.
    """

    def declare(function: Function) -> Function:
        named = name or function.__name__.strip("_").replace("_", "-")
        try:
            spec = _spec(function, named, touches=touches, effect_kind=effect_kind)
            spec = replace(spec, check=check, kind_of=kind_of)
        except (PydanticUserError, NameError) as error:
            raise TypeError(f"tool {named!r}: {str(error).splitlines()[0]}") from None
        setattr(function, _SPEC, spec)
        return function

    return declare


def _spec(function: Callable[..., Any], name: str, *, touches: Touch, effect_kind: str | None) -> ToolSpec:
    hints = typing.get_type_hints(function, include_extras=True)
    if "return" not in hints:
        raise TypeError(f"tool {name!r} must say which type it returns")
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"tool {name!r} is asynchronous: make it a plain one; runs have threads of their own")
    if not function.__doc__:
        raise TypeError(f"tool {name!r} needs a docstring: the model reads it to know when to call it")
    if (touches is Touch.EFFECT) != (effect_kind is not None):
        raise TypeError(f"tool {name!r}: an effect, and only an effect, names its effect_kind")
    request, takes_request = _request(function, name, hints)
    own = _model(hints["return"])
    result = own or create_model(f"{name} result", value=(hints["return"], ...))

    def call(asked: BaseModel) -> BaseModel:
        given = {field: getattr(asked, field) for field in request.model_fields}
        returned = function(asked) if takes_request else function(**given)
        return returned if own else result(value=returned)

    return ToolSpec(
        name=name,
        touches=touches,
        description=inspect.cleandoc(function.__doc__),
        request=request,
        result=result,
        function=call,
        effect_kind=effect_kind,
    )


def _request(function: Callable[..., Any], name: str, hints: dict[str, Any]) -> tuple[type[BaseModel], bool]:
    """Return the request's model, and whether the function takes it whole: else it takes its fields."""
    parameters = list(inspect.signature(function).parameters.values())
    whole = _model(hints.get(parameters[0].name)) if len(parameters) == 1 else None
    if whole:
        return whole, True
    fields: dict[str, Any] = {}
    for each in parameters:
        if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            raise TypeError(f"tool {name!r}: every argument must have a name, and {each} has none")
        if each.name not in hints:
            raise TypeError(f"tool {name!r}: the argument {each.name} has no type")
        fields[each.name] = (hints[each.name], ... if each.default is each.empty else each.default)
    return create_model(f"{name} request", __config__=ConfigDict(extra="forbid"), **fields), False


def _model(annotation: Any) -> type[BaseModel] | None:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return typing.cast("type[BaseModel]", annotation) if is_model else None


def tool_spec(function: Any) -> ToolSpec | None:
    """Return what `@tool` declared of a function, or None when it is no tool."""
    return getattr(function, _SPEC, None)
