"""What cannot be judged is one clear line, found before a run is opened, and nothing is stored."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from axagents.actor import acting
from axagents.errors import AxError, NotFound, UserError, Waiting
from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.stores.tracking.runs import search_runs
from axagents.workflows.engine import run_workflow
from tests.workflows.conftest import add_to
from tests.workflows.evaluation.conftest import DECLARED, draw_people

Change = Callable[[pd.DataFrame], pd.DataFrame]


def fails(project: Project, request: dict[str, Any], kind: type[AxError], match: str) -> AxError:
    before = len(Runs(project).newest()), len(search_runs(project))
    with pytest.raises(kind, match=match) as error:
        run_workflow(project, "ml-model-evaluation", {"model_id": "leaving", **request})
    assert "\n" not in error.value.message
    assert (len(Runs(project).newest()), len(search_runs(project))) == before
    assert Memory(project).list("ml-evaluations").total == 0
    return error.value


@pytest.mark.parametrize(
    ("request_", "kind", "match"),
    [
        ({"model_id": "leavin"}, NotFound, r"no model called 'leavin'; did you mean leaving\?"),
        ({"model_id": "leaving:3.0.0"}, NotFound, "no version of leaving called '3.0.0'"),
        ({"evaluation_dataset": "latter"}, NotFound, r"no dataset called 'latter'; did you mean later\?"),
        ({"evaluation_dataset": "later", "metrics": ["rmse"]}, UserError, "rmse does not fit a binary task"),
        ({"evaluation_dataset": "later", "metrics": ["acuracy"]}, UserError, "did you mean accuracy"),
        (
            {"evaluation_dataset": "later", "sensitive": ["sid"]},
            NotFound,
            r"no column called 'sid'; did you mean side\?",
        ),
        ({"evaluation_dataset": "later", "baseline": "base"}, NotFound, "no model called 'base'"),
        ({"evaluation_dataset": "later", "success_criteria": ["good"]}, UserError, "'good' is no success criterion"),
        ({"evaluation_dataset": "later", "fairness_criterion": "justice"}, UserError, "no fairness criterion called"),
        ({"evaluation_dataset": "later", "fairness_limit": 2}, UserError, "fairness_limit"),
    ],
)
def test_wrong_names(judged: Project, request_: dict[str, Any], kind: type[AxError], match: str) -> None:
    assert fails(judged, request_, kind, match).exit_code == 2


@pytest.mark.parametrize("field", ["model_id", "evaluation_dataset", "baseline"])
def test_a_placeholder_is_refused(judged: Project, field: str) -> None:
    fails(judged, {"evaluation_dataset": "later", field: "..."}, UserError, rf"{field}.*placeholder")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: rows.drop(columns=["a", "plan"]), "lacks what the model reads: a, plan"),
        (lambda rows: rows.assign(a=rows["plan"]), "a .the model reads numbers, here it is text."),
        (lambda rows: rows.drop(columns="left"), "'odd' holds no labels: it has no column 'left'"),
        (lambda rows: rows.assign(left="yes"), "one class, 'yes'"),
        (lambda rows: rows.assign(left=["maybe", *rows["left"][1:]]), "'maybe', which is none of its classes"),
    ],
)
def test_rows_that_cannot_be_judged(judged: Project, change: Change, match: str) -> None:
    declared = {name: value for name, value in DECLARED.items() if name != "target"} | {"role": "holdout"}
    add_to(judged, "odd", change(draw_people(300, seed=3)), **declared)
    fails(judged, {"evaluation_dataset": "odd"}, UserError, match)


def test_no_label_in_any_row(judged: Project) -> None:
    declared = {name: value for name, value in DECLARED.items() if name != "target"}
    add_to(judged, "empty", draw_people(300, seed=3).assign(left=None), **declared)
    fails(judged, {"evaluation_dataset": "empty"}, UserError, "no label in any row of the target 'left'")


def test_an_entity_of_two_labels(judged: Project) -> None:
    rows = draw_people(300, seed=3).assign(day=lambda each: ["2026-01-01", "2026-02-01", "2026-03-01"] * 100)
    other = rows.head(5).assign(left=lambda each: each["left"].map({"yes": "no", "no": "yes"}))
    add_to(judged, "twice", pd.concat([rows, other]), **DECLARED, time="day")
    error = fails(
        judged, {"evaluation_dataset": "twice"}, UserError, "a person has two different labels at the same day"
    )
    assert "P0000" not in error.message


def test_a_probability_that_is_none(judged: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, matrix: Any) -> np.ndarray:
        found = np.full((len(matrix), 2), 0.5)
        found[7] = np.nan
        return found

    monkeypatch.setattr(LogisticRegression, "predict_proba", broken)
    fails(judged, {"evaluation_dataset": "later"}, UserError, "1 of 2,000 rows have a score that is missing.*row 7")


def test_no_dataset_named_and_none_held_out_asks(judged: Project) -> None:
    error = fails(judged, {}, Waiting, "on which dataset")
    assert isinstance(error, Waiting)
    assert error.needs[0]["field"] == "evaluation_dataset"
    assert error.needs[0]["choices"] == ["later"]


def test_fairness_without_a_sensitive_column_asks(judged: Project) -> None:
    add_to(judged, "plain", draw_people(300, seed=3), target="left", entity="person")
    error = fails(judged, {"evaluation_dataset": "plain", "include_fairness": True}, Waiting, "declares none sensitive")
    assert isinstance(error, Waiting)
    assert error.needs[0]["choices"] == ["plan", "side"]
    # The very request, after what was missing has been declared: in one process, as in a chat.
    add_to(judged, "plain", draw_people(300, seed=3), **DECLARED)
    request = {"model_id": "leaving", "evaluation_dataset": "plain", "include_fairness": True}
    again = run_workflow(judged, "ml-model-evaluation", request)
    assert again.result["fairness"]["attributes"][0]["name"] == "side"


def test_of_two_thousand_columns_three_are_read(judged: Project) -> None:
    rows = draw_people(400, seed=3, first=90_000)
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 2_000)).round(2))
    place = judged.root / "wide.parquet"
    pd.concat([rows, wide.add_prefix("x")], axis=1).to_parquet(place)
    add_dataset(judged, "wide", str(place), declared=Declarations(**DECLARED))
    run = run_workflow(judged, "ml-model-evaluation", {"model_id": "leaving", "evaluation_dataset": "wide"})
    assert run.status == "completed"
    assert run.result["rows"] == 400


def test_ten_thousand_columns_are_told_when_they_are_added(judged: Project) -> None:
    place = judged.root / "wider.parquet"
    pd.DataFrame(np.zeros((50, 10_000))).add_prefix("x").assign(left="no").to_parquet(place)
    with pytest.raises(UserError, match="has 10,001 columns; a dataset has at most 5,000") as error:
        add_dataset(judged, "wider", str(place), declared=Declarations())
    assert "\n" not in error.value.message


def test_an_agent_names_no_path_that_no_person_named(judged: Project) -> None:
    outside = judged.root.parent / "elsewhere.csv"
    draw_people(300, seed=3).to_csv(outside, index=False)
    with acting("a model", words="evaluate leaving"):
        fails(
            judged, {"evaluation_dataset": str(outside)}, UserError, "is a path; here a dataset is named by the catalog"
        )


def test_a_model_outside_the_project_is_refused(judged: Project) -> None:
    outside = judged.root.parent / "model"
    (judged.root / "model").rename(outside)
    fails(judged, {"model_id": str(outside), "evaluation_dataset": "later"}, AxError, "lies outside the project")
