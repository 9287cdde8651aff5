"""Doubt that a sentence asks for what it seems to: it tells of something, takes it back, or means other things."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from axagents.llm.offline.arguments.sources import Missing, Value
from axagents.llm.offline.choosing import Chosen
from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.opening import HAPPENED, opening
from axagents.llm.offline.parts import Part
from axagents.llm.offline.ranking import Ranker
from axagents.llm.offline.reading import Reading

WHEN = "when"
"""The field of the question whether an effect is to be had at once."""

_TAKEN_BACK = frozenset("no nope nah wait stop not never".split())
_RELATIVE = frozenset("that which who what there it this they whether if so".split())
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday midnight noon weekend".split())
_LATER = frozenset("tomorrow tonight later overnight afterwards".split())
_PERIODS = frozenset("week month quarter year time release sprint morning evening night".split())
_HOURS = frozenset("day hour minute monday tuesday wednesday thursday friday saturday sunday".split())
_OFTEN = frozenset("daily nightly weekly hourly monthly regularly periodically".split())
_CLOCK, _HOUR = frozenset("am pm : o'clock oclock".split()), re.compile(r"^\d{1,2}(?:am|pm|h)$")
_ABOUT = ("dataset", "model", "model_name", "experiments")
_TIMELESS = ("searched", "remembered", "handed", "topic")
_CLAUSES = frozenset(
    ", ; : because since as if when whenever once each every unless until after before where while until so".split()
)
_PREPOSITIONS = frozenset("for to if when in of with about at on from after until by over under as and or once".split())
_LEAST_LETTERS = 3
_NAMED = 0.85
_ASSUMED = ("the only model", "the only deployment", "the only dataset", "the model of the only deployment")
_NAMES = ("model", "deployment", "model-version", "version", "path")


class Doubts:
    """What speaks against one step of a sentence."""

    def __init__(self, ranker: Ranker, reading: Reading, chosen: Chosen) -> None:
        self._ranker = ranker
        self._reading = reading
        self._chosen = chosen
        self._tool = chosen.top.tool

    def any(self) -> bool:
        """Tell whether to ask rather than to do it."""
        if self._tool not in self._ranker.tools or any(part.swallowed for part in self._chosen.parts):
            return False
        if not self._ranker.is_effect(self._tool):
            return self._is_beside_an_effect()
        return self._is_told_of() or self._is_taken_back() or self._is_quoted() or self._is_of_other_things()

    def leaves_strangers(self, values: Mapping[str, Value], ignored: Sequence[str]) -> bool:
        """Tell whether words are left over that nobody has heard of where all names are assumed: "test the api"."""
        assumed = any(value.source == "world" and value.origin in _ASSUMED for value in values.values())
        if self._tool not in self._ranker.tools or not (assumed or self._ranker.is_effect(self._tool)):
            return False
        if self._chosen.top.headed and self._is_of_other_things():
            return True
        stems = [stem for text in ignored for stem in stems_of(text)]
        strange = (stem for stem in stems if stem.isalpha() and len(stem) >= _LEAST_LETTERS)
        return not self._names(_NAMES) and any(stem not in self._ranker.common for stem in strange)

    def when(self, used: Collection[int] = ()) -> Missing | None:
        """Ask whether it is meant at once where the sentence names a later time, or that it is to be done again.

        Args:
            used: the mentions that an argument of a step without effects took up.
        """
        content = self._ranker.needed(self._tool)
        timeless = any(each.kind in _TIMELESS for each in content.arguments.values())
        if content.events or timeless or content.arguments.keys() & {"duration_days", "schedule"}:
            return None
        about = any(each.kind in _ABOUT for each in content.arguments.values())
        if not content.is_effect and (not about or all(part.opening.mood == "question" for part in self._chosen.parts)):
            return None
        look, taken = (self._later, ()) if content.is_effect else (self._timed, used)
        typed = next((word for at in self._indexes if at not in taken and (word := look(at))), None)
        if typed is None:
            return None
        why = (
            "an effect happens as soon as it is approved" if content.is_effect else "nothing is run later or by itself"
        )
        question = f"{why}; is it meant at once, and not {typed}?"
        return Missing(WHEN, question, "ambiguous", typed, ("now",))

    @cached_property
    def _asking(self) -> Part:
        return self._chosen.asking or self._chosen.parts[0]

    @cached_property
    def _indexes(self) -> list[int]:
        out = self._reading.negated | {at for part in self._chosen.parts for at in part.left_out}
        return [at for part in self._chosen.parts for at in range(part.first, part.last + 1) if at not in out]

    def _later(self, at: int) -> str:
        word, before = self._reading.word(at), self._reading.word(at - 1)
        if word in _LATER or (word in _DAYS and before in ("on", "at", "next", "this", "by", "until")):
            return f"{before} {word}" if word in _DAYS else word
        if word in _PERIODS and before == "next":
            return f"next {word}"
        inside = next((each for each in self._reading.mentions if each.first == at and each.kind == "duration"), None)
        if inside is not None and before == "in":
            return f"in {inside.text}"
        return f"{word} {self._reading.word(at + 1)}" if word in ("after", "until") and self._follows(at) else ""

    def _timed(self, at: int) -> str:
        """Return the time that begins at a token for a step without effects: "every day", "at 5am", "tomorrow"."""
        word, before, after = (self._reading.word(at + step) for step in (0, -1, 1))
        if word in _LATER - {"afterwards"} or (word in _DAYS and before in ("on", "at", "next", "every", "each")):
            return word if word in _LATER else f"{before} {word}"
        if word in ("every", "each") and after in _PERIODS | _HOURS:
            return f"{word} {after}"
        ends = at + 1 >= len(self._reading.tokens) or after in ("at", ".", ",", "!", "and", "please")
        if word in _OFTEN and ends:
            return word
        inside = next((each for each in self._reading.mentions if each.first == at), None)
        if inside is not None and inside.kind == "duration":
            return f"{before} {inside.text}" if before in ("in", "every", "each") else ""
        hour = inside is not None and inside.kind == "number" and self._reading.word(inside.last + 1) in _CLOCK
        return f"at {self._reading.tokens[at].text}" if before == "at" and (hour or _HOUR.match(word)) else ""

    def _follows(self, at: int) -> bool:
        """Tell "after the freeze" from "after an hour", which a rollout waits."""
        return not any(at < each.first <= at + 2 and each.kind == "duration" for each in self._reading.mentions)

    def _is_told_of(self) -> bool:
        """Tell whether the part that seems to ask tells of something: "deployment of 2.1.0 is done"."""
        part = self._asking
        head = part.opening.head
        word = self._reading.word(head)
        if head > part.last or self._reading.tokens[head].stem not in self._ranker.verbs:
            return False
        if word.endswith(("ment", "ation", "ition")) and not self._chosen.top.likeness >= _NAMED:
            return True
        for at in range(head + 1, part.last + 1):
            if self._reading.word(at) in _CLAUSES:
                return False
            if at not in part.left_out and self._reading.word(at) in HAPPENED:
                return self._reading.word(at - 1) not in _RELATIVE
        return False

    def _is_taken_back(self) -> bool:
        """Tell whether what follows takes it back, or it is only wondered: "deploy 2.1.0? no"."""
        part, tokens = self._asking, self._reading.tokens
        after = [token.word for token in tokens[part.last + 1 :]]
        wondered = after[:1] == ["?"] and part.opening.mood == "statement"
        said = [word for word in after if word.isalpha()]
        return wondered or (bool(said) and set(said) <= _TAKEN_BACK)

    def _is_quoted(self) -> bool:
        """Tell whether the part stands behind the colon of another request: "write a runbook: deploy 2.1.0"."""
        first, tokens = self._asking.first, self._reading.tokens
        if first == 0 or tokens[first - 1].word != ":":
            return False
        head = opening(tokens, 0, first - 1).head
        if tokens[head].word in ("i", "we", "you"):
            return False
        return tokens[head].stem in self._ranker.verbs and not tokens[head].word.endswith(("ed", "ing"))

    def _is_of_other_things(self) -> bool:
        """Tell whether an effect that names nothing of this project speaks of things that its tool has not heard of."""
        if self._names(_NAMES):
            return False
        known = self._ranker.words_of(self._tool) | self._ranker.everyday
        return any(stem not in known for stem in self._objects())

    def _objects(self) -> Iterator[str]:
        """Return the stems of what the verb is about: those behind it, up to a preposition, a name or a mark."""
        part, tokens = self._asking, self._reading.tokens
        names = {each.first for each in self._reading.mentions if each.sure}
        for at in range(part.opening.head + 1, part.last + 1):
            ends = at in names or at in part.left_out or tokens[at].shape == "mark"
            if ends or tokens[at].word in _PREPOSITIONS | _CLAUSES:
                return
            yield from (stem for stem in stems_of(tokens[at].word) if stem not in self._ranker.functional)

    def _is_beside_an_effect(self) -> bool:
        """Tell whether a statement speaks of an effect and asks for nothing: "it would be nice to deploy 2.1.0"."""
        if self._chosen.top.signs or self._chosen.top.headed:
            return False
        if any(part.opening.mood == "question" for part in self._chosen.parts):
            return False
        if not self._chosen.top.named and self._begins_like_an_effect():
            return True
        if any(part.opening.mood != "statement" for part in self._chosen.parts):
            return False
        effects = {
            stems[0]
            for tool, verbs in self._ranker.strong_verbs.items()
            if self._ranker.is_effect(tool)
            for stems in verbs
            if len(stems) == 1
        }
        tokens = [self._reading.tokens[at] for at in self._indexes]
        return any(token.stem in effects and not token.word.endswith("s") for token in tokens)

    def _begins_like_an_effect(self) -> bool:
        """Tell whether the first word is a verb of tools with effects only."""
        part = self._asking
        if part.opening.mood == "question" or part.opening.head > part.last:
            return False
        owners = self._ranker.owners(self._reading.tokens[part.opening.head].stem)
        return bool(owners) and all(self._ranker.is_effect(tool) for tool in owners)

    def _names(self, kinds: Sequence[str]) -> bool:
        own = set(self._indexes)
        return any(each.sure and each.kind in kinds and each.first in own for each in self._reading.mentions)


_KNOWLEDGE = re.compile(
    r"""^(?:please\s+|can\s+you\s+|could\s+you\s+)*(?:
      (?:explain|define|describe)\s+(?:to\s+me\s+|me\s+)?(?:what|how|why)\b
      | (?:what\s+is|what's|whats|what\s+are)\s+(?:an?\s+)?(?:[\w-]+\s*){1,3}\??$
      | (?:what\s+is|what's|whats|how\s+much\s+is)\s+[\d\s.,+*/x^()-]+[?=]*$
      | what\s+do(?:es)?\s+.{1,30}\s+mean\b
      | (?:what\s+is\s+|what's\s+)?the\s+difference\s+between\b )""",
    re.VERBOSE | re.IGNORECASE,
)
_SUM = re.compile(r"^(?:what\s+is|what's|whats|how\s+much\s+is)?\s*[\d\s.,+*/x^()-]+[?=]*$", re.IGNORECASE)
_OURS = frozenset(
    "model models classifier prediction predictions row record customer customers our my we live prod production"
    " deployed staged running serving here there data dataset experiment experiments note notes version versions test"
    " tests drift the this".split()
)


def is_arithmetic(reading: Reading) -> bool:
    """Tell whether a sentence asks for a sum: "what is 2+2?"."""
    return bool(_SUM.match(reading.sentence.strip()))


def is_knowledge(reading: Reading) -> bool:
    """Tell whether a sentence asks what a word means, and is about nothing of this project."""
    about = any(each.sure and each.kind not in ("metric", "number", "quoted") for each in reading.mentions)
    ours = any(token.word in _OURS for token in reading.tokens)
    return not about and not ours and bool(_KNOWLEDGE.match(reading.sentence.strip()))
