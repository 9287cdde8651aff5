"""`ax agent`, `ax approve`, `ax deny`: shapes, exit codes, the terminal; by the real command."""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from axagents.cli import main
from axagents.project import Project
from tests.lab import FLIP, write_lab, write_shop

Ax = Callable[..., Any]


@dataclass(frozen=True)
class Done:
    """How one command line ended."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ax:
    """Run `ax` in this process, so that what it imports is imported once for all tests; no terminal is there."""

    def ran(*arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        with monkeypatch.context() as inner, tempfile.TemporaryFile("w+") as piped:
            piped.write(stdin)
            piped.seek(0)
            inner.setattr(sys, "stdin", piped)
            for name, value in (env or {}).items():
                inner.setenv(name, value)
            code = main.run(list(arguments))
        shown = capsys.readouterr()
        return Done(code, shown.out, shown.err)

    return ran


PERSONA = """\
id: tester
title: Tester
motto: Try it.
best_for: [trying]
prompt: persona
tools: [lab-flip, data-profile]
"""


@pytest.fixture
def shop(project: Project) -> Path:
    """A project with a small dataset in data/."""
    write_shop(project.root)
    return project.root


@pytest.fixture
def switch(shop: Path) -> Path:
    """The file that a trusted tool of the project's own writes when it flips a switch."""
    write_lab(shop, {"lab_flip": FLIP}, PERSONA)
    return shop / "switch.txt"


def query(text: str) -> str:
    return json.dumps({"query": text})


def test_personas_are_listed_without_a_project(ax: Ax, tmp_path: Path) -> None:
    done = ax("agent", "list", "--format", "json", cwd=tmp_path)
    assert [each["id"] for each in done.json()["personas"]] == [
        "data-scientist",
        "ml-engineer",
        "mlops-engineer",
        "writer",
    ]
    got = ax("agent", "get", "mlops-engineer", cwd=tmp_path)
    assert '"Automate everything. Monitor everything. Trust nothing."' in got.stdout
    unknown = ax("agent", "get", "mlops-enginer", cwd=tmp_path)
    assert unknown.exit_code == 2
    assert "did you mean mlops-engineer" in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "say what is wanted"),
        (("--input", "{}"), 2, "query: is required"),
        (("--input", '{"query": "..."}'), 2, "query must say what is wanted"),
        (("--input", '{"qeury": "x"}'), 2, "did you mean query?"),
        (("--input", '{"query": "x",}'), 2, "line 1, column"),
        (("--input", query("train"), "--provider", "claude"), 4, "ANTHROPIC_API_KEY is not set; --provider offline"),
        (("--input", query("train"), "--max-steps", "0"), 2, "--max-steps"),
        (("--input", query("train"), "--provider", "script:nowhere.jsonl"), 2, "cannot read the script"),
    ],
    ids=["nothing", "empty", "placeholder", "misspelt", "broken", "claude", "steps", "script"],
)
def test_wrong_use_is_told(here: Ax, project: Project, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = here("agent", "run", "data-scientist", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_tells_the_plan_first_and_has_the_shape_that_programs_rely_on(ax: Ax, shop: Path) -> None:
    done = ax("agent", "run", "data-scientist", "--input", query("is shop any good? profile it"), "--format", "json")
    told = [line.strip() for line in done.stderr.splitlines()]
    assert told[0].startswith("offline planner: no language model")
    assert told[1] == "1. data-profile dataset=shop"
    ran = done.json()
    assert {
        "agent", "provider", "status", "answer", "calls", "needs", "unverified_numbers", "run_id", "tokens", "cost_usd",
    } <= set(ran)  # fmt: skip
    assert (ran["status"], ran["provider"], ran["unverified_numbers"]) == ("completed", "offline", [])
    assert ran["calls"] == [
        {"tool": "data-profile", "arguments": {"dataset": "shop"}, "status": "done", "receipt": "r1"}
    ]
    assert "40 rows" in ran["answer"]
    shown = ax("runs", "show", ran["run_id"], "--format", "json").json()
    assert (shown["kind"], shown["status"]) == ("agent", "completed")
    assert ax("runs", "resume", ran["run_id"]).exit_code == 2


def test_asking_and_declining_have_their_codes(here: Ax, shop: Path) -> None:
    asked = here("agent", "run", "data-scientist", "--input", query("train a model on titanic"), "--format", "json")
    assert (asked.exit_code, asked.json()["status"]) == (3, "waiting")
    assert asked.json()["needs"][0]["field"] == "dataset"
    assert asked.json()["calls"] == []
    declined = here("agent", "run", "mlops-engineer", "--input", query("write me a poem about gradients"))
    assert declined.exit_code == 1
    assert "takes a language model" in declined.stdout
    missing = here("agent", "run", "writer", "--input", query("Create runbook for model rollback procedure"))
    if "is not part of this installation" in missing.stdout:
        assert missing.exit_code == 1


def test_a_dry_run_calls_nothing(here: Ax, shop: Path) -> None:
    done = here("agent", "run", "data-scientist", "--dry-run", "--format", "json", "--input", query("train on shop"))
    planned = done.json()
    assert (done.exit_code, planned["outcome"], planned["needs"], planned["candidates"]) == (0, "run", [], [])
    assert planned["calls"][0]["tool"] == "ml-train"
    assert planned["calls"][0]["arguments"] == {"dataset": "shop"}
    assert planned["calls"][0]["sources"]["dataset"]["source"] == "query"
    assert planned["calls"][0]["condition"] is None
    assert here("runs", "list", "--format", "json").json()["runs"] == []
    asked = here("agent", "run", "data-scientist", "--dry-run", "--format", "json", "--input", query("train"))
    assert (asked.json()["outcome"], asked.json()["calls"]) == ("run", asked.json()["calls"])


def test_many_requests_are_planned_in_one_process(here: Ax, shop: Path) -> None:
    lines = [
        {"id": "a", "query": "profile shop"},
        {"query": "write me a poem"},
        {"id": 7, "query": "profile nothing_here"},
    ]
    (shop / "queries.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = here("agent", "plan", "call", "--file", "queries.jsonl", "--format", "json")
    planned = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["id"], each["outcome"]) for each in planned] == [("a", "run"), (2, "decline"), (7, "ask")]
    again = here("agent", "plan", "call", "--file", "-", "--format", "json", stdin=(shop / "queries.jsonl").read_text())
    assert again.stdout == done.stdout
    broken = here("agent", "plan", "call", "--file", "-", stdin='{"id": 1}')
    assert (broken.exit_code, "1: error  line 1: query is required" in broken.stdout) == (2, True)


def test_a_bad_line_costs_its_own_plan_only(here: Ax, shop: Path) -> None:
    lines = [query("profile shop"), '{"id": "b", "query":', '{"id": "c"}', '{"id": "d", "query": "profile shop"}']
    done = here("agent", "plan", "call", "--file", "-", "--format", "json", stdin="\n".join(lines))
    planned = {each["id"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert (done.exit_code, [*planned]) == (2, [1, 2, "c", "d"])
    assert planned[1]["outcome"] == planned["d"]["outcome"] == "run"
    told = planned[2]["error"]["message"]
    assert (told.count("line"), "at line 2, column" in told) == (1, True)
    assert planned["c"]["error"]["field"] == "query"


def test_an_effect_without_a_terminal_waits_with_its_plan(here: Ax, switch: Path) -> None:
    asked = here("agent", "run", "tester", "--format", "json", "--input", query("flip the switch lamp_1"))
    need = asked.json()["needs"][0]
    assert (asked.exit_code, asked.json()["status"], need["kind"]) == (3, "waiting", "approval")
    assert here("agent", "run", "tester", "--yes", "--input", query("flip the switch lamp_1")).exit_code == 3
    text = here("agent", "run", "tester", "--input", query("flip the switch lamp_1"))
    assert f"plan {need['hash']}  lab-flip (flip)" in text.stdout
    assert not switch.exists()
    done = here("agent", "run", "tester", "--approve", need["hash"], "--input", query("flip the switch lamp_1"))
    assert done.exit_code == 0
    assert switch.read_text() == "lamp_1\n"


def test_a_folder_that_is_not_there_is_told_before_anybody_is_asked(here: Ax, shop: Path) -> None:
    (shop / "models").mkdir()
    sentence = "Register ./models/nosuch as foo-bar version 1.0.0"
    done = here("agent", "run", "ml-engineer", "--format", "json", "--input", query(sentence))
    (made,) = done.json()["calls"]
    assert (done.exit_code, made["status"]) == (2, "failed")
    assert "nosuch" in made["error"]["message"]
    assert here("approve", "--format", "json").json() == {"approvals": []}


def test_a_session_that_has_not_begun_is_told(here: Ax, switch: Path) -> None:
    first = here("agent", "run", "tester", "--session", "monday", "--input", query("what is there?"))
    assert "a new conversation begins: there is none called 'monday'" in first.stderr
    again = here("agent", "run", "tester", "--session", "monday", "--input", query("what is there?"))
    assert "a new conversation begins" not in again.stderr
    near = here("agent", "run", "tester", "--session", "mondya", "--input", query("what is there?"))
    assert "there is none called 'mondya'; monday is near" in near.stderr


def test_a_question_offers_no_files_double_of_a_dataset(here: Ax, shop: Path) -> None:
    (shop / "data" / "till.csv").write_text((shop / "data" / "shop.csv").read_text())
    for name in ("shop", "shop.csv"):
        assert here("data", "add", name, "data/shop.csv").exit_code == 0
    asked = here("agent", "run", "data-scientist", "--format", "json", "--input", query("profile a dataset")).json()
    assert [sorted(need["known"]) for need in asked["needs"]] == [["shop", "till"]]


def test_what_waits_is_listed(here: Ax, switch: Path) -> None:
    none = here("approve")
    assert (none.exit_code, none.stdout) == (0, "nothing waits for a word\n")
    asked = [
        here("agent", "run", "tester", "--format", "json", "--input", query(f"flip the switch {name}")).json()
        for name in ("lamp_1", "lamp_2")
    ]
    ids = [each["needs"][0]["approval_id"] for each in asked]
    listed = here("approve", "--format", "json")
    assert [each["approval_id"] for each in listed.json()["approvals"]] == ids
    assert f"next: ax approve {ids[1]}" in here("approve", env={"AX_ACTOR": "agent"}).stdout
    here("deny", ids[0])
    again = here("approve", ids[0])
    assert "is denied already" in again.stderr
    assert again.exit_code == 2
    here("runs", "abandon", asked[1]["run_id"])
    assert here("approve", "--format", "json").json() == {"approvals": []}
    assert not switch.exists()


def test_an_agent_is_not_told_ways_that_it_cannot_go(here: Ax, switch: Path) -> None:
    arguments = ("agent", "run", "tester", "--format", "json", "--input", query("flip the switch lamp_1"))
    ways = [here(*arguments, env=env).json()["needs"][0]["approve"] for env in ({}, {"AX_ACTOR": "agent"})]
    assert [any("--approve" in way for way in each) for each in ways] == [True, False]
    assert ways[1][0].startswith("ax approve ")
    assert not switch.exists()


@pytest.mark.slow
def test_an_approval_from_another_terminal_lets_the_run_go_on(here: Ax, switch: Path) -> None:
    asked = here("agent", "run", "tester", "--format", "json", "--input", query("flip the switch lamp_2")).json()
    approval = asked["needs"][0]["approval_id"]
    assert here("approve", approval).exit_code == 3
    assert here("approve", approval, env={"AX_ACTOR": "agent"}).exit_code == 5
    assert here("approve", "00000000").exit_code == 2
    terminal = pexpect.spawn(
        sys.executable, ["-m", "axagents", "approve", approval], encoding="utf-8", timeout=60, use_poll=True
    )
    terminal.expect("approve this plan")
    terminal.sendline("y")
    terminal.expect("is approved")
    terminal.expect(pexpect.EOF)
    resumed = here("runs", "resume", asked["run_id"], "--format", "json")
    assert (resumed.exit_code, resumed.json()["status"]) == (0, "completed")
    assert switch.read_text() == "lamp_2\n"


def test_denying_changes_nothing(here: Ax, switch: Path) -> None:
    asked = here("agent", "run", "tester", "--format", "json", "--input", query("flip the switch lamp_3")).json()
    assert here("deny", asked["needs"][0]["approval_id"], env={"AX_ACTOR": "agent"}).exit_code == 0
    assert here("runs", "resume", asked["run_id"]).exit_code == 1
    assert not switch.exists()


@pytest.mark.parametrize(
    ("word", "code", "flipped"),
    [
        ("y", 0, True),
        pytest.param("YES", 0, True, marks=pytest.mark.slow),
        pytest.param("yep", 1, False, marks=pytest.mark.slow),
        pytest.param("", 1, False, marks=pytest.mark.slow),
    ],
)
def test_a_person_at_a_terminal_is_asked(switch: Path, word: str, code: int, flipped: bool) -> None:
    arguments = ["-m", "axagents", "agent", "run", "tester", "--input", query("flip the switch lamp_4")]
    terminal = pexpect.spawn(sys.executable, arguments, encoding="utf-8", timeout=60, use_poll=True)
    terminal.expect("lab-flip \\(flip\\)")
    terminal.expect("apply this plan")
    terminal.sendline(word)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == code
    assert switch.exists() is flipped


def test_ctrl_c_at_the_question_names_how_to_go_on(switch: Path) -> None:
    arguments = ["-m", "axagents", "agent", "run", "tester", "--input", query("flip the switch lamp_5")]
    terminal = pexpect.spawn(sys.executable, arguments, encoding="utf-8", timeout=60, use_poll=True)
    terminal.expect("apply this plan")
    terminal.sendintr()
    terminal.expect("interrupted; next: ax runs resume (\\S+)")
    run_id = str(terminal.match.group(1))
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert not switch.exists()
    terminal = pexpect.spawn(
        sys.executable, ["-m", "axagents", "runs", "resume", run_id], encoding="utf-8", timeout=60, use_poll=True
    )
    terminal.expect("apply this plan")
    terminal.sendline("y")
    terminal.expect(pexpect.EOF)
    assert switch.read_text() == "lamp_5\n"
