"""Values come out of a frame and out of DuckDB alike, and parsing twice changes nothing."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from axagents.errors import UserError
from axagents.ml.columns import infer_columns, prepare_frame
from axagents.ml.table import Table, count_rows, fetch_prepared, fetch_raw, sample_size

HARD = {
    "number": ["1", " 2.5 ", "", "-3e2", "abc", "inf", None] + [str(i) for i in range(60)],
    "money": ["$1,200.50", "$3.00", " ", "($7)", None, "n/a", "$1"] + ["$2"] * 60,
    "comma": ["1.234,5", "2,25", "7", "-", None, "1", "2"] + ["3,5"] * 60,
    "flag": ["Yes", "no", " YES", "?", None, "No", ""] + ["yes"] * 60,
    "day": ["2026-01-31", "2026-02-01T10:00:00+02:00", "2026-02-01 10:00", "9999-12-31", None, "", "2026-1-5"]
    + ["2026-03-01"] * 60,
    "dmy": ["31/01/2026", "1/2/2026", "", None, "NULL", "05/06/2026", "07/08/2026"] + ["01/01/2026"] * 60,
    "epoch_time": ["1700000000", "1700003600", "", None, "1700000001", "1700000002", "1700000003"]
    + ["1700000000"] * 60,
    "label": ["<=50K.", ">50K.", " <=50K. ", "?", None, ">50K.", ""] + ["<=50K."] * 60,
    "code": ["001", "002", " 001", "NA", None, "nan", "001"] + ["003"] * 60,
}


@pytest.fixture
def table() -> Table:
    connection = duckdb.connect()
    connection.register("held", pd.DataFrame(HARD, dtype=object))
    names = ", ".join(f'"{name}" AS c{place}' for place, name in enumerate(HARD))
    connection.execute(f"CREATE TABLE data AS SELECT {names} FROM held")
    return Table(connection, "data", tuple(HARD), ("text",) * len(HARD))


def test_duckdb_reads_what_pandas_reads(table: Table) -> None:
    raw = fetch_raw(table)
    columns = infer_columns(raw)
    assert [column.dtype for column in columns] == [
        "number", "number", "number", "boolean", "date", "date", "date", "string", "string",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(fetch_prepared(table, columns), prepare_frame(raw, columns))


def test_values_are_what_they_say(table: Table) -> None:
    raw = fetch_raw(table)
    parsed = prepare_frame(raw, infer_columns(raw))
    assert parsed["money"][:4].tolist()[:2] == [1200.5, 3.0]
    assert parsed["money"][3] == -7
    assert parsed["comma"][:3].tolist() == [1234.5, 2.25, 7.0]
    assert parsed["flag"][:3].tolist() == [1.0, 0.0, 1.0]
    assert parsed["day"][1] == pd.Timestamp("2026-02-01 08:00")
    assert parsed["day"].isna().tolist()[3:6] == [True, True, True]
    assert parsed["dmy"][0] == pd.Timestamp("2026-01-31")
    # `date -u -d @1700000000`
    assert parsed["epoch_time"][0] == pd.Timestamp("2023-11-14 22:13:20")
    assert parsed["label"][:4].tolist() == ["<=50K", ">50K", "<=50K", None]
    assert parsed["code"][:6].tolist() == ["001", "002", "001", None, None, None]


def test_parsing_twice_changes_nothing(table: Table) -> None:
    raw = fetch_raw(table)
    columns = infer_columns(raw)
    once = prepare_frame(raw, columns)
    pd.testing.assert_frame_equal(prepare_frame(once, columns), once)


def test_serving_may_send_other_types() -> None:
    columns = infer_columns(pd.DataFrame({"flag": ["Yes", "No"] * 20, "n": ["1", "2"] * 20, "code": ["5", "7x"] * 20}))
    sent = pd.DataFrame({"code": [5, 7.0, None], "n": [1, "2", "junk"], "flag": [True, 0, "maybe"]}, dtype=object)
    parsed = prepare_frame(sent, columns)
    assert parsed["flag"].fillna(-1).tolist() == [1.0, 0.0, -1.0]
    assert parsed["n"].fillna(-1).tolist() == [1.0, 2.0, -1.0]
    assert parsed["code"].tolist() == ["5", "7", None]


def test_a_missing_column_is_named() -> None:
    columns = infer_columns(pd.DataFrame({"a": [1, 2], "b": [1, 2]}))
    with pytest.raises(UserError, match="column 'b' is not in the data"):
        prepare_frame(pd.DataFrame({"a": [1]}), columns)


def test_public_data_reads_alike(data_dir: Path) -> None:
    frame = pd.read_csv(data_dir / "telco/Telco-Customer-Churn.csv", dtype=str, keep_default_na=False)
    connection = duckdb.connect()
    connection.register("held", frame)
    names = ", ".join(f'"{name}" AS c{place}' for place, name in enumerate(frame.columns))
    connection.execute(f"CREATE TABLE data AS SELECT {names} FROM held")
    table = Table(connection, "data", tuple(frame.columns), ("text",) * frame.shape[1])
    columns = infer_columns(frame)
    pd.testing.assert_frame_equal(fetch_prepared(table, columns), prepare_frame(frame, columns))
    # data/README.md: 7,043 x 21.
    assert (count_rows(table), sample_size(table, count_rows(table))) == (7043, None)


def test_a_long_table_is_sampled_the_same_way_each_time() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE data AS SELECT i AS c0, i % 7 AS c1 FROM range(50000) t(i)")
    table = Table(connection, "data", ("a", "b"), ("number", "number"))
    once, again = fetch_raw(table, sample=1000), fetch_raw(table, sample=1000)
    assert len(once) == 1000
    assert sample_size(table, 10_000_000) == 100_000
    pd.testing.assert_frame_equal(once, again)
