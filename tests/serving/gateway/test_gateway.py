"""The gateway, a process of its own, before servers that fail, die and come back."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import httpx2
import pytest

from axagents.serving.engine.bodies import MOST_BYTES
from axagents.serving.routing import Unit, routing_path
from tests.serving.gateway.conftest import Deployment, wait_for

BY_HEADER = Unit(kind="header", name="X-Unit")


def versions(deployment: Deployment, units: range) -> dict[int, str]:
    with httpx2.Client() as client:
        return {
            unit: client.post(f"{deployment.url}/invocations", json={}, headers={"x-unit": f"unit-{unit}"}).headers[
                "x-ax-version"
            ]
            for unit in units
        }


def test_units_stay_with_their_version_and_none_leaves_a_canary_that_grows(deployment: Deployment) -> None:
    deployment.begin(10, unit=BY_HEADER)
    first = versions(deployment, range(200))
    assert versions(deployment, range(200)) == first
    assert Counter(first.values())["churn:2.1.0"] in range(5, 40)
    assert deployment.shift(40) == 2
    second = versions(deployment, range(200))
    assert all(second[unit] == "churn:2.1.0" for unit, version in first.items() if version == "churn:2.1.0")
    assert Counter(second.values())["churn:2.1.0"] in range(50, 115)


def test_without_a_unit_requests_are_split_at_random_unless_one_is_required(deployment: Deployment) -> None:
    deployment.begin(50, unit=Unit(kind="column", name="id", required=True))
    answer = deployment.ask(dataframe_records=[{"id": 7, "x": 1}])
    assert answer.status_code == 200
    assert {deployment.ask(dataframe_records=[{"id": 7, "x": 1}]).headers["x-ax-version"] for _ in range(8)} == {
        answer.headers["x-ax-version"]
    }
    refused = deployment.ask(dataframe_records=[{"x": 1}])
    assert (refused.status_code, refused.json()["field"]) == (400, "id")
    assert "splits by the column 'id'" in refused.json()["message"]


def under_load(deployment: Deployment, work: Callable[[], None], *, clients: int = 4) -> Counter[int]:
    """Do some work while clients ask, half of them over connections that they keep; return the statuses."""
    statuses, done = Counter[int](), threading.Event()

    def keep_asking() -> None:
        with httpx2.Client(timeout=60) as client:
            while not done.is_set():
                statuses[client.post(f"{deployment.url}/invocations", json={}).status_code] += 1

    def ask_anew() -> None:
        while not done.is_set():
            statuses[deployment.ask().status_code] += 1

    asking = [threading.Thread(target=each) for each in [keep_asking, ask_anew] * (clients // 2)]
    for each in asking:
        each.start()
    try:
        time.sleep(0.3)
        work()
        time.sleep(0.3)
    finally:
        done.set()
        for each in asking:
            each.join()
    return statuses


def test_shares_move_under_load_without_a_failed_request(deployment: Deployment) -> None:
    deployment.begin(1)

    def climb_and_fall() -> None:
        for revision, percent in enumerate([5, 25, 50, 100, 0] * 3, start=2):
            assert deployment.shift(percent) == revision

    assert set(under_load(deployment, climb_and_fall)) == {200}


def test_a_server_that_is_killed_and_comes_back_costs_no_request(deployment: Deployment) -> None:
    deployment.begin(0)

    def kill_and_start() -> None:
        deployment.stable.kill()
        deployment.stable.start()

    assert set(under_load(deployment, kill_and_start)) == {200}


def test_what_a_canary_fails_the_stable_version_answers(deployment: Deployment) -> None:
    deployment.begin(100)
    answers = [deployment.ask(fail="2.1.0") for _ in range(3)]
    assert [each.status_code for each in answers] == [200] * 3
    assert {each.headers["x-ax-version"] for each in answers} == {"churn:2.0.0"}
    killed = deployment.ask(**{"break": "2.1.0"})
    assert (killed.status_code, killed.headers["x-ax-version"]) == (200, "churn:2.0.0")
    counted = deployment.admin("GET", "/state")["variants"]["canary"]
    assert (counted["failed"], counted["rescued"], counted["failures_in_a_row"]) == (4, 4, 4)


def test_copies_are_compared_and_no_client_sees_them(deployment: Deployment) -> None:
    deployment.begin(0, mirrored=True)
    assert {deployment.ask().json()["version"] for _ in range(5)} == {"2.0.0"}
    wait_for(lambda: deployment.admin("GET", "/state")["mirrors"]["canary"]["compared"] == 5)
    counted = deployment.admin("GET", "/state")["mirrors"]["canary"]
    # The servers' own scores: .25 and .75.
    assert (counted["differed"], counted["apart"], counted["farthest"]) == (5, 2.5, 0.5)


def test_a_copy_that_hangs_slows_nobody(deployment: Deployment) -> None:
    deployment.begin(0, mirrored=True)
    deployment.canary.kill()
    began = time.monotonic()
    assert deployment.ask().status_code == 200
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/invocations", 405), ("POST", "/ping", 405), ("GET", "/nothing", 404), ("GET", "/version", 200)],
)
def test_other_requests_are_answered_plainly(deployment: Deployment, method: str, path: str, status: int) -> None:
    deployment.begin(10)
    assert httpx2.request(method, f"{deployment.url}{path}").status_code == status


def test_a_body_that_is_too_large_is_refused(deployment: Deployment) -> None:
    deployment.begin(10)
    answer = httpx2.post(f"{deployment.url}/invocations", content=b" " * (MOST_BYTES + 1), timeout=60)
    assert (answer.status_code, answer.json()["field"]) == (413, "body")


def test_metrics_count_what_was_answered(deployment: Deployment) -> None:
    deployment.begin(0)
    for _ in range(3):
        deployment.ask()
    lines = dict(
        line.rsplit(" ", 1)
        for line in httpx2.get(f"{deployment.url}/metrics").text.splitlines()
        if not line.startswith("#")
    )
    of = '{deployment="churn-prod",variant="stable"'
    assert lines[f"ax_requests_total{of}}}"] == "3"
    assert lines[f"ax_latency_milliseconds_count{of}}}"] == "3"
    assert lines[f'ax_latency_milliseconds_bucket{of},le="+Inf"}}'] == "3"
    assert lines['ax_share_percent{deployment="churn-prod",variant="stable",version="2.0.0"}'] == "100"


def test_told_to_end_it_answers_what_is_under_way(deployment: Deployment) -> None:
    deployment.begin(0)
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(deployment.ask(seconds=1.5).status_code))
    asking.start()
    time.sleep(0.5)
    assert deployment.process is not None
    deployment.process.send_signal(signal.SIGTERM)
    asking.join()
    assert answers == [200]
    assert deployment.process.wait(timeout=20) == 0


def test_killed_and_started_again_it_goes_on_where_it_was(deployment: Deployment) -> None:
    deployment.begin(10, unit=BY_HEADER)
    deployment.shift(40)
    before = versions(deployment, range(60))

    def kill_and_start() -> None:
        assert deployment.process is not None
        deployment.process.kill()
        deployment.process.wait()
        deployment.start()

    kill_and_start()
    assert versions(deployment, range(60)) == before
    assert deployment.admin("GET", "/state")["revision"] == 2


def test_a_routing_that_breaks_on_disk_changes_nothing(deployment: Deployment) -> None:
    deployment.begin(0)
    routing_path(deployment.folder).write_text("{")
    time.sleep(0.4)
    assert deployment.ask().status_code == 200


def test_only_the_owner_is_told_and_obeyed(deployment: Deployment) -> None:
    deployment.begin(0)
    path = deployment.folder / "gateway.json"
    assert os.stat(path).st_mode & 0o777 == 0o600
    address = json.loads(path.read_text())["address"]
    assert httpx2.get(f"http://{address}/state").status_code == 401
