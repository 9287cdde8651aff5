"""Notes that a person or a model gives to a document: shown as theirs, numbers that no fact is marked."""

import re
from collections.abc import Sequence

from axagents.ml.metrics import METRICS
from axagents.workflows.documents.facts import Json

_NUMBER = re.compile(r"(?<![\w.:/-])[-+]?\d+(?:[.,]\d+)*\s?%?(?![\w:/-]|\.\d)")
_SENTENCE = re.compile(r"((?<=[.!?])\s+|\n+)")
_WORD = re.compile(r"[a-z0-9]+")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
MARK = " [not computed by a tool]"


def check_notes(notes: str, facts: Sequence[Json]) -> tuple[str, list[str]]:
    """Return the notes with every number marked that none of the facts is, and those numbers.

    A number stands as a fact's when it equals the value as it is written and the sentence names what the fact is of.
    """
    loose: list[str] = []

    def mark(sentence: str) -> str:
        def judge(found: re.Match[str]) -> str:
            number = found.group(0).strip()
            if any(_is_fact(number, sentence, each) for each in facts):
                return found.group(0)
            loose.append(number)
            return found.group(0).rstrip() + MARK + " " * (len(found.group(0)) - len(found.group(0).rstrip()))

        return _NUMBER.sub(judge, sentence)

    parts = _SENTENCE.split(notes)
    marked = "".join(part if at % 2 else mark(part) for at, part in enumerate(parts))
    return marked, list(dict.fromkeys(loose))


def _is_fact(number: str, sentence: str, stated: Json) -> bool:
    value = stated["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_named(str(stated["name"]), sentence):
        return False
    written = number.rstrip("% ").replace(",", "")
    if written.count(".") > 1:
        return False
    amount = 100 * value if number.endswith("%") else value
    decimals = len(written.partition(".")[2])
    return abs(float(written) - amount) <= 0.5 * 10**-decimals * (1 + 1e-9)


def _is_named(name: str, sentence: str) -> bool:
    """Tell whether a sentence speaks of what a fact is of: its measure, and no other version than its own."""
    words = set(_WORD.findall(sentence.lower()))
    measure = next((word for word in name.split() if word in METRICS), name.split()[-1])
    spoken = [_WORD.findall(measure.lower()), *([["auc"]] if measure == "auc_roc" else [])]
    versions = _VERSION.findall(sentence)
    return any(words.issuperset(each) for each in spoken) and all(each in name for each in versions)
