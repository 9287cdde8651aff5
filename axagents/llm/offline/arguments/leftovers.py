"""Find what a request says that no argument took up, so that it is told and not dropped in silence."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from axagents.llm.offline.arguments.sources import Setting, Sheet
from axagents.llm.offline.content import Argument
from axagents.llm.offline.examples import stems_of
from axagents.llm.offline.mentions import Mention

_SCALES = (1, 0.01, 1000, 1 / 86_400, 1 / 3600, 1 / 60)
_CLOSE = 1e-9
_LEAST_LETTERS = 3
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def left_over(setting: Setting, sheet: Sheet) -> tuple[str, ...]:
    """Return the stretches of the own parts that hold a value, a name or an unheard word that nothing took up."""
    return _stretches(setting, left_places(setting, sheet))


def left_places(setting: Setting, sheet: Sheet) -> set[int]:
    """Return the tokens of which that is so."""
    told = _told(sheet)
    texts = " | ".join(str(each).lower() for each in told if not isinstance(each, int | float))
    numbers = [float(each) for each in told if isinstance(each, int | float) and not isinstance(each, bool)]
    numbers += [float(each) for each in _NUMBER.findall(texts)]
    own = set(setting.indexes())
    left: set[int] = set()
    covered: set[int] = set()
    for each in setting.reading.mentions:
        places = set(range(each.first, each.last + 1))
        covered |= places
        if places <= own and each.sure and each.first not in sheet.used and not _is_told(each, texts, numbers):
            left |= places
    cues = {one for argument in setting.tool.arguments.values() for cue in _cues(argument) for one in stems_of(cue)}
    strange = {at for at in own - covered if at not in sheet.used and _is_unheard(setting, at, texts)}
    return left | {at for at in strange if setting.reading.tokens[at].stem not in cues}


def _cues(argument: Argument) -> list[str]:
    phrases = [phrase for each in argument.choices.values() for phrase in each]
    return [*argument.cues, *argument.near, *argument.after, *argument.phrases, *phrases]


def _told(sheet: Sheet) -> list[Any]:
    """Return every value of the call and the words it rests on."""
    found: list[Any] = []
    for value in sheet.values.values():
        found += [value.origin, *_leaves(value.value)]
    found += [text for each in sheet.missing for text in (each.typed, each.question)]
    return found


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [leaf for key, each in value.items() for leaf in (key, *_leaves(each))]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]  # pyright: ignore[reportUnknownVariableType]
    return [value]


def _is_told(mention: Mention, texts: str, numbers: list[float]) -> bool:
    if mention.text.lower() in texts or (isinstance(mention.value, str) and mention.value.lower() in texts):
        return True
    if mention.kind in ("metric", "test", "url"):
        return mention.kind == "metric"
    values = mention.value if mention.kind == "ratio" else (mention.value,)
    wanted = [float(each) * scale for each in values if isinstance(each, int | float) for scale in _SCALES]
    return any(abs(number - each) < _CLOSE for number in numbers for each in wanted)


def _is_unheard(setting: Setting, at: int, texts: str) -> bool:
    token = setting.reading.tokens[at]
    if token.shape not in ("word", "name") or len(token.word) < _LEAST_LETTERS or token.stem in setting.common:
        return False
    return token.word not in texts


def _stretches(setting: Setting, left: set[int]) -> tuple[str, ...]:
    """Return the words of these tokens, those side by side together, with the word behind a number."""
    tokens = setting.reading.tokens
    own = set(setting.indexes())
    for at in sorted(left):
        if tokens[at].shape == "number" and at + 1 in own and tokens[at + 1].shape in ("word", "name"):
            left = left | {at + 1}
    runs: list[list[int]] = []
    for at in sorted(left):
        if runs and at - runs[-1][-1] <= 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    sentence = setting.reading.sentence
    return tuple(sentence[tokens[run[0]].start : tokens[run[-1]].end] for run in runs)
