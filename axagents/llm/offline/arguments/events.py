"""Fill what ties events to the rows that are predicted, and ask for what neither sentence nor catalog tells."""

import re

from axagents.llm.offline.arguments.fragments import fits
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Slot, Value
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.world import DatasetFact

EVENT = "event"
"""Stands for a target that the events define."""
_MOST_KNOWN = 8
_BEFORE = frozenset("the a an of is : = a column called named whether if who will that".split())
_NO_TARGET = frozenset(
    "me us him her them it this that all each every any some my our your which what who how when where training train"
    " modelling modeling model models machine learning prediction predictions predicting production free now later use"
    " using features feature data dataset rows events customers customer users people clients months days weeks years"
    " the example instance at least most only just better more new good".split()
)
_BEHIND = frozenset(
    "from with within on out of using in over and , . ; ! ? please pls target label cutoff as by per".split()
)
_SPANS = ("duration", "moment")


def fill_moment(slot: Slot, setting: Setting) -> Found:
    """Return the moment behind one of the cues, else the only one; "do not look beyond ..." names one as well."""
    every = [each for part in setting.own for each in setting.reading.within(part.first, part.last)]
    found = [each for each in every if each.kind == "moment" and each.first not in slot.sheet.used]
    cued = [each for each in found if setting.cued(each, slot.argument)] or found
    if len(cued) != 1:
        known = tuple(each.value for each in cued)
        return Missing(slot.name, slot.argument.ask, "ambiguous", "", known) if known else None
    slot.sheet.used.add(cued[0].first)
    return Value(cued[0].value, "query", cued[0].text)


def fill_file(slot: Slot, setting: Setting) -> Found:
    """Return a file by its ending, as `mine.yaml`."""
    tokens, endings = setting.reading.tokens, tuple(slot.argument.phrases)
    at = next((at for at in setting.indexes() if tokens[at].word.endswith(endings)), None)
    if at is None:
        return None
    slot.sheet.used.add(at)
    return Value(tokens[at].text, "query", tokens[at].text)


def defined_target(slot: Slot, setting: Setting, dataset: DatasetFact | None) -> Found:
    """Return a target that is no column: what happens within a horizon, or does not, as in "for upgrade within 60d".

    A word that the dataset's own target or one of its columns bears is left to those.
    """
    typed = _named_behind(slot, setting)
    columns = setting.world.columns(dataset.name) if dataset else ()
    if typed is None or any(fits(typed.text.lower(), each) for each in columns):
        return None
    spans = any(each.kind in _SPANS for each in setting.mentions(*_SPANS, sheet=slot.sheet, near_only=True))
    common = all(part.stem in setting.common for part in setting.reading.tokens[typed.first : typed.last + 1])
    if common and not spans and (dataset is None or dataset.target is not None):
        return None
    if spans or dataset is None or dataset.target is None:
        slot.sheet.used.add(typed.first)
        return Value(typed.text, "query", typed.text)
    question = f"no column of {dataset.name} is called {typed.text}; which is the target?"
    return Missing(slot.name, question, "unknown", typed.text, tuple(columns)[:12])


def _named_behind(slot: Slot, setting: Setting) -> Mention | None:
    """Return the word behind a cue of the target that stands there as a name."""
    tokens, own = setting.reading.tokens, set(setting.indexes())
    covered = {
        at for each in setting.reading.mentions if each.kind != "unknown" for at in range(each.first, each.last + 1)
    }
    for cue in setting.indexes():
        if setting.word(cue) not in slot.argument.cues:
            continue
        at = cue + 1
        while setting.word(at) in _BEFORE:
            at += 1
        if at not in own or at in covered or tokens[at].shape not in ("word", "name", "quoted"):
            continue
        ends = at + 1 not in own or setting.word(at + 1) in _BEHIND or at + 1 in covered
        if ends and setting.word(at) not in _NO_TARGET and re.match(r"[^\W\d]", tokens[at].text):
            return Mention("column", tokens[at].text, tokens[at].text, at, at)
    return None


def ask_undeclared(slot: Slot, setting: Setting) -> Missing | None:
    """Ask for what the values of the others make necessary and the catalog does not declare of the dataset."""
    dataset = setting.dataset(str(slot.sheet.get("dataset") or ""))
    if dataset is None or slot.argument.declared in dataset.declared:
        return None
    columns = setting.world.columns(dataset.name)
    target = slot.sheet.get("target")
    event = target is not None and (target not in columns or (dataset.defined and target == dataset.target))
    asked = slot.argument.asked_with.items()
    if not any(event if wanted == EVENT else slot.sheet.get(name) is not None for name, wanted in asked):
        return None
    known = [each for each in columns if each != target] if slot.argument.kind == "column" else slot.argument.phrases
    return Missing(slot.name, slot.argument.ask, known=tuple(known)[:_MOST_KNOWN])
