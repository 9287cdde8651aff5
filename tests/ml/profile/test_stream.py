"""A table read in passes gives the figures of the same table in memory; what is estimated is marked."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from axagents.ml import table as tables
from axagents.ml.profile import hashes
from axagents.ml.profile.frame import profile_frame
from axagents.ml.profile.stream import profile_table
from axagents.ml.table import Table
from tests.ml.profile.subjects import subject_of

ROWS = 20_000


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    whole = pd.DataFrame(
        {
            "key_id": [f"k{i}" for i in range(ROWS - 50)] + [f"k{i}" for i in range(50)],
            "plan": rng.choice(["a", "b", "c"], ROWS, p=[0.6, 0.3, 0.1]),
            "spend": np.round(rng.gamma(2, 30, ROWS), 2).astype(str),
            "visits": rng.integers(-3, 50, ROWS).astype(str),
            "member": rng.choice(["Yes", "No", ""], ROWS),
            "seen": pd.date_range("2025-01-01", periods=ROWS, freq="min").astype(str),
            "churn": rng.choice(["Yes", "No"], ROWS),
        }
    )
    whole.loc[::100, "spend"] = ""
    whole.loc[3, "spend"] = "oops"
    return pd.concat([whole, whole.iloc[:30]], ignore_index=True)


@pytest.fixture
def table(frame: pd.DataFrame) -> Table:
    connection = duckdb.connect()
    connection.register("held", frame)
    names = ", ".join(f'"{name}" AS c{place}' for place, name in enumerate(frame.columns))
    connection.execute(f"CREATE TABLE data AS SELECT {names} FROM held")
    return Table(connection, "data", tuple(frame.columns), ("text",) * frame.shape[1])


def test_exact_figures_are_exact(frame: pd.DataFrame, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = subject_of(frame, "churn")
    whole = profile_frame(frame, subject)
    monkeypatch.setattr(tables, "EXACT_CELLS", 14_000)
    streamed = profile_table(table, subject, len(frame))
    assert (streamed.sampled_rows, whole.sampled_rows) == (5_000, None)
    assert "histogram" in streamed.estimated
    assert streamed.duplicates == whole.duplicates
    for one, other in zip(streamed.columns, whole.columns, strict=True):
        assert (one.missing, one.unreadable, one.top) == (other.missing, other.unreadable, other.top), one.name
        assert one.distinct == pytest.approx(other.distinct, rel=0.06)
        if one.numbers and other.numbers:
            for name in ("minimum", "maximum", "mean", "std", "zeros", "negatives"):
                assert getattr(one.numbers, name) == pytest.approx(getattr(other.numbers, name), rel=1e-9)
            assert one.numbers.quantiles.p50 == pytest.approx(other.numbers.quantiles.p50, rel=0.1)
        if one.dates and other.dates:
            assert (one.dates.first, one.dates.last) == (other.dates.first, other.dates.last)


def test_a_small_table_is_profiled_whole(frame: pd.DataFrame, table: Table) -> None:
    subject = subject_of(frame, "churn")
    assert profile_table(table, subject, len(frame)) == profile_frame(frame, subject)


def test_repeats_of_a_very_long_table_are_estimated(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "MAX_ROW_HASHES", 11_000)
    counted = hashes.count_hashes(
        table,
        rows=ROWS + 30,
        row_columns={"": ["c1"]},
        values={"spend": hashes.Value("c2"), "shared": hashes.Value("c2", 4)},
    )
    # Three plans: all rows but three repeat one.
    assert counted.row_share == 2
    (exact,) = table.query("SELECT count(DISTINCT c2) FROM data")
    assert counted.distinct["spend"] == exact[0]
    assert counted.distinct["shared"] == pytest.approx(exact[0], rel=0.1)


def test_a_value_outside_the_sample_is_no_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "EXACT_CELLS", 10_000)
    frame = pd.DataFrame({"flag": ["a"] * 20_000, "n": np.arange(20_000) % 900})
    subject = subject_of(frame)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE data AS SELECT 'a' AS c0, i % 900 AS c1 FROM range(19999) t(i)")
    connection.execute("INSERT INTO data VALUES ('b', 5)")
    profile = profile_table(Table(connection, "data", ("flag", "n"), ("text", "number")), subject, 20_000)
    assert (profile.column("flag").kind, profile.column("flag").distinct) == ("category", 2)
