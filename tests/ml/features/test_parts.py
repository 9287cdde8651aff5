"""Many rows computed part by part: the same values, in the same order, as all at once."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from axagents.ml.features import parts
from axagents.ml.features.compiling import compile_features
from axagents.ml.features.computing import compute_frame, lay_out_spine
from tests.ml.features.test_computing import SPEC, TEXTS, draw_events, draw_spine

COLUMNS = "entity, CAST(t AS BIGINT) AS t, CAST(known AS BIGINT) AS known, kind AS v0, x AS v1"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    rng = np.random.default_rng(4)
    spine = draw_spine(rng).sample(frac=1, random_state=1).assign(row=range(14))
    made = duckdb.connect()
    made.register("given", draw_events(rng, 200, entities=9))
    made.execute(f"CREATE TEMP VIEW events AS SELECT {COLUMNS} FROM given")
    lay_out_spine(made, SPEC, spine, entity="string")
    return made


def compute(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return compute_frame(connection, SPEC, texts=TEXTS, entity="string")


@pytest.mark.parametrize("most", [1, 100, 10**6])
def test_parts_give_what_the_whole_gives(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    whole = compute(connection)
    monkeypatch.setattr(parts, "CELLS_OF_A_PART", most)
    query = compile_features(SPEC, texts=TEXTS, entity="string", dialect="duckdb")
    cells = 40 if most == 1 else 14 * len(SPEC.names)
    parts.write_rows(
        connection, f'SELECT *, "row" AS place FROM ({query})', tmp_path / "x.parquet", cells=cells, order="place"
    )
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x.parquet"), whole)
    assert [each.name for each in tmp_path.iterdir()] == ["x.parquet"]


def test_own_events_are_all_that_a_spine_needs(connection: duckdb.DuckDBPyConnection) -> None:
    before = compute(connection)
    parts.keep_own_events(connection)
    pd.testing.assert_frame_equal(compute(connection), before)
    (kept,) = connection.sql("SELECT count(DISTINCT entity) FROM events").fetchall()
    assert kept == (7,)  # of the nine; e7 and e8 are in no row
