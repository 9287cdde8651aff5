"""`ax call --iterate`: until the model says that it is done, or a limit is reached."""

import time
from pathlib import Path
from typing import Any

import pytest

from axagents.agents.iterating import split_done
from axagents.llm.turn import Call, Turn
from tests.cli.call.conftest import Ax, Claude, last, saying, script, text_block


def test_it_works_on_until_the_model_says_that_it_is_done(here: Ax, outside: Path, claude: Claude) -> None:
    seen = claude(saying("A draft.", "A better one.", "The best of all.\n\n**DONE**"))
    done = here("call", "claude", "write a haiku", "--iterate", "--format", "json")
    ran = done.json()
    assert (done.exit_code, ran["status"], ran["answer"]) == (0, "completed", "The best of all.")
    assert [each["answer"] for each in ran["iterations"]] == [
        "A draft.",
        "A better one.",
        "The best of all.\n\n**DONE**",
    ]
    # Three turns of 20 tokens read and 7 written, at 2 and 10 dollars a million.
    assert (ran["tokens"], ran["cost_usd"]) == (81, pytest.approx(3 * (20 * 2 + 7 * 10) / 1e6))
    assert "DONE" in seen[0]["system"][0]["text"]
    assert last(seen[1]).startswith("write a haiku\n\nGo on with this task.")
    assert [message["role"] for message in seen[2]["messages"]] == ["user", "assistant"] * 2 + ["user"]
    for number in (1, 2, 3):
        assert f"iteration {number} of at most 20" in done.stderr
    assert "ended after 3 iterations" in done.stderr


def test_a_limit_ends_it_with_the_best_answer_shown(here: Ax, shop: Path, claude: Claude) -> None:
    claude(saying("one", "t\x1b[2Jwo", "three", "four"))
    done = here("call", "claude", "go on", "--iterate", "--max-iterations", "2")
    assert (done.exit_code, done.stdout) == (7, "t[2Jwo\n")
    assert "2 iterations are over (--max-iterations), and it is not done" in done.stderr
    # A turn costs 0.00011 dollars, so the second iteration begins and the third does not.
    claude(saying("one", "two", "three", "four"))
    done = here("call", "claude", "go on", "--iterate", "--max-usd", "0.0002", "--format", "json")
    ran = done.json()
    assert (done.exit_code, ran["answer"], ran["status"]) == (7, "two", "failed")
    assert (ran["error"]["kind"], "(--max-usd)" in ran["error"]["message"]) == ("limit", True)
    # Two turns of 20 tokens read and 7 written, at 2 and 10 dollars a million.
    assert (ran["steps"], ran["tokens"], ran["cost_usd"]) == (2, 54, pytest.approx(2 * (20 * 2 + 7 * 10) / 1e6))
    (shop / "ax.toml").write_text("[agents]\nmax_usd = 0.0002\n")
    claude(saying("one", "two", "three", "four"))
    assert here("call", "claude", "go on", "--iterate", "--project", str(shop)).exit_code == 7


def test_time_is_a_limit_even_in_the_middle_of_a_turn(here: Ax, outside: Path, claude: Claude) -> None:
    texts = iter(["the library is loaded", "one", "two"])

    def slow(_: dict[str, Any]) -> list[dict[str, Any]]:
        text = next(texts)
        time.sleep(12 if text == "two" else 0)
        return [text_block(text)]

    claude(slow)
    here("call", "claude", "go on")
    began = time.monotonic()
    done = here("call", "claude", "go on", "--iterate", "--max-time", "3s")
    assert time.monotonic() - began < 10
    assert (done.exit_code, done.stdout) == (7, "one\n"), done.stderr
    assert "3 s are over (--max-time), and it is not done" in done.stderr


def test_time_that_is_over_is_told_by_this_commands_own_option(here: Ax, outside: Path, tmp_path: Path) -> None:
    looked = Call(id="x", tool="registry-show", arguments={"model_name": "a"})
    looking = Turn(stop_reason="calls", calls=(looked,))
    done = here("call", script(tmp_path / "a.jsonl", looking), "look", "--max-time", "0.001s")
    assert (done.exit_code, "(--max-time)" in done.stderr, "--deadline" in done.stderr) == (7, True, False)


def test_what_ends_an_iteration_ends_the_work(here: Ax, shop: Path, tmp_path: Path) -> None:
    asking = Turn.model_validate({"stop_reason": "ask", "needs": [{"field": "dataset", "question": "which dataset?"}]})
    answer = Turn(stop_reason="answer", text="half")
    done = here("call", script(tmp_path / "a.jsonl", answer, asking), "go", "--iterate", "--format", "json")
    assert (done.exit_code, done.json()["status"], len(done.json()["iterations"])) == (3, "waiting", 2)
    done = here("call", script(tmp_path / "b.jsonl", asking), "go", "--iterate", "--format", "json")
    assert (done.exit_code, done.json()["status"], len(done.json()["iterations"])) == (3, "waiting", 1)
    once = here("call", "offline", "profile shop", "--iterate", "--format", "json")
    assert (once.exit_code, once.json()["status"], len(once.json()["iterations"])) == (0, "completed", 1)


def test_what_a_run_used_that_a_limit_ended_is_counted(here: Ax, shop: Path, tmp_path: Path) -> None:
    looked = Turn(stop_reason="calls", calls=(Call(id="x", tool="data-profile", arguments={"dataset": "shop"}),))
    turns = [
        each.model_copy(update={"tokens": 10, "cost_usd": 0.01})
        for each in (Turn(stop_reason="answer", text="a"), looked)
    ]
    done = here("call", script(tmp_path / "a.jsonl", *turns), "go", "--iterate", "--max-steps", "2", "--format", "json")
    ran = done.json()
    assert (done.exit_code, ran["answer"], len(ran["iterations"])) == (7, "a", 1)
    # The second run took a turn and made a call, and was to take a third step.
    assert (ran["steps"], ran["tokens"], ran["cost_usd"]) == (3, 20, pytest.approx(0.02))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("all said\nDONE", ("all said", True)),
        ("all said\n\n**DONE.** \n", ("all said", True)),
        ("DONE", ("", True)),
        ("it is DONE", ("it is DONE", False)),
        ("DONE\nor nearly", ("DONE\nor nearly", False)),
        ("the word is UNDONE", ("the word is UNDONE", False)),
    ],
)
def test_done_stands_alone_on_the_last_line(answer: str, expected: tuple[str, bool]) -> None:
    assert split_done(answer) == expected
