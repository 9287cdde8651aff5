"""Find somebody who is asked to do something and whom nobody here knows: "ask bob to profile customers"."""

from collections.abc import Mapping, Sequence

from axagents.llm.offline.arguments.sources import Missing
from axagents.llm.offline.handing import GIVES
from axagents.llm.offline.parts import Part
from axagents.llm.offline.reading import Reading

PERSONA = "persona"
"""The field of the question who is meant."""

_ASKS = frozenset("ask tell instruct urge".split())
_HAS = frozenset("have let get make".split())
_SELF = frozenset("me us you it yourself them for whether if what which who how about when why where that".split())
_ARTICLES = frozenset("the our my a your".split())
_LONGEST = 3


def find_stranger(
    reading: Reading,
    parts: Sequence[Part],
    personas: Mapping[str, tuple[str, ...]],
    *,
    verbs: frozenset[str],
    ordinary: frozenset[str],
) -> Missing | None:
    """Return the question who is meant where a part is for somebody unknown.

    Args:
        verbs: the stems with which a request may begin.
        ordinary: stems that are nobody's name.
    """
    for part in parts:
        head = part.opening.head
        if part.text_from is not None or head in reading.negated or head > part.last:
            continue
        had = _had(reading, part, ordinary)
        does = had >= 0 and reading.tokens[had + 1].stem in verbs
        typed = reading.tokens[had].text if does else _asked(reading, part) or _given(reading, part, ordinary)
        if typed:
            known = tuple(personas)
            return Missing(PERSONA, f"nobody here is called {typed}; who is to do it?", "unknown", typed, known)
    return None


def _past_articles(reading: Reading, at: int) -> int:
    while reading.word(at) in _ARTICLES:
        at += 1
    return at


def _asked(reading: Reading, part: Part) -> str:
    """Read "ask the intern to ..." and "tell bob to ..."."""
    at = part.opening.head
    addressed = reading.word(at) == "@"
    if reading.word(at) not in _ASKS and not addressed:
        return ""
    first = _past_articles(reading, at + 1)
    if reading.word(first) in _SELF or first > part.last:
        return ""
    to = next((each for each in range(first + 1, first + 1 + _LONGEST) if reading.word(each) == "to"), first + 1)
    return _text(reading, first, to - 1) if addressed or reading.word(to) == "to" else ""


def _had(reading: Reading, part: Part, ordinary: frozenset[str]) -> int:
    """Return who is meant in "have bob train on customer", or -1; the opening may have taken the verb in."""
    for at in range(max(part.first, part.opening.head - 2), part.opening.head + 1):
        if reading.word(at) in _HAS and at + 2 <= part.last and _is_strange(reading, at + 1, ordinary):
            return at + 1
    return -1


def _given(reading: Reading, part: Part, ordinary: frozenset[str]) -> str:
    """Read "delegate profiling customers to bob"."""
    if reading.word(part.opening.head) not in GIVES or reading.word(part.last - 1) not in (_ARTICLES | {"to"}):
        return ""
    return reading.tokens[part.last].text if _is_strange(reading, part.last, ordinary) else ""


def _is_strange(reading: Reading, at: int, ordinary: frozenset[str]) -> bool:
    token = reading.tokens[at] if at < len(reading.tokens) else None
    known = any(each.first <= at <= each.last for each in (*reading.mentions, *reading.columns))
    return token is not None and token.shape == "word" and not known and token.stem not in ordinary


def _text(reading: Reading, first: int, last: int) -> str:
    return reading.sentence[reading.tokens[first].start : reading.tokens[last].end]
