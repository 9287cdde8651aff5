"""How much each row moves a ranking metric: its influence, from which variances follow, clustered or not.

The area under the ROC curve: DeLong, DeLong and Clarke-Pearson (1988) by one sort (Sun and Xu 2014); with
clusters, Obuchowski (1997). Average precision: the infinitesimal jackknife, the derivative by each row's weight.
"""

import numpy as np


def auc_influence(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the AUC and each row's influence on it (n,); their squares sum to DeLong's variance but for n/(n-1)."""
    order = np.argsort(scores)
    ordered, hit = scores[order], positive[order]
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    ones_to = np.cumsum(hit)[last]
    zeros_to = last + 1 - ones_to
    ones, zeros = int(ones_to[-1]), int(zeros_to[-1])
    ones_here, zeros_here = np.diff(ones_to, prepend=0), np.diff(zeros_to, prepend=0)
    # The share of the other class on the right side of a row, ties counted half; once for each distinct score.
    above = (zeros_to - zeros_here / 2) / zeros
    below = (ones - ones_to + ones_here / 2) / ones
    value = float(np.sum(ones_here * above) / ones)
    sizes = np.diff(last, prepend=-1)
    influence = np.empty(len(scores))
    influence[order] = np.where(
        hit, np.repeat((above - value) / ones, sizes), np.repeat((below - value) / zeros, sizes)
    )
    return value, influence


def precision_influence(positive: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the average precision and each row's influence on it (n,)."""
    order = np.argsort(-scores, kind="stable")
    ordered, hit = scores[order], positive[order].astype(np.float64)
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    group = np.searchsorted(last, np.arange(len(ordered)))
    found = np.cumsum(hit)[last]
    called = last + 1.0
    total = found[-1]
    hits_here = np.diff(found, prepend=0.0)
    precision = found / called
    value = float(np.sum(hits_here * precision) / total)
    # Over the groups at or below a row's own score.
    gain = _sum_from(hits_here / called)
    cost = _sum_from(hits_here * found / called**2)
    moved = (hit * (precision[group] - value + gain[group]) - cost[group]) / total
    influence = np.empty(len(ordered))
    influence[order] = moved
    return value, influence


def ranking_value(name: str, y: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray, bool]:
    """Return a ranking metric, each row's influence on it, and whether DeLong's formula applies.

    Several classes: the macro one-versus-rest mean over the classes of `y`. NaN with one class only.
    """
    influence_of = auc_influence if name == "auc_roc" else precision_influence
    columns = [(y == 1, scores)] if scores.ndim == 1 else [(y == code, scores[:, code]) for code in np.unique(y)]
    if any(not positive.any() or positive.all() for positive, _ in columns):
        return float("nan"), np.zeros(len(y)), False
    parts = [influence_of(positive, column) for positive, column in columns]
    value = float(np.mean([part[0] for part in parts]))
    return value, np.mean([part[1] for part in parts], axis=0), len(columns) == 1


def influence_variance(influence: np.ndarray, *, y: np.ndarray | None = None, units: np.ndarray | None = None) -> float:
    """Return the variance that influences imply.

    With `units`, sums within a unit are squared, times m/(m-1); else each row's, times n/(n-1) within each class of
    `y` (with `y` binary this is DeLong's variance exactly).
    """
    if units is not None:
        sums = np.bincount(units, weights=influence)
        groups = len(np.unique(units))
        return float(np.sum(sums**2) * groups / max(groups - 1, 1))
    if y is None:
        return float(np.sum(influence**2) * len(influence) / max(len(influence) - 1, 1))
    total = 0.0
    for code in np.unique(y):
        own = influence[y == code]
        total += float(np.sum(own**2)) * len(own) / max(len(own) - 1, 1)
    return total


def _sum_from(values: np.ndarray) -> np.ndarray:
    return np.cumsum(values[::-1])[::-1]
