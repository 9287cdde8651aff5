"""The tools of a persona: which are here, what they touch, and calling one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from axagents.catalog import Catalog, ToolFacts
from axagents.errors import AxError, Failed, UserError
from axagents.llm.turn import Offer
from axagents.requests import validate
from axagents.toolkit import ToolError, ToolSpec, Touch

Arguments = dict[str, Any]
Done = TypeVar("Done")


@dataclass(frozen=True)
class OwnTool:
    """A tool that no file of the content holds: one handed in from Python, or one of an MCP server.

    Attributes:
        check: raises UserError where the arguments are wrong.
        call: returns the result as JSON, or raises AxError.
        foresee: raises what is known to be wrong with a call before it is made.
    """

    facts: ToolFacts
    check: Callable[[Arguments], None]
    call: Callable[[Arguments], dict[str, Any]]
    foresee: Callable[[Arguments], None] | None = None


@dataclass(frozen=True)
class Inner:
    """A tool that works on the run itself: another persona, or what was said before.

    Attributes:
        work: given the run's context and the checked request, returns what the journal keeps of the call.
    """

    facts: ToolFacts
    request: type[BaseModel]
    work: Callable[[Any, Any], dict[str, Any]]


@dataclass(frozen=True)
class ToolBox:
    """What one persona may call.

    Attributes:
        allowed: names in the content, whether installed or not.
        own, inner: tools beside them, by name.
        effects: whether tools with effects are offered; they are not to `ax call`.
    """

    catalog: Catalog
    allowed: tuple[str, ...]
    own: Mapping[str, OwnTool] = field(default_factory=dict[str, OwnTool])
    inner: Mapping[str, Inner] = field(default_factory=dict[str, Inner])
    effects: bool = True

    def with_own(self, tools: Sequence[OwnTool]) -> "ToolBox":
        """Return a box that holds these tools too.

        Raises:
            ToolError: one bears a name that is taken.
        """
        own = dict(self.own)
        for each in tools:
            if each.facts.name in own or each.facts.name in self.catalog.files("tools"):
                raise ToolError(f"there is a tool {each.facts.name!r} already")
            own[each.facts.name] = each
        return replace(self, own=own)

    def facts(self) -> Mapping[str, ToolFacts]:
        """Return what is known of each tool that is offered."""
        installed = self.catalog.tools
        found = {name: installed[name] for name in self.allowed if name in installed}
        found |= {name: each.facts for name, each in self.own.items()}
        found |= {name: each.facts for name, each in self.inner.items()}
        return {name: each for name, each in found.items() if self.effects or each.touches is not Touch.EFFECT}

    def offers(self) -> list[Offer]:
        """Return what a model is offered."""
        return [
            Offer(name, each.touches.value, each.description, each.parameters) for name, each in self.facts().items()
        ]

    def touches(self, name: str) -> Touch:
        """Return what a tool touches; ToolError when it is not offered."""
        return self.find(name).touches

    def effect_kind(self, name: str, arguments: Arguments) -> str:
        """Return the word that `[approve] auto` has for the effect of a call."""
        plain = self.find(name).effect_kind or "other"
        spec = self.catalog.tool(name) if name not in self.own else None
        if spec is None or spec.kind_of is None:
            return plain
        try:
            return spec.kind_of(validate(spec.request, arguments))
        except UserError:  # A dry run draws what a call would be refused for.
            return plain

    def find(self, name: str) -> ToolFacts:
        """Return what is known of a tool that is offered.

        Raises:
            ToolError: it is not; what is offered is told.
        """
        offered = self.facts()
        if name not in offered:
            raise ToolError(f"there is no tool {name!r} here; there is {', '.join(offered)}")
        return offered[name]

    def check(self, name: str, arguments: Arguments) -> None:
        """Check a call without making it.

        Raises:
            ToolError: the tool is not offered.
            UserError: an argument is wrong: field, value and rule are told.
        """
        self.find(name)
        if name in self.own:
            _guarded(name, lambda: self.own[name].check(arguments))
        elif name in self.inner:
            validate(self.inner[name].request, arguments)
        else:
            validate(self.catalog.tool(name).request, arguments)

    def foresee(self, name: str, arguments: Arguments) -> None:
        """Find what is known to be wrong with a call before anybody is asked to approve it.

        Raises:
            AxError: what the tool would raise, as its `check` tells.
        """
        if name not in self.own:
            foresee_typed(self.catalog.tool(name), arguments)
        elif foresee := self.own[name].foresee:
            _guarded(name, lambda: foresee(arguments))

    def call(self, name: str, arguments: Arguments) -> dict[str, Any]:
        """Call a tool and return its result as JSON.

        Raises:
            AxError: what the tool raised; whatever else goes wrong in it is a bug, and is told as one.
        """
        if name in self.own:
            return _guarded(name, lambda: self.own[name].call(arguments))
        return call_typed(self.catalog.tool(name), arguments)


def call_typed(spec: ToolSpec, arguments: Arguments) -> dict[str, Any]:
    """Check the arguments, call the tool's function and return its result as JSON.

    Raises:
        AxError: what the tool raised; whatever else goes wrong in it is a bug, and is told as one.
    """
    request = validate(spec.request, arguments)
    return _guarded(spec.name, lambda: spec.function(request).model_dump(mode="json"))


def foresee_typed(spec: ToolSpec, arguments: Arguments) -> None:
    """Check the arguments, and whatever else the tool's own `check` knows to be wrong with the call.

    Raises:
        AxError: what is wrong.
    """
    request, check = validate(spec.request, arguments), spec.check
    if check is not None:
        _guarded(spec.name, lambda: check(request))


def _guarded(name: str, work: Callable[[], Done]) -> Done:
    try:
        return work()
    except AxError:
        raise
    except Exception as error:
        raise Failed(f"the tool {name} broke: {type(error).__name__}: {error}") from error


def missing_tools(catalog: Catalog, names: Sequence[str]) -> list[str]:
    """Return those of the names that are no tool of this installation, nor one of an MCP server."""
    there = catalog.files("tools")
    return [name for name in names if name not in there and "." not in name]
