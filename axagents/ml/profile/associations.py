"""How columns go together: correlations of numbers, Cramér's V of categories, correlation ratio between the two."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from axagents.ml.columns import ColumnSpec, TargetChoice, encode_target
from axagents.ml.profile.model import Association, CorrelationMatrix, TargetAssociation

# Enough for a picture, and for a machine of two cores.
MOST_NUMBERS = 60
MOST_CATEGORIES = 40
_MOST_LEVELS = 200
_STRONG = 0.5
_MOST_PAIRS = 20
_LEAST_ROWS = 10


def correlate_numbers(frame: pd.DataFrame, columns: Sequence[ColumnSpec]) -> CorrelationMatrix | None:
    """Return Pearson's and Spearman's correlations of numeric and yes/no columns; None for fewer than two."""
    names = [column.name for column in columns if column.kind in ("numeric", "boolean")][:MOST_NUMBERS]
    if len(names) < 2:
        return None
    values = frame[names].to_numpy(dtype="float64")
    size = len(names)
    pearson: list[list[float | None]] = [[1.0] * size for _ in range(size)]
    spearman: list[list[float | None]] = [[1.0] * size for _ in range(size)]
    ranks = [_rank_if_whole(values[:, place]) for place in range(size)]
    for i, j in combinations(range(size), 2):
        one, other = ranks[i], ranks[j]
        pearson[i][j] = pearson[j][i] = correlate(values[:, i], values[:, j])
        if one is not None and other is not None:
            rho = correlate(one, other)
        else:
            rho = correlate_ranks(values[:, i], values[:, j])
        spearman[i][j] = spearman[j][i] = rho
    return CorrelationMatrix(names=tuple(names), pearson=_freeze(pearson), spearman=_freeze(spearman))


def correlate(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return Pearson's correlation over the rows where both are known; None when one is constant there."""
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < _LEAST_ROWS:
        return None
    x, y = one[known] - one[known].mean(), other[known] - other[known].mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip((x @ y) / scale, -1.0, 1.0)) if scale > 0 and np.isfinite(scale) else None


def correlate_ranks(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return Spearman's correlation over the rows where both are known; ties get their mean rank."""
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < _LEAST_ROWS:
        return None
    return correlate(rankdata(one[known]), rankdata(other[known]))


def associate_categories(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return Cramér's V with Bergsma's (2013) bias correction, of two arrays of codes (negative: missing).

    None when one of them has a single level where both are known.
    """
    known = (one >= 0) & (other >= 0)
    total = int(known.sum())
    if total < _LEAST_ROWS:
        return None
    table = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (one[known], other[known]), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if min(rows, columns) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi2 = float(((table - expected) ** 2 / expected).sum()) / total
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (total - 1))
    rows_, columns_ = rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1)
    width = min(rows_, columns_) - 1
    return float(min(1.0, np.sqrt(phi2 / width))) if width > 0 else None


def associate_mixed(codes: np.ndarray, numbers: np.ndarray) -> float | None:
    """Return the correlation ratio eta: the root of the share of variance that lies between the categories."""
    known = (codes >= 0) & ~np.isnan(numbers)
    if known.sum() < _LEAST_ROWS:
        return None
    group, values = codes[known], numbers[known]
    counts = np.bincount(group)
    sums = np.bincount(group, weights=values)
    used = counts > 0
    mean = values.mean()
    total = float(((values - mean) ** 2).sum())
    if total <= 0 or used.sum() < 2:
        return None
    between = float((counts[used] * (sums[used] / counts[used] - mean) ** 2).sum())
    return float(min(1.0, np.sqrt(between / total)))


def find_strong_pairs(
    frame: pd.DataFrame, columns: Sequence[ColumnSpec], matrix: CorrelationMatrix | None
) -> tuple[Association, ...]:
    """Return the strongest pairs of at least one half, strongest first: correlations and Cramér's V."""
    found: list[Association] = []
    if matrix is not None:
        for i, j in combinations(range(len(matrix.names)), 2):
            straight, ranked = matrix.pearson[i][j] or 0.0, matrix.spearman[i][j] or 0.0
            measure, value = ("pearson", straight) if abs(straight) >= abs(ranked) else ("spearman", ranked)
            found.append(Association(one=matrix.names[i], other=matrix.names[j], measure=measure, value=value))
    coded = {name: codes for name, codes in _code_categories(frame, columns).items() if codes.max() < _MOST_LEVELS}
    for one, other in combinations(list(coded)[:MOST_CATEGORIES], 2):
        value = associate_categories(coded[one], coded[other])
        if value is not None:
            found.append(Association(one=one, other=other, measure="cramers_v", value=value))
    strong = [pair for pair in found if abs(pair.value) >= _STRONG]
    return tuple(sorted(strong, key=lambda pair: -abs(pair.value))[:_MOST_PAIRS])


def associate_target(
    frame: pd.DataFrame, columns: Sequence[ColumnSpec], target: pd.Series, *, spec: ColumnSpec, choice: TargetChoice
) -> tuple[TargetAssociation, ...]:
    """Return how strongly each feature goes together with the target, strongest first.

    `target` holds the target's values as they are stored.
    """
    coded = encode_target(target, spec, choice)
    labels = np.where(np.isnan(coded), -1, coded).astype("int64")
    categories = _code_categories(frame, columns)
    found: list[TargetAssociation] = []
    for column in columns:
        if column.name == spec.name:
            continue
        if column.name in categories:
            found += _associate_category(column.name, categories[column.name], choice=choice, coded=coded)
        elif column.kind in ("numeric", "boolean", "date"):
            found += _associate_number(column.name, _as_numbers(frame, column), choice=choice, coded=(coded, labels))
    return tuple(sorted(found, key=lambda each: -_strength(each)))


def _associate_category(
    name: str, codes: np.ndarray, *, choice: TargetChoice, coded: np.ndarray
) -> list[TargetAssociation]:
    if choice.task == "regression":
        value = associate_mixed(codes, coded)
        return [] if value is None else [TargetAssociation(column=name, measure="correlation_ratio", value=value)]
    labels = np.where(np.isnan(coded), -1, coded).astype("int64")
    value = associate_categories(codes, labels)
    return [] if value is None else [TargetAssociation(column=name, measure="cramers_v", value=value)]


def _associate_number(
    name: str, numbers: np.ndarray, *, choice: TargetChoice, coded: tuple[np.ndarray, np.ndarray]
) -> list[TargetAssociation]:
    target, labels = coded
    if choice.task == "multiclass":
        value = associate_mixed(labels, numbers)
        return [] if value is None else [TargetAssociation(column=name, measure="correlation_ratio", value=value)]
    straight, ranked = correlate(numbers, target), correlate_ranks(numbers, target)
    if straight is None or ranked is None:
        return []
    measure, value = ("pearson", straight) if abs(straight) >= abs(ranked) else ("spearman", ranked)
    auc = _auc(numbers, labels) if choice.task == "binary" else None
    return [TargetAssociation(column=name, measure=measure, value=value, auc=auc)]


def _auc(numbers: np.ndarray, labels: np.ndarray) -> float | None:
    """Return the area under the ROC curve of one column, by the rank-sum statistic (Hanley and McNeil 1982)."""
    known = (labels >= 0) & ~np.isnan(numbers)
    positive = labels[known] == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if ones == 0 or zeros == 0:
        return None
    ranks = rankdata(numbers[known])
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _strength(each: TargetAssociation) -> float:
    return max(abs(each.value), abs(2 * each.auc - 1) if each.auc is not None else 0.0)


def _as_numbers(frame: pd.DataFrame, column: ColumnSpec) -> np.ndarray:
    values = frame[column.name]
    if column.dtype != "date":
        return values.to_numpy(dtype="float64")
    nanoseconds = values.to_numpy(dtype="datetime64[ns]")
    return np.where(np.isnat(nanoseconds), np.nan, nanoseconds.astype("int64") / 8.64e13)


def _code_categories(frame: pd.DataFrame, columns: Sequence[ColumnSpec]) -> dict[str, np.ndarray]:
    names = [column.name for column in columns if column.kind == "category"]
    coded = {name: pd.factorize(frame[name], use_na_sentinel=True)[0] for name in names}
    return {name: codes for name, codes in coded.items() if len(codes) and codes.max() >= 1}


def _rank_if_whole(values: np.ndarray) -> np.ndarray | None:
    return None if np.isnan(values).any() else rankdata(values)


def _freeze(rows: list[list[float | None]]) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(row) for row in rows)
