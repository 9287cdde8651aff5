"""Find values in tokens: percentages, durations, versions, metrics, ratios and plain numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axagents.llm.offline.text import Token


@dataclass(frozen=True, slots=True)
class Mention:
    """A value or a name found in a sentence, on the tokens `first` to `last` inclusive.

    Attributes:
        kind: model, deployment, dataset, experiment, test, column, unknown, version, percent, points, ratio, duration,
            moment, number, metric, path, url, quoted.
        value: a percentage in 0-100; points likewise; a duration in seconds; names as they are known.
        sure: whether it can be nothing else in this place.
    """

    kind: str
    value: Any
    text: str
    first: int
    last: int
    sure: bool = True


METRICS: Mapping[tuple[str, ...], str] = {
    ("accuracy",): "accuracy",
    ("precision",): "precision",
    ("recall",): "recall",
    ("sensitivity",): "recall",
    ("f1",): "f1",
    ("f1", "score"): "f1",
    ("f1_score",): "f1",
    ("f1-score",): "f1",
    ("auc",): "auc_roc",
    ("auc_roc",): "auc_roc",
    ("auc-roc",): "auc_roc",
    ("roc_auc",): "auc_roc",
    ("roc", "auc"): "auc_roc",
    ("roc-auc",): "auc_roc",
    ("auroc",): "auc_roc",
    ("auc_pr",): "auc_pr",
    ("pr_auc",): "auc_pr",
    ("pr", "auc"): "auc_pr",
    ("average", "precision"): "auc_pr",
    ("log_loss",): "log_loss",
    ("log", "loss"): "log_loss",
    ("logloss",): "log_loss",
    ("brier",): "brier",
    ("brier", "score"): "brier",
    ("rmse",): "rmse",
    ("mae",): "mae",
    ("r2",): "r2",
    ("mape",): "mape",
}

_NUMBER_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
}  # fmt: skip
_SCALES = (12, 100, 1000)
_SHARE_WORDS = {"half": 50.0, "quarter": 25.0, "third": 100 / 3, "fifth": 20.0, "tenth": 10.0}
_PERCENT = {"%", "percent", "percents", "pct", "pc", "prozent"}
_POINTS = {"point", "points", "pp", "pts", "ppt", "pt"}
_SECONDS = {
    "ms": 0.001, "msec": 0.001, "millisecond": 0.001, "milliseconds": 0.001, "millis": 0.001,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "wk": 604800, "week": 604800, "weeks": 604800,
    "fortnight": 1209600, "month": 2592000, "months": 2592000, "quarter": 7776000, "quarters": 7776000,
    "year": 31536000, "years": 31536000,
}  # fmt: skip
_PERIODS = {"hourly": 3600, "daily": 86400, "nightly": 86400, "weekly": 604800, "biweekly": 1209600, "monthly": 2592000}
_PERIOD_NOUNS = {"night": 86400, "morning": 86400, "evening": 86400, "monday": 604800, "tuesday": 604800,
    "wednesday": 604800, "thursday": 604800, "friday": 604800, "saturday": 604800, "sunday": 604800}  # fmt: skip
_BEFORE_PERIOD = {"every", "each", "last", "past", "this", "previous", "a", "an", "per", "the"}
_ALL = {("all", "traffic"), ("all", "users"), ("everybody",), ("everyone",), ("full", "traffic"), ("all", "requests")}
_COMPACT = re.compile(r"^(\d+)(ms|s|m|h|d|w|k)$")

_CLOSES = frozenset(["", ".", ",", ";", "!", "?", ")", "and", "then", "max", "please"])
"""What may stand behind a unit of one letter that stands apart from its number, as in "45 s, please"."""

Found = tuple[Mention, int]
Finder = Callable[[Sequence[Token], int], Mention | None]


def find_values(tokens: Sequence[Token]) -> list[Mention]:
    """Return the values in a sentence, left to right, none overlapping another."""
    found: list[Mention] = []
    at = 0
    while at < len(tokens):
        mention = next((each for finder in _FINDERS if (each := finder(tokens, at)) is not None), None)
        if mention is not None:
            found.append(mention)
        at = at + 1 if mention is None else mention.last + 1
    return found


def spell_duration(seconds: float) -> str:
    """Write a duration in its largest whole unit up to days, such as 30d, 36h, 5m."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


def _word(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].word if 0 <= at < len(tokens) else ""


def _mention(kind: str, value: Any, tokens: Sequence[Token], /, *, first: int, last: int) -> Mention:
    text = " ".join(token.text for token in tokens[first : last + 1])
    return Mention(kind, value, text, first, last)


def _read_number(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """Return a number and the index after it."""
    token = tokens[at]
    if token.shape == "number":
        value, after = float(token.word), at + 1
        if _word(tokens, after) in ("k", "thousand") and tokens[after].start - token.end <= 1:
            return value * 1000, after + 1
        return value, after
    words = [part for each in (token.word, _word(tokens, at + 1)) for part in each.split("-")]
    if token.shape not in ("word", "name") or any(part not in _NUMBER_WORDS for part in token.word.split("-")):
        return None
    value, after = float(_NUMBER_WORDS[words[0]]), at + 1
    following = _NUMBER_WORDS.get(words[1])
    scale = following if following in _SCALES else None
    joined = following is not None and value >= 20 and 0 < following < 10
    after += int((scale is not None or joined) and "-" not in token.word)
    return (value * scale if scale else value + following if joined and following else value), after


def _find_ratio(tokens: Sequence[Token], at: int) -> Mention | None:
    words = [_word(tokens, at + step) for step in range(3)]
    if words[1] in ("/", ":", "-") and words[0].isdigit() and words[2].isdigit():
        first, second = int(words[0]), int(words[2])
        if first + second == 100:
            return _mention("ratio", (float(first), float(second)), tokens, first=at, last=at + 2)
    if words[:2] == ["fifty", "fifty"] or words[:2] == ["half", "half"]:
        return _mention("ratio", (50.0, 50.0), tokens, first=at, last=at + 1)
    if words[0] in ("fifty-fifty", "half-half", "evenly", "equally"):
        return _mention("ratio", (50.0, 50.0), tokens, first=at, last=at)
    return None


def _find_share(tokens: Sequence[Token], at: int) -> Mention | None:
    word, before = _word(tokens, at), _word(tokens, at - 1)
    if word in _SHARE_WORDS and before not in ("last", "this", "next", "past", "every", "each", "per"):
        # "a quarter" is a share, "last quarter" a duration.
        last = at + 1 if _word(tokens, at + 1) == "of" else at
        return _mention("percent", round(_SHARE_WORDS[word], 4), tokens, first=at, last=last)
    for pattern in _ALL:
        words = [each for each in (_word(tokens, at + step) for step in range(len(pattern) + 2)) if each != "the"]
        if tuple(words[: len(pattern)]) == pattern:
            return _mention("percent", 100.0, tokens, first=at, last=at + len(pattern) - 1)
    return _find_one_in(tokens, at) if word == "one" else None


def _find_one_in(tokens: Sequence[Token], at: int) -> Mention | None:
    if _word(tokens, at + 1) != "in" or at + 2 >= len(tokens):
        return None
    of = _read_number(tokens, at + 2)
    if of is None or of[0] <= 1:
        return None
    return _mention("percent", 100 / of[0], tokens, first=at, last=of[1] - 1)


def _find_measured(tokens: Sequence[Token], at: int) -> Mention | None:
    compact = _COMPACT.match(tokens[at].word)
    read = _read_number(tokens, at)
    if read is None:
        return _find_compact(tokens, at, compact)
    value, after = read
    unit = _word(tokens, after)
    if unit == "-" and after + 1 < len(tokens):
        after, unit = after + 1, _word(tokens, after + 1)
    if unit in _PERCENT or (unit == "per" and _word(tokens, after + 1) == "cent"):
        last = after + 1 if unit == "per" else after
        if _word(tokens, last + 1) in _POINTS:
            return _mention("points", value, tokens, first=at, last=last + 1)
        return _mention("percent", value, tokens, first=at, last=last)
    if unit == "percentage" or unit in _POINTS:
        last = after + 1 if unit == "percentage" and _word(tokens, after + 1) in _POINTS else after
        return _mention("points", value, tokens, first=at, last=last)
    apart = unit in ("m", "d", "w", "s") and tokens[after].start > tokens[after - 1].end
    if unit in _SECONDS and not (apart and _word(tokens, after + 1) not in _CLOSES):
        return _mention("duration", value * _SECONDS[unit], tokens, first=at, last=after)
    return _mention("number", value, tokens, first=at, last=read[1] - 1)


def _find_compact(tokens: Sequence[Token], at: int, compact: re.Match[str] | None) -> Mention | None:
    if compact is None:
        return None
    number, unit = float(compact.group(1)), compact.group(2)
    kind, value = ("number", number * 1000) if unit == "k" else ("duration", number * _SECONDS[unit])
    return _mention(kind, value, tokens, first=at, last=at)


def _find_period(tokens: Sequence[Token], at: int) -> Mention | None:
    word, before = _word(tokens, at), _word(tokens, at - 1)
    if word in _PERIODS:
        return _mention("duration", _PERIODS[word], tokens, first=at, last=at)
    if word in ("yesterday", "today") and before != "until":
        return _mention("duration", 86400, tokens, first=at, last=at)
    seconds = _SECONDS.get(word) or _PERIOD_NOUNS.get(word)
    if seconds and len(word) >= 3 and before in _BEFORE_PERIOD and seconds >= 60:
        if word in _PERIOD_NOUNS and before not in ("every", "each"):
            return None
        return _mention("duration", seconds, tokens, first=at, last=at)
    return None


def _find_metric(tokens: Sequence[Token], at: int) -> Mention | None:
    for length in (2, 1):
        words = tuple(_word(tokens, at + step) for step in range(length))
        if words in METRICS:
            return _mention("metric", METRICS[words], tokens, first=at, last=at + length - 1)
    return None


_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december")  # fmt: skip
_DAY = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?$")
_YEAR = re.compile(r"^(?:19|20)\d\d$")


def _find_moment(tokens: Sequence[Token], at: int) -> Mention | None:
    """Read "2026-06-30", "30 June 2026" and "June 30th, 2026"."""
    if tokens[at].shape == "moment":
        return _mention("moment", tokens[at].text.replace(" ", "T"), tokens, first=at, last=at)
    places = [each for each in range(at, min(at + 5, len(tokens))) if tokens[each].word not in (",", "of", "st", "th")][
        :3
    ]
    words = [tokens[each].word for each in places]
    if len(words) < 3 or places[0] != at or not _YEAR.match(words[2]):
        return None
    day, month = (words[0], words[1]) if _DAY.match(words[0]) else (words[1], words[0])
    number, days = _month(month), _DAY.match(day)
    if not number or days is None or not 1 <= int(days.group(1)) <= 31:
        return None
    return _mention("moment", f"{words[2]}-{number:02}-{int(days.group(1)):02}", tokens, first=at, last=places[-1])


def _month(word: str) -> int:
    """Return the number of a month, 0 for another word; three letters are enough."""
    return next((number for number, name in enumerate(_MONTHS, 1) if len(word) >= 3 and name.startswith(word)), 0)


def _find_shaped(tokens: Sequence[Token], at: int) -> Mention | None:
    token = tokens[at]
    if token.shape in ("version", "path", "url"):
        value = token.word.removeprefix("v") if token.shape == "version" else token.text
        return _mention(token.shape, value, tokens, first=at, last=at)
    return None


_FINDERS: tuple[Finder, ...] = (
    _find_shaped,
    _find_moment,
    _find_ratio,
    _find_metric,
    _find_share,
    _find_period,
    _find_measured,
)
