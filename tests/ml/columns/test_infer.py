"""What columns are, on public data and on the traps that data sets hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from axagents.ml.columns import ColumnSpec, infer_column, infer_columns


def spec_of(values: list[object], name: str = "x", **known: bool) -> ColumnSpec:
    return infer_column(pd.Series(values, name=name), **known)


def read_as_text(path: Path, **options: object) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, **options)
    return frame.set_axis([str(name) for name in frame.columns], axis=1)


def kinds(columns: tuple[ColumnSpec, ...]) -> dict[str, str]:
    return {column.name: column.kind for column in columns}


def test_telco(data_dir: Path) -> None:
    columns = infer_columns(read_as_text(data_dir / "telco/Telco-Customer-Churn.csv"), target="Churn")
    found = kinds(columns)
    # IBM's description of the data set: 16 yes/no or category columns, three numbers, one key.
    assert found["customerID"] == "identifier"
    assert [name for name, kind in found.items() if kind == "numeric"] == ["tenure", "MonthlyCharges", "TotalCharges"]
    assert [name for name, kind in found.items() if kind == "boolean"] == [
        "SeniorCitizen",
        "Partner",
        "Dependents",
        "PhoneService",
        "PaperlessBilling",
        "Churn",
    ]
    total = next(column for column in columns if column.name == "TotalCharges")
    # 11 customers of tenure 0 have a blank there (a count with grep: `,[ ],(Yes|No)$`).
    assert (total.dtype, total.missing, total.rows) == ("number", 11, 7043)


def test_adult_has_marks_leading_spaces_and_dotted_labels(data_dir: Path) -> None:
    columns = infer_columns(read_as_text(data_dir / "adult/adult-test.csv", header=None))
    # adult.names: six continuous columns, eight nominal ones, and the label.
    assert [column.name for column in columns if column.kind == "numeric"] == ["0", "2", "4", "10", "11", "12"]
    assert columns[1].missing_tokens == ("?",)
    assert columns[14].suffix == "."


def test_cdnow_has_padded_identifiers_and_compact_dates(data_dir: Path) -> None:
    columns = infer_columns(read_as_text(data_dir / "cdnow/CDNOW_master.txt", sep=r"\s+"))
    assert kinds(columns) == {
        "customer_id": "identifier",
        "date": "date",
        "number_of_cds": "numeric",
        "dollar_value": "numeric",
    }
    # data/README.md: 23,570 customers.
    assert columns[0].distinct == 23_570
    assert columns[1].date_format == "%Y%m%d"


@pytest.mark.parametrize(
    ("values", "name", "kind", "dtype"),
    [
        (["Yes", "No", "yes", ""], "member", "boolean", "boolean"),
        (["t", "f"], "flag", "boolean", "boolean"),
        ([0, 1, 1], "flag", "boolean", "boolean"),
        ([1, 2, 2], "class", "numeric", "number"),
        ([0.0, 1.0, None], "flag", "boolean", "boolean"),
        (["yes", "no", "unknown"] * 5, "consent", "category", "string"),
        (["1,200.50", "3", "-15.25"], "amount", "numeric", "number"),
        (["1.200,50", "3", "15,25"], "amount", "numeric", "number"),
        (["$1,200.50", "$3.00"], "amount", "numeric", "number"),
        (["(12.5)", "3"], "amount", "numeric", "number"),
        (["10%", "20%", "-"], "share", "numeric", "number"),
        (["00123", "04567"], "code", "category", "string"),
        ([12345, 23456, 12345] * 10, "zip_code", "category", "string"),
        (["2026-01-31", "2026-02-01"], "day", "date", "date"),
        (["31/01/2026", "01/02/2026"], "day", "date", "date"),
        (["12/31/2025", "01/02/2026"], "day", "date", "date"),
        (["5 Jan 2026", "17 Feb 2026"], "day", "date", "date"),
        ([1_700_000_000, 1_700_003_600], "created_at", "date", "date"),
        ([1_700_000_000_000, 1_700_003_600_000], "ts", "date", "date"),
        ([1_700_000_000, 1_700_003_600], "amount", "numeric", "number"),
        ([20260131, 20260201], "date", "date", "date"),
        ([2**60 + 1, 2**60 + 3], "big", "identifier", "string"),
        (["a"] * 5, "x", "constant", "string"),
        ([None, None], "x", "empty", "string"),
        (["", " "], "x", "empty", "string"),
        (list(range(30)), "customer_id", "identifier", "string"),
        ([1, 2, 3] * 10, "store_id", "category", "string"),
        (list(range(2000)), "x", "identifier", "string"),
        (list(range(1950, 2010)), "year", "numeric", "number"),
        ([f"user{i}@example.org" for i in range(40)], "contact", "identifier", "string"),
        ([f"AB-{i:05d}" for i in range(40)], "ref", "identifier", "string"),
        ([f"it was the {i}th call about the bill" for i in range(40)], "note", "text", "string"),
        ([f"Ann B{'c' * i}" for i in range(40)], "name", "text", "string"),
        (["red", "blue", "green"] * 10, "colour", "category", "string"),
        ([f"{i:08x}-e89b-12d3-a456-426614174000" for i in (1, 1, 2)], "k", "identifier", "string"),
    ],
)
def test_kinds(values: list[object], name: str, kind: str, dtype: str) -> None:
    spec = spec_of(values, name)
    assert (spec.kind, spec.dtype) == (kind, dtype)


def test_na_is_namibia_among_country_codes() -> None:
    spec = spec_of(["NA", "DE", "FR", "US", "PL", "SE", "IT"] * 3, "country")
    assert (spec.missing, spec.kept_tokens) == (0, ("NA",))
    assert spec_of(["NA", "red", "blue"] * 3, "colour").missing == 3


def test_strays_among_numbers_are_told() -> None:
    spec = spec_of([*map(str, range(100)), "abc"], "x")
    assert (spec.kind, spec.missing, spec.missing_tokens) == ("numeric", 1, ("abc",))


def test_too_many_strays_make_a_text() -> None:
    assert spec_of([*map(str, range(50)), *["abc"] * 10], "x").dtype == "string"


def test_ambiguous_dates_are_told() -> None:
    spec = spec_of(["01/02/2026", "03/04/2026"], "day")
    assert (spec.date_format, spec.because) == (
        "%d/%m/%Y",
        "dates written as %d/%m/%Y; %m/%d/%Y fits as well, day first was taken",
    )


def test_declared_roles_win() -> None:
    frame = pd.DataFrame({"who": [1, 1, 2], "when": [1_700_000_000] * 2 + [1_700_009_999], "id": [1, 2, 3]})
    columns = infer_columns(frame, entity="who", time="when", target="id")
    assert kinds(columns) == {"who": "identifier", "when": "date", "id": "numeric"}


def test_native_types_are_read_like_texts() -> None:
    frame = pd.DataFrame(
        {
            "b": [True, False, True],
            "n": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.Categorical(["a", "b", "a"]),
            "d": pd.to_datetime(["2026-01-01", None, "2026-02-01"]),
            "f": [1.5, np.inf, np.nan],
        }
    )
    columns = infer_columns(frame)
    assert [column.kind for column in columns] == ["boolean", "numeric", "category", "date", "constant"]
    assert [column.missing for column in columns] == [0, 1, 0, 1, 2]
    assert columns[1].whole
