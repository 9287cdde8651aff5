"""Plots: whole PNG files, the same from several threads, for every task."""

import io
import threading

import matplotlib.image
import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from axagents.ml.plots import draw_importance, draw_model, draw_search
from axagents.ml.plots.classes import calibration_bins


def draw_scores(rows: int = 3000, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 4, rows)
    return (rng.random(rows) < scores).astype(np.int64), scores


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    image = matplotlib.image.imread(io.BytesIO(png), format="png")
    assert image.std() > 0.01  # not a blank page
    return image.shape[1], image.shape[0]


def test_binary() -> None:
    y, scores = draw_scores()
    drawn = draw_model("binary", y, scores, classes=("No", "Yes"), threshold=0.4)
    assert set(drawn) == {"roc.png", "precision_recall.png", "calibration.png", "confusion.png"}
    for png in drawn.values():
        width, height = size_of(png)
        assert width >= 400
        assert height >= 300


def test_several_classes_and_values() -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(12), 500)
    drawn = draw_model("multiclass", chances.argmax(axis=1), chances, classes=[f"class {i}" for i in range(12)])
    assert len(drawn) == 4
    values = rng.normal(size=10_000)
    drawn |= draw_model("regression", values, values + rng.normal(size=10_000))
    assert {"residuals.png", "predictions.png"} <= set(drawn)
    for png in drawn.values():
        size_of(png)


@pytest.mark.parametrize("rows", [2, 9, 40])
def test_few_rows(rows: int) -> None:
    y = np.arange(rows) % 2
    for png in draw_model("binary", y, np.linspace(0, 1, rows), classes=("a", "b"), threshold=0.5).values():
        size_of(png)


def test_importance_and_search() -> None:
    size_of(draw_importance([f"column {i}" for i in range(40)], np.linspace(-0.01, 0.2, 40).tolist()))
    size_of(draw_importance(["one"], [0.1], errors=[0.02]))
    size_of(draw_search([0.7, float("nan"), 0.75, 0.72]))
    size_of(draw_search([3.0, 2.0, 2.5], greater_is_better=False))


def test_calibration_bins_like_scikit_learn() -> None:
    y, scores = draw_scores()
    observed, predicted = calibration_curve(y, scores, n_bins=10, strategy="quantile")
    ours = calibration_bins(y == 1, scores)
    assert ours[0] == pytest.approx(predicted, abs=2e-3)
    assert ours[1] == pytest.approx(observed, abs=2e-2)
    assert (ours[2] <= ours[1]).all()
    assert (ours[1] <= ours[3]).all()


def test_threads_share_nothing() -> None:
    y, scores = draw_scores(500)
    expected = draw_model("binary", y, scores, classes=("a", "b"))
    found: list[dict[str, bytes]] = []
    workers = [
        threading.Thread(target=lambda: found.append(draw_model("binary", y, scores, classes=("a", "b"))))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [expected] * 4
