"""Fill columns: one that is named or declared, the target, and those listed behind a cue."""

import re
from collections.abc import Sequence

from axagents.llm.offline.arguments.events import defined_target
from axagents.llm.offline.arguments.fragments import fits
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Sheet, Slot, Value, unknown_name
from axagents.llm.offline.mentions import Mention


def fill_column(slot: Slot, setting: Setting) -> Found:
    """Return a column of the call's dataset; its declared target where nothing else is said."""
    context = "spine" if slot.name == "target" and slot.sheet.get("spine") else slot.argument.of or "dataset"
    dataset = setting.dataset(str(slot.sheet.get(context) or ""))
    columns = list(setting.world.columns(dataset.name)) if dataset else []
    found = _named_columns(setting, columns, slot.sheet)
    cued = [each for each in found if setting.cued(each, slot.argument)]
    sure = [each for each in found if each.sure and not slot.argument.only_cued]
    if cued or sure:
        chosen = (cued or sure)[0]
        slot.sheet.used.add(chosen.first)
        return Value(chosen.value, "query", chosen.text)
    if slot.argument.only_cued:
        return _cued_word(slot, setting, columns) if columns else None
    if slot.argument.new and (new := defined_target(slot, setting, dataset)) is not None:
        return new
    if slot.name == "target" and dataset is not None:
        return _target(slot.name, setting, columns, declared=dataset.target)
    return None


_ONLY_COLUMN = "the only column with that word in its name"


def _cued_word(slot: Slot, setting: Setting, columns: Sequence[str]) -> Found:
    """Return the column that bears the word behind a cue, as in "per customer"; a name that none bears is asked about.

    Everyday words that no column bears are left alone.
    """
    taken = [value.value for value in slot.sheet.values.values()]
    mentions = {each.first: each for each in setting.reading.mentions if each.kind in ("unknown", "quoted")}
    for at in setting.indexes():
        token = setting.reading.tokens[at]
        here = mentions.get(at) or Mention("column", token.text, token.text, at, at)
        named = at in mentions or token.shape == "word"
        if not named or not setting.cued(here, slot.argument) or token.word in _BETWEEN_CUE:
            continue
        fitting = [each for each in columns if fits(token.word, each) and each not in taken]
        if len(fitting) == 1:
            slot.sheet.used.add(at)
            return Value(fitting[0], "world", _ONLY_COLUMN)
        if at in mentions or token.stem not in setting.common:
            slot.sheet.used.add(at)
            return unknown_name(slot.name, token.text, what="column", known=columns)
    return None


def _named_columns(setting: Setting, columns: Sequence[str], sheet: Sheet) -> list[Mention]:
    own = set(setting.indexes())
    held = {each.lower(): each for each in columns}
    return [
        each
        for each in setting.reading.columns
        if each.first in own and each.first not in sheet.used and (not columns or each.value.lower() in held)
    ]


_TARGET_CUES = ("predict", "predicts", "predicting", "target", "label", "forecast", "classify")
_BETWEEN_CUE = frozenset("the a an our my its column columns field of is named called".split())
_NO_TARGET = {"who", "whether", "if", "which", "what", "how", "when", "it", "them", "something", "the", "a", "an", "is",
    "from", "using", "with", "on", "and", "our", "my", "well", "column", "", ",", "?", ".", ":", "based"}  # fmt: skip


_MOST_WORDS = 4


def _target(name: str, setting: Setting, columns: Sequence[str], *, declared: str | None) -> Found:
    wanted = _wanted_target(setting)
    # A header that reads like a sentence is data that speaks, and names nothing.
    named = [each for each in columns if len(each.split()) <= _MOST_WORDS]
    fitting = [each for each in named if any(fits(word, each) for word in wanted)]
    if wanted and declared and any(fits(word, declared) for word in wanted):
        return Value(declared, "world", "the catalog's target")
    if wanted and len(fitting) == 1:
        return Value(fitting[0], "world", _ONLY_COLUMN)
    if wanted and columns:
        typed = " ".join(wanted)
        known = tuple(fitting or named)[:12]
        return Missing(name, f"no column is called {typed}; which is the target?", "unknown", typed, known)
    return Value(declared, "world", "the catalog's target") if declared else None


def _wanted_target(setting: Setting) -> list[str]:
    """Return the words the user has for what is to be predicted, when they say so with "predict" or "target"."""
    indexes = setting.indexes()
    for at in indexes:
        if setting.word(at) not in _TARGET_CUES:
            continue
        words: list[str] = []
        for index in range(at + 1, at + 5):
            word = setting.word(index)
            if word in ("the", "a", "an", "customer", "customers", ":", "=", "is") and not words:
                continue
            if index not in indexes or word in _NO_TARGET or not re.match(r"[a-z]", word):
                break
            words.append(word)
        if words and words[0] not in _NO_TARGET:
            return words[:2]
    return []


def fill_columns(slot: Slot, setting: Setting) -> Found:
    """Return the columns named in the own parts, in their order."""
    found = _named_columns(setting, [], slot.sheet)
    if slot.argument.listed:
        found = _listed_behind(slot, setting)
        slot.sheet.used.update(each.first for each in found)
    elif slot.argument.cues and not slot.argument.plural:
        found = [each for each in found if setting.cued(each, slot.argument) or each.sure]
    names = list(dict.fromkeys(each.value for each in found))
    return Value(names, "query", ", ".join(each.text for each in found)) if names else None


_JOINS = {"and", "or", "nor", ",", "&", "the", "column", "columns"}


def _listed_behind(slot: Slot, setting: Setting) -> list[Mention]:
    """Return the columns that a cue stands before, and those joined to them: "without age, region and plan".

    The cue itself may have been read as a negation of what stands behind it.
    """
    own = [each for part in setting.own for each in setting.reading.columns if part.first <= each.first <= part.last]
    listed: list[Mention] = []
    for each in sorted(own, key=lambda mention: mention.first):
        joined = listed and all(setting.word(at) in _JOINS for at in range(listed[-1].last + 1, each.first))
        if joined or setting.cued(each, slot.argument):
            listed.append(each)
    return listed
