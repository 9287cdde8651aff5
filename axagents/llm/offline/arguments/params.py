"""Fill what an experiment notes of itself: parameters by their names, and conditions of success."""

import re
from collections.abc import Sequence

from axagents.llm.offline.arguments.numbers import tidy
from axagents.llm.offline.arguments.sources import Found, Setting, Slot, Value
from axagents.llm.offline.arguments.texts import behind
from axagents.llm.offline.mentions import METRICS, Mention

_IS = frozenset("of is = : at to was equals".split())
_BEFORE = frozenset(
    """
    params param parameters parameter hyperparameters hyperparameter settings config with using and & , ; log track
    record note add save under in into for the a an our my run runs experiment . : ( - had used were where plus
    start open create new begin where values
    """.split()
)
_NO_NAME = frozenset(
    """
    run runs version experiment top first last least most about around than over under step steps row rows fold folds
    trial trials seed within max maximum min minimum until every each per times on from by target
    """.split()
)
_NO_VALUE = frozenset("and or with to in on".split())
_LONGEST = 3


def fill_params(slot: Slot, setting: Setting) -> Found:
    """Return parameters with their values: "lr=0.01", "depth 6 and a batch size of 64", "3 layers"."""
    metrics = {at for each in setting.reading.mentions if each.kind == "metric" for at in _places(each)}
    params: dict[str, object] = {}
    for at in setting.indexes():
        named = _assigned(setting, at, metrics)
        if named is not None and at not in slot.sheet.used:
            params[named] = _word_value(setting, at + 1)
            slot.sheet.used.add(at + 1)
    for mention in setting.mentions("number", "percent", sheet=slot.sheet, near_only=True):
        name = _name_before(setting, mention, metrics) or _name_behind(setting, mention, metrics)
        if name is not None:
            params[name] = tidy(mention.value / 100 if mention.kind == "percent" else mention.value)
            slot.sheet.used.add(mention.first)
    return Value(params, "query", ", ".join(params)) if params else None


def _places(mention: Mention) -> range:
    return range(mention.first, mention.last + 1)


def _assigned(setting: Setting, at: int, metrics: set[int]) -> str | None:
    """Return the name before an equals sign at `at` whose value is a word."""
    tokens = setting.reading.tokens
    if setting.word(at) != "=" or at in metrics or at + 1 >= len(tokens) or at == 0 or at - 1 in metrics:
        return None
    if tokens[at + 1].shape not in ("word", "name", "quoted") or tokens[at - 1].shape not in ("word", "name"):
        return None
    return None if tokens[at - 1].word in _NO_NAME else tokens[at - 1].text


def _word_value(setting: Setting, at: int) -> object:
    word = setting.word(at)
    return word == "true" if word in ("true", "false") else setting.reading.tokens[at].text


def _name_before(setting: Setting, mention: Mention, metrics: set[int]) -> str | None:
    at = mention.first - 1
    while setting.word(at) in _IS:
        at -= 1
    words: list[str] = []
    taken = {place for each in setting.reading.mentions for place in _places(each) if each.sure}
    while at >= 0 and len(words) < _LONGEST and _may_name(setting, at) and at not in taken:
        words.insert(0, setting.reading.tokens[at].text)
        at -= 1
        if "_" in words[0]:
            break
    if not words or at in metrics or at + 1 in metrics or words[-1].lower() in _NO_NAME:
        return None
    return "_".join(words)


def _may_name(setting: Setting, at: int) -> bool:
    token = setting.reading.tokens[at]
    return token.shape in ("word", "name") and token.word not in _BEFORE | _NO_VALUE


def _name_behind(setting: Setting, mention: Mention, metrics: set[int]) -> str | None:
    at = mention.last + 1
    if mention.kind != "number" or at in metrics or at not in setting.indexes() or not _may_name(setting, at):
        return None
    return None if setting.word(at) in _NO_NAME else setting.reading.tokens[at].text


_CRITERION = re.compile(
    r"([\w-]+(?:\s[\w-]+)?)\s*(>=|<=|>|<|=|above|below|over|under|at least|at most)\s*(\d*[.,]?\d+)\s*(%?)"
)
_COMPARED = {"above": ">", "over": ">", "below": "<", "under": "<", "at least": ">=", "at most": "<="}


def fill_criteria(slot: Slot, setting: Setting) -> Found:
    """Return conditions of success such as "f1 >= 0.85", from what stands behind a cue."""
    text = behind(setting, slot.argument.after, stop=("?", "!", ";"))
    found = [_criterion(each) for each in _CRITERION.finditer((text or "").lower())]
    return Value(found, "query", text or "") if found else None


def _criterion(found: re.Match[str]) -> str:
    name, sign, number, percent = found.groups()
    words: Sequence[str] = [word for word in name.split() if word not in ("is", "if", "and", "the", "stays")]
    value = float(number.replace(",", ".")) / (100 if percent else 1)
    metric = METRICS.get(tuple(words), "_".join(words))
    return f"{metric} {_COMPARED.get(sign, sign)} {value:g}"
