"""Reweighing fits the very model anew: equal weights give the model that was, doubled rows count as scikit-learn's."""

import shutil
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from axagents.errors import UserError
from axagents.ml.evaluation.refitting import refit
from axagents.ml.fitted import FittedModel
from axagents.project import Project
from axagents.stores.models.load import load_model
from axagents.workflows.engine import run_workflow
from axagents.workflows.evaluation.request import EvaluationResult
from tests.workflows.conftest import add_to
from tests.workflows.evaluation.conftest import DECLARED, TRAINING, Evaluate, draw_people


def taught(project: Project, name: str = "people") -> tuple[pd.DataFrame, np.ndarray]:
    rows = pd.read_csv(project.root / f"data/{name}.csv")
    return rows, (rows["left"] == "yes").to_numpy().astype(np.int64)


@pytest.mark.parametrize("kind", ["linear", "boosting-small"])
def test_equal_weights_give_the_model_that_was(judged: Project, kind: str) -> None:
    path = run_workflow(judged, "ml-train", {**TRAINING, "model": kind}).result["model_path"]
    model = load_model(judged.root / path)
    rows, y = taught(judged)
    anew = refit(model, rows, y, weights=np.ones(len(y)))
    assert anew.scores(rows) == pytest.approx(model.scores(rows), abs=1e-6)


def test_weights_count_as_rows(judged: Project) -> None:
    model = load_model(judged.root / "model")
    rows, y = taught(judged)
    weights = np.where(rows["side"] == "north", 3, 1)
    anew = refit(model, rows, y, weights=weights)
    steps: Any = model.estimator.named_steps
    matrix = steps["encode"].transform(model.matrix(rows))
    # Independent: the same rows repeated, for scikit-learn's own estimator.
    direct = LogisticRegression(C=steps["model"].C, max_iter=500).fit(
        np.repeat(matrix, weights, axis=0), y.repeat(weights)
    )
    assert anew.raw_scores(rows) == pytest.approx(direct.predict_proba(matrix)[:, 1], abs=1e-4)


def test_a_model_that_does_not_say_how_it_was_made(judged: Project) -> None:
    model = load_model(judged.root / "model")
    foreign = FittedModel(model.task, model.estimator, model.flavour, model.columns, "left", classes=model.classes)
    rows, y = taught(judged)
    with pytest.raises(UserError, match="does not say how it was made"):
        refit(foreign, rows, y, weights=np.ones(len(y)))


def test_an_unfair_model_gets_options_with_their_cost(judged: Project, evaluate: Evaluate) -> None:
    fair = draw_people(3000, seed=5)
    pushed = (fair["side"] == "north") & (np.random.default_rng(0).random(3000) < 0.4)
    unfair = fair.assign(left=np.where(pushed, "yes", fair["left"]))
    add_to(judged, "unfair", unfair.head(1500), **DECLARED)
    add_to(judged, "unfair_later", unfair.tail(1500), **DECLARED)
    trained = run_workflow(judged, "ml-train", {**TRAINING, "dataset": "unfair", "exclude": ["plan"]})
    run = evaluate(model_id=trained.result["model_path"], evaluation_dataset="unfair_later", slices=False)
    result = EvaluationResult.model_validate(run.result)
    assert (result.verdict, run.decisions[0].row) == ("NO_GO", "unfair")
    assert result.fairness is not None
    names = [each.name for each in result.fairness.mitigation]
    assert names == ["a threshold for each group of side"] * 3 + ["rows weighed by side and class"]
    rule = result.fairness.rule.criterion
    for each in result.fairness.mitigation[::3]:
        before, after = each.before[rule].value, each.after[rule].value
        assert before is not None
        assert after is not None
        assert after.mean < before.mean / 2
        assert each.catch


def test_what_cannot_be_tried_is_told(judged: Project, evaluate: Evaluate) -> None:
    unfair = draw_people(2000, seed=6, first=90_000)
    flipped = np.where(unfair["side"] == "north", unfair["left"].map({"yes": "no", "no": "yes"}), unfair["left"])
    add_to(judged, "flipped", unfair.assign(left=flipped), **DECLARED)
    shutil.copytree(judged.root / "data", judged.root / "gone")
    (judged.root / "data/people.csv").unlink()
    result = EvaluationResult.model_validate(evaluate(evaluation_dataset="flipped", slices=False).result)
    assert result.fairness is not None
    assert "reweighing by side was not tried: its training data are no longer as they were" in result.fairness.notes[-1]
    assert result.warnings[0].startswith("Whether leaving:1.0.0 learned from these rows cannot be told")
