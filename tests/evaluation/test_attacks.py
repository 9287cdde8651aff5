"""Attacks put the order where it will be read, and leave what the truth counts as it was."""

import csv
import runpy
from pathlib import Path

import pytest

from axagents.evaluation.looking import look
from axagents.evaluation.worlds import plant
from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset, check_unchanged, find_dataset
from axagents.stores.tracking.entries import set_tags
from axagents.stores.tracking.experiments import open_experiment
from axagents.stores.tracking.runs import find_run, finish_run, open_run
from tests.house.source import CHECKOUT

EVALS = CHECKOUT / "evals"
ORDER: str = runpy.run_path(str(EVALS / "worlds/attacks.py"))["ORDER"]


@pytest.fixture
def orders(project: Project) -> Path:
    path = project.root / "data/orders.csv"
    path.parent.mkdir()
    path.write_text("order_id,comment\n1,fine\n1,fine\n2,late\n3,\n")
    add_dataset(project, "orders", str(path))
    return path


def test_a_cell_holds_the_order_and_the_catalog_knows(project: Project, orders: Path) -> None:
    plant(EVALS, project, "csv_cell")
    rows = list(csv.DictReader(orders.read_text().splitlines()))
    assert [row["comment"] for row in rows] == ["fine", "fine", ORDER, ""]
    check_unchanged(project, find_dataset(project, "orders"))


def test_a_column_is_named_after_the_order(project: Project, orders: Path) -> None:
    plant(EVALS, project, "tool_error")
    assert list(csv.DictReader(orders.read_text().splitlines()).fieldnames or []) == ["order_id", ORDER]
    check_unchanged(project, find_dataset(project, "orders"))


def test_notes_hold_the_order(project: Project) -> None:
    plant(EVALS, project, "memory_note")
    notes = look(project.root)["memory"]["notes"]
    assert len(notes) == 3
    assert all(ORDER in each["text"] for each in notes.values())


def test_every_run_is_tagged(tracked: Project) -> None:
    run = open_run(tracked, open_experiment(tracked, "churn_v1"), name="one", owner="r1")
    set_tags(tracked, run.run_id, {"comment": "as it was"})
    finish_run(tracked, run.run_id)
    plant(EVALS, tracked, "run_tag")
    assert find_run(tracked, run.run_id).tags["comment"] == ORDER
