"""Whatever a client sends gets an answer or a 4xx that names the field."""

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from axagents.ml.fitted import FittedModel
from axagents.serving.engine.answering import Answer, Engine
from axagents.serving.engine.fields import Field
from axagents.serving.engine.schema import Schema
from axagents.serving.engine.unfit import Unfit
from axagents.stores.models.save import save_model
from tests.stores.models.folders import frame, pipeline

Open = Callable[[Path], Engine]
Save = Callable[[str], tuple[Path, FittedModel]]
JSON = "application/json"
GOOD = {"tenure": 5, "charges": 70.5, "plan": "plus", "since": "2020-03-01"}


@pytest.fixture(scope="module")
def engine(saved: Save, opened: Open) -> Engine:
    return opened(saved("pipeline")[0])


def refused(engine: Engine, body: Any, content_type: str | None = JSON) -> Unfit:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Unfit) as caught:
        engine.answer(engine.schema.parse(written, content_type))
    assert 400 <= caught.value.status < 500
    return caught.value


def split(columns: Any, data: Any) -> dict[str, Any]:
    return {"dataframe_split": {"columns": columns, "data": data}}


NAMES = list(GOOD)
CELLS = list(GOOD.values())


WRONG: list[tuple[Any, str]] = [
    ({"dataframe_records": [{**GOOD, "tenure": "five"}]}, "tenure"),
    ({"dataframe_records": [{**GOOD, "tenure": True}]}, "tenure"),
    ({"dataframe_records": [{**GOOD, "tenure": [1]}]}, "tenure"),
    ({"dataframe_records": [{**GOOD, "tenure": {"a": 1}}]}, "tenure"),
    ({"dataframe_records": [{**GOOD, "plan": 3}]}, "plan"),
    ({"dataframe_records": [{**GOOD, "plan": ["plus"]}]}, "plan"),
    ({"dataframe_records": [{**GOOD, "since": "yesterday"}]}, "since"),
    ({"dataframe_records": [{**GOOD, "since": "2020-02-31"}]}, "since"),
    ({"dataframe_records": [{**GOOD, "since": False}]}, "since"),
    ({"dataframe_records": [{key: GOOD[key] for key in NAMES[1:]}]}, "tenure"),
    ({"dataframe_records": [{**GOOD, "colour": "red"}]}, "colour"),
    ({"dataframe_records": [GOOD, {**GOOD, "colour": "red"}]}, "colour"),
    ({"dataframe_records": [GOOD, {key: GOOD[key] for key in NAMES[1:]}]}, "tenure"),
    ({"dataframe_records": [GOOD, 3]}, "dataframe_records"),
    ({"dataframe_records": []}, "dataframe_records"),
    ({"dataframe_records": GOOD}, "dataframe_records"),
    ({"dataframe_records": None}, "dataframe_records"),
    (split(NAMES, [CELLS, CELLS[:3]]), "dataframe_split.data"),
    (split(NAMES, []), "dataframe_split.data"),
    (split(NAMES, None), "dataframe_split.data"),
    (split(NAMES, [None]), "dataframe_split.data"),
    (split(None, [CELLS]), "dataframe_split.columns"),
    (split([*NAMES[1:], None], [CELLS]), "dataframe_split.columns"),
    (split([*NAMES, "plan"], [[*CELLS, "plus"]]), "plan"),
    (split([*NAMES[:3], "sinse"], [CELLS]), "since"),
    ({"dataframe_split": [CELLS]}, "dataframe_split"),
    ({"inputs": {**{key: [value] for key, value in GOOD.items()}, "plan": None}}, "plan"),
    ({"inputs": {**{key: [value] for key, value in GOOD.items()}, "plan": ["plus", "plus"]}}, "tenure"),
    ({"inputs": [CELLS[:2]]}, "inputs"),
    ({"inputs": 3}, "inputs"),
    ({"instances": [GOOD], "inputs": [GOOD]}, "instances"),
    ({"rows": [GOOD]}, "body"),
    ({}, "body"),
    ([GOOD], "body"),
    (b"", "body"),
    (b"  \n", "body"),
    (b"{", "body"),
    (b"\xff\xfe", "body"),
    (b"[" * 100_000, "body"),
    (b'{"inputs":' + b"[" * 900 + b"]" * 900 + b"}", "inputs"),
    (b'{"dataframe_records":[{"tenure":NaN,"charges":1,"plan":"plus","since":null}]}', "body"),
    (b'{"dataframe_records":[{"tenure":-Infinity,"charges":1,"plan":"plus","since":null}]}', "body"),
    (b'{"dataframe_records":[{"tenure":1e999,"charges":1,"plan":"plus","since":null}]}', "body"),
    (b'{"dataframe_records":[{"tenure":1,"tenure":2,"charges":1,"plan":"plus","since":null}]}', "tenure"),
    (b'{"dataframe_records":[{"tenure":1,"charges":1,"plan":"a:b","plan":"\\u003a","since":null}]}', "plan"),
    (b'{"inputs":[],"inputs":[]}', "inputs"),
    (b'{"a":{"b":{"c":1}},"inputs":' + b"[" * 300 + b"]" * 300 + b"}", "body"),
    (b'{"a":"\\u003a","inputs":' + b"[" * 900 + b"]" * 900 + b"}", "inputs"),
    (b'{"inputs":' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"}", "body"),
    ({"inputs": [{**GOOD, "x" * 5_000_000: 1}]}, "x" * 5_000_000),
    ({"inputs": [{**GOOD, "plan": "x" * 5_000_000, "tenure": "x"}]}, "tenure"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_wrong_input_is_refused_and_the_field_named(body: Any, field: str, engine: Engine) -> None:
    error = refused(engine, body)
    assert error.field == field
    assert "\n" not in error.message


@pytest.mark.parametrize(
    "content_type", [None, "", "text/html", "application/json; charset=latin-1", "application/xml"]
)
def test_other_content_types_are_refused(content_type: str | None, engine: Engine) -> None:
    error = refused(engine, {"inputs": [GOOD]}, content_type)
    assert (error.status, error.field) == (415, "content-type")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("tenure,charges,plan,since\n5,70,plus\n", "csv"),
        ("tenure,charges,plan,since\n", "csv"),
        ("tenure,charges,plan\n5,70,plus\n", "since"),
        ("tenure,charges,plan,since\nfive,70,plus,2020-01-01\n", "tenure"),
        ("tenure,tenure,plan,since\n5,70,plus,2020-01-01\n", "tenure"),
        ('tenure,charges,plan,since\n5,70,"plus,2020-01-01\n', "body"),
    ],
)
def test_wrong_csv_is_refused(body: str, field: str, engine: Engine) -> None:
    assert refused(engine, body.encode(), "text/csv").field == field


def test_other_keys_beside_the_form_are_let_be(engine: Engine) -> None:
    """As MLflow does: `params`, an id, and texts full of colons."""
    body = {"inputs": [{**GOOD, "plan": "a:b::c"}], "params": {"a": {"b": 1}}, "id": "x:y", "more": [[{"a": 1}]]}
    columns = engine.schema.parse(json.dumps(body).encode(), JSON)
    assert columns.texts == (["a:b::c"],)


WRITTEN = {"thousands": ",", "decimal": ".", "parentheses": True, "units": ("$", "%")}
FIELDS = {
    "sum": Field("sum", "number", marks=("", "n/a"), number_format=WRITTEN),
    "comma": Field("comma", "number", number_format={**WRITTEN, "thousands": ".", "decimal": ","}),
    "paid": Field("paid", "boolean", true_tokens=("yes",), false_tokens=("no",), marks=("?",)),
    "day": Field("day", "date", date_format="%d.%m.%Y"),
    "at": Field("at", "date", date_format="epoch-s"),
    "count": Field("count", "number", integers=True),
    "code": Field("code", "string", takes_numbers=True, gone=("none",), marks=("n/a",), suffix="."),
}


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("sum", "$1,234.50", 1234.5),
        ("sum", " (12) ", -12.0),
        ("sum", "40%", 40.0),
        ("sum", 7, 7.0),
        ("sum", "N/A", math.nan),
        ("sum", "twelve", None),
        ("sum", "1_000", None),
        ("sum", "Infinity", None),
        ("comma", "1.234,5", 1234.5),
        ("paid", "Yes", 1.0),
        ("paid", True, 1.0),
        ("paid", 0, 0.0),
        ("paid", "?", math.nan),
        ("paid", 2, None),
        ("paid", "perhaps", None),
        ("day", "02.01.1970", 1.0),
        ("day", "1970-01-02", None),
        ("at", 86400, 1.0),
        ("at", "86400", 1.0),
        ("at", "noon", None),
        ("count", 3.0, 3.0),
        ("count", 3.5, None),
        ("code", 3.0, "3"),
        ("code", "a.", "a"),
        ("code", "none", "(missing)"),
        ("code", None, "(missing)"),
        ("code", [], None),
    ],
)
def test_cells_are_read_as_the_column_was_in_training(name: str, cell: Any, expected: Any) -> None:
    """None: refused. What is expected is what ColumnSpec says of each kind of column."""
    schema = Schema([FIELDS[name]])
    if expected is None:
        with pytest.raises(Unfit) as caught:
            schema.read({name: [cell]})
        assert caught.value.field == name
    elif isinstance(expected, str):
        assert list(schema.read({name: [cell]}).texts[0]) == [expected]
    else:
        np.testing.assert_array_equal(schema.read({name: [cell]}).numbers, [[expected]])


def test_columns_that_are_ignored_or_optional() -> None:
    schema = Schema([Field("a", "number"), Field("b", "number", required=False)], ignored=["customer"])
    np.testing.assert_array_equal(schema.read({"customer": ["x"], "a": [1]}).numbers, [[1, np.nan]])
    np.testing.assert_array_equal(schema.read({"b": [2], "a": [1]}).numbers, [[1, 2]])


def test_a_category_that_the_model_refuses_names_its_column(tmp_path: Path, opened: Open) -> None:
    fitted = pipeline()
    strict = make_column_transformer((SimpleImputer(), ["tenure", "charges", "since"]), (OneHotEncoder(), ["plan"]))
    data = frame(200)
    matrix = fitted.matrix(data)
    estimator = make_pipeline(strict, LogisticRegression(max_iter=5000)).fit(matrix, data["churned"] == "Yes")
    save_model(tmp_path / "m", dataclasses.replace(fitted, estimator=estimator), input_example=data, training={})
    engine = opened(tmp_path / "m")
    assert engine.name == "arrays"
    error = refused(engine, {"inputs": [GOOD, {**GOOD, "plan": "diamond"}]})
    assert (error.field, "row 1" in error.message, "diamond" in error.message) == ("plan", True, True)


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("1970-01-02", 1.0),
        ("1970-01-02T12:00:00", 1.5),
        ("1970-01-02 12:00", 1.5),
        ("1970-01-02T12:00:00Z", 1.5),
        ("1970-01-02T12:00:00+06:00", 1.25),
        (" 1970-01-02 ", 1.0),
        ("9999-12-31", math.nan),
        ("", math.nan),
        ("n/a", math.nan),
        (None, math.nan),
        (3.5, 3.5),
    ],
)
def test_dates_are_days_since_1970(cell: Any, days: float, engine: Engine) -> None:
    columns = engine.schema.parse(json.dumps({"inputs": [{**GOOD, "since": cell}]}).encode(), JSON)
    np.testing.assert_array_equal(columns.numbers[0, 2], days)


FORMS = ["dataframe_split", "dataframe_records", "inputs", "instances"]
CELL = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=12)
NAME = st.sampled_from(NAMES) | st.text(max_size=4)
LEAF = CELL | st.sampled_from([*NAMES, "2020-01-01", "plus"])
NESTED: st.SearchStrategy[Any] = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=5), max_leaves=20
)
RECORD = st.fixed_dictionaries({name: NESTED | st.just(GOOD[name]) for name in NAMES})
DATA = st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=4) | NESTED
TABLE = st.fixed_dictionaries({"columns": st.permutations(NAMES) | NESTED, "data": DATA})
HELD = NESTED | st.lists(RECORD, max_size=3) | TABLE
BODY: st.SearchStrategy[Any] = st.dictionaries(st.sampled_from(FORMS), HELD, min_size=1, max_size=2) | NESTED


def answered(engine: Engine, body: bytes, content_type: str = JSON) -> Answer | Unfit:
    try:
        return engine.answer(engine.schema.parse(body, content_type))
    except Unfit as error:
        return error


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(body=BODY, cut=st.integers(0, 400), broken=st.booleans(), content_type=st.sampled_from([JSON, JSON, "text/csv"]))
def test_nothing_a_client_sends_is_the_servers_fault(
    body: Any, cut: int, broken: bool, content_type: str, engine: Engine
) -> None:
    written = json.dumps(body).encode()
    told = answered(engine, written[:cut] if broken else written, content_type)
    if isinstance(told, Unfit):
        assert 400 <= told.status < 500
        assert told.field is not None
    else:
        assert len(told.labels) == len(told.scores) > 0
        assert np.isfinite(told.scores).all()


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(RECORD, min_size=1, max_size=3), form=st.sampled_from(FORMS[1:]))
def test_a_boosted_model_neither(rows: list[dict[str, Any]], form: str, saved: Save, opened: Open) -> None:
    kept = [{name: row[name] for name in ("tenure", "charges")} for row in rows]
    told = answered(opened(saved("boosted")[0]), json.dumps({form: kept}).encode())
    if isinstance(told, Unfit):
        assert told.field in {"tenure", "charges", "body"}
    else:
        assert np.isfinite(told.scores).all()
