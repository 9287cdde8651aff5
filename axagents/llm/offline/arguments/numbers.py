"""Fill numbers: which of the sentence's percentages, durations and counts belongs to which argument."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Sheet, Slot, Value
from axagents.llm.offline.content import Argument
from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.mentions import METRICS, Mention, spell_duration

_REACH = 7
_BY_UNIT = 5.0
NUMERIC: Mapping[str, tuple[str, ...]] = {
    "percent": ("percent", "number"),
    "fraction": ("percent", "number"),
    "points": ("points", "percent"),
    "number": ("number",),
    "integer": ("number",),
    "milliseconds": ("duration",),
    "seconds": ("duration",),
    "duration": ("duration",),
    "days": ("duration",),
}


def fill_numbers(arguments: Mapping[str, Argument], setting: Setting, sheet: Sheet) -> None:
    """Give each numeric argument the nearest fitting value, the closest pairs first."""
    pairs = sorted(
        (_distance(mention, argument, setting), order, mention.first, name, mention)
        for order, (name, argument) in enumerate(arguments.items())
        for mention in setting.mentions(*NUMERIC[argument.kind], sheet=sheet, near_only=True)
        if _fits(mention, argument, setting)
    )
    for distance, _, first, name, mention in pairs:
        if distance > _REACH or first in sheet.used or name in sheet.values:
            continue
        value = _VALUES[arguments[name].kind](mention)
        if _in_range(value, arguments[name]):
            sheet.used.add(first)
            sheet.put(name, Value(value, "query", mention.text))
    _leftover(arguments, setting, sheet)


_LEFT = (
    ("percent", "percent"),
    ("milliseconds", "duration"),
    ("days", "duration"),
    ("seconds", "duration"),
    ("duration", "duration"),
)


def _leftover(arguments: Mapping[str, Argument], setting: Setting, sheet: Sheet) -> None:
    """Give the one percentage or time that is left to the one argument that could be meant."""
    for kind, mentioned in _LEFT:
        open_names = [
            name
            for name, each in arguments.items()
            if each.kind == kind and name not in sheet.values and not each.frequency and not each.only_cued
        ]
        left = list(setting.mentions(mentioned, sheet=sheet, near_only=True))
        left = [each for each in left if _fits(each, arguments[open_names[0]], setting)] if open_names else []
        if len(open_names) == 1 and len(left) == 1:
            sheet.used.add(left[0].first)
            sheet.put(open_names[0], Value(_VALUES[kind](left[0]), "query", left[0].text))


def _fits(mention: Mention, argument: Argument, setting: Setting) -> bool:
    if argument.kind == "milliseconds":
        return mention.value < 60
    if argument.kind in ("days", "duration", "seconds") and mention.value < 1:
        return False
    if argument.kind in ("days", "seconds") and is_frequency(mention, setting):
        return False
    if argument.frequency:
        return is_frequency(mention, setting)
    if argument.kind == "duration" and not argument.window and is_frequency(mention, setting):
        return False
    if mention.kind == "number" and argument.kind == "percent":
        return mention.value <= 100 and setting.word(mention.last + 1) in ("of", "share")
    if mention.kind == "number" and argument.kind == "fraction":
        return mention.value < 1
    return _change_fits(mention, argument, setting)


def _change_fits(mention: Mention, argument: Argument, setting: Setting) -> bool:
    relative = any(setting.word(mention.last + step) in ("relative", "relatively") for step in (1, 2)) or any(
        setting.word(mention.first - step) in ("relative", "relatively") for step in (1, 2)
    )
    if argument.relative:
        return relative
    if argument.kind == "points":
        return mention.kind == "points"
    return not (relative and argument.kind == "fraction")


def is_frequency(mention: Mention, setting: Setting) -> bool:
    """Tell a duration that says how often from one that says how long."""
    text = setting.reading.tokens[mention.first].word
    before = {setting.word(mention.first - 1), setting.word(mention.first - 2)}
    often = text in ("hourly", "daily", "nightly", "weekly", "biweekly", "monthly")
    return often or bool(before & {"every", "each"}) or setting.word(mention.first - 1) == "per"


def _distance(mention: Mention, argument: Argument, setting: Setting) -> float:
    """Return how far the nearest of the argument's words is, in tokens; words before count a little closer."""
    tokens = setting.reading.tokens
    best = _BY_UNIT if argument.kind == mention.kind == "points" else 99.0
    for phrase in argument.near:
        stems = stems_of(phrase)
        size = len(stems)
        for at in range(max(0, mention.first - _REACH), min(len(tokens), mention.last + _REACH) - size + 1):
            if tuple(token.stem for token in tokens[at : at + size]) != stems or mention.first <= at <= mention.last:
                continue
            if setting.word(mention.first - 1) == "=" and at + size != mention.first - 1:
                # What is written as `folds=4` is that and nothing else.
                continue
            gap = mention.first - (at + size - 1) if at < mention.first else at - mention.last + 0.5
            best = min(best, gap - 0.1 * size + _crossed(setting, mention, at))
    if not argument.near and argument.frequency:
        return 1.0
    return best


def _crossed(setting: Setting, mention: Mention, at: int) -> float:
    """Return a penalty for every other value or "and" between a word and the value it would name."""
    low, high = min(at, mention.last), max(at, mention.first)
    between = [each for each in setting.reading.mentions if low < each.first < high and each.kind != "metric"]
    joined = sum(setting.word(index) in ("and", "or", ",") for index in range(low + 1, high))
    return 2.5 * len([each for each in between if each.first != mention.first]) + 2.0 * joined


def _in_range(value: object, argument: Argument) -> bool:
    if not isinstance(value, int | float):
        return True
    return (argument.low is None or value >= argument.low) and (argument.high is None or value <= argument.high)


def tidy(value: float) -> float | int:
    """Return a whole number as an integer."""
    return int(value) if float(value).is_integer() else round(value, 6)


def _as_fraction(mention: Mention) -> float:
    return round(mention.value / 100, 6) if mention.kind in ("percent", "points") else mention.value


def spelled(mention: Mention) -> str:
    """Write a duration in the unit it was typed in, where that is hours, minutes or seconds."""
    for unit, size, pattern in (("h", 3600, r"\bh(ou)?r?s?\b|\dh\b"), ("m", 60, r"\bmin|\dm\b")):
        if re.search(pattern, mention.text.lower()) and mention.value % size == 0:
            return f"{int(mention.value // size)}{unit}"
    return spell_duration(mention.value)


_VALUES: Mapping[str, Callable[[Mention], object]] = {
    "percent": lambda mention: tidy(mention.value),
    "fraction": _as_fraction,
    "points": _as_fraction,
    "number": lambda mention: tidy(mention.value),
    "integer": lambda mention: int(mention.value),
    "milliseconds": lambda mention: tidy(round(mention.value * 1000, 6)),
    "seconds": lambda mention: tidy(mention.value),
    "duration": spelled,
    "days": lambda mention: max(1, round(mention.value / 86400)),
}


def fill_percents(slot: Slot, setting: Setting) -> Found:
    """Return a list of shares such as "5, 25 then 100 percent"."""
    found = setting.mentions("percent", "number", sheet=slot.sheet, near_only=True)
    runs: list[list[Mention]] = []
    for mention in found:
        words = {setting.word(at) for at in range(runs[-1][-1].last + 1, mention.first)} if runs else set[str]()
        if runs and words <= {",", "and", "then", "to", "percent", "%"} and mention.value > runs[-1][-1].value:
            runs[-1].append(mention)
        else:
            runs.append([mention])
    shares = next((run for run in runs if len(run) >= 2 and run[-1].kind == "percent" and run[-1].value <= 100), None)
    if shares is None:
        return None
    slot.sheet.used.update(each.first for each in shares)
    return Value([tidy(each.value) for each in shares], "query", ", ".join(each.text for each in shares))


_MOVES = frozenset("fall falls drop drops rise rises go goes grow increase decrease move climb down up change".split())


def fill_change(setting: Setting, sheet: Sheet) -> None:
    """Read "from 10% to 12%" as a baseline and a difference, and ask where a change could be either kind."""
    shares = setting.mentions("percent", sheet=sheet, near_only=True)
    for first, second in itertools.pairwise(shares):
        between = [setting.word(at) for at in range(first.last + 1, second.first)]
        near = len(between) <= 2 or bool(set(between) & _MOVES)
        if between and between[-1] in ("to", "->", "→", "=>") and near and second.value != first.value:
            sheet.used.update((first.first, second.first))
            sheet.put("baseline", Value(_as_fraction(first), "query", first.text))
            change = round(abs(second.value - first.value) / 100, 6)
            sheet.put("mde_abs", Value(change, "query", f"{first.text} to {second.text}"))
            return


def ambiguous_change(setting: Setting, sheet: Sheet) -> Missing | None:
    """Ask whether "a 2% lift" means points or a share of the baseline."""
    left = setting.mentions("percent", sheet=sheet, near_only=True)
    if not left or "mde_abs" in sheet.values or "mde_rel" in sheet.values:
        return None
    typed = left[0].text
    question = f"is {typed} meant in percentage points, or relative to the baseline?"
    return Missing("mde_abs", question, "ambiguous", typed, (f"{left[0].value:g} points", f"{typed} relative"))


def fill_metric(slot: Slot, setting: Setting) -> Found:
    """Return one metric that stands behind a cue."""
    for mention in setting.mentions("metric", sheet=slot.sheet, near_only=True):
        if setting.cued(mention, slot.argument):
            return Value(mention.value, "query", mention.text)
    return None


def fill_metrics(slot: Slot, setting: Setting) -> Found:
    """Return the metrics named in the own parts, in their order."""
    found = setting.mentions("metric", sheet=slot.sheet, near_only=True)
    names = list(dict.fromkeys(each.value for each in found))
    return Value(names, "query", ", ".join(each.text for each in found)) if names else None


_COMPARES = frozenset(">= <= > < above below over under least most exceeds than ≥ ≤".split())


def fill_metric_values(slot: Slot, setting: Setting) -> Found:
    """Return metrics with the numbers beside them, as in "accuracy 0.91 and f1 of 84%"."""
    mentions = list(_in_order(setting, slot.sheet, ("metric", "number", "percent")))
    values: dict[str, float] = {}
    for metric, number in itertools.pairwise(mentions):
        between = {setting.word(at) for at in range(metric.last + 1, number.first)}
        beside = number.first - metric.last <= 3 and not between & _COMPARES
        if metric.kind == "metric" and number.kind != "metric" and beside:
            values[metric.value] = _as_fraction(number)
            slot.sheet.used.add(number.first)
    return Value(values, "query", ", ".join(values)) if values else None


def _in_order(setting: Setting, sheet: Sheet, kinds: Sequence[str]) -> Iterable[Mention]:
    return sorted(setting.mentions(*kinds, sheet=sheet, near_only=True), key=lambda each: each.first)


_METRIC_END = {"for", "over", "during", "with", "and", ",", "between", "in", ".", "?", "at", "as", "on", "lasting"}


def fill_business_metric(slot: Slot, setting: Setting) -> Found:
    """Return what an A/B test measures, behind a cue, as one lower-case word such as conversion_rate."""
    taken = {
        at for each in setting.reading.mentions for at in range(each.first, each.last + 1) if each.kind != "metric"
    }
    for at in setting.indexes():
        if setting.word(at) not in slot.argument.cues:
            continue
        words: list[str] = []
        for index in range(at + 1, at + 5):
            word = setting.word(index)
            if index in taken or word in _METRIC_END or not re.match(r"[a-z]", word):
                break
            if word not in ("the", "our", "a", "metric", "is"):
                words.append(word)
        known = METRICS.get(tuple(words))
        if words and words[0] not in ("live", "real", "kubernetes", "production", "traffic", "users", "half"):
            return Value(known or "_".join(words), "query", " ".join(words))
    return None
