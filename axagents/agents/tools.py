"""The tools of a persona: which are here, what they touch, and calling one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from axagents.agents.persona import Persona
from axagents.catalog import Catalog
from axagents.errors import AxError, Failed
from axagents.llm.turn import Offer
from axagents.requests import validate
from axagents.toolkit import ToolError, Touch


@dataclass(frozen=True)
class ToolBox:
    """What one persona may call.

    Attributes:
        allowed: names, whether installed or not.
        effects: whether tools with effects are offered; they are not to `ax call`.
    """

    catalog: Catalog
    allowed: tuple[str, ...]
    effects: bool = True

    @classmethod
    def of(cls, catalog: Catalog, persona: Persona) -> "ToolBox":
        return cls(catalog, persona.tools)

    def offers(self) -> list[Offer]:
        """Return what a model is offered."""
        facts = self.catalog.tools
        return [
            Offer(name, facts[name].touches.value, facts[name].description, facts[name].parameters)
            for name in self.allowed
            if name in facts and (self.effects or facts[name].touches is not Touch.EFFECT)
        ]

    def touches(self, name: str) -> Touch:
        """Return what a tool touches; UserError when it is not offered."""
        self.check(name)
        return self.catalog.tools[name].touches

    def effect_kind(self, name: str) -> str:
        """Return the word that `[approve] auto` has for a tool's effect."""
        return self.catalog.tools[name].effect_kind or "other"

    def check(self, name: str) -> None:
        """Stop where a tool is not offered.

        Raises:
            ToolError: it is not; what is offered is told.
        """
        offered = [offer.name for offer in self.offers()]
        if name not in offered:
            raise ToolError(f"there is no tool {name!r} here; there is {', '.join(offered)}")

    def checked(self, name: str, arguments: dict[str, Any]) -> None:
        """Check the arguments of a call without making it.

        Raises:
            UserError: an argument is wrong: field, value and rule are told.
        """
        validate(self.catalog.tool(name).request, arguments)

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool and return its result as JSON.

        Raises:
            AxError: what the tool raised; whatever else goes wrong in it is a bug, and is told as one.
        """
        spec = self.catalog.tool(name)
        request = validate(spec.request, arguments)
        try:
            return spec.function(request).model_dump(mode="json")
        except AxError:
            raise
        except Exception as error:
            raise Failed(f"the tool {name} broke: {type(error).__name__}: {error}") from error


def missing_tools(catalog: Catalog, names: Sequence[str]) -> list[str]:
    """Return those of the names that are no tool of this installation."""
    there = catalog.files("tools")
    return [name for name in names if name not in there]
