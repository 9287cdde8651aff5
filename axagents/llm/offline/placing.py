"""Bring a part's words to the stems that tools are ranked by, names and values to the places of their kinds."""

import re
from collections.abc import Sequence

from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.parts import Part
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import COURTESY, Token

_KIND_PLACES = {
    "model": "{model}", "model-version": "{model}", "deployment": "{model}", "dataset": "{dataset}", "test": "{test}",
    "experiment": "{experiment}", "version": "{version}", "percent": "{percent}", "ratio": "{ratio}", "path": "{path}",
    "url": "{path}", "number": "{number}", "metric": "{metric}", "quoted": "{newname}", "unknown": "{newname}",
    "moment": "{moment}",
}  # fmt: skip
_BEFORE_COLUMN = {"predict", "predicts", "predicting", "target"}
_UNKNOWN_KINDS = {"dataset": "{dataset}", "table": "{dataset}", "data": "{dataset}", "experiment": "{experiment}",
    "experiments": "{experiment}", "model": "{model}", "test": "{test}"}  # fmt: skip


def stems_in(reading: Reading, part: Part, vocabulary: frozenset[str]) -> list[str]:
    """Return a part's stems for ranking: names and values by their kind, negated and conditional tokens left out."""
    by_first = {each.first: each for each in reading.mentions if each.sure}
    columns = {each.first for each in reading.columns}
    framed = range(part.first, part.opening.head) if part.opening.mood == "request" and not part.left_out else ()
    stems: list[str] = []
    at = part.first
    while at <= part.asks_until:
        mention = by_first.get(at)
        ignored = at in framed or reading.tokens[at].stem in COURTESY
        if (at in reading.negated and part.text_from is None) or at in part.left_out or ignored:
            at += 1
        elif mention is not None and mention.kind == "unknown" and at in columns:
            stems.append("{column}")
            at += 1
        elif mention is not None:
            stems += _places(mention, reading.tokens)
            at = mention.last + 1
        else:
            token = reading.tokens[at]
            unheard = token.shape == "word" and token.stem not in vocabulary
            if unheard and (at in columns or reading.word(at - 1) in _BEFORE_COLUMN):
                stems.append("{column}")
            elif unheard and reading.word(at + 1) in _UNKNOWN_KINDS:
                stems.append(_UNKNOWN_KINDS[reading.word(at + 1)])
            elif token.shape == "name":
                stems += stems_of(token.word)
            elif token.shape != "mark":
                stems.append(token.stem)
            at += 1
    return stems


def _places(mention: Mention, tokens: Sequence[Token]) -> list[str]:
    if mention.kind == "duration":
        small = mention.value < 1 or (mention.value < 10 and re.search(r"ms|milli", mention.text) is not None)
        return ["{ms}" if small else "{duration}"]
    if mention.kind == "points":
        return ["{number}", "point"]
    if mention.kind == "unknown":
        return [_unknown_place(mention, tokens)]
    return [_KIND_PLACES.get(mention.kind, "{newname}")]


def _unknown_place(mention: Mention, tokens: Sequence[Token]) -> str:
    before = tokens[mention.first - 1].word if mention.first else ""
    after = tokens[mention.last + 1] if mention.last + 1 < len(tokens) else None
    if before in _UNKNOWN_KINDS:
        return _UNKNOWN_KINDS[before]
    if after is not None and after.word in _UNKNOWN_KINDS:
        return _UNKNOWN_KINDS[after.word]
    if re.search(r"\.(csv|parquet|tsv)$", mention.text.lower()):
        return "{dataset}"
    if after is not None and (after.shape == "version" or re.fullmatch(r"v?\d+(\.\d+)*", after.word)):
        return "{model}"
    return "{newname}"
