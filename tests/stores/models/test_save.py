"""What is saved is what is loaded, by us and by MLflow."""

import json
import subprocess
from pathlib import Path

import mlflow.pyfunc
import mlflow.xgboost
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from axagents.errors import Failed, UserError
from axagents.ml.fitted import FittedModel
from axagents.stores.models.card import read_card
from axagents.stores.models.digest import digest
from axagents.stores.models.folder import open_folder
from axagents.stores.models.load import load_model
from axagents.stores.models.save import save_model
from tests.stores.models.folders import NUMBERS, boosted, frame, pipeline, regression


@pytest.mark.parametrize("make", [boosted, pipeline, regression])
def test_a_loaded_model_answers_as_the_saved_one(make: object, tmp_path: Path) -> None:
    model: FittedModel = make()  # pyright: ignore[reportCallIssue]
    folder = tmp_path / "model"
    save_model(folder, model, input_example=frame(), training={})
    loaded, rows = load_model(folder), frame(40, seed=3)
    np.testing.assert_array_equal(loaded.scores(rows), model.scores(rows))
    assert list(loaded.predict(rows)) == list(model.predict(rows))
    for name in ("task", "flavour", "columns", "target", "classes", "calibrator", "threshold", "facts"):
        assert getattr(loaded, name) == getattr(model, name)


def test_mlflow_loads_a_numeric_xgboost_model_and_answers_equal(saved_boosted: Path) -> None:
    model, rows = boosted(), frame(40, seed=3)
    matrix = model.matrix(rows)
    by_mlflow = mlflow.xgboost.load_model(str(saved_boosted))
    np.testing.assert_array_equal(by_mlflow.predict_proba(matrix)[:, 1], load_model(saved_boosted).raw_scores(rows))
    by_pyfunc = mlflow.pyfunc.load_model(str(saved_boosted))
    np.testing.assert_array_equal(by_pyfunc.predict(matrix), model.estimator.predict(matrix))
    assert [each.name for each in by_pyfunc.metadata.signature.inputs] == ["tenure", "charges"]


def test_a_numeric_xgboost_model_is_saved_natively_and_a_pipeline_by_skops(
    saved_boosted: Path, saved_pipeline: Path
) -> None:
    assert open_folder(saved_boosted).format == "xgboost"
    assert open_folder(saved_pipeline).format == "skops"
    assert not any(
        path.suffix in {".pkl", ".py"} for each in (saved_boosted, saved_pipeline) for path in each.iterdir()
    )


def test_what_a_column_may_lack_is_not_told_from_five_rows(saved_boosted: Path) -> None:
    # The first of the example's charges is missing; MLflow would take the column for one that may be left out.
    example = read_card(saved_boosted)
    assert example is not None
    assert example.example.rows[0][1] is None
    assert all(column.required for column in open_folder(saved_boosted).mlmodel.inputs)


def test_the_card_holds_all_that_makes_it_a_model(saved_pipeline: Path) -> None:
    card = json.loads((saved_pipeline / "axagents.json").read_text())
    assert (card["task"], card["classes"], card["positive"], card["threshold"]) == ("binary", ["No", "Yes"], "Yes", 0.5)
    assert [each["name"] for each in card["columns"]] == ["tenure", "charges", "plan", "since"]
    assert card["example"]["columns"] == ["tenure", "charges", "plan", "since"]
    assert len(card["example"]["scores"]) == len(card["example"]["labels"]) == 5


def test_requirements_name_exact_versions(saved_boosted: Path) -> None:
    lines = open_folder(saved_boosted).requirements
    assert all("==" in line for line in lines)
    assert {"xgboost", "numpy", "mlflow"} <= {line.partition("==")[0] for line in lines}


def test_the_digest_is_what_sha256sum_says(saved_boosted: Path) -> None:
    script = "find . -type f | sed 's,^./,,' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    told = subprocess.run(["sh", "-c", script], cwd=saved_boosted, capture_output=True, text=True, check=True).stdout
    assert digest(saved_boosted) == told.split()[0]


def test_a_folder_is_never_written_over(copied: Path) -> None:
    before = digest(copied)
    with pytest.raises(UserError, match="exists already"):
        save_model(copied, boosted(), input_example=frame(), training={})
    assert digest(copied) == before


def test_the_same_step_again_replaces_what_it_left(copied: Path) -> None:
    assert save_model(copied, boosted(), input_example=frame(), training={"again": True}, replace=True) == digest(
        copied
    )


def test_a_model_that_our_loader_would_refuse_is_not_saved(tmp_path: Path) -> None:
    estimator = FunctionTransformer(np.linalg.norm).fit(frame()[["tenure", "charges"]])
    estimator.predict = lambda rows: np.zeros(len(rows))
    model = FittedModel("regression", estimator, "sklearn", NUMBERS, "churned")
    with pytest.raises(Failed, match="cannot save FunctionTransformer as data"):
        save_model(tmp_path / "model", model, input_example=frame(), training={})
    assert list(tmp_path.iterdir()) == []
