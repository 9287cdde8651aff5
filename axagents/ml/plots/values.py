"""Plots of numbers: residuals, importance, and the course of a search."""

from collections.abc import Sequence

import numpy as np

from axagents.ml.plots.canvas import BLUE, GREY, ORANGE, RED, add_legend, make_axes, to_png

_MOST_DOTS = 4000
_MOST_BARS = 20


def draw_residuals(y: np.ndarray, predicted: np.ndarray, *, title: str = "Residuals") -> bytes:
    """Draw actual less predicted value against the predicted one, with the median in bins."""
    axes = make_axes(title, "predicted", "actual - predicted")
    residuals = y - predicted
    shown = np.arange(len(y))
    if len(y) > _MOST_DOTS:
        shown = np.random.default_rng(0).choice(len(y), _MOST_DOTS, replace=False)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.scatter(predicted[shown], residuals[shown], s=10, alpha=0.35, color=BLUE, linewidths=0)
    parts = [part for part in np.array_split(np.argsort(predicted, kind="stable"), min(12, len(y))) if len(part)]
    axes.plot(
        [predicted[part].mean() for part in parts],
        [np.median(residuals[part]) for part in parts],
        color=ORANGE,
        linewidth=2,
        marker="o",
        markersize=4,
        label="median",
    )
    add_legend(axes)
    return to_png(axes)


def draw_predictions(y: np.ndarray, predicted: np.ndarray, *, title: str = "Predicted and actual") -> bytes:
    """Draw actual against predicted values."""
    axes = make_axes(title, "predicted", "actual")
    shown = np.arange(len(y))
    if len(y) > _MOST_DOTS:
        shown = np.random.default_rng(0).choice(len(y), _MOST_DOTS, replace=False)
    ends = [float(min(y.min(), predicted.min())), float(max(y.max(), predicted.max()))]
    axes.plot(ends, ends, color=GREY, linestyle="--", linewidth=1, label="as it should be")
    axes.scatter(predicted[shown], y[shown], s=10, alpha=0.35, color=BLUE, linewidths=0)
    add_legend(axes, "upper left")
    return to_png(axes)


def draw_importance(
    names: Sequence[str],
    values: Sequence[float],
    *,
    errors: Sequence[float] = (),
    title: str = "Permutation importance",
) -> bytes:
    """Draw importances as bars, the largest on top, at most twenty."""
    order = np.argsort(values)[::-1][:_MOST_BARS][::-1]
    axes = make_axes(title, "loss when shuffled", "", size=(5.6, 1.4 + 0.28 * len(order)))
    axes.grid(visible=False, axis="y")
    axes.barh(
        range(len(order)),
        [values[place] for place in order],
        xerr=[errors[place] for place in order] if len(errors) else None,
        color=[BLUE if values[place] >= 0 else RED for place in order],
        ecolor="#4a5568",
        height=0.7,
    )
    axes.set_yticks(range(len(order)), [str(names[place])[:28] for place in order])
    return to_png(axes)


def draw_search(
    scores: Sequence[float], *, greater_is_better: bool = True, metric: str = "inner score", title: str = "Search"
) -> bytes:
    """Draw each configuration's score in the order tried, and the best so far; those that fell out are left out."""
    axes = make_axes(title, "configuration tried", metric)
    values = np.asarray(scores, dtype=np.float64)
    tried = np.flatnonzero(np.isfinite(values))
    values = values[tried]
    axes.scatter(tried + 1, values, s=16, alpha=0.6, color=BLUE, linewidths=0, label="tried")
    if len(values):
        best = np.maximum.accumulate(values) if greater_is_better else np.minimum.accumulate(values)
        axes.step(tried + 1, best, where="post", color=ORANGE, linewidth=2, label="best so far")
    add_legend(axes)
    return to_png(axes)
