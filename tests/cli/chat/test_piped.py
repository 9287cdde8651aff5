"""Sentences from a pipe: one a line, plain answers, the last one's exit code, and nobody is waited for."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.chat.conftest import answers, calls, words

Piped = Callable[..., Any]
Script = Callable[..., str]


def test_nothing_that_moves_a_cursor_is_written_to_a_pipe(ax: Callable[..., Any], shop: Path) -> None:
    done = ax("chat", "tester", stdin="profile shop\n", env={"TERM": "xterm-256color"})
    assert done.stdout.startswith("shop: 40 rows")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr
    assert done.exit_code == 0
    assert ax("chat", "tester").exit_code == 0  # nothing is piped in


def test_a_line_is_a_turn(piped: Piped, shop: Path) -> None:
    done = piped("tester", stdin="profile \\\nshop\n\n/cost\nflip the switch lamp_1\n")
    assert done.stdout.startswith("shop: 40 rows")
    assert "\n1  tester" in done.stdout
    assert "tester asks to apply this plan:" in done.stdout
    assert re.search(
        r"^next: ax approve [0-9a-f]{8}   # in another terminal, then /continue$", done.stdout, re.MULTILINE
    )
    assert "ax agent run" not in done.stdout
    assert done.exit_code == 3
    assert done.stderr.count("offline planner: no language model") == 1
    assert not (shop / "switch.txt").exists()


def test_the_exit_code_is_the_last_turns(piped: Piped, shop: Path) -> None:
    assert piped("tester", stdin="flip the switch lamp_1\nprofile shop\n/help\n").exit_code == 0
    assert piped("tester", stdin="profile shop\n/hlep\n").exit_code == 2
    assert piped("tester", stdin="flip the switch lamp_1\nquit\nprofile shop\n").exit_code == 3
    assert piped("tester", stdin="").exit_code == 0


def test_one_object_a_line(piped: Piped, shop: Path, script: Script) -> None:
    played = script(calls(("lab-count", {"text": "abc"})), answers("There are {{r1.letters}} letters."))
    done = piped("tester", "--provider", played, "--format", "json", stdin="count\n/tols\n/agent writer\n")
    run, error, shown = (json.loads(line) for line in done.stdout.splitlines())
    assert (run["status"], run["answer"], run["agent"]) == ("completed", "There are 3 letters.", "tester")
    assert (error["error"]["kind"], shown) == ("not_found", {"text": "writer answers from now on"})
    assert done.exit_code == 2


def test_an_existing_file_is_not_written_over(piped: Piped, shop: Path) -> None:
    (shop / "talk.md").write_text("mine")
    done = piped("tester", stdin="profile shop\n/save talk.md\n")
    assert "talk.md exists, and nobody is here to be asked" in done.stderr
    assert (done.exit_code, (shop / "talk.md").read_text()) == (2, "mine")


def test_a_conversation_goes_on_through_pipes(piped: Piped, shop: Path) -> None:
    first = piped("tester", "--format", "json", stdin="flip the switch\n")
    session = json.loads(first.stdout)["session"]
    second = piped("--session", session, "--format", "json", stdin="lamp_3\n")
    last = json.loads(second.stdout.splitlines()[-1])
    assert (last["session"], last["agent"], last["needs"][0]["arguments"]) == (session, "tester", {"name": "lamp_3"})


def test_looking_costs_nothing_and_is_there_when_the_money_is_spent(
    piped: Piped, shop: Path, model: Callable[..., str]
) -> None:
    provider = model(lambda _: words("Hello."))
    typed = "/plan say hello\n/cost\nsay hello\nagain\n/tools\n/plan flip the switch lamp_9\n"
    done = piped("tester", "--provider", provider, "--max-usd", "0.00005", stdin=typed)
    # 20 tokens in and 7 out at 1 and 2 dollars a million, as the server counts them: $0.000034 a turn.
    assert "together 0.0 s, 27 tokens, $0.0000, plans included" in done.stdout
    assert done.stdout.count("Hello.") == 1
    assert "nothing is left to spend (--max-usd)" in done.stderr
    assert "effect   lab-flip" in done.stdout
    assert "nothing is left to spend (--max-usd): the offline planner plans" in done.stderr
    assert "name = lamp_9  (query" in done.stdout


def test_continue_takes_nothing_behind_it(piped: Piped, shop: Path) -> None:
    done = piped("tester", stdin="/continue please\n")
    assert (done.exit_code, "takes nothing behind it" in done.stderr) == (2, True)
