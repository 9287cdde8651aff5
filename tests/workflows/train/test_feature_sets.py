"""From a feature set to a trained, registered model, and back to the row it reads for one entity."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents.errors import Failed, NotFound, UserError
from axagents.ml.features.operations import OPERATIONS
from axagents.project import Project, create_project, use_project
from axagents.stores.datasets.catalog import add_dataset, find_dataset
from axagents.stores.datasets.record import Declarations
from axagents.stores.features.online import open_model_rows
from axagents.stores.features.store import TABLE, find_set, version_path
from axagents.stores.models.card import read_card
from axagents.stores.models.load import load_model
from axagents.stores.registry.resolution import resolve
from axagents.workflows.engine import run_workflow
from tests.workflows.conftest import add_to

CUTOFF = datetime(2025, 7, 1, tzinfo=UTC)
QUICK: dict[str, Any] = {"trials": 1, "repeats": 1, "folds": 2, "model": "linear"}
# Whose value no order of adding changes, as long as the amounts are few and whole quarters.
EXACT = [name for name, each in OPERATIONS.items() if each.kind in ("aggregation", "temporal")]
ROUNDED = ("std", "cv", "trend")


def features() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for function in EXACT:
        reads, window = OPERATIONS[function].reads, "60d" if OPERATIONS[function].needs_window else None
        column = "amount" if reads in ("a number", "a column") else None
        made.append({"name": f"f_{function}", "function": function, "column": column, "window": window})
    made.append({"name": "last_shop", "function": "last", "column": "shop", "dtype": "string"})
    made += [
        {"name": name, "function": name, "of": ["f_sum", "f_count"]}
        for name in ("ratio", "difference", "product", "total")
    ]
    return made


def draw_events(*, step: float) -> pd.DataFrame:
    """Events of 120 customers, numbered, half of whom stop before the cutoff; amounts are whole steps."""
    rng = np.random.default_rng(7)
    rows: list[tuple[int, datetime, float | None, str]] = []
    for number in range(120):
        for days in rng.uniform(-200, -1, int(rng.poisson(9)) + 1):
            amount = None if rng.random() < 0.1 else float(rng.integers(-20, 400)) * step
            rows.append((number, CUTOFF + timedelta(days=float(days)), amount, str(rng.choice(["web", "shop"]))))
        if number % 2:
            rows.append((number, CUTOFF + timedelta(days=float(rng.uniform(1, 59))), step, "web"))
    return pd.DataFrame(rows, columns=["who", "at", "amount", "shop"]).sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Project:
    """A project with two versions of a feature set, and a registered model that was trained on the older."""
    made = create_project(tmp_path_factory.mktemp("sets") / "project")
    shutil.copy(mlflow_database, made.mlflow_path)
    draw_events(step=0.25).to_parquet(made.root / "buys.parquet")
    declared = Declarations(entity="who", time="at", target="left", cutoff="2025-07-01", label_window="60d")
    add_dataset(made, "buys", str(made.root / "buys.parquet"), declared=declared)
    with use_project(made):
        run_workflow(made, "ml-feature-engineering", {"dataset": "buys", "target": "left", "features": features()})
        more = [*features(), {"name": "n_30d", "function": "count", "window": "30d"}]
        run_workflow(made, "ml-feature-engineering", {"dataset": "buys", "target": "left", "features": more})
        done = run_workflow(made, "ml-train", {"dataset": "buys-left:1.0.0", **QUICK})
        assert done.result["feature_set"] == "buys-left:1.0.0"
        request = {"model_path": done.result["model_path"], "model_name": "leaving", "version": "1.0.0"}
        run_workflow(made, "ml-model-registry", request)
    return made


def table(project: Project, version: str = "1.0.0") -> pd.DataFrame:
    return pd.read_parquet(version_path(project, "buys-left", version) / TABLE)


def test_a_version_knows_its_feature_set(trained: Project) -> None:
    version = resolve(trained, "leaving:1.0.0").version
    sha256 = find_set(trained, "buys-left:1.0.0").spec_sha256
    told = {"name": "buys-left", "version": "1.0.0", "sha256": sha256}
    assert version.metadata["lineage"]["feature_set"] == told
    assert version.metadata["lineage"]["dataset"] == "buys-left:1.0.0"
    card = read_card(trained.root / version.metadata["artifact"]["path"])
    assert card is not None
    assert card.features is not None
    assert card.features.model_dump() == told


def test_the_row_of_an_entity_is_the_training_row_bit_for_bit(trained: Project) -> None:
    version = resolve(trained, "leaving").version
    model = load_model(trained.root / version.metadata["artifact"]["path"])
    rows, names = table(trained), [spec.name for spec in model.columns]
    assert {"f_sum", "f_mean", "f_median", "f_recency", "f_last", "last_shop", "ratio"} <= set(names)
    with open_model_rows(trained, version) as online:
        for place in range(0, len(rows), 3):
            row = online.row(str(rows["who"].iloc[place]), at=CUTOFF)
            kept = rows.iloc[[place]][names].reset_index(drop=True)
            assert list(row.columns) == names
            assert row.dtypes.equals(kept.dtypes)
            exact = [name for name in names if not name.endswith(ROUNDED)]
            pd.testing.assert_frame_equal(row[exact], kept[exact], check_exact=True)
            pd.testing.assert_frame_equal(row, kept, rtol=1e-12, atol=1e-15)
            assert model.predict(row).tolist() == model.predict(kept).tolist()
            assert model.scores(row) == pytest.approx(model.scores(kept), rel=1e-12)


def test_later_moments_see_later_events_and_now_is_the_default(trained: Project) -> None:
    with open_model_rows(trained, resolve(trained, "leaving").version) as online:
        before, after = (online.row("1", at=CUTOFF + timedelta(days=days)) for days in (0, 60))
        now = online.row("1")
        unknown = online.row("4711", at=CUTOFF)
    assert after["f_count"].item() == before["f_count"].item() + 1
    assert now["f_count"].item() == after["f_count"].item()
    assert now["f_recency"].item() > after["f_recency"].item()
    assert unknown["f_count"].item() == 0
    with (
        pytest.raises(UserError, match="a whole number, not 'x'"),
        open_model_rows(trained, resolve(trained, "leaving").version) as online,
    ):
        online.row("x")


def test_the_set_by_its_name_is_its_newest_version(trained: Project) -> None:
    newest, older = find_dataset(trained, "buys-left"), find_dataset(trained, "buys-left:1.0.0")
    assert newest.location.endswith("buys-left/1.1.0/table.parquet")
    assert older.location.endswith("buys-left/1.0.0/table.parquet")
    assert find_dataset(trained, "buys-left/v1.0.0").location == older.location
    assert (older.target, older.entity, older.cutoff) == (newest.target, newest.entity, newest.cutoff)
    with use_project(trained), pytest.raises(NotFound, match=r"no version of buys-left.* '1.2.0'"):
        run_workflow(trained, "ml-train", {"dataset": "buys-left:1.2.0"})


def test_a_model_of_other_data_has_no_rows_of_its_own(trained: Project, tmp_path: Path) -> None:
    add_to(trained, "plain", table(trained).drop(columns=["as_of"]), target="left", entity="who")
    with use_project(trained):
        done = run_workflow(trained, "ml-train", {"dataset": "plain", **QUICK})
        assert done.result["feature_set"] is None
        run_workflow(
            trained, "ml-model-registry", {"model_path": done.result["model_path"], "model_name": "plain-model"}
        )
    with (
        pytest.raises(UserError, match="was not trained on a feature set"),
        open_model_rows(trained, resolve(trained, "plain-model").version),
    ):
        pass


def test_a_table_changed_on_disk_is_not_trained_on(trained: Project) -> None:
    path = version_path(trained, "buys-left", "1.1.0") / TABLE
    kept = path.read_bytes()
    pd.read_parquet(path).assign(f_sum=0.0).to_parquet(path)
    try:
        with use_project(trained):
            with pytest.raises(UserError, match="changed since it was added"):
                run_workflow(trained, "ml-train", {"dataset": "buys-left", **QUICK})
            add_dataset(trained, "buys-left", str(path))
            with pytest.raises(Failed, match="a version never changes"):
                run_workflow(trained, "ml-train", {"dataset": "buys-left", "target": "left", **QUICK})
    finally:
        path.write_bytes(kept)
