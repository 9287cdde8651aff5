"""Find what one persona is to hand on to another: "ask the writer to draft release notes"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from axagents.llm.offline.content import Argument, ToolContent
from axagents.llm.offline.opening import opening
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import Token

ASK = "ask-"
"""How the tool that asks a persona is called, with the persona's id behind it."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Handed:
    """A stretch of a sentence that is for somebody else.

    Attributes:
        begin: the token with which the clause begins; `opener` that of its verb.
        first, last: the tokens of what is handed on, empty where `last` is before `first`.
    """

    persona: str
    begin: int
    opener: int
    first: int
    last: int


def ask_content(persona: str, title: str) -> ToolContent:
    """Return what the planner knows of the tool that asks a persona."""
    query = Argument(kind="handed", required=True, ask=f"what should the {title.lower()} do?")
    return ToolContent(
        tool=f"{ASK}{persona}",
        does=f"hands a task to the {title.lower()}",
        touches="compute",
        verbs=["ask"],
        arguments={"query": query},
        sentences="",
    )


def called(titles: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """Return the names each persona goes by, from ids and titles; a last word only one of them has is a name too."""
    names = {persona: {" ".join(_split(persona)), " ".join(_split(title))} for persona, title in titles.items()}
    ends = [name.split()[-1] for persona in names for name in {" ".join(_split(persona))}]
    for known in names.values():
        known |= {name.split()[-1] for name in known if ends.count(name.split()[-1]) <= 1}
    return {persona: tuple(sorted(known, key=len, reverse=True)) for persona, known in names.items()}


def _split(name: str) -> list[str]:
    return [word for word in re.split(r"[\s_-]+", name.lower()) if word]


_VERBS = frozenset("ask have get let make tell instruct request want need like consult use".split())
_WISHED = ("need", "want", "like")
_MODALS = frozenset("can could will".split())
_DUTIES = (("should",), ("must",), ("shall",), ("has", "to"), ("needs", "to"), ("is", "to"), ("ought", "to"))
_TO = (
    ("delegate", "to"), ("delegate", "it", "to"), ("delegate", "this", "to"), ("hand", "over", "to"),
    ("hand", "it", "to"), ("hand", "this", "to"), ("hand", "it", "over", "to"), ("hand", "this", "over", "to"),
    ("hand", "on", "to"), ("hand", "off", "to"), ("pass", "to"), ("pass", "it", "to"), ("pass", "this", "to"),
    ("pass", "on", "to"), ("pass", "this", "on", "to"), ("pass", "it", "on", "to"), ("forward", "to"),
    ("forward", "this", "to"), ("forward", "it", "to"), ("give", "this", "to"), ("leave", "it", "to"),
    ("leave", "this", "to"), ("assign", "to"), ("assign", "this", "to"), ("question", "for"), ("a", "question", "for"),
    ("technical", "question", "for"), ("quick", "question", "for"), ("task", "for"), ("a", "task", "for"),
    ("a", "job", "for"), ("job", "for"), ("this", "is", "for"), ("check", "with"), ("talk", "to"), ("speak", "to"),
    ("send", "to"), ("send", "this", "to"),
)  # fmt: skip
GIVES = frozenset("delegate hand pass forward assign".split())
_ARTICLES = frozenset("the our my a your".split())
_BOUNDS = frozenset(". ! ? ; , : and then but — –".split())
_BEHIND = frozenset("to please , : - — – that about for agent persona on kindly if".split())
_LEFT_OUT = frozenset("agent persona please kindly , : - — –".split())
_DROPPED = frozenset("to that about for".split())
_TRAILING = frozenset(". ! ? ; , : and then but — –".split())


def find_handed(reading: Reading, personas: Mapping[str, tuple[str, ...]]) -> list[Handed]:
    """Return what is handed on to whom, in order; nothing that is negated."""
    tokens = reading.tokens
    found: list[Handed] = []
    at = 0
    while at < len(tokens) and personas:
        handed = _at(reading, at, personas)
        if handed is not None and at not in reading.negated:
            found.append(handed)
            at = handed.first
        else:
            at += 1
    ends = [*(each.begin - 1 for each in found[1:]), len(tokens) - 1][: len(found)]
    return [
        Handed(each.persona, each.begin, each.opener, each.first, _trim(tokens, each.first, min(end, each.last)))
        for each, end in zip(found, ends, strict=True)
    ]


def _at(reading: Reading, at: int, personas: Mapping[str, tuple[str, ...]]) -> Handed | None:
    tokens = reading.tokens
    begin = _clause(tokens, at)
    for behind in _openers(tokens, at):
        named = _named(tokens, behind, personas)
        if named is None or not _heads(tokens, begin, at):
            continue
        persona, end = named
        first = _first(tokens, at, end)
        if first is not None:
            return Handed(persona, begin, at, first, len(tokens) - 1)
    return _given(tokens, (begin, at), personas)


def _openers(tokens: Sequence[Token], at: int) -> list[int]:
    """Return where the persona's name would have to stand if a request to hand on began at `at`."""
    word = tokens[at].word
    places = [at + len(phrase) for phrase in _TO if _says(tokens, at, phrase)]
    if word in _VERBS or word in _MODALS:
        places.append(at + 1)
    if word == "@":
        places.append(at + 1)
    return [*places, at]


def _named(tokens: Sequence[Token], at: int, personas: Mapping[str, tuple[str, ...]]) -> tuple[str, int] | None:
    """Return the persona named at a token, and the token behind the name."""
    while at < len(tokens) and tokens[at].word in _ARTICLES:
        at += 1
    best: tuple[str, int] | None = None
    for persona, names in personas.items():
        for name in names:
            end = _match(tokens, at, name.split())
            if end is not None and (best is None or end > best[1]):
                best = (persona, end)
    return best


def _match(tokens: Sequence[Token], at: int, wanted: Sequence[str]) -> int | None:
    left = list(wanted)
    while left and at < len(tokens):
        words = _split(tokens[at].word)
        if not words or words != left[: len(words)]:
            return None
        left = left[len(words) :]
        at += 1
    return None if left else at


def _first(tokens: Sequence[Token], at: int, end: int) -> int | None:
    """Return the first token of what is handed on, None where the words behind the name do not hand anything on."""
    direct = tokens[at].word not in _VERBS | _MODALS | {"@"} and not any(_says(tokens, at, each) for each in _TO)
    if direct:
        duty = next((each for each in _DUTIES if _says(tokens, end, each)), None)
        comma = (",", ":") if tokens[at].word not in _ARTICLES else (":",)
        addressed = end < len(tokens) and tokens[end].word in comma
        if duty is None and not addressed:
            return None
        end += len(duty or ())
    if end < len(tokens) and tokens[end].word not in _BEHIND and tokens[end].shape == "mark":
        return end if tokens[end].word in (".", "!", "?") and tokens[at].word in _VERBS else None
    while end < len(tokens) and tokens[end].word in _LEFT_OUT:
        end += 1
    if end < len(tokens) and tokens[end].word in _DROPPED:
        end += 1
    return end


def _given(tokens: Sequence[Token], head: tuple[int, int], personas: Mapping[str, tuple[str, ...]]) -> Handed | None:
    """Read "delegate profiling customers to the data scientist", where the name stands last."""
    begin, at = head
    if tokens[at].word not in GIVES or not _heads(tokens, begin, at):
        return None
    for to in range(at + 2, len(tokens) - 1):
        named = _named(tokens, to + 1, personas) if tokens[to].word == "to" else None
        if named is not None and (named[1] >= len(tokens) or tokens[named[1]].word in _TRAILING):
            last = to - 2 if tokens[to - 1].word in ("over", "on", "off") else to - 1
            return Handed(named[0], begin, at, at + 1, last)
    return None


def _heads(tokens: Sequence[Token], begin: int, at: int) -> bool:
    """Tell whether nothing but a polite frame or a condition stands before `at` in its clause."""
    if tokens[begin].word in ("if", "when", "once"):
        return True
    head = opening(tokens, begin, len(tokens) - 1)
    if head.mood == "hypothetical":
        return False
    if head.wish and tokens[at].word in _WISHED and head.head == at + 1:
        return True
    articles = {index for index in range(begin, at) if tokens[index].word in _ARTICLES}
    return head.head == at or (head.head in articles and set(range(head.head, at)) <= articles)


def _clause(tokens: Sequence[Token], at: int) -> int:
    while at > 0 and tokens[at - 1].word not in _BOUNDS:
        at -= 1
    return at


def _says(tokens: Sequence[Token], at: int, words: Words) -> bool:
    return tuple(token.word for token in tokens[at : at + len(words)]) == words


def _trim(tokens: Sequence[Token], first: int, last: int) -> int:
    while last >= first and tokens[last].word in _TRAILING:
        last -= 1
    return last
