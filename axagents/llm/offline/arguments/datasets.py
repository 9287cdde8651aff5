"""Fill datasets, experiments, A/B tests and new names."""

import itertools
import re
from collections.abc import Mapping, Sequence

from axagents.llm.offline.arguments.fragments import by_fragment, by_phrase, unknown_word
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Sheet, Slot, Value, unknown_name
from axagents.llm.offline.content import Argument
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.names import ends_there, is_data_file

_DATA_NOUNS = ("dataset", "data", "table", "file", "set", "holdout", "csv")


def fill_dataset(slot: Slot, setting: Setting) -> Found:
    """Return a dataset under the name the user gave it."""
    mentions = list(setting.mentions("dataset", sheet=slot.sheet))
    if setting.left and slot.argument.required and not setting.mentions("dataset", sheet=slot.sheet, near_only=True):
        return Value(setting.left, "conversation", "made by the step before")
    if slot.argument.only_cued:
        every = [each for each in setting.reading.mentions if each.kind == "dataset"]
        mentions = [
            each for each in every if setting.cued(each, slot.argument) or _stands_as(each, slot.argument, setting)
        ]
        if not mentions:
            return None
    chosen = (
        _paired(mentions, slot.argument, setting)
        if slot.argument.pair
        else _cued_first(mentions, slot.argument, setting)
    )
    if chosen is not None:
        slot.sheet.used.add(chosen.first)
        return Value(_as_typed(chosen, setting), "query", chosen.text)
    if slot.argument.pair:
        return _unknown_dataset(slot, setting) if mentions else None
    unknown = _unknown_dataset(slot, setting)
    if unknown is not None:
        return unknown
    path = next((each for each in setting.mentions("path", sheet=slot.sheet) if is_data_file(each.text.lower())), None)
    if path is not None:
        slot.sheet.used.add(path.first)
        return Value(_known_file(path.text, setting) or path.text, "query", path.text)
    return _bare_dataset(slot, setting) or _pointed_back(slot, setting) or _implied_dataset(slot, setting)


def _stands_as(mention: Mention, argument: Argument, setting: Setting) -> bool:
    """Read "with moments as the spine"."""
    at = mention.last + 2
    while setting.word(at) in ("the", "a", "our", "my"):
        at += 1
    return setting.word(mention.last + 1) == "as" and setting.word(at) in argument.cues


_IT = frozenset("it that this them".split())


def _pointed_back(slot: Slot, setting: Setting) -> Found:
    """Return the one dataset that the sentence names before "it", as in "don't train on orders, profile it"."""
    at = next((at for at in setting.indexes() if setting.word(at) in _IT), None)
    named = {each.value: each for each in setting.reading.mentions if each.kind == "dataset" and at and each.last < at}
    if not slot.argument.required or len(named) != 1:
        return None
    only = next(iter(named.values()))
    return Value(_as_typed(only, setting), "query", only.text)


_NOT_DATA = frozenset("for of by per our the my a about which what how many new old".split())


def _bare_dataset(slot: Slot, setting: Setting) -> Found:
    """Return a dataset whose name is an everyday word, where it stands as nothing else: "train churn customers"."""
    own = set(setting.indexes())
    bare = [
        each
        for each in setting.reading.mentions
        if each.kind == "dataset"
        and not each.sure
        and each.first in own
        and ends_there(setting.reading.tokens, each.last)
    ]
    bare = [each for each in bare if setting.word(each.first - 1) not in _NOT_DATA]
    if not slot.argument.required or len(bare) != 1:
        return None
    slot.sheet.used.add(bare[0].first)
    return Value(_as_typed(bare[0], setting), "query", bare[0].text)


_DATA_FOLDER = re.compile(r"^(?:\./)?data/([^/]+)$")


def _known_file(path: str, setting: Setting) -> str | None:
    """Return the dataset that the catalog has for a file of the project's data folder."""
    found = _DATA_FOLDER.match(path)
    fact = setting.dataset(found.group(1)) if found else None
    return fact.name if fact else None


def _as_typed(mention: Mention, setting: Setting) -> str:
    """Return the known name as typed: `customers.csv` stays, although the catalog calls it customer."""
    fact = setting.dataset(mention.value)
    return mention.value if fact is not None else mention.text


def _cued_first(mentions: Sequence[Mention], argument: Argument, setting: Setting) -> Mention | None:
    return next((each for each in mentions if setting.cued(each, argument)), mentions[0] if mentions else None)


def several_models(setting: Setting, sheet: Sheet) -> Missing | None:
    """Ask which model is meant where two are named side by side and a call takes one."""
    names = [name for name, each in setting.tool.arguments.items() if each.kind in ("model", "model_name")]
    if not names or sheet.get("baseline") or any(each.kind == "variant" for each in setting.tool.arguments.values()):
        return None
    own = set(setting.indexes())
    named = [each for each in setting.reading.mentions if each.kind == "model" and each.first in own]
    for first, second in itertools.pairwise(named):
        between = [setting.word(at) for at in range(first.last + 1, second.first)]
        words = [word for word in between if word in _JOINED - {"then"} | {"with", "against"}]
        if first.value != second.value and words and len(between) <= _BESIDE:
            question = f"{setting.tool.tool} takes one model; which one: {first.value} or {second.value}?"
            return Missing(names[0], question, "ambiguous", "", (first.value, second.value))
    return None


_BESIDE = 3
_JOINED = frozenset("and , & plus then or".split())


def further_datasets(setting: Setting, sheet: Sheet) -> list[tuple[str, Value]] | Missing:
    """Return the other datasets named beside the one a call takes, or ask for one if it does more than read."""
    arguments = setting.tool.arguments.items()
    names = [name for name, each in arguments if each.kind == "dataset" and not each.only_cued]
    taken = sheet.values.get(names[0]) if len(names) == 1 else None
    if taken is None:
        return []
    own, values = set(setting.indexes()), list[Value]()
    for each in setting.reading.mentions:
        if each.kind != "dataset" or each.first not in own or each.first in sheet.used:
            continue
        begins = any(each.first == part.opening.head + 1 for part in setting.own)
        if _as_typed(each, setting) != taken.value and (setting.word(each.first - 1) in _JOINED or begins):
            values.append(Value(_as_typed(each, setting), "query", each.text))
            sheet.used.update({each.first} if setting.tool.touches == "read" else ())
    if not values or setting.tool.touches == "read":
        return [(names[0], value) for value in values]
    known = tuple(str(each.value) for each in (taken, *values))
    question = f"{setting.tool.tool} takes one dataset; which one: {' or '.join(known)}?"
    return Missing(names[0], question, "ambiguous", "", known)


def _paired(mentions: Sequence[Mention], argument: Argument, setting: Setting) -> Mention | None:
    """Choose reference and current of two: a dataset called so, else one cued so, else by order."""
    for mention in mentions:
        if argument.pair and argument.pair in mention.text.lower():
            return mention
    other = "current" if argument.pair == "reference" else "reference"
    free = [each for each in mentions if other not in each.text.lower()]
    if argument.pair == "reference":
        # "has A drifted from B", "compare A with B": what stands behind the preposition is the reference.
        if len(free) < 2:
            return free[0] if free and len(mentions) > 1 else None
        return next((each for each in free[1:] if setting.cued(each, argument)), free[0])
    return free[0] if free else None


def _unknown_dataset(slot: Slot, setting: Setting) -> Found:
    known = [shown for fact in setting.world.datasets() for shown in (fact.name, *fact.aliases)]
    columns = {each.first for each in setting.reading.columns}
    for mention in setting.mentions("unknown", "quoted", sheet=slot.sheet, near_only=True):
        if mention.first in columns:
            continue
        nouns = {setting.word(mention.first - 1), setting.word(mention.last + 1)} & set(_DATA_NOUNS)
        if is_data_file(mention.text.lower()) or nouns or setting.cued(mention, slot.argument):
            slot.sheet.used.add(mention.first)
            return unknown_name(slot.name, mention.text, what="dataset", known=known)
    names = {shown: fact.name for fact in setting.world.datasets() for shown in (fact.name, *fact.aliases)}
    if by_phrase(setting, names, cues=slot.argument.cues):
        return None
    cues = [cue for cue in slot.argument.cues if cue not in ("dataset", "data", "is")]
    typed = unknown_word(setting, nouns=("dataset", "table", "file", "data"), cues=cues)
    return unknown_name(slot.name, typed, what="dataset", known=known) if typed else None


_ONLY_DATASET = "the only dataset with that word in its name"


def _implied_dataset(slot: Slot, setting: Setting) -> Found:
    argument, taken = slot.argument, [value.value for value in slot.sheet.values.values()]
    names = {fact.name: fact.name for fact in setting.world.datasets() if fact.name not in taken}
    found = by_phrase(setting, names, cues=argument.cues) or by_fragment(setting, names, nouns=_DATA_NOUNS)
    if found:
        exact = found.lower() in {setting.word(at) for at in setting.indexes()}
        return Value(found, "query", found) if exact else Value(found, "world", _ONLY_DATASET)
    if not argument.required:
        return None
    for past in setting.past:
        for key in ("dataset", "evaluation_dataset", "training_data"):
            if isinstance(past.get(key), str):
                return Value(past[key], "conversation", "named before")
    preferred = setting.world.preferred().get("dataset")
    if isinstance(preferred, str):
        return Value(preferred, "memory", "remembered as preferred")
    datasets = setting.world.datasets()
    return Value(datasets[0].name, "world", "the only dataset") if len(datasets) == 1 else None


def fill_experiments(slot: Slot, setting: Setting) -> Found:
    """Return two or more experiments; "all my experiments" are those there are, ten at most."""
    known = list(setting.world.experiments())
    unknown = setting.mentions("unknown", "quoted", sheet=slot.sheet, near_only=True)
    named = list(dict.fromkeys(each.value for each in setting.mentions("experiment", sheet=slot.sheet)))
    if (unknown and len(named) < slot.argument.least) or any(_like_experiment(each, setting) for each in unknown):
        return unknown_name(slot.name, unknown[0].text, what="experiment", known=known)
    if len(named) >= slot.argument.least:
        return Value(named, "query", ", ".join(named))
    meant = not named and _means_all(setting)
    if meant and slot.argument.least <= len(known) <= 10:
        return Value(known, "world", "all the experiments there are")
    if not slot.argument.required:
        return None
    told = f"with which experiment should {named[0]} be compared?" if named else slot.argument.ask
    return Missing(slot.name, told, "missing", "", tuple(each for each in known if each not in named)[:10])


def _means_all(setting: Setting) -> bool:
    """Tell "my experiments" and "which experiment" from one that should have been named."""
    every = any(setting.word(at) in ("experiments", "runs") for at in setting.indexes())
    which = ("which", "what", "best", "top")
    return every or any(
        setting.word(at) in ("experiment", "run", "one") and {setting.word(at - 1), setting.word(at - 2)} & set(which)
        for at in setting.indexes()
    )


def _like_experiment(mention: Mention, setting: Setting) -> bool:
    nouns = {"experiment", "experiments", "and", "with", "against", "to", "vs", "versus", "&", ",", "compare", "or"}
    return setting.word(mention.first - 1) in nouns


def fill_experiment(slot: Slot, setting: Setting) -> Found:
    """Return one experiment that exists."""
    for mention in setting.mentions("experiment", sheet=slot.sheet, near_only=True):
        if not slot.argument.cues or setting.cued(mention, slot.argument):
            slot.sheet.used.add(mention.first)
            return Value(mention.value, "query", mention.text)
    return None


def fill_test(slot: Slot, setting: Setting) -> Found:
    """Return an A/B test that exists."""
    known = list(setting.world.tests())
    for mention in setting.mentions("test", sheet=slot.sheet):
        return Value(mention.value, "query", mention.text)
    for mention in setting.mentions("unknown", "quoted", "experiment", sheet=slot.sheet, near_only=True):
        return unknown_name(slot.name, mention.text, what="A/B test", known=known)
    found = by_fragment(setting, {each: each for each in known}, nouns=("test", "experiment", "comparison"))
    if found:
        return Value(found, "world", "the only A/B test with that word in its name")
    typed = unknown_word(setting, nouns=("test", "experiment"), cues=slot.argument.cues)
    if typed:
        return unknown_name(slot.name, typed, what="A/B test", known=known)
    return Value(known[0], "world", "the only A/B test") if len(known) == 1 else None


def fill_namespace(setting: Setting) -> Found:
    """Return a memory namespace that the sentence names."""
    known: Mapping[str, str] = {each.lower(): each for each in setting.world.namespaces()}
    for at in setting.indexes():
        if setting.word(at) in known and (setting.word(at - 1) == "namespace" or setting.word(at + 1) == "namespace"):
            return Value(known[setting.word(at)], "query", setting.word(at))
    return None
