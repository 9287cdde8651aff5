"""Notes that a person or a model gives to a document: shown as theirs, numbers that no fact is marked."""

import re
from collections.abc import Sequence

from axagents.ml.metrics import METRICS
from axagents.workflows.documents.facts import Json

_NUMBER = re.compile(r"(?<![\w.:/-])[-+]?\d+(?:[.,]\d+)*(?:\s?%)?(?![\w:/-]|\.\d)")
_CLAUSE = re.compile(r"(\s*[,;:]\s+|\s+(?:and|but|while|whereas|against|versus|vs)\s+)")
_SENTENCE = re.compile(r"((?<=[.!?])\s+|\n+)")
_WORD = re.compile(r"[a-z0-9]+")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
MARK = " [not computed by a tool]"


def check_notes(notes: str, facts: Sequence[Json]) -> tuple[str, list[str]]:
    """Return the notes with every number marked that none of the facts is, and those numbers.

    A number stands as a fact's when it equals the value as it is written, its clause names what the fact measures, and
    the sentence names no other version.
    """
    loose: list[str] = []

    def mark(sentence: str) -> str:
        versions = _VERSION.findall(sentence)
        parts = _CLAUSE.split(sentence)
        return "".join(part if at % 2 else judge(part, versions) for at, part in enumerate(parts))

    def judge(clause: str, versions: Sequence[str]) -> str:
        def look(found: re.Match[str]) -> str:
            number = found.group(0)
            if number in versions or any(_is_fact(number, clause, each, versions=versions) for each in facts):
                return number
            loose.append(number)
            return number + MARK

        return _NUMBER.sub(look, clause)

    parts = _SENTENCE.split(notes)
    marked = "".join(part if at % 2 else mark(part) for at, part in enumerate(parts))
    return marked, list(dict.fromkeys(loose))


def _is_fact(number: str, clause: str, stated: Json, *, versions: Sequence[str]) -> bool:
    value, name = stated["value"], str(stated["name"])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if not _is_named(name, clause) or not all(each in name for each in versions):
        return False
    written = number.rstrip("% ").replace(",", "")
    if written.count(".") > 1:
        return False
    amount = 100 * value if number.endswith("%") else value
    decimals = len(written.partition(".")[2])
    return abs(float(written) - amount) <= 0.5 * 10**-decimals * (1 + 1e-9)


def _is_named(name: str, clause: str) -> bool:
    """Tell whether a clause speaks of what a fact measures."""
    words = set(_WORD.findall(clause.lower()))
    measure = next((word for word in name.split() if word in METRICS), name.split()[-1])
    spoken = [_WORD.findall(measure.lower()), *([["auc"]] if measure == "auc_roc" else [])]
    return any(words.issuperset(each) for each in spoken)
