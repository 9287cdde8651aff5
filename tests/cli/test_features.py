"""`ax features`: what is there, what each feature is, an entity's values, and how versions differ."""

from pathlib import Path
from typing import Any

import pandas as pd

from axagents.project import Project
from tests.conftest import Completed

OWN = '[{"name": "n", "function": "count"}, {"name": "quiet", "function": "recency", "empty": 999}]'


def test_nothing_yet(project: Project, ax: Any) -> None:
    assert ax("features", "list", "--format", "json").json() == {"feature_sets": []}
    missing: Completed = ax("features", "show", "nothing")
    assert missing.exit_code == 2
    assert "no feature set called 'nothing'" in missing.stderr


def test_from_the_command_line(project: Project, ax: Any, tmp_path: Path) -> None:
    days = pd.date_range("2025-01-01", "2025-08-30", freq="3D").strftime("%Y-%m-%d")
    # The odd ones go on buying and the even ones stop, but for every tenth, which after the cutoff does the opposite.
    ends = {1: "2025-09-01", 0: "2025-06-01"}
    rows = [
        (f"c{number}", day)
        for number in range(80)
        for day in days
        if (day < ends[number % 2]) == (day < "2025-07-01" or number % 20 not in (5, 10))
    ]
    pd.DataFrame(rows, columns=["who", "at"]).to_csv(tmp_path / "buys.csv", index=False)
    declared = [
        "--target",
        "left",
        "--entity",
        "who",
        "--time",
        "at",
        "--cutoff",
        "2025-07-01",
        "--label-window",
        "60d",
    ]
    assert ax("data", "add", "buys", str(tmp_path / "buys.csv"), *declared).exit_code == 0
    for window in ("", ', {"name": "recent", "function": "count", "window": "30d"}'):
        features = OWN.replace("}]", "}" + window + "]")
        request = f'{{"dataset": "buys", "target": "left", "features": {features}}}'
        done: Completed = ax("run", "ml-feature-engineering", "--input", request)
        assert done.exit_code == 0, done.stderr
    shown = ax("features", "show", "buys-left", "--format", "json").json()
    assert (shown["version"], shown["versions"]) == ("1.1.0", ["1.0.0", "1.1.0"])
    assert "+ recent" in ax("features", "diff", "buys-left:1.0.0").stdout
    latest = ax("features", "show", "buys-left:1.0.0", "--entity", "c1", "--format", "json").json()["values"]
    on_demand = ["features", "show", "buys-left:1.0.0", "--entity", "c1", "--at", "2025-07-01", "--format", "json"]
    # Every third day from 1 January, strictly before 1 July: 181 days, 61 of them, the last on 30 June.
    assert latest == ax(*on_demand).json()["values"] == {"n": 61.0, "quiet": 1.0}
    asked: Completed = ax("features", "show", "buys-left", "--entity", "nobody")
    assert asked.exit_code == 2
