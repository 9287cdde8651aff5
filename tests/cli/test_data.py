"""`ax data` as it is typed: its words, its JSON, its exit codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset, list_datasets
from axagents.stores.datasets.record import Declarations
from axagents.toolkit import tool_spec

TEXT = "id,plan,spend,churn\n" + "".join(
    f"c{i},{'ab'[i % 2]},{i % 7 * 1.5},{'Yes' if i % 3 else 'No'}\n" for i in range(90)
)

Run = Callable[..., Any]


@pytest.fixture
def customers(project: Project) -> Path:
    path = project.root / "customers.csv"
    path.write_text(TEXT)
    return path


def test_from_a_file_to_a_profile(project: Project, customers: Path, ax: Run) -> None:
    added = ax(
        "data", "add", "customer", "customers.csv", "--target", "churn", "--sensitive", "plan,", cwd=project.root
    )
    assert added.exit_code == 0, added.stderr
    assert added.stdout.splitlines()[0] == "added customer"
    assert added.stdout.splitlines()[-1] == "next: ax data profile customer"
    listed = ax("data", "list", "--format", "json", cwd=project.root).json()["datasets"]
    assert [(each["name"], each["rows"], each["target"], each["sensitive"]) for each in listed] == [
        ("customer", 90, "churn", ["plan"])
    ]
    page = project.root / "page.html"
    done = ax("data", "profile", "customer", "--html", str(page), "--format", "json", cwd=project.root)
    profile = done.json()
    assert (profile["rows"], profile["page"]) == (90, str(page))
    # 90 rows, every third from 0 is No.
    assert profile["target_facts"]["counts"] == [30, 60]
    assert profile["columns"][1]["withheld"] == "declared sensitive"
    assert page.read_text().startswith("<!doctype html>")
    assert list(project.root.glob("tmp*")) == []


def test_show_tells_that_a_file_changed(project: Project, customers: Path, ax: Run) -> None:
    add_dataset(project, "customer", "customers.csv", declared=Declarations(target="churn"))
    customers.write_text(TEXT + "c90,a,1.0,Yes\n")
    shown = ax("data", "show", "customer", cwd=project.root)
    assert shown.exit_code == 0
    assert "state: the file changed since it was added" in shown.stdout
    assert "next: ax data add customer customers.csv --target churn" in shown.stdout
    refused = ax("data", "profile", "customer", cwd=project.root)
    assert refused.exit_code == 2
    assert "next: ax data add customer customers.csv --target churn" in refused.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("add", "...", "customers.csv"), "name: is still the placeholder"),
        (("add", "x", "customers.csv", "--label-window", "soon"), "'soon' is no span of time; write 90d, 12w or 48h"),
        (("profile", "custmers"), "no dataset called 'custmers'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(
    project: Project, customers: Path, ax: Run, words: tuple[str, ...], line: str
) -> None:
    done = ax("data", *words, cwd=project.root)
    assert done.exit_code == 2
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert list_datasets(project) == ()


def test_an_agents_shell_names_datasets_of_the_catalog_only(project: Project, customers: Path, ax: Run) -> None:
    done = ax("data", "profile", "customers.csv", cwd=project.root, env={"AX_ACTOR": "agent"})
    assert done.exit_code == 2
    assert "is a path; here a dataset is named by the catalog" in done.stderr
    assert ax("data", "profile", "customers.csv", cwd=project.root).exit_code == 0


def test_outside_a_project_reading_asks_for_one(tmp_path: Path, ax: Run) -> None:
    done = ax("data", "list", cwd=tmp_path)
    assert done.exit_code == 2
    assert "ax init" in done.stderr


def test_the_tool_gives_figures_and_no_rows(project: Project, customers: Path) -> None:
    from axagents.content.tools import data_profile

    add_dataset(project, "customer", "customers.csv", declared=Declarations(target="churn", sensitive=("plan",)))
    spec = tool_spec(data_profile.profile)
    profile = spec.function(spec.request.model_validate({"dataset": "customer"}))
    assert spec.name == "data-profile"
    assert profile.model_dump()["rows"] == 90
    assert "c42" not in profile.model_dump_json()
