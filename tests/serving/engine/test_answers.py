"""Answers are those of the model's own library: of ours by its card, of MLflow's loader in the same environment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit, softmax

from axagents.ml.fitted import FittedModel
from axagents.serving.engine.answering import Answer, Engine
from tests.serving.engine.models import ENGINES, KINDS, rows

Open = Callable[[Path], Engine]
Save = Callable[[str], tuple[Path, FittedModel]]


def plain(frame: pd.DataFrame) -> list[list[Any]]:
    return json.loads(frame.to_json(orient="split", index=False))["data"]


def form(kind: str, frame: pd.DataFrame) -> bytes:
    """A frame as the body of a request."""
    cells, names = plain(frame), list(frame.columns)
    records = [dict(zip(names, row, strict=True)) for row in cells]
    columns = {name: [row[at] for row in cells] for at, name in enumerate(names)}
    table = {"columns": names, "data": cells}
    held = {"dataframe_split": table, "dataframe_records": records, "instances": records, "inputs": columns}
    return json.dumps({kind: held[kind]}).encode()


def ask(engine: Engine, body: bytes, content_type: str = "application/json") -> Answer:
    return engine.answer(engine.schema.parse(body, content_type))


@pytest.mark.parametrize("kind", KINDS)
def test_every_engine_answers_as_the_fitted_model(kind: str, saved: Save, opened: Open) -> None:
    folder, fitted = saved(kind)
    engine = opened(folder)
    frame = rows()[[spec.name for spec in fitted.columns]]
    answer = ask(engine, form("dataframe_split", frame))
    np.testing.assert_allclose(answer.scores, fitted.scores(frame), rtol=1e-6, atol=1e-6)
    if fitted.task != "regression":
        assert [str(label) for label in answer.labels] == fitted.predict(frame).tolist()
    else:
        np.testing.assert_allclose(answer.labels, fitted.predict(frame), rtol=1e-6)
    assert engine.name in ENGINES.get(kind, {"onnx", "native", "arrays"})
    assert {rung.name: rung.why for rung in engine.rungs}.keys() == {"onnx", "native", "arrays", "frame"}
    assert all(rung.why for rung in engine.rungs)


@pytest.mark.parametrize("kind", ["boosted", "boosted-plain", "pipeline", "linear", "several-boosted", "value-boosted"])
def test_answers_are_those_of_mlflows_loader(kind: str, saved: Save, opened: Open) -> None:
    """Calibrator and threshold are applied to that loader's own probabilities here, by scipy's functions."""
    folder, fitted = saved(kind)
    frame = rows()[[spec.name for spec in fitted.columns]]
    loader: Any = mlflow.xgboost if fitted.flavour == "xgboost" else mlflow.sklearn
    loaded = loader.load_model(str(folder))
    matrix = fitted.matrix(frame)
    answer = ask(opened(folder), form("dataframe_records", frame))
    if fitted.task == "regression":
        np.testing.assert_allclose(answer.scores, loaded.predict(matrix), rtol=1e-6)
        return
    theirs = np.asarray(loaded.predict_proba(matrix), dtype=np.float64)
    expected = theirs if fitted.task == "multiclass" else theirs[:, 1]
    calibrator = fitted.calibrator
    if calibrator is None:
        pass
    elif calibrator.kind == "sigmoid":
        expected = expit(calibrator.slope * logit(expected) + calibrator.intercept)
    elif calibrator.kind == "isotonic":
        expected = np.interp(expected, calibrator.xs, calibrator.ys)
    else:
        expected = softmax(np.log(expected) / calibrator.temperature, axis=1)
    np.testing.assert_allclose(answer.scores, expected, rtol=0, atol=1e-6)
    codes = expected.argmax(axis=1) if expected.ndim == 2 else (expected >= (fitted.threshold or 0.5)).astype(int)
    assert list(answer.labels) == [opened(folder).labels[code] for code in codes]


def test_labels_are_what_mlflow_predicts_for_a_plain_version(saved: Save, opened: Open) -> None:
    folder, fitted = saved("boosted-plain")
    matrix = fitted.matrix(rows())
    predicted = mlflow.pyfunc.load_model(str(folder)).predict(matrix)
    assert list(ask(opened(folder), form("inputs", matrix)).labels) == predicted.tolist()


@pytest.mark.parametrize("kind", ["boosted", "pipeline"])
def test_the_four_forms_and_csv_and_single_rows_answer_alike(kind: str, saved: Save, opened: Open) -> None:
    folder, fitted = saved(kind)
    engine = opened(folder)
    frame = rows(40)[[spec.name for spec in fitted.columns]]
    first = ask(engine, form("dataframe_split", frame)).scores
    for each in ("dataframe_records", "instances", "inputs"):
        np.testing.assert_array_equal(ask(engine, form(each, frame)).scores, first)
    np.testing.assert_array_equal(ask(engine, frame.to_csv(index=False).encode(), "text/csv").scores, first)
    positional = json.dumps({"inputs": plain(frame)}).encode()
    np.testing.assert_array_equal(ask(engine, positional).scores, first)
    # BLAS adds up a single row in another order than a batch: the last bit may differ.
    singles = [ask(engine, form("dataframe_split", frame.iloc[[at]])).scores[0] for at in range(len(frame))]
    np.testing.assert_allclose(singles, first, rtol=1e-12)
    scalars = json.dumps({"inputs": dict(zip(frame.columns, plain(frame)[0], strict=True))}).encode()
    np.testing.assert_allclose(ask(engine, scalars).scores, first[:1], rtol=1e-12)


def test_columns_are_taken_by_name_not_by_place(saved: Save, opened: Open) -> None:
    folder, _ = saved("pipeline")
    engine = opened(folder)
    frame = rows(40)
    first = ask(engine, form("dataframe_split", frame)).scores
    turned = frame[frame.columns[::-1]]
    for each in ("dataframe_split", "dataframe_records", "inputs"):
        np.testing.assert_array_equal(ask(engine, form(each, turned)).scores, first)


def test_what_the_mlflow_signature_names_is_taken_too(saved: Save, opened: Open) -> None:
    """MLflow's own example of the folder: dates as days since 1970, missing texts as `(missing)`."""
    folder, fitted = saved("pipeline")
    frame = rows(40)
    matrix = fitted.matrix(frame)
    np.testing.assert_array_equal(
        ask(opened(folder), form("dataframe_split", matrix)).scores,
        ask(opened(folder), form("dataframe_split", frame)).scores,
    )
