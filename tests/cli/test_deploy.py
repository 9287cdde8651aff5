"""`ax deploy` by the real command on real processes: who serves, back, stopped, and what was said meanwhile."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.workflows.deployment.conftest import MODEL, NAME, ROWS
from tests.workflows.deployment.conftest import versions_project as versions_project
from tests.workflows.deployment.conftest import versions_root as versions_root

Ax = Callable[..., Any]


def test_where_nothing_is_deployed(ax: Ax, versions_root: Path) -> None:
    assert ax("deploy", "list").stdout.startswith("nothing is deployed yet\n")
    for command in ("status", "promote", "abort", "rollback", "stop", "logs"):
        done = ax("deploy", command)
        assert done.exit_code == 2
        assert "nothing is deployed yet" in done.stderr.splitlines()[0]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_version_is_deployed_replaced_brought_back_and_stopped(ax: Ax, versions_root: Path) -> None:
    def deploy(version: str) -> Any:
        request = json.dumps({"model_name": MODEL, "version": version, "rollout_strategy": "direct"})
        return ax("run", "mlops-deployment", "--input", request)

    def serving() -> str:
        url = ax("deploy", "status", "--format", "json").json()["url"]
        answer = httpx2.post(f"{url}/invocations", json={"dataframe_records": ROWS}, timeout=60)
        return answer.headers["x-ax-version"]

    first = deploy("2.0.0")
    assert (first.exit_code, first.stdout.splitlines()[0]) == (0, f"{MODEL} 2.0.0 has all the traffic of {NAME}.")
    assert "ax serve --stop" in first.stderr
    assert deploy("2.1.0").exit_code == 0
    listed = ax("deploy", "list", "--format", "json").json()
    assert [each["serves"] for each in listed["deployments"]] == ["2.1.0 100 %"]

    back = ax("deploy", "rollback", NAME, "--to", "2.0.0", "--format", "json")
    assert (back.exit_code, back.json()["verdict"]) == (0, "ROLLED_BACK")
    assert serving() == f"{MODEL}:2.0.0"
    again = ax("deploy", "rollback", NAME, "--to", "2.0.0")
    assert (again.exit_code, "nothing was changed" in again.stdout) == (0, True)
    never = ax("deploy", "rollback", NAME, "--to", "2.2.0")
    assert (never.exit_code, "no version that churn-classifier-prod served" in never.stderr) == (2, True)

    status = ax("deploy", "status", NAME)
    assert {"2.0.0", "2.1.0", "gateway", "warm"} <= set(status.stdout.split())
    assert set(ax("deploy", "logs", "--format", "json").json()["logs"]) == {"2.0.0", "2.1.0", "gateway"}

    asked = ax("deploy", "stop", NAME, env={"AX_ACTOR": "agent"})
    assert (asked.exit_code, serving()) == (3, f"{MODEL}:2.0.0")
    assert ax("deploy", "stop", "--all").stdout == f"{NAME} is stopped\n"
    assert ax("deploy", "stop").stdout == f"{NAME} is stopped already\n"
    assert ax("deploy", "list", "--format", "json").json()["deployments"][0]["state"] == "stopped"

    assert deploy("2.0.0").exit_code == 0
    assert serving() == f"{MODEL}:2.0.0"
