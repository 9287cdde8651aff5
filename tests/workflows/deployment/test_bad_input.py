"""What is wrong with a request is told in a line before a run is opened, and nothing is touched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from axagents.errors import AxError, Waiting
from axagents.project import Project, open_project, use_project
from axagents.serving.local.wanted import WANTED, Server, Wanted
from axagents.serving.routing import ROUTINGS, SLOTS, Routing, Variant, read_routing
from axagents.serving.routing.state import Served
from axagents.stores.runs import Runs
from axagents.workflows.deployment.traffic import deal
from axagents.workflows.engine import run_workflow
from tests.workflows.deployment.conftest import MODEL, NAME

STABLE = Server(name="2.1.0", model=MODEL, version="2.1.0", sha256="a" * 64, folder=Path("/nowhere"), port=40001)
CANARY = STABLE.model_copy(update={"name": "2.2.0", "version": "2.2.0", "port": 40002})
BASELINE = STABLE.model_copy(update={"name": "baseline", "port": 40003})


def told(**request: Any) -> dict[str, Any]:
    return {"model_name": MODEL, **request}


@pytest.fixture(scope="module")
def root(versions_project: Path) -> Path:
    return versions_project


@pytest.fixture
def registered(root: Path) -> Iterator[Project]:
    """The versions, and nothing deployed."""
    project = open_project(root)
    with use_project(project):
        yield project


@pytest.fixture
def serving(registered: Project) -> Iterator[Project]:
    """2.1.0 on record with all the traffic, after 2.0.0."""
    folder = registered.deployments_path / NAME
    variant = Variant(
        name="2.1.0",
        role="stable",
        model=MODEL,
        version="2.1.0",
        sha256="a" * 64,
        address=STABLE.address,
        slots=(0, SLOTS),
    )
    served = tuple(Served(version=each, sha256="a" * 64) for each in ("2.1.0", "2.0.0"))
    WANTED.write_first(folder, Wanted(deployment=NAME, port=40000, servers=(STABLE, CANARY, BASELINE)))
    routing = Routing(deployment=NAME, salt="some salt", variants=(variant,), served=served)
    ROUTINGS.write_first(folder, routing)
    yield registered
    for each in (WANTED.file, ROUTINGS.file):
        (folder / each).unlink()


@pytest.fixture
def rolling(serving: Project) -> Project:
    """The same, with 2.2.0 as a canary."""
    folder = serving.deployments_path / NAME
    ROUTINGS.change(folder, seen=1, change=lambda old: deal(old, CANARY, BASELINE, percent=10, unit=None))
    return serving


def refused(project: Project, request: dict[str, Any]) -> AxError:
    before = len(Runs(project).newest())
    with pytest.raises(AxError) as raised:
        run_workflow(project, "mlops-deployment", request)
    assert len(Runs(project).newest()) == before
    assert "\n" not in raised.value.message
    return raised.value


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (told(model_name="churn-clasifier", version="2.1.0"), "did you mean churn-classifier"),
        (told(version="3.0.0"), "no version of churn-classifier called '3.0.0'"),
        (told(), "which version?"),
        ({"version": "2.1.0"}, "which model?"),
        (told(version="2.1.0", deployment_target="mars"), "mars"),
        (told(version="2.1.0", rollout_strategy="yolo"), "yolo"),
        (told(version="2.1.0", rollout_strategy="shadow"), "shadow is not supported by this version yet"),
        (told(version="2.1.0", rollout_strategy="canary"), "nothing of churn-classifier serves yet"),
        (told(version="2.1.0", soak="2h"), "a canary does not climb by itself"),
        (told(version="2.1.0", steps=[10, 50]), "a canary does not climb by itself"),
        (told(version="2.1.0", deployment="../up"), "cannot name one"),
        (told(version="2.1.0", traffic_percentage=50, rollout_strategy="direct"), "moves all the traffic at once"),
        (told(action="rollback"), "no deployed model called"),
        ({"action": "status"}, "nothing is deployed yet"),
        *((told(version="2.1.0", traffic_percentage=each), "above 0 and at most 100") for each in (0, 101, -5)),
        (told(version="2.1.0", traffic_percentage="half"), "traffic_percentage"),
    ],
)
def test_where_nothing_serves(registered: Project, request_: dict[str, Any], said: str) -> None:
    error = refused(registered, request_)
    assert said in error.message
    assert error.exit_code == 2


def test_kubernetes_is_refused_and_says_that_it_is_not_there_yet(registered: Project) -> None:
    error = refused(registered, told(version="2.1.0", deployment_target="kubernetes"))
    assert isinstance(error, Waiting)
    assert "kubernetes is not supported by this version yet" in error.message
    assert error.needs[0]["kind"] == "cluster"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (told(version="2.1.0", rollout_strategy="canary"), "2.1.0 serves already"),
        (told(version="2.2.0", rollout_strategy="canary", traffic_percentage=100), "less than all the traffic"),
        (told(version="2.2.0", deployment="another"), "is deployed as churn-classifier-prod"),
        (told(action="rollback", target_version="2.2.0"), "no version that churn-classifier-prod served"),
        (told(action="promote"), "no rollout runs"),
        (told(action="abort"), "no rollout runs"),
        (told(action="abort", traffic_percentage=5), "goes with a canary or with promote"),
        (told(action="status", version="2.1.0"), "goes with a new deployment"),
        ({"action": "status", "deployment": "churn-prod"}, "no deployment called"),
    ],
)
def test_where_a_version_serves(serving: Project, request_: dict[str, Any], said: str) -> None:
    assert said in refused(serving, request_).message
    assert read_routing(serving.deployments_path / NAME).revision == 1


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (told(version="2.0.0"), "a rollout of churn-classifier 2.2.0 runs"),
        (told(action="promote", traffic_percentage=5), "has 10 % already"),
        (told(action="promote", version="2.0.0"), "brings 2.2.0, not 2.0.0"),
        (told(action="rollback", target_version="2.0.0"), "abort it before"),
    ],
)
def test_while_a_rollout_runs(rolling: Project, request_: dict[str, Any], said: str) -> None:
    assert said in refused(rolling, request_).message
    assert read_routing(rolling.deployments_path / NAME).revision == 2


def test_status_changes_nothing(rolling: Project) -> None:
    done = run_workflow(rolling, "mlops-deployment", {"action": "status"})
    assert (done.verdict, done.result["revision"]) == ("ROLLING", 2)
    assert {each["role"]: each["percent"] for each in done.result["shares"]} == {
        "canary": 10,
        "stable": 80,
        "baseline": 10,
    }
