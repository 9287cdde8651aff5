"""Real processes on loopback: from nothing to a version, to the next one, back, and through a canary."""

import threading
from collections import Counter

import httpx2
import pytest

from axagents.effects import undo_run
from axagents.errors import Refused
from tests.workflows.deployment.conftest import MODEL, NAME, ROWS, Local

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_from_nothing_to_the_next_version_and_back(local: Local) -> None:
    done = local.deploy("2.0.0")
    assert (done.verdict, done.result["strategy"], done.result["deployment"]) == ("DEPLOYED", "direct", NAME)
    assert local.ask() == "2.0.0"
    assert local.stages["2.0.0"] == "production"

    again = local.deploy("2.0.0")
    assert (again.verdict, local.routing.revision) == ("UNCHANGED", 1)

    switched = local.deploy("2.1.0", rollout_strategy="blue-green")
    assert switched.verdict == "DEPLOYED"
    assert local.ask() == "2.1.0"
    assert local.shares == {"stable": ("2.1.0", 100), "warm": ("2.0.0", 0)}
    assert local.stages == {"2.0.0": "archived", "2.1.0": "production", "2.2.0": "staged"}
    assert switched.result["shadow"]["rows"] == 2

    back = local.run(action="rollback", model_name=MODEL)
    assert (back.verdict, local.ask()) == ("ROLLED_BACK", "2.0.0")
    assert local.stages["2.0.0"] == "production"
    assert local.run(action="rollback", target_version="2.0.0").verdict == "UNCHANGED"

    with pytest.raises(Refused, match="no evaluation of its SHA-256"):
        local.deploy("2.2.0", rollout_strategy="direct")
    assert local.ask() == "2.0.0"


def test_a_canary_is_dealt_promoted_and_another_aborted(local: Local) -> None:
    local.deploy("2.0.0")
    rolling = local.deploy("2.1.0", traffic_percentage=20, unit_id="header:x-unit")
    assert (rolling.verdict, rolling.result["strategy"]) == ("ROLLING", "canary")
    assert local.shares == {"canary": ("2.1.0", 20), "stable": ("2.0.0", 60), "baseline": ("2.0.0", 20)}
    assert local.stages["2.1.0"] == "canary"
    before = {unit: local.ask(unit) for unit in map(str, range(60))}
    assert set(before.values()) == {"2.0.0", "2.1.0"}
    assert {unit: local.ask(unit) for unit in before} == before

    assert local.run(action="promote", traffic_percentage=40).verdict == "ROLLING"
    grown = {unit: local.ask(unit) for unit in before}
    assert [unit for unit, version in before.items() if version == "2.1.0" and grown[unit] != version] == []

    assert local.run(action="abort").verdict == "ABORTED"
    assert {local.ask(unit) for unit in before} == {"2.0.0"}
    assert local.stages["2.1.0"] == "staged"
    assert [each.version for each in local.wanted.servers] == ["2.0.0"]

    local.deploy("2.1.0", traffic_percentage=50)
    promoted = local.run(action="promote")
    assert (promoted.verdict, local.ask()) == ("DEPLOYED", "2.1.0")
    assert local.shares == {"stable": ("2.1.0", 100), "warm": ("2.0.0", 0)}
    assert local.stages == {"2.0.0": "archived", "2.1.0": "production", "2.2.0": "staged"}


def test_no_request_fails_while_versions_change(local: Local) -> None:
    local.deploy("2.0.0")
    answered, failed, over = Counter[str](), list[str](), threading.Event()
    url = f"{local.wanted.url}/invocations"

    def client(keep_alive: bool) -> None:
        kept = httpx2.Client(timeout=60)
        while not over.is_set():
            try:
                asking = kept if keep_alive else httpx2
                answer = asking.post(url, json={"dataframe_records": ROWS})
            except httpx2.HTTPError as error:
                failed.append(repr(error))
                continue
            if answer.status_code == 200:
                answered[answer.headers["x-ax-version"]] += 1
            else:
                failed.append(answer.text)
        kept.close()

    threads = [threading.Thread(target=client, args=(each,)) for each in (True, True, False)]
    for each in threads:
        each.start()
    try:
        local.deploy("2.1.0", rollout_strategy="blue-green")
        local.run(action="rollback")
        local.deploy("2.1.0", traffic_percentage=30)
        local.run(action="abort")
    finally:
        over.set()
        for each in threads:
            each.join(60)
    assert failed == []
    assert set(answered) == {f"{MODEL}:2.0.0", f"{MODEL}:2.1.0"}
    assert answered.total() > 500


def test_a_canary_that_is_undone_leaves_everything_as_it_was(local: Local) -> None:
    local.deploy("2.0.0")
    rolling = local.deploy("2.1.0", traffic_percentage=50)
    undo_run(local.project, rolling.run_id)
    assert {local.ask(str(unit)) for unit in range(20)} == {"2.0.0"}
    assert local.shares == {"stable": ("2.0.0", 100)}
    assert local.stages["2.1.0"] == "staged"
    assert [each.version for each in local.wanted.servers] == ["2.0.0"]
