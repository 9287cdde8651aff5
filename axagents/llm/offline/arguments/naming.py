"""Find the name that a sentence gives something new, so that nothing the project knows is put in its place."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from axagents.llm.offline.arguments.leftovers import left_over
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Slot, Value
from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.names import is_data_file, parts_of

_CUES = frozenset("as under name named called call titled dubbed".split())
_BEFORE_VERSION = frozenset("of for to in into".split())
_SKIPPED = frozenset("the a an my our your new model classifier named called name titled is be : = of by".split())
_OBJECTS = frozenset("it this that".split())
_NO_NAME = frozenset(
    "version versions release v ver latest newest next soon possible discussed agreed usual planned requested well"
    " before such always follows per expected if we i you they he she it this that follow told stated said is was"
    " experiment run tag tags one path file folder".split()
)
_STAGES = frozenset("production prod staging staged canary archived live candidate".split())
_ENDS = frozenset(
    "version versions release v ver with and from in to for tagged tags tag trained because since please as on at using"
    " which then by thanks now number again today of under but so it its into named called if when trained".split()
)
_VALUES = ("version", "number", "percent", "duration", "path", "url", "metric")


def explicit_name(slot: Slot, setting: Setting, named: Sequence[Mention]) -> Mention | Value | Missing | None:
    """Return what stands behind "as", "under", "named" or "called": a mention, a plain word, or the question it needs.

    Args:
        named: the mentions that may be a name.
    """
    at_place = {each.first: each for each in named}
    values = {each.first for each in setting.reading.mentions if each.kind in _VALUES}
    for at in setting.indexes():
        if setting.word(at) not in _CUES:
            continue
        first = _behind(setting, at)
        if first in at_place:
            return at_place[first]
        run = [] if first in values else _run(setting, first)
        words = [setting.word(each) for each in run]
        skipped = {setting.word(each) for each in range(at + 1, first)}
        if not words and "model" in skipped and ("new" in skipped or first not in values):
            return _ask(slot, setting, "")
        if words and words[0] not in _NO_NAME and not _is_framework(setting, words):
            return _word(slot, setting, run)
    return _before_version(slot, setting, values)


def _behind(setting: Setting, at: int) -> int:
    """Return the first token behind a cue that may be a name."""
    skipped = _SKIPPED | (_OBJECTS if setting.word(at) in ("call", "name") else frozenset[str]())
    first = at + 1
    while setting.word(first) in skipped and setting.reading.tokens[first].shape != "quoted":
        first += 1
    return first


def _run(setting: Setting, first: int) -> list[int]:
    """Return the words from a token up to a version, a mark, or what a name does not hold."""
    begins = {each.first for each in setting.reading.mentions if each.sure}
    own, found = set(setting.indexes()), list[int]()
    for at in range(first, len(setting.reading.tokens)):
        ends = at not in own or at in begins or setting.reading.tokens[at].shape not in ("word", "name")
        if ends or (setting.word(at) in _ENDS and setting.word(first) not in _NO_NAME):
            break
        found.append(at)
    return found


def _is_framework(setting: Setting, words: Sequence[str]) -> bool:
    """Tell "as an xgboost model" from a name."""
    choices = [one for each in setting.tool.arguments.values() for phrases in each.choices.values() for one in phrases]
    return words[0] in {phrase.split()[0] for phrase in choices}


def _word(slot: Slot, setting: Setting, run: Sequence[int]) -> Value | Missing:
    tokens = setting.reading.tokens
    typed = setting.reading.sentence[tokens[run[0]].start : tokens[run[-1]].end]
    if len(run) > 1 or typed.lower() in _STAGES:
        return _ask(slot, setting, typed, known=("-".join(parts_of(typed)),) if len(run) > 1 else ())
    near = _bearers(typed, setting)
    if near:
        return _ask(slot, setting, typed, known=(*near, typed))
    slot.sheet.used.add(run[0])
    return Value(typed, "query", typed)


def _bearers(typed: str, setting: Setting) -> tuple[str, ...]:
    """Return the models of whose names a word is a part."""
    return tuple(each.name for each in setting.world.models() if typed.lower() in parts_of(each.name))


def _ask(slot: Slot, setting: Setting, typed: str, *, known: Sequence[str] = ()) -> Missing:
    names = tuple(dict.fromkeys([*known, *(each.name for each in setting.world.models())]))
    if not typed:
        return Missing(slot.name, "what is the new model to be called?")
    question = f"there is no model {typed} yet; under which name is it to be registered?"
    return Missing(slot.name, question, "unknown", typed, names)


def _before_version(slot: Slot, setting: Setting, values: set[int]) -> Value | Missing | None:
    """Return an unheard word just before a version, or behind "of", "for" or "to" beside one."""
    taken = {at for each in setting.reading.mentions if each.sure for at in range(each.first, each.last + 1)}
    for at in _words(setting, taken):
        cued = setting.word(at - 1) in _BEFORE_VERSION and setting.word(at + 1) not in ("registry", "catalog")
        before = at + 1 in values or (setting.word(at + 1) in ("version", "v", "release", ",") and at + 2 in values)
        if not cued and not before:
            continue
        if not set(stems_of(setting.word(at))) <= setting.common or (cued and _bearers(setting.word(at), setting)):
            return _word(slot, setting, [at])
    return None


def _words(setting: Setting, taken: set[int]) -> Iterator[int]:
    tokens = setting.reading.tokens
    return (at for at in setting.indexes() if at not in taken and tokens[at].shape in ("word", "name"))


def assumed_name(slot: Slot, setting: Setting) -> Found:
    """Return the only model there is, unless the sentence holds a word that may name another."""
    models = setting.world.models()
    if not slot.argument.required or len(models) != 1:
        return None
    strange = [text for text in left_over(setting, slot.sheet) if any(letter.isalpha() for letter in text)]
    if strange:
        return _ask(slot, setting, strange[0])
    return Value(models[0].name, "world", "the only model")


_ANY_NAME = ("model", "model-version", "deployment", "unknown", "quoted", "experiment", "dataset", "test")
_NAMED_KINDS = {"model": ("model", "model-version"), "experiment": ("experiment",), "test": ("test",)}


def fill_new_name(slot: Slot, setting: Setting) -> Found:
    """Return the name of something that may be new: what stands behind a cue, or looks like a name."""
    chosen = _new_name(slot, setting)
    if slot.argument.names == "model":
        named = setting.mentions(*_ANY_NAME, sheet=slot.sheet, near_only=True)
        explicit = explicit_name(slot, setting, named)
        if isinstance(explicit, Value | Missing):
            return explicit
        chosen = explicit or chosen
    if chosen is not None:
        slot.sheet.used.add(chosen.first)
        return _mistyped(chosen, slot, setting) or Value(_as_new(chosen, slot), "query", chosen.text)
    plain = None if slot.argument.only_cued else _called(slot, setting)
    if plain:
        return Value(plain, "query", plain)
    version_given = bool(setting.mentions("version", sheet=slot.sheet, near_only=True))
    return assumed_name(slot, setting) if slot.argument.names == "model" and not version_given else None


_LIKE = 0.86


def _mistyped(mention: Mention, slot: Slot, setting: Setting) -> Missing | None:
    """Ask where a new model's name is all but a registered one's: with it a typing error would make a new model."""
    if slot.argument.names != "model" or mention.kind not in ("unknown", "quoted"):
        return None
    near = [each.name for each in setting.world.models() if _all_but(mention.text.lower(), each.name.lower())]
    if not near:
        return None
    question = f"there is no model {mention.text} yet; is {near[0]} meant, or a new model of that name?"
    return Missing(slot.name, question, "unknown", mention.text, (*near, mention.text))


def _all_but(typed: str, known: str) -> bool:
    """Tell a misspelt name from one that differs by a number or a part."""
    alike = re.findall(r"\d+", typed) == re.findall(r"\d+", known) and len(parts_of(typed)) == len(parts_of(known))
    return alike and SequenceMatcher(None, typed, known).ratio() >= _LIKE


def _as_new(mention: Mention, slot: Slot) -> str:
    if mention.kind == "model-version":
        return mention.value[0]
    return mention.value if mention.kind == slot.argument.names else mention.text


def _new_name(slot: Slot, setting: Setting) -> Mention | None:
    kinds = _NAMED_KINDS[slot.argument.names or "model"]
    own = setting.mentions(*kinds, "unknown", "quoted", sheet=slot.sheet, near_only=True)
    # A new thing may bear the name of something of another kind, when it is plainly named so.
    others = setting.mentions("experiment", "dataset", "test", "model", sheet=slot.sheet, near_only=True)
    cued = [each for each in (*own, *others) if setting.cued(each, slot.argument)]
    chosen = next(iter([*cued, *own]), None)
    if chosen is None or is_data_file(chosen.text.lower()) or (slot.argument.only_cued and chosen not in cued):
        return None
    return chosen


def _called(slot: Slot, setting: Setting) -> str | None:
    """Return the plain word behind "called", "named" or "call it", or an unheard one behind its noun."""
    for at in setting.indexes():
        token = setting.reading.tokens[at]
        if setting.word(at - 1) == slot.argument.names and token.shape == "word" and token.stem not in setting.common:
            return token.text
    for at in setting.indexes():
        if setting.word(at) not in ("called", "named", "titled", "it") or setting.reading.tokens[at].shape != "word":
            continue
        if setting.word(at) == "it" and setting.word(at - 1) not in ("call", "name"):
            continue
        following = setting.reading.tokens[at + 1] if at + 1 < len(setting.reading.tokens) else None
        if following is not None and following.shape in ("word", "name", "quoted"):
            return following.text
    return None
