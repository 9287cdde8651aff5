"""Cut a typed sentence into tokens, each with its place, and bring words to their stems."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Shape = Literal["word", "name", "number", "version", "path", "url", "moment", "quoted", "mark"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `start` and `end` are its place in the sentence as typed.

    Attributes:
        word: lower case, apostrophes removed.
        stem: the word without its endings.
    """

    text: str
    word: str
    stem: str
    start: int
    end: int
    shape: Shape


_FOLDERS = r"(?:models?|data|artifacts|outputs?|runs|mlruns|docs|exports|checkpoints|build|dist|files)"
_UNITS = r"(?:%|percent|points?|pp|ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?|d|weeks?)"
_TOKEN = re.compile(
    rf"""
      (?P<url>(?<!\w)[a-z][a-z0-9+.-]*://[^\s"'<>]+[^\s"'<>.,;!?)])
    | (?P<path>(?<![\w.])(?:~|\.{{1,2}})?(?:/\.{{1,2}}(?=/))*/[\w.@%+-]*\w(?:/[\w.@%+-]*\w)*/?
              |[A-Za-z]:\\[\w.\\-]+
              |(?<![\w.])\.[A-Za-z_][\w-]*(?:/[\w.-]*\w)+/?
              |{_FOLDERS}(?:/[\w.-]*\w)+/?
              |[A-Za-z_][\w-]*_[\w-]*(?:/[\w.-]*\w)+/?)
    | "(?P<double>[^"]+)" | “(?P<curly>[^”]+)” | `(?P<tick>[^`]+)` | (?<!\w)'(?P<single>[^']+)'(?!\w)
    | (?P<without>w/o)(?!\w)
    | (?P<id>(?<!\w)(?:\d{{8}}-\d{{6}}-[0-9a-f]{{4,8}}|(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{{12,64}})(?!\w))
    | (?P<moment>(?<!\w)\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?)(?!\w)
    | (?P<ab>a\s?/\s?b)(?!\w)
    | (?P<version>v?\d+\.\d+\.\d+(?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?|v\d+(?:\.\d+){{0,2}})(?!\w)
    | (?P<comma>(?<![\w.,])(?:0,\d+(?!\w|,\d)|\d+,\d{{1,2}}(?=\s?{_UNITS}(?!\w))))
    | (?P<number>\d+(?:[,_]\d{{3}})+(?:\.\d+)?|\d*\.\d+|\d+)
    | (?P<name>[^\W\d](?:\w|['’](?=\w))*(?:[-@]\w+|\.(?=\w)\w+)*)
    | (?P<mark>-+>|=>|<=|>=|==|!=|→|≥|≤|[<>=%&+,.;:?!()/$€£–—-]|\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)

_CONTRACTIONS = {
    "n't": "not",
    "'re": "are",
    "'ve": "have",
    "'ll": "will",
    "'d": "would",
    "'m": "am",
    "'s": "s",
}
_WHOLE = {
    "can't": ("can", "not"),
    "cant": ("can", "not"),
    "won't": ("will", "not"),
    "cannot": ("can", "not"),
    "let's": ("let", "us"),
    "lets": ("let", "us"),
    "pls": ("please",),
    "plz": ("please",),
    **{f"{word}{mark}s": (word, "is") for word in "what how that there who where".split() for mark in ("'", "")},
    "it's": ("it", "is"),
    "u": ("you",),
    "wanna": ("want", "to"),
    "gonna": ("going", "to"),
    "gimme": ("give", "me"),
    "lemme": ("let", "me"),
}
_SPELT = {"ab": "a/b", "without": "without"}
_QUOTES = ("double", "curly", "tick", "single")


def tokenise(sentence: str) -> list[Token]:
    """Return the tokens of a sentence; a contraction gives one token a word, at the same place."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(sentence):
        kind = found.lastgroup or "mark"
        if kind in _QUOTES:
            tokens.append(_quoted(found, kind))
        elif kind in _SPELT:
            word = _SPELT[kind]
            tokens.append(Token(found.group(), word, word, found.start(), found.end(), "word"))
        elif kind == "name":
            tokens += _words(found)
        else:
            tokens.append(_plain(found, kind))
    return tokens


def _quoted(found: re.Match[str], kind: str) -> Token:
    inner = found.group(kind)
    return Token(inner, inner.lower(), inner.lower(), found.start(kind), found.end(kind), "quoted")


def _plain(found: re.Match[str], kind: str) -> Token:
    text = found.group()
    if kind == "comma":
        return Token(text, text.replace(",", "."), text, found.start(), found.end(), "number")
    if kind == "id":
        return Token(text, text.lower(), text.lower(), found.start(), found.end(), "name")
    shape: Shape = kind if kind in ("url", "path", "version", "number", "moment") else "mark"
    word = text.lower().replace(",", "").replace("_", "") if kind == "number" else text.lower()
    return Token(text, word, word, found.start(), found.end(), shape)


def _words(found: re.Match[str]) -> list[Token]:
    text = found.group()
    word = text.lower().replace("’", "'")
    parts = _WHOLE.get(word) or _contracted(word)
    shape: Shape = "name" if re.search(r"[-_.@\d]", text) else "word"
    said = [part for part in parts if part != "s" or len(parts) == 1]
    return [Token(text, part, stem(part), found.start(), found.end(), shape) for part in said]


_AUXILIARY = frozenset("do does did is are was were has have had should would could must need".split())


def _contracted(word: str) -> tuple[str, ...]:
    if word.endswith("nt") and word[:-2] in _AUXILIARY:
        return word[:-2], "not"
    for ending, full in _CONTRACTIONS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return word[: -len(ending)], full
    return (word.replace("'", ""),)


_DOUBLED = re.compile(r"([bdgklmnprt])\1$")
_VOWEL = re.compile(r"[aeiouy]")


@cache
def stem(word: str) -> str:
    """Return a word without its endings, so that deploy, deploys, deploying and deployment are one."""
    if len(word) <= 3 or not word.isalpha():
        return word
    for cut in (_plural, _participle, _noun, _last):
        word = cut(word)
    return word


def _plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("sis"):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "as")):
        return word[:-1]
    return word


def _participle(word: str) -> str:
    for ending in ("ing", "ed"):
        left = word[: -len(ending)]
        if word.endswith(ending) and len(left) >= 3 and _VOWEL.search(left):
            return _DOUBLED.sub(r"\1", left)
    return word


def _noun(word: str) -> str:
    for ending, kept in (("ization", "iz"), ("isation", "iz"), ("ation", "at"), ("ition", "it"), ("ment", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)] + kept
    if word.endswith(("tion", "sion")) and len(word) > 6:
        return word[:-3]
    if word.endswith("ly") and len(word) > 5:
        return word[:-2]
    return word


def _last(word: str) -> str:
    if word.endswith("e") and len(word) > 4:
        word = word[:-1]
    if word.endswith("y") and len(word) > 4:
        word = word[:-1] + "i"
    if word.endswith("is") and len(word) > 5:
        word = word[:-2] + "iz"
    return word[:-1] + "z" if word.endswith("ys") and len(word) > 4 else word


COURTESY = frozenset(stem(word) for word in "please thanks thank thx cheers kindly plz pls".split())
"""Stems that say nothing of what is wanted."""
