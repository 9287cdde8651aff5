"""Numbers that a model wrote itself: each stands only as a figure of a result that the same sentence speaks of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from axagents.agents.receipts import NUMBER, Receipt, plain_number

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE = re.compile(r"\s*[,;:|]\s+|\s+(?:and|but|while|whereas|against|versus|vs)\s+")
_WORD = re.compile(r"[a-z0-9]+")
_FRAME = frozenset("metrics figures results result value values mean low high differences columns versions".split())
"""Keys that say nothing of what a figure measures."""
_ENTITIES = ("name", "dataset", "model", "model_name", "model_id", "experiment", "run_name", "column", "slice", "group")
"""Keys whose value says what the figures beside and below it are of."""
_SPOKEN: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "auc_roc": (("auc",), ("roc",)),
    "auc_pr": (("auc", "pr"), ("average", "precision")),
    "f1": (("f1",),),
    "log_loss": (("log", "loss"), ("logloss",)),
}


@dataclass(frozen=True)
class Figure:
    """A number of a result: where it stands, what must be named to speak of it, and what it is of.

    Attributes:
        measures: the keys on the way to it that mean something.
        entities: names of what it is of, nearest first; one of each group must be named.
    """

    receipt: str
    path: str
    value: float
    measures: tuple[str, ...]
    entities: tuple[tuple[str, ...], ...]


def check_claims(
    text: str, results: Mapping[str, Mapping[str, Any]], words: Sequence[str]
) -> tuple[list[Receipt], list[str]]:
    """Return the figures that numbers in a text stand for, and the numbers that no tool computed.

    Args:
        text: what was written without a reference to a result.
        results: the results of the conversation by their receipts.
        words: texts whose numbers are nobody's claim: the user's, and names.
    """
    said = {plain_number(number) for each in words for number in NUMBER.findall(each)}
    known = [*words, *_texts(results)]
    figures: list[Figure] | None = None
    backed: list[Receipt] = []
    loose: list[str] = []
    for sentence in _SENTENCE.split(text):
        for clause in _CLAUSE.split(sentence):
            for number in NUMBER.findall(_without_names(clause, known)):
                if plain_number(number) in said:
                    continue
                figures = list(_figures(results)) if figures is None else figures
                found = _find(number, clause=clause, sentence=sentence, figures=figures)
                if found:
                    backed.append(Receipt(found.receipt, found.path, found.value, number.strip()))
                else:
                    loose.append(number.strip())
    return backed, loose


def _without_names(text: str, known: Sequence[str]) -> str:
    """Take out versions, dates, hashes and the like that stand in a known text: they are names, and no figures."""
    for token in re.findall(r"\S*\d\S*", text):
        core = token.strip(".,;:!?()[]{}`'\"*")
        is_number = NUMBER.fullmatch(core) and core.count(".") < 2
        if not is_number and any(core in each for each in known):
            text = text.replace(core, " ")
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in cast("Mapping[str, Any]", value).items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _texts(each)


def _find(number: str, *, clause: str, sentence: str, figures: Sequence[Figure]) -> Figure | None:
    """Return the figure that a number is, if its metric and what it is of are named where the number stands."""
    near, around = _words(clause), _words(sentence)
    spoken_of = [each for each in figures if each.measures and _is_named(each.measures[-1], near)]
    for each in spoken_of or figures:
        measured = all(_is_named(key, around) for key in each.measures)
        of_it = all(any(_words(name) <= around for name in group) for group in each.entities)
        if each.measures and measured and of_it and _equals(number, each.value):
            return each
    return None


def _is_named(key: str, words: frozenset[str]) -> bool:
    return any(words.issuperset(each) for each in _SPOKEN.get(key, ()) or (tuple(_words(key)),))


def _words(text: str) -> frozenset[str]:
    return frozenset(word if len(word) < 4 else word.removesuffix("s") for word in _WORD.findall(text.lower()))


def _equals(number: str, value: float) -> bool:
    """Tell whether a written number is a value, rounded as it is written; a percentage may stand for a share."""
    written = plain_number(number)
    if written.count(".") > 1:
        return False
    decimals = len(written.partition(".")[2])
    amounts = [value, 100 * value] if number.rstrip().endswith("%") else [value]
    if decimals == 0 and not number.rstrip().endswith("%"):
        return float(written) == value
    return any(abs(float(written) - amount) <= 0.5 * 10**-decimals * (1 + 1e-9) for amount in amounts)


def _figures(results: Mapping[str, Mapping[str, Any]]) -> Iterator[Figure]:
    for receipt, result in results.items():
        for place, value in _leaves(result, _Place()):
            yield Figure(receipt, ".".join(place.path), value, place.measures, place.entities)


@dataclass(frozen=True)
class _Place:
    path: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    entities: tuple[tuple[str, ...], ...] = ()


def _leaves(value: Any, place: _Place) -> Iterator[tuple[_Place, float]]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield place, float(value)
    elif isinstance(value, Mapping):
        inside = cast("Mapping[str, Any]", value)
        for key, each in inside.items():
            yield from _leaves(each, _below(place, inside, key))
    elif isinstance(value, list):
        for at, each in enumerate(cast("list[Any]", value)):
            yield from _leaves(each, replace(place, path=(*place.path, str(at))))


def _below(place: _Place, inside: Mapping[str, Any], key: str) -> _Place:
    """Return what must be named to speak of what stands under a key."""
    path, entities = (*place.path, key), place.entities
    names = tuple(str(inside[each]) for each in _ENTITIES if isinstance(inside.get(each), str))
    if names and names not in entities:
        entities = (*entities, names)
    metric = inside.get("metric")
    if not isinstance(metric, str):
        generic = key in _FRAME or re.fullmatch(r"r\d+", key)
        return _Place(path, place.measures if generic else (*place.measures, key), entities)
    side = inside.get(key.removesuffix("_value")) if key.endswith("_value") else None
    if isinstance(side, str):
        return _Place(path, (*place.measures, metric), (*entities, (side,)))
    return _Place(path, (*place.measures, *(() if key in _FRAME else (key,)), metric), entities)
