"""Split a sentence into the parts that each ask for something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from axagents.llm.offline.conditions import IFS, WHENS, Condition, Span, find_condition, is_base
from axagents.llm.offline.examples import Phrases
from axagents.llm.offline.handing import Handed, find_handed
from axagents.llm.offline.opening import Opening, opening
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import Token


@dataclass(frozen=True)
class Part:
    """A stretch of a sentence, its tokens `first` to `last` inclusive, its condition cut out.

    Attributes:
        left_out: the tokens of the condition.
        text_from: where the part is a text that asks for nothing further ("remember that ..."), its first token.
        handed_to: the persona for whom that text is.
        swallowed: the tool whose opening made it a text.
    """

    first: int
    last: int
    opening: Opening
    condition: Condition | None = None
    left_out: frozenset[int] = frozenset()
    text_from: int | None = None
    handed_to: str | None = None
    swallowed: str | None = None

    @property
    def asks_until(self) -> int:
        """Return the last token that says what is asked for; a few of a text's own words show its kind."""
        return self.last if self.text_from is None else min(self.last, self.text_from + 1)


_STOPS = {".", "!", "?", ";", "—", "–"}
_TRIM = _STOPS | {",", ":", "-", "(", ")"}
_LINKS = {"and", ",", "but", "&", "then", "or"}
_AFTER_LINK = {"if", "then", "when", "please", "also", "and", "just", "only", "finally", "afterwards", "later", "once"}
_TELLS = {"tell", "show", "give", "which", "what", "how", "is", "are", "has", "did", "does", "who", "where", "why"}


def split_parts(
    reading: Reading,
    verbs: frozenset[str],
    swallows: Phrases,
    *,
    personas: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    reads: frozenset[str] = frozenset(),
) -> list[Part]:
    """Return the parts of a sentence.

    Args:
        verbs: the stems that may begin a part.
        swallows: the openings behind which the rest of the sentence is a text.
        personas: the names of those to whom a part may be handed on.
        reads: the tools whose text is looked up: it ends where another request with a name in it begins.
    """
    tokens = reading.tokens
    handed = {each.begin: each for each in find_handed(reading, personas)}
    covered = {at for each in reading.mentions for at in range(each.first, each.last + 1)}
    begins = {at for at in range(1, len(tokens)) if _begins_part(tokens, at, verbs=verbs, covered=covered)}
    starts = sorted({0} | begins | handed.keys())
    parts: list[Part] = []
    for first, last in zip(starts, [*starts[1:], len(tokens)], strict=True):
        if parts and parts[-1].last >= first:
            continue
        if first in handed:
            parts.append(_handed_part(reading, handed[first]))
            continue
        part = _text_part(reading, first, swallows)
        if part is not None and part.swallowed in reads:
            ends = (at - 1 for at in sorted(begins) if first < at <= part.last and _named_soon(reading, at))
            part = replace(part, last=_before_link(tokens, next(ends, part.last)))
        part = part or _part(reading, (first, last - 1), verbs)
        if part is not None and parts and part.text_from is None and _only_names(reading, parts[-1], covered):
            part = _part(reading, (parts.pop().first, last - 1), verbs)
        if part is not None:
            parts.append(part)
    return _join_conditions(parts, reading)


def _text_part(reading: Reading, first: int, swallows: Phrases) -> Part | None:
    tokens = reading.tokens
    begin = opening(tokens, first, len(tokens) - 1)
    found = [
        each
        for each in swallows.find([token.stem for token in tokens[first : begin.head + 9]])
        if each[0] + first <= begin.head
    ]
    if not found:
        return None
    text_from = first + found[-1][1] + 1
    ends = (at for at in range(text_from, len(tokens)) if tokens[at].word in (".", "!", "?") and at > text_from)
    last = next(ends, len(tokens)) - 1
    return Part(first, last, Opening("request", begin.head), text_from=text_from, swallowed=found[-1][2])


def _named_soon(reading: Reading, at: int) -> bool:
    """Tell whether a known name stands close behind a token."""
    kinds = ("dataset", "model", "deployment", "experiment", "test", "version", "model-version")
    return any(each.kind in kinds and at < each.first <= at + 3 for each in reading.mentions)


def _before_link(tokens: Sequence[Token], last: int) -> int:
    while tokens[last].word in _LINKS:
        last -= 1
    return last


def _only_names(reading: Reading, part: Part, covered: set[int]) -> bool:
    """Tell whether a part names something and says nothing of it: "customers.csv: any nulls?"."""
    return part.text_from is None and all(
        at in covered or reading.tokens[at].shape == "mark" for at in range(part.first, part.last + 1)
    )


def _handed_part(reading: Reading, handed: Handed) -> Part:
    condition, left_out = None, frozenset[int]()
    if handed.opener > handed.begin and reading.tokens[handed.begin].word in IFS | WHENS:
        condition, left_out = find_condition(reading, (handed.begin, handed.opener - 1), frozenset())
    last = max(handed.last, handed.first - 1)
    asks = Opening("request", handed.opener)
    return Part(handed.begin, last, asks, condition, left_out, handed.first, handed.persona)


def _begins_part(tokens: Sequence[Token], at: int, *, verbs: frozenset[str], covered: set[int]) -> bool:
    before = tokens[at - 1]
    if at in covered:
        return False
    if before.shape == "mark" and (before.word in _STOPS or (before.word == ":" and before.end < tokens[at].start)):
        return True
    if before.word == "then":
        return True
    if before.word not in _LINKS or (before.word == "," and tokens[at].word in ("and", "then", "but", "or")):
        return False
    return _opens(tokens, at, verbs=verbs, covered=covered)


def _opens(tokens: Sequence[Token], at: int, *, verbs: frozenset[str], covered: set[int]) -> bool:
    """Tell whether a verb or a question stands at `at`, fillers aside."""
    while at < len(tokens) and tokens[at].word in _AFTER_LINK | {","}:
        if tokens[at].word in IFS | WHENS:
            return True
        at += 1
    if at >= len(tokens) or at in covered or tokens[at].shape != "word":
        return False
    token = tokens[at]
    if token.word in _TELLS:
        return True
    return token.stem in verbs and is_base(token)


def _part(reading: Reading, span: Span, verbs: frozenset[str]) -> Part | None:
    first, last = span
    tokens = reading.tokens
    while last >= first and (tokens[last].word in _TRIM or tokens[last].word in _LINKS):
        last -= 1
    while first <= last and tokens[first].word in _LINKS:
        first += 1
    if last < first:
        return None
    condition, left_out = find_condition(reading, (first, last), verbs)
    head = first
    while head in left_out or (head <= last and tokens[head].word in (",", "then")):
        head += 1
    return Part(first, last, opening(tokens, head, last), condition, left_out)


def _join_conditions(parts: list[Part], reading: Reading) -> list[Part]:
    """Hand a part that is nothing but a condition on to the part behind it."""
    joined: list[Part] = []
    waiting: Part | None = None
    for part in parts:
        if part.condition is not None and set(range(part.first, part.last + 1)) <= part.left_out:
            waiting = part
        elif waiting is not None:
            left_out = part.left_out | waiting.left_out
            joined.append(replace(part, first=waiting.first, condition=waiting.condition, left_out=left_out))
            waiting = None
        else:
            joined.append(part)
    if waiting is not None and joined:
        left_out = joined[-1].left_out | waiting.left_out
        joined[-1] = replace(joined[-1], last=waiting.last, condition=waiting.condition, left_out=left_out)
    elif waiting is not None:
        joined.append(Part(waiting.first, waiting.last, opening(reading.tokens, waiting.first, waiting.last)))
    return joined
