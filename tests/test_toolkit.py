"""Functions as tools: schemas from their types, and what cannot be one told where it is declared."""

import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import Field

from axagents.toolkit import Touch, tool, tool_spec


def test_a_function_is_a_tool_by_its_types() -> None:
    @tool(touches=Touch.COMPUTE)
    def note_down(text: Annotated[str, Field(description="the note", max_length=5)], times: int = 1) -> list[str]:
        """Note something down."""
        return [text] * times

    spec = tool_spec(note_down)
    assert spec is not None
    assert (spec.name, spec.touches, spec.description) == ("note-down", Touch.COMPUTE, "Note something down.")
    assert spec.schema["properties"]["text"]["description"] == "the note"
    assert (spec.schema["required"], spec.schema["additionalProperties"]) == (["text"], False)
    result = spec.function(spec.request(text="hi", times=2))
    assert result.model_dump(mode="json") == {"value": ["hi", "hi"]}


async def asynchronous(text: str) -> str:
    """Wait."""
    return text


def untyped(text) -> str:  # type: ignore[no-untyped-def]
    """Say."""
    return str(text)


def silent(text: str) -> str:
    return text


def endless(text: str):  # type: ignore[no-untyped-def]
    """Say."""


def many(*texts: str) -> str:
    """Say."""
    return texts[0]


def foreign(text: str) -> threading.Thread:
    """Start."""
    return threading.Thread()


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (asynchronous, "is asynchronous"),
        (untyped, "the argument text has no type"),
        (silent, "needs a docstring"),
        (endless, "must say which type it returns"),
        (many, "every argument must have a name"),
        (foreign, "Unable to generate pydantic-core schema"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_a_tool_is_told_where_it_is_declared(function: Callable[..., Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        tool(touches=Touch.READ)(function)


def test_effects_are_always_declared() -> None:
    with pytest.raises(TypeError, match="touches"):
        tool()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="names its effect_kind"):
        tool(touches=Touch.EFFECT)(many)
