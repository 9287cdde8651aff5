"""`ax outcomes import`: what it says of a file, and of what is wrong with one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from axagents.clock import stamp, utc_now
from axagents.project import Project
from axagents.stores.inference import SegmentWriter, hash_unit, predictions_log, unit_key
from tests.stores.inference.conftest import DEPLOYMENT, MODEL, a_record
from tests.stores.registry.entries import register

Ax = Callable[..., Any]


@pytest.fixture
def answered(tracked: Project) -> Project:
    register(tracked, MODEL, "2.0.0")
    writer = SegmentWriter(predictions_log(tracked, DEPLOYMENT).segments)
    made = int((utc_now() - timedelta(days=2)).timestamp() * 10**6)
    units = [hash_unit(unit_key(tracked), each) for each in "ab"]
    writer.append([a_record(time=made, request=each[:4], unit=each) for each in units])
    writer.close()
    return tracked


def test_a_file_is_imported_and_told(ax: Ax, answered: Project) -> None:
    now = stamp(utc_now())
    (answered.root / "churned.csv").write_text(f"customer,at,churned\na,{now},1\nz,{now},0\nb,{now},\n")
    command = ["outcomes", "import", "churned.csv", "--model", MODEL]
    columns = ["--unit", "customer", "--time", "at", "--outcome", "churned"]
    done = ax(*command, *columns)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "imported 2 outcomes of churn-classifier",
        "  1 join a prediction",
        "  1 name a request or unit that is not in the log",
        "1 rows without an outcome were left out",
    ]
    again = ax(*command, *columns, "--format", "json")
    assert again.json() == {
        "file": "churned.csv", "model": MODEL, "rows": 2, "open": 1, "repeated": 0,
        "known": 1, "early": 0, "unknown": 1, "same": 2, "replaced": 0,
    }  # fmt: skip
    wrong = ax(*command)
    assert wrong.exit_code == 2
    assert "no column 'outcome'" in wrong.stderr
    assert "--outcome COLUMN" in wrong.stderr
    unknown = ax("outcomes", "import", "churned.csv", "--model", "churn-clasifier")
    assert unknown.exit_code == 2
    assert "did you mean churn-classifier" in unknown.stderr
    missing = ax("outcomes", "import", "none.csv", "--model", MODEL)
    assert missing.exit_code == 2
    assert "there is no file none.csv" in missing.stderr
    refused = ax(*command, *columns, env={"AX_ACTOR": "agent"})
    assert refused.exit_code == 5
