"""How much each row moves a ranking metric: its influence, from which variances follow, clustered or not.

The area under the ROC curve: DeLong, DeLong and Clarke-Pearson (1988) by the ranks of Sun and Xu (2014); with
clusters, Obuchowski (1997). Average precision: the infinitesimal jackknife, the derivative by each row's weight.
"""

import numpy as np
from scipy.stats import rankdata

from axagents.ml.metrics import average_precision, roc_auc


def auc_influence(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each row's influence on the AUC (n,); their squares sum to DeLong's variance but for n/(n-1)."""
    negative = ~positive
    ones, zeros = int(positive.sum()), int(negative.sum())
    overall = rankdata(scores)
    above = (overall[positive] - rankdata(scores[positive])) / zeros
    below = 1.0 - (overall[negative] - rankdata(scores[negative])) / ones
    influence = np.empty(len(scores))
    influence[positive] = (above - above.mean()) / ones
    influence[negative] = (below - below.mean()) / zeros
    return influence


def precision_influence(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each row's influence on the average precision (n,)."""
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
    return influence


def ranking_value(name: str, y: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray, bool]:
    """Return a ranking metric, each row's influence on it, and whether DeLong's formula applies.

    Several classes: the macro one-versus-rest mean over the classes of `y`. NaN with one class only.
    """
    one, influence_of = (roc_auc, auc_influence) if name == "auc_roc" else (average_precision, precision_influence)
    columns = [(y == 1, scores)] if scores.ndim == 1 else [(y == code, scores[:, code]) for code in np.unique(y)]
    if any(not positive.any() or positive.all() for positive, _ in columns):
        return float("nan"), np.zeros(len(y)), False
    values = [one(positive, column) for positive, column in columns]
    influences = [influence_of(positive, column) for positive, column in columns]
    return float(np.mean(values)), np.mean(influences, axis=0), len(columns) == 1


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
