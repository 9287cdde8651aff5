"""Tell what a part of a sentence asks for by how it begins: a request, a question, a supposition, a statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from axagents.llm.offline.text import Token

Mood = Literal["request", "question", "hypothetical", "statement"]
Frames = tuple[tuple[str, ...], ...]


def _phrases(text: str) -> Frames:
    """Split phrases at bars, the longest first."""
    found = [tuple(phrase.split()) for phrase in text.split("|")]
    return tuple(sorted(found, key=len, reverse=True))


_FILLERS = frozenset(
    "please ok okay hey hi hello now so well then and also just first next finally quickly immediately kindly yes right"
    " alright asap afterwards again maybe actually simply directly automatically either - , you must but instead only"
    " that thanks sure go ahead".split()
)
_FRAMES = _phrases(
    """
    be sure to | can we please | can you | can you please | could we please | could you | could you please |
    do me a favour and | do not forget to | feel free to | go ahead and | help me | help me to | i have to |
    i must | i need to | i need you to | i want to | i want you to | i wish to | i would like to |
    i would like you to | in order to | it is time to | let us | make sure to | make sure you | need to | time to |
    try to | want to | we have to | we must | we need to | we want to | we would like to | will you |
    will you please | would like to | would you | would you mind | you should | your task is to
    """
)
_WISHES = _phrases(
    """
    can i get | can i have | could i get | get me | give me | give us | i need | i want | i would like |
    i would love | may i have | we need | we want | we would like
    """
)
_HYPOTHESES = _phrases(
    """
    how can i | how can we | how do i | how do we | how does one | how should i | how should we | how to |
    how would | imagine | suppose | what happens | what if | what should i do | what will happen | what would
    """
)
_INQUIRIES = _phrases(
    "i want to know | we want to know | i would like to know | i need to know | we would like to know | i wonder |"
    " tell me which | tell me what | tell me whether | tell me how | tell me who | tell me when | tell me why |"
    " can you tell me | could you tell me | do you know | please tell me whether | i am wondering"
)
REQUESTING = frozenset(frame[0] for frame in (*_FRAMES, *_WISHES)) | _FILLERS
"""Words with which a framed request may begin."""
_SOFT = frozenset("only just also really simply kindly please actually now".split())
_QUESTIONS = frozenset(
    "who what when where why how which whose whom is are was were did does do has have had should can could would will"
    " may might am any isnt".split()
)

HAPPENED = frozenset(
    "failed fails is was were are has had went goes looks looked broke crashed did does seems seemed works worked"
    " finished ended happened died timed succeeded passed looking".split()
)
"""Words that make what stands before them a thing that something is told of: "canary failed"."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a part of a sentence begins; `head` is its first token that is no filler or polite frame."""

    mood: Mood
    head: int
    wish: bool = False


def opening(tokens: Sequence[Token], first: int, last: int) -> Opening:
    """Tell what the tokens `first` to `last` ask for, by how they begin."""
    words = [token.word for token in tokens]
    at = _skip_fillers(words, first, last)
    if any(_without_soft(words, at, frame) >= 0 for frame in _INQUIRIES):
        return Opening("question", at)
    if any(_begins(words, at, frame) for frame in _HYPOTHESES):
        return Opening("hypothetical", at)
    for frame in _FRAMES:
        if (end := _without_soft(words, at, frame)) >= 0:
            return Opening("request", _skip_fillers(words, end, last))
    for frame in _WISHES:
        if (end := _without_soft(words, at, frame)) >= 0:
            return Opening("request", end, wish=True)
    if at <= last and words[at] in _QUESTIONS and not (words[at] == "do" and _begins(words, at, ("do", "a"))):
        return Opening("question", at)
    return Opening("statement", at)


def _skip_fillers(words: Sequence[str], at: int, last: int) -> int:
    while at <= last and (words[at] in _FILLERS or _is_adverb(words[at])) and not _verb_pair(words, at):
        at += 1
    return at


def _is_adverb(word: str) -> bool:
    return word.endswith("ly") and word not in ("apply", "reply", "supply", "rely")


def _verb_pair(words: Sequence[str], at: int) -> bool:
    """Keep "go back" and "go live" whole: there go is no filler."""
    return words[at] == "go" and at + 1 < len(words) and words[at + 1] in ("back", "live")


def _begins(words: Sequence[str], at: int, frame: tuple[str, ...]) -> bool:
    return tuple(words[at : at + len(frame)]) == frame


def _without_soft(words: Sequence[str], at: int, frame: tuple[str, ...]) -> int:
    """Return where a frame ends that begins at `at`, soft words such as "only" and "really" aside; -1 if none does."""
    for part in frame:
        while at < len(words) and words[at] in _SOFT and words[at] != part:
            at += 1
        if at >= len(words) or words[at] != part:
            return -1
        at += 1
    return at
