"""Understand what leans on an earlier answer: "and the one before?", and a question for figures that are on record."""

import re
from dataclasses import replace

from axagents.llm.offline.choosing import Chosen
from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.ranking import Ranked, Ranker
from axagents.llm.offline.reading import Reading

_LEADS = re.compile(
    r"^\W*(?:ok(?:ay)?[, ]+)?(?:and|what about|how about|same (?:for|with|on|thing for))\b", re.IGNORECASE
)
_POINTING = frozenset(
    "one ones before previous earlier prior latest newest staged canary version model dataset".split()
)
_LED = frozenset("and what how about same for with on thing the then too again please ok okay of in as well".split())
_LONGEST = 9
_SAID = frozenset("score value metric figure registered current".split())


def goes_on(ranker: Ranker, reading: Reading, last: str) -> bool:
    """Tell whether a sentence asks the same of something else: it names that and says no more.

    Args:
        last: the tool that was called last.
    """
    content = ranker.tools.get(last)
    if content is None or content.touches != "read" or len(reading.tokens) > _LONGEST:
        return False
    named = {at for each in reading.mentions for at in range(each.first, each.last + 1) if each.kind != "unknown"}
    named |= {at for at, token in enumerate(reading.tokens) if token.word in _POINTING}
    led = {at for at, token in enumerate(reading.tokens) if token.word in _LED or token.shape == "mark"}
    return bool(_LEADS.match(reading.sentence) and named) and len(named | led) == len(reading.tokens)


def on_record(ranker: Ranker, reading: Reading, chosen: Chosen) -> Chosen:
    """Take the tool that shows figures on record for a question after them that names no data to compute them on."""
    content = ranker.tools.get(chosen.top.tool)
    if content is None or not content.on_record or any(part.opening.mood != "question" for part in chosen.parts):
        return chosen
    mentions = [each for part in chosen.parts for each in reading.within(part.first, part.last)]
    named = {at for each in mentions for at in range(each.first, each.last + 1)}
    rest = [at for part in chosen.parts for at in range(part.first, part.last + 1) if at not in named]
    plain = ranker.functional | _SAID
    said = all(reading.tokens[at].shape == "mark" or set(stems_of(reading.word(at))) <= plain for at in rest)
    kinds = {each.kind for each in mentions}
    whole = {"metric"} < kinds <= {"metric", "model", "version", "model-version", "deployment"}
    if not said or not whole or not kinds & {"version", "model-version"}:
        return chosen
    shown = Ranked(content.on_record, 2.0, 1.0, (), asked=False, named=True, headed=True)
    return replace(chosen, ranking=[shown, *(each for each in chosen.ranking if each.tool != content.on_record)])
