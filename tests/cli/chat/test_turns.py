"""Turns in a real terminal: words as they arrive, calls and steps, approvals in line, Ctrl-C, what goes wrong."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.cli.chat.conftest import Answer, Chat, answers, calls, words
from tests.cli.chat.terminal import CTRL_C, ENTER
from tests.llm.conftest import openai_events, sse

Model = Callable[[Answer], str]
Script = Callable[..., str]
ASKED = "apply this plan? [y/N]"


def counting(answer: str, gate: threading.Event) -> Answer:
    """A model that counts the letters of hello first, and stops in the middle of its answer until the gate opens."""

    def answered(body: dict[str, Any]) -> Iterator[bytes]:
        if body["messages"][-1]["role"] == "user":
            wanted = openai_events("I count first.", [("c1", "lab-count", json.dumps({"text": "hello"}))])
            yield from (sse([event], names=False) for event in wanted)
            return
        pieces = list(words(answer))
        yield from pieces[: len(pieces) // 2]
        gate.wait(20)
        yield from pieces[len(pieces) // 2 :]

    return answered


def test_words_arrive_one_by_one_with_values_for_references(chat: Chat, model: Model) -> None:
    gate = threading.Event()
    told = "There are {{r1.letters}} letters, and that is all that there is to be said of it by anybody."
    terminal = chat("tester", "--provider", model(counting(told, gate)))
    terminal.ready()
    terminal.send("how many letters has hello?" + ENTER)
    half = terminal.see("There are 5 letters")
    assert "said of it by anybody" not in half
    gate.set()
    terminal.see("said of it by anybody.")
    screen = terminal.ready()
    assert re.search(r"> how many letters has hello\?\nI count first\.\n● lab-count text=hello\n  done in \d", screen)
    assert screen.count("There are 5 letters") == 1
    assert "{{" not in terminal.raw
    assert "thinking" not in screen
    assert "54 tokens" in terminal.say("/cost", "together")  # two turns of 20 read and 7 written


def test_the_final_text_stands_there_where_it_differs_from_what_was_streamed(chat: Chat, model: Model) -> None:
    gate = threading.Event()
    gate.set()
    terminal = chat("tester", "--provider", model(counting("Hello has 77 letters, I guess.", gate)))
    screen = terminal.ready()
    screen = terminal.say("how many letters has hello?", "77 [not computed by a tool] letters")
    assert screen.count("I guess") == 1


def test_an_answer_longer_than_the_screen_stands_there_once(chat: Chat, model: Model) -> None:
    told = "\n".join(f"line {'abcdefghij'[at // 10]}{'abcdefghij'[at % 10]}" for at in range(90))
    terminal = chat("tester", "--provider", model(lambda _: words(told)))
    terminal.ready()
    screen = terminal.say("tell me much", "line ij")
    assert re.findall(r"line \w\w", screen) == told.split("\n")


def test_calls_and_their_steps_are_shown_with_their_times(chat: Chat, script: Script) -> None:
    played = script(calls(("lab-wait", {"seconds": 1.2}), ("lab-count", {"text": "abc"})), answers("Done."))
    terminal = chat("tester", "--provider", played)
    terminal.ready()
    terminal.send("wait, then count" + ENTER)
    terminal.see("lab-wait 1/2 sleep")
    screen = terminal.say("", "Done.")
    assert re.search(
        r"  1\. lab-wait seconds=1\.2\n  2\. lab-count text=abc\n● lab-wait seconds=1\.2\n  ✓ sleep +1\.2 s\n"
        r"  done in 1\.\d s\n● lab-count text=abc\n  done in 0\.0 s\n\nDone\.\n\n>",
        screen,
    )


def test_an_effect_is_asked_in_line(chat: Chat, shop: Path) -> None:
    switch = shop / "switch.txt"
    terminal = chat("tester")
    terminal.ready()
    for times, word in enumerate(("n" + ENTER, ENTER, CTRL_C), start=1):
        terminal.send("flip the switch lamp_1" + ENTER)
        assert "name  lamp_1  your words" in terminal.see(ASKED, times=times)
        terminal.send(word)
        terminal.see("nothing was changed", times=times)
        terminal.ready()
        assert not switch.exists()
    terminal.send("flip the switch lamp_1" + ENTER)
    terminal.see(ASKED, times=4)
    terminal.send("y" + ENTER)
    terminal.see("flips  1")
    terminal.ready()
    assert switch.read_text() == "lamp_1\n"


def test_a_word_typed_before_the_plan_was_seen_is_no_word(chat: Chat, shop: Path, script: Script) -> None:
    played = script(calls(("lab-wait", {"seconds": 1.5}), ("lab-flip", {"name": "lamp"})), answers("Done."))
    terminal = chat("tester", "--provider", played)
    terminal.ready()
    terminal.send("wait, then flip lamp" + ENTER)
    terminal.see("lab-wait 1/2 sleep")
    terminal.send("y" + ENTER)
    terminal.see(ASKED)
    time.sleep(0.3)
    assert not (shop / "switch.txt").exists()
    terminal.send(ENTER)
    terminal.ready()
    assert not (shop / "switch.txt").exists()


def test_an_agent_at_the_terminal_approves_nothing(chat: Chat, shop: Path) -> None:
    terminal = chat("tester", "--yes", env={"AX_ACTOR": "agent"})
    terminal.ready()
    screen = terminal.say("flip the switch lamp_1", "asks to apply this plan:")
    assert ASKED not in screen
    assert "next: ax approve" in screen
    assert not (shop / "switch.txt").exists()


def test_ctrl_c_stops_the_turn_and_continue_goes_on(chat: Chat, script: Script) -> None:
    played = script(calls(("lab-count", {"text": "abc"}), ("lab-wait", {"seconds": 5})), answers("Done waiting."))
    terminal = chat("tester", "--provider", played)
    terminal.ready()
    terminal.send("count, then wait" + ENTER)
    terminal.see("lab-wait 1/2 sleep")
    terminal.send(CTRL_C * 3)
    terminal.see("stopped\n")
    screen = terminal.ready(8)
    assert "next: /continue, or in a shell: ax runs resume " in screen
    assert "stopped" in terminal.say("/cost", "together")
    screen = terminal.say("/continue", "Done waiting.")
    assert screen.count("● lab-count") == 1  # what was done is not done again
    assert "nothing was cut short" in terminal.say("/continue", "error:")


def test_an_error_is_one_line_and_the_session_goes_on(chat: Chat, script: Script) -> None:
    terminal = chat("tester", "--provider", script(calls(("lab-count", {"text": "abc"}))))
    terminal.ready()
    screen = terminal.say("count abc", "error: the script has 1 turns, and turn 2 was asked for")
    assert "next: /continue" in screen
    assert "Traceback" not in terminal.raw
    screen = terminal.say("/tols", "no command called '/tols'; did you mean /tools")
    code, screen = terminal.leave()
    assert code == 0
    assert "next: ax chat --session" in screen


def test_a_question_is_answered_by_typing_on(chat: Chat) -> None:
    terminal = chat("tester")
    terminal.ready()
    screen = terminal.say("flip the switch", "Which switch?")
    assert "next:" not in screen
    terminal.send("lamp_7" + ENTER)
    terminal.see(ASKED)
    terminal.send("y" + ENTER)
    terminal.see("flips  1")
    terminal.ready()


def test_the_money_of_a_session_is_held(chat: Chat, model: Model) -> None:
    terminal = chat("tester", "--max-usd", "0.00003", "--provider", model(lambda _: words("Hello.")))
    terminal.ready()
    terminal.say("say hello", "Hello.")
    screen = terminal.say("again", "costs something, and nothing is left to spend (--max-usd)")
    assert screen.count("Hello.") == 1


def test_a_sentence_goes_to_whom_it_is_for(chat: Chat) -> None:
    terminal = chat()
    screen = terminal.ready()
    assert 'data-scientist: "' in screen
    assert "Answers until a sentence is clearly for another persona." in screen.replace("\n", " ")
    screen = terminal.say("Create runbook for model rollback procedure", "writer answers")
    terminal.say("/agent", "* writer".replace(" ", "  "))
