"""What an argument is filled with, from where, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from axagents.errors import nearest
from axagents.llm.offline.content import Argument, ToolContent
from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.names import Names
from axagents.llm.offline.parts import Part
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.world import DatasetFact, DeploymentFact, ModelFact, World

Source = Literal["query", "conversation", "memory", "world", "default"]


@dataclass(frozen=True)
class Value:
    """An argument's value, where it comes from, and the words or the fact it rests on."""

    value: Any
    source: Source = "query"
    origin: str = ""


@dataclass(frozen=True)
class Missing:
    """What must be known before the tool can be called.

    Attributes:
        why: missing, unknown (the user named something that is not there) or ambiguous.
        known: names or values to choose from, nearest first.
        tool: whose argument it is.
        command: what adds one where there is none.
    """

    argument: str
    question: str
    why: Literal["missing", "unknown", "ambiguous"] = "missing"
    typed: str = ""
    known: tuple[str, ...] = ()
    tool: str = ""
    command: str = ""


Found = Value | Missing | None


@dataclass
class Sheet:
    """The arguments of one call while they are being filled; `used` are mentions that serve one already."""

    values: dict[str, Value] = field(default_factory=dict[str, Value])
    missing: list[Missing] = field(default_factory=list[Missing])
    used: set[int] = field(default_factory=set[int])

    def put(self, name: str, found: Found) -> None:
        """Write down what was found for an argument."""
        if isinstance(found, Value):
            self.values[name] = found
        elif isinstance(found, Missing):
            self.missing.append(found)

    def get(self, name: str) -> Any:
        """Return a value by its argument's name, or None."""
        value = self.values.get(name)
        return None if value is None else value.value


@dataclass(frozen=True)
class Slot:
    """One argument of a call that waits to be filled."""

    name: str
    argument: Argument
    sheet: Sheet


@dataclass(frozen=True)
class Setting:
    """Everything an argument may be filled from.

    Attributes:
        own: the parts of the sentence that ask for this call.
        earlier, later: those before and behind them.
        past: arguments of earlier calls of the conversation, newest first.
        left: the dataset that the step before leaves behind.
        asking: the one of the own parts that asks for the call; its names come first where the call is an effect.
    """

    reading: Reading
    names: Names
    own: Sequence[Part]
    earlier: Sequence[Part]
    later: Sequence[Part]
    tool: ToolContent
    past: Sequence[Mapping[str, Any]]
    common: frozenset[str]
    asking: Part | None = None
    left: str = ""

    @property
    def world(self) -> World:
        return self.names.world

    def model(self, name: str) -> ModelFact | None:
        """Return a registered model by name."""
        return next((each for each in self.world.models() if each.name == name), None)

    def deployment(self, name: str) -> DeploymentFact | None:
        """Return a deployment by name."""
        return next((each for each in self.world.deployments() if each.name == name), None)

    def dataset(self, name: str) -> DatasetFact | None:
        """Return a dataset by its name or an alias."""
        return next((each for each in self.world.datasets() if name in (each.name, *each.aliases)), None)

    def mentions(self, *kinds: str, sheet: Sheet, near_only: bool = False) -> list[Mention]:
        """Return the unused sure mentions of these kinds: of the own parts, else of the earlier, else of the later."""
        for parts in (self.own,) if near_only else (self.own, self.earlier, self.later):
            found = [each for each in self._of(parts) if each.kind in kinds and each.first not in sheet.used]
            if found:
                return sorted(found, key=self.is_aside) if self.tool.is_effect else found
            if self.chooses:
                break
        return []

    def is_aside(self, mention: Mention) -> bool:
        """Tell whether a mention stands in another part than the one that asks for the call."""
        part = self.asking
        return part is not None and not part.first <= mention.first <= part.last

    @cached_property
    def chooses(self) -> bool:
        """Tell whether the own parts point to what an earlier step finds best, which nobody knows yet."""
        return any(
            self.word(at) in _CHOICES and self.word(at + 1) in ("", "one", "version", "model", ".", "!", "of", "at")
            for at in self.indexes()
        )

    def _of(self, parts: Sequence[Part]) -> Iterator[Mention]:
        for part in parts:
            for each in self.reading.within(part.first, part.last):
                if each.sure and each.first not in part.left_out and each.first not in self.reading.negated:
                    yield each

    def indexes(self) -> list[int]:
        """Return the tokens of the own parts that are neither negated nor part of a condition."""
        return [
            at
            for part in self.own
            for at in range(part.first, part.last + 1)
            if at not in part.left_out and at not in self.reading.negated
        ]

    def stems(self, *, named: bool = True) -> list[str]:
        """Return the stems of the own parts, what is negated or conditional left out; without names if not `named`."""
        tokens = self.reading.tokens
        left = set[int]() if named else {each.first for each in self.reading.mentions if each.first == each.last}
        indexes = [at for at in self.indexes() if tokens[at].shape != "mark" and at not in left]
        return [part for at in indexes for part in stems_of(tokens[at].word)]

    def says(self, phrases: Sequence[str]) -> bool:
        """Tell whether one of the phrases stands in the own parts."""
        return any(self.place(stems_of(phrase)) >= 0 for phrase in phrases)

    def place(self, stems: Sequence[str]) -> int:
        """Return where these stems stand in the own parts' stems, or -1."""
        here, size = self.stems(), len(stems)
        for at in range(len(here) - size + 1):
            if size and tuple(here[at : at + size]) == tuple(stems):
                return at
        return -1

    def word(self, at: int) -> str:
        """Return the word of a token, or nothing outside the sentence."""
        return self.reading.word(at)

    def cued(self, mention: Mention, argument: Argument) -> bool:
        """Tell whether one of the argument's cue words stands just before a mention."""
        return self.cue_place(mention, argument.cues) >= 0

    def cue_place(self, mention: Mention, cues: Sequence[str]) -> int:
        """Return the place of the cue just before a mention, articles aside, or -1."""
        at = mention.first - 1
        while at >= 0:
            for cue in cues:
                words = cue.lower().split()
                if [self.word(at - len(words) + 1 + step) for step in range(len(words))] == words:
                    return at
            if self.word(at) not in _BETWEEN:
                break
            at -= 1
        return -1


_CHOICES = frozenset("better best winner winning worse worst stronger".split())
_BETWEEN = {"the", "a", "an", "my", "our", "this", "that", "new", "dataset", "data", "experiment", "model", "is", "of",
    "to", "table", "name", ":", "="}  # fmt: skip


def unknown_name(argument: str, typed: str, *, what: str, known: Sequence[str]) -> Missing:
    """Say that nothing bears the name that the user typed."""
    near = nearest(typed, known) or sorted(known)[:8]
    return Missing(argument, f"there is no {what} called {typed}", "unknown", typed, tuple(near))
