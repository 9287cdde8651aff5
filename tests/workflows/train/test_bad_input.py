"""What cannot be trained is one clear line, found before a run is opened where it can be."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents.errors import AxError, NotFound, UserError, Waiting
from axagents.project import Project
from axagents.stores.runs import Runs
from axagents.workflows.engine import run_workflow

AddFrame = Callable[..., str]
FRAME = pd.DataFrame({"a": np.arange(60) % 7, "b": np.arange(60) * 0.5, "won": ["yes", "no", "no"] * 20})


def fails(project: Project, request: dict[str, Any], kind: type[AxError], match: str) -> AxError:
    with pytest.raises(kind, match=match) as error:
        run_workflow(project, "ml-train", {"search_seconds": 2, **request})
    assert "\n" not in error.value.message
    return error.value


def test_no_such_dataset(tracked: Project, add_frame: AddFrame) -> None:
    add_frame("customer", FRAME)
    error = fails(tracked, {"dataset": "custmer"}, NotFound, r"no dataset called 'custmer'; did you mean customer\?")
    assert error.exit_code == 2
    assert Runs(tracked).newest() == []


def test_no_such_target(tracked: Project, add_frame: AddFrame) -> None:
    add_frame("games", FRAME)
    fails(tracked, {"dataset": "games", "target": "wone"}, NotFound, r"no column called 'wone'; did you mean won\?")
    assert Runs(tracked).newest() == []


def test_no_target_declared_asks(tracked: Project, add_frame: AddFrame) -> None:
    add_frame("games", FRAME)
    error = fails(tracked, {"dataset": "games"}, Waiting, "which column of 'games' is the target")
    assert isinstance(error, Waiting)
    assert error.needs[0]["field"] == "target"
    assert error.needs[0]["choices"][0] == "won"
    assert Runs(tracked).newest() == []


@pytest.mark.parametrize("field", ["dataset", "target", "experiment", "allow_leakage"])
def test_a_placeholder_is_refused(tracked: Project, field: str) -> None:
    fails(tracked, {"dataset": "games", field: "..."}, UserError, rf"{field}.*placeholder")


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        ({"model": "xgbost"}, r"no model called 'xgbost'; did you mean xgboost\?"),
        ({"primary_metric": "auk"}, "no metric called 'auk'"),
        ({"primary_metric": "rmse", "task": "binary"}, "does not fit a binary task"),
        ({"features": ["a", "c"]}, "no column called 'c'"),
        ({"features": ["a", "won"]}, "the target 'won' is among the features"),
        ({"mlflow_run_id": "none"}, "no run called 'none'"),
    ],
)
def test_wrong_names(tracked: Project, add_frame: AddFrame, request_: dict[str, Any], match: str) -> None:
    add_frame("games", FRAME, target="won")
    fails(tracked, {"dataset": "games", **request_}, UserError, match)
    assert Runs(tracked).newest() == []


@pytest.mark.parametrize(
    ("target", "match"),
    [
        (["yes"] * 60, "one class"),
        ([f"text {number}" for number in range(60)], "60 values"),
        ([None, *(["yes", "no"] * 29), "yes"], "missing in 1 of 60 rows"),
    ],
)
def test_targets_that_cannot_be_learned(tracked: Project, add_frame: AddFrame, target: list[Any], match: str) -> None:
    frame = FRAME.assign(won=target)
    name = add_frame("games", frame)
    fails(tracked, {"dataset": name, "target": "won", "task": "binary"}, UserError, match)


@pytest.mark.slow
def test_a_text_of_a_million_values_is_no_target(tracked: Project, add_frame: AddFrame) -> None:
    numbers = np.arange(1_000_000)
    name = add_frame("texts", pd.DataFrame({"a": numbers % 7, "text": "t" + pd.Series(numbers).astype(str)}))
    fails(tracked, {"dataset": name, "target": "text"}, UserError, "1,000,000 different values")


def test_too_few_rows(tracked: Project, add_frame: AddFrame) -> None:
    add_frame("few", FRAME.head(12), target="won")
    fails(tracked, {"dataset": "few"}, UserError, "12 rows are too few")


def test_data_that_changed_before_the_training_goes_on(
    tracked: Project, add_frame: AddFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    from axagents.faults import InjectedFault
    from axagents.workflows.engine import resume_workflow
    from axagents.workflows.train import setup

    name = add_frame("games", FRAME, target="won")
    monkeypatch.setenv("AX_FAULT", "ml-train.split.started:1:raise")
    with pytest.raises(InjectedFault):
        run_workflow(tracked, "ml-train", {"dataset": name, "model": "linear", "trials": 1, "repeats": 1})
    monkeypatch.delenv("AX_FAULT")
    add_frame("games", FRAME.assign(a=1), target="won")
    setup._held.clear()  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(UserError, match="changed since this training began"):
        resume_workflow(tracked, Runs(tracked).newest()[0].run_id)
