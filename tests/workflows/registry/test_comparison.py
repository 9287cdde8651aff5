"""Versions are compared on the rows that both were assessed on, or it is said that they cannot be."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from axagents.project import Project
from axagents.stores.registry.state import read_model
from axagents.workflows.registry.comparison import compare_with_rival
from axagents.workflows.registry.request import VersionComparison
from tests.stores.registry.entries import register, stage
from tests.workflows.registry.world import fingerprint_of, log_training, out_of_fold, signal


def add(project: Project, version: str, *, scores: np.ndarray | None, fingerprint: str | None = None) -> None:
    """A version whose training run left these predictions."""
    of = fingerprint or fingerprint_of(project)
    run_id = log_training(project, version.replace(".", "") * 12, fingerprint=of, scores=scores)
    metadata: dict[str, Any] = {"lineage": {"run_id": run_id}, "training": {"primary_metric": "auc_roc"}}
    register(project, "m", version, metadata=metadata)


def compared(project: Project, version: str = "2.0.0") -> VersionComparison:
    return compare_with_rival(project, read_model(project, "m"), version)


@pytest.mark.parametrize(("first", "second", "outcome"), [(1, 3, "better"), (1.5, 1.5, "unclear"), (3, 1, "worse")])
def test_a_version_is_compared_with_production_on_the_same_rows(
    guide: Project, first: float, second: float, outcome: str
) -> None:
    add(guide, "1.0.0", scores=signal(first, seed=2))
    stage(guide, "m", "1.0.0", "production")
    add(guide, "2.0.0", scores=signal(second, seed=3))
    found = compared(guide)
    assert (found.against, found.stage, found.primary, found.outcome) == ("1.0.0", "production", "auc_roc", outcome)
    # scikit-learn's AUC of the same predictions.
    y = out_of_fold(signal(first, seed=2), "").y
    aucs = [roc_auc_score(y, signal(first, seed=2)), roc_auc_score(y, signal(second, seed=3))]
    difference = found.differences[0]
    np.testing.assert_allclose([difference.second_value, difference.first_value], aucs, rtol=1e-9)
    assert difference.low is not None
    assert difference.high is not None
    assert difference.low < aucs[1] - aucs[0] < difference.high
    assert {each.evidence for each in found.differences} == {"paired"}
    assert {each.metric for each in found.differences} >= {"accuracy", "f1", "brier"}


def test_without_predictions_it_says_that_it_cannot(guide: Project) -> None:
    add(guide, "1.0.0", scores=None)
    add(guide, "2.0.0", scores=signal(1.0, seed=1))
    found = compared(guide)
    assert (found.outcome, found.differences) == (None, [])
    assert found.because == "cannot be compared: m:1.0.0 left no predictions to compare row by row"


def test_on_other_data_it_says_that_it_cannot(guide: Project) -> None:
    add(guide, "1.0.0", scores=signal(1.0, seed=1), fingerprint="ab" * 32)
    add(guide, "2.0.0", scores=signal(3.0, seed=1))
    found = compared(guide)
    assert (found.outcome, found.differences) == (None, [])
    assert found.because == "cannot be compared: m:1.0.0 and m:2.0.0 were not assessed on the same rows"


def test_the_first_version_has_nothing_to_be_compared_with(guide: Project) -> None:
    add(guide, "1.0.0", scores=None)
    assert compared(guide, "1.0.0").against is None
