"""What should be looked at before anybody trains on a dataset."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from axagents.ml.columns import ColumnSpec, TargetChoice
from axagents.ml.columns.tokens import split_name
from axagents.ml.profile.model import (
    ColumnProfile,
    CorrelationMatrix,
    Duplicates,
    NumberFacts,
    Severity,
    Suspicion,
    TargetAssociation,
)

# What each rule means by "many", "most" and "nearly".
MOSTLY_MISSING = 0.5
HIGH_CARDINALITY = 50
SKEWED = 3.0
NEARLY_TARGET = 0.98
REDUNDANT = 0.98
RARE_CLASS = 0.05
MOSTLY_ZERO = 0.9
_SENTINELS = (
    -9999999.0,
    -999999.0,
    -99999.0,
    -9999.0,
    -999.0,
    -99.0,
    -1.0,
    999.0,
    9999.0,
    99999.0,
    999999.0,
    9999999.0,
)
_SENTINEL_SHARE = 0.01
_SENTINEL_DATES = ("1900-01-01", "1970-01-01", "1899-12-30")
_PREDICTION_WORDS = frozenset({"pred", "prediction", "predicted", "predictions", "yhat", "proba", "score", "scored"})
_AFTERMATH_WORDS = frozenset({"outcome", "result", "resolved", "resolution", "label", "leak", "future", "actual"})
_COMMON_WORDS = frozenset(
    {"column", "unnamed", "feature", "target", "flag", "class", "value", "label", "type", "number"}
)
_MOST_RELATIVES = 3
_ORDER: dict[Severity, int] = {"problem": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Evidence:
    """All that the rules look at."""

    rows: int
    columns: Sequence[ColumnSpec]
    profiles: Mapping[str, ColumnProfile]
    prepared: pd.DataFrame
    duplicates: Duplicates
    now: datetime
    target: str | None = None
    choice: TargetChoice | None = None
    associations: Sequence[TargetAssociation] = ()
    matrix: CorrelationMatrix | None = None
    unknown_at_prediction: Sequence[str] = ()
    withheld: frozenset[str] = field(default_factory=frozenset)


def find_suspicions(evidence: Evidence) -> tuple[Suspicion, ...]:
    """Return everything suspicious: problems first, then warnings and notes, in the order of the columns."""
    found: list[Suspicion] = [*_look_at_table(evidence), *_look_at_target(evidence)]
    for spec in evidence.columns:
        found += _look_at_column(spec, evidence.profiles[spec.name], evidence)
    return tuple(sorted(found, key=lambda each: _ORDER[each.severity]))


def _look_at_table(evidence: Evidence) -> Iterable[Suspicion]:
    copies = evidence.duplicates
    about = "about " if copies.estimated else ""
    if copies.rows:
        text = f"{about}{copies.rows:,} rows ({copies.rows / evidence.rows:.1%}) repeat an earlier row exactly"
        yield Suspicion(rule="duplicate-rows", severity="warning", text=text)
    apart = copies.rows_without_identifiers or 0
    others = [spec for spec in evidence.columns if spec.kind != "identifier"]
    # A few coarse columns repeat of themselves.
    if apart > copies.rows and len(others) >= 5 and 0.001 <= apart / evidence.rows <= 0.2:
        text = f"{about}{apart:,} rows ({apart / evidence.rows:.1%}) repeat an earlier one but for the identifiers"
        yield Suspicion(rule="duplicate-rows", severity="note", text=text)
    yield from _look_at_pairs(evidence)


def _look_at_pairs(evidence: Evidence) -> Iterable[Suspicion]:
    if evidence.matrix is None:
        return
    names = evidence.matrix.names
    for i, one in enumerate(names):
        for j in range(i + 1, len(names)):
            value = evidence.matrix.pearson[i][j]
            if value is None or abs(value) < REDUNDANT or evidence.target in (one, names[j]):
                continue
            text = f"is nearly the same as {one!r} (correlation {value:.3f})"
            yield Suspicion(rule="redundant", severity="note", column=names[j], text=text)


def _look_at_target(evidence: Evidence) -> Iterable[Suspicion]:
    choice = evidence.choice
    if choice is None:
        return
    if choice.missing:
        text = f"the target is missing in {choice.missing:,} rows, which cannot be learned from"
        yield Suspicion(rule="target-missing", severity="warning", column=choice.target, text=text)
    if choice.counts:
        rarest = min(choice.counts)
        label = choice.classes[choice.counts.index(rarest)]
        if rarest / sum(choice.counts) < RARE_CLASS:
            text = f"the class {label!r} is rare: {rarest:,} rows ({rarest / sum(choice.counts):.2%})"
            yield Suspicion(rule="rare-class", severity="warning", column=choice.target, text=text)
    for each in evidence.associations:
        if abs(each.value) >= NEARLY_TARGET or (
            each.auc is not None and abs(2 * each.auc - 1) >= 2 * NEARLY_TARGET - 1
        ):
            told = f"AUC {max(each.auc, 1 - each.auc):.3f} alone" if each.auc is not None else f"{abs(each.value):.3f}"
            text = f"nearly gives the target away ({told}); is it known when a prediction is made?"
            yield Suspicion(rule="gives-target-away", severity="problem", column=each.column, text=text)


def _look_at_column(spec: ColumnSpec, profile: ColumnProfile, evidence: Evidence) -> Iterable[Suspicion]:
    yield from _look_at_kind(spec, profile, evidence)
    yield from _look_at_name(spec, evidence)
    if profile.numbers is not None:
        yield from _look_at_numbers(spec, profile.numbers, evidence)
    if spec.dtype == "date" and profile.dates is not None:
        yield from _look_at_dates(spec, evidence)
    if spec.kind == "category" and spec.name not in evidence.withheld:
        yield from _look_at_spelling(spec, evidence)


def _look_at_kind(spec: ColumnSpec, profile: ColumnProfile, evidence: Evidence) -> Iterable[Suspicion]:
    name, rows = spec.name, evidence.rows
    if spec.kind == "empty":
        yield Suspicion(rule="all-missing", severity="warning", column=name, text="has no value at all")
        return
    if spec.kind == "constant":
        yield Suspicion(rule="constant", severity="warning", column=name, text="has one value only: it tells nothing")
    if profile.missing / rows > MOSTLY_MISSING:
        text = f"is missing in {profile.missing / rows:.0%} of the rows"
        yield Suspicion(rule="mostly-missing", severity="warning", column=name, text=text)
    if profile.unreadable:
        strays = [token for token in spec.missing_tokens if token][:3]
        such = f", such as {', '.join(repr(token[:20]) for token in strays)}" if strays else ""
        text = f"mixed types: {profile.unreadable:,} values are no {spec.dtype}{such}; read as missing"
        yield Suspicion(rule="mixed-types", severity="warning", column=name, text=text)
    if spec.kind == "identifier" and profile.distinct >= 0.95 * (rows - profile.missing) and name != evidence.target:
        text = "is unique in nearly every row: a model would learn it by heart, and it is left out"
        yield Suspicion(rule="identifier", severity="note", column=name, text=text)
    if spec.kind == "category" and profile.distinct > HIGH_CARDINALITY:
        text = f"has {profile.distinct:,} different values"
        yield Suspicion(rule="high-cardinality", severity="note", column=name, text=text)


def _look_at_name(spec: ColumnSpec, evidence: Evidence) -> Iterable[Suspicion]:
    if spec.name == evidence.target:
        return
    if spec.name in evidence.unknown_at_prediction:
        text = "is declared unknown at prediction time: it is left out"
        yield Suspicion(rule="unknown-at-prediction", severity="note", column=spec.name, text=text)
        return
    words = set(split_name(spec.name))
    named = words & (_PREDICTION_WORDS | _AFTERMATH_WORDS)
    if words & _PREDICTION_WORDS:
        text = "sounds like a model's own output; is it known when a prediction is made?"
        yield Suspicion(rule="leak-like-name", severity="warning", column=spec.name, text=text)
    elif named or spec.name in _name_relatives(evidence):
        text = "sounds like the outcome; is it known when a prediction is made?"
        yield Suspicion(rule="leak-like-name", severity="warning", column=spec.name, text=text)


def _name_relatives(evidence: Evidence) -> set[str]:
    """Return the columns that share a telling word with the target; many of them are a family, not a leak."""
    if evidence.target is None:
        return set()
    stems = {_stem(word) for word in split_name(evidence.target) if word not in _COMMON_WORDS}
    stems = {stem for stem in stems if len(stem) >= 4}
    names = [spec.name for spec in evidence.columns if spec.name != evidence.target]
    related = {name for name in names if stems & {_stem(word) for word in split_name(name)}}
    return related if len(related) <= _MOST_RELATIVES else set()


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "er", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


def _look_at_numbers(spec: ColumnSpec, facts: NumberFacts, evidence: Evidence) -> Iterable[Suspicion]:
    if spec.kind != "numeric":
        return
    values = evidence.prepared[spec.name].dropna().to_numpy(dtype="float64")
    if spec.name != evidence.target and facts.skew is not None and abs(facts.skew) > SKEWED:
        text = f"is strongly skewed (skewness {facts.skew:.1f})"
        yield Suspicion(rule="skewed", severity="note", column=spec.name, text=text)
    if values.size and (values == 0).mean() > MOSTLY_ZERO and spec.name != evidence.target:
        text = f"is zero in {(values == 0).mean():.0%} of the rows"
        yield Suspicion(rule="mostly-zero", severity="note", column=spec.name, text=text)
    for mark in _SENTINELS:
        share = float((values == mark).mean()) if values.size else 0.0
        if share >= _SENTINEL_SHARE and _stands_apart(values, mark):
            text = f"holds {mark:g} in {share:.1%} of the rows, far from all else: a mark for missing?"
            yield Suspicion(rule="sentinel", severity="warning", column=spec.name, text=text)


def _stands_apart(values: np.ndarray, mark: float) -> bool:
    """Say whether a value lies outside all others, at least a tenth of their range away."""
    rest = values[values != mark]
    if rest.size < 20 or len(np.unique(rest[:1000])) <= 10:
        return False
    low, high = float(rest.min()), float(rest.max())
    return mark < low - 0.1 * (high - low) or mark > high + 0.1 * (high - low)


def _look_at_dates(spec: ColumnSpec, evidence: Evidence) -> Iterable[Suspicion]:
    moments = evidence.prepared[spec.name].dropna().to_numpy(dtype="datetime64[ns]")
    now = np.datetime64(evidence.now.replace(tzinfo=None), "ns")
    later = int((moments > now).sum())
    if later:
        text = f"lies in the future in {later:,} rows ({later / moments.size:.1%})"
        yield Suspicion(rule="future-dates", severity="warning", column=spec.name, text=text)
    days = moments.astype("datetime64[D]")
    for mark in _SENTINEL_DATES:
        share = float((days == np.datetime64(mark)).mean()) if moments.size else 0.0
        if share >= _SENTINEL_SHARE and len(np.unique(days)) > 10:
            text = f"is {mark} in {share:.1%} of the rows: a mark for missing?"
            yield Suspicion(rule="sentinel", severity="warning", column=spec.name, text=text)


def _look_at_spelling(spec: ColumnSpec, evidence: Evidence) -> Iterable[Suspicion]:
    levels = [str(value) for value in evidence.prepared[spec.name].dropna().unique()[:2000]]
    folded: dict[str, list[str]] = {}
    for level in levels:
        folded.setdefault(" ".join(level.casefold().split()), []).append(level)
    twice = [group for group in folded.values() if len(group) > 1]
    if twice:
        such = " and ".join(repr(each[:20]) for each in sorted(twice[0])[:2])
        text = f"spells {len(twice)} value{'s' if len(twice) > 1 else ''} in several ways, such as {such}"
        yield Suspicion(rule="spelling", severity="warning", column=spec.name, text=text)
