"""Tree ensembles of scikit-learn as flat tables of nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TreeTable:
    """All trees of an ensemble, their nodes one after the other.

    Attributes:
        roots: (t,) the first node of each tree.
        feature, threshold: (n,) a row goes right where its feature is greater; leaves lead to themselves.
        children: (2 n,) left and right of each node.
        missing_right: (n,) whether a missing value goes right.
        values: (n, k) what a leaf gives.
        share: what the sum over the trees is multiplied by; `baseline` is added.
        single: whether features are compared as float32.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    children: np.ndarray
    missing_right: np.ndarray
    values: np.ndarray
    baseline: np.ndarray
    share: float
    link: str
    single: bool
    depth: int
    trees_per_round: int

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        names = ("roots", "feature", "threshold", "children", "missing_right", "values", "baseline")
        return {name: getattr(self, name) for name in names}

    def facts(self) -> dict[str, Any]:
        """Return everything else by name, plain JSON."""
        names = ("share", "link", "single", "depth", "trees_per_round")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class _Nodes:
    """One tree, its nodes counted from zero; `left` is negative at leaves."""

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    values: np.ndarray
    depth: int


def forest_table(estimator: Any) -> TreeTable:
    """Return the table of a random forest, of extra trees, or of one decision tree."""
    members: list[Any] = list(getattr(estimator, "estimators_", [estimator]))
    classes = getattr(estimator, "classes_", None)
    nodes = [_forest_nodes(each.tree_, binary=classes is not None and len(classes) == 2) for each in members]
    return _joined(nodes, share=1 / len(nodes), baseline=np.zeros(1), link="identity", single=True)


def _forest_nodes(tree: Any, *, binary: bool) -> _Nodes:
    values = np.asarray(tree.value[:, 0, :], dtype=np.float64)
    if values.shape[1] > 1:
        values = values / values.sum(axis=1, keepdims=True)
    return _Nodes(
        feature=tree.feature,
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=np.asarray(tree.missing_go_to_left, dtype=bool),
        values=values[:, [1]] if binary else values,
        depth=int(tree.max_depth),
    )


_LINKS = {
    "HalfBinomialLoss": "logistic",
    "HalfMultinomialLoss": "softmax",
    "HalfSquaredError": "identity",
    "AbsoluteError": "identity",
    "PinballLoss": "identity",
    "HalfPoissonLoss": "exp",
    "HalfGammaLoss": "exp",
}


def histogram_table(estimator: Any) -> TreeTable | None:
    """Return the table of a histogram gradient boosting; None with categories or a loss that has no plan here."""
    link = _LINKS.get(type(estimator._loss).__name__)
    rounds = estimator._predictors
    if link is None or any(each.nodes["is_categorical"].any() for one in rounds for each in one):
        return None
    baseline = np.asarray(estimator._baseline_prediction, dtype=np.float64).reshape(-1)
    nodes = [_histogram_nodes(each.nodes) for one in rounds for each in one]
    return _joined(nodes, share=1.0, baseline=baseline, link=link, single=False, per_round=len(rounds[0]))


def _histogram_nodes(nodes: Any) -> _Nodes:
    leaf = nodes["is_leaf"].astype(bool)
    return _Nodes(
        feature=nodes["feature_idx"].astype(np.intp),
        threshold=nodes["num_threshold"],
        left=np.where(leaf, -1, nodes["left"].astype(np.intp)),
        right=np.where(leaf, -1, nodes["right"].astype(np.intp)),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        values=nodes["value"].reshape(-1, 1),
        depth=int(nodes["depth"].max()),
    )


def _joined(
    trees: Sequence[_Nodes], *, share: float, baseline: np.ndarray, link: str, single: bool, per_round: int = 1
) -> TreeTable:
    counts = [len(tree.feature) for tree in trees]
    starts = np.cumsum([0, *counts[:-1]])
    leaf = np.concatenate([tree.left < 0 for tree in trees])
    own = np.arange(sum(counts))
    left = np.where(leaf, own, np.concatenate([tree.left + at for tree, at in zip(trees, starts, strict=True)]))
    right = np.where(leaf, own, np.concatenate([tree.right + at for tree, at in zip(trees, starts, strict=True)]))
    return TreeTable(
        roots=starts,
        feature=np.where(leaf, 0, np.concatenate([tree.feature for tree in trees])),
        threshold=np.where(leaf, 0.0, np.concatenate([tree.threshold for tree in trees])),
        children=np.stack([left, right], axis=1).reshape(-1),
        missing_right=~np.concatenate([tree.missing_left for tree in trees]),
        values=np.concatenate([tree.values for tree in trees]),
        baseline=baseline,
        share=share,
        link=link,
        single=single,
        depth=max(tree.depth for tree in trees),
        trees_per_round=per_round,
    )
