"""What an hour at a terminal brings: impatience, another size, a provider that is down, a terminal that cannot move."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from axagents.trust import read_holding, record_trust
from tests.cli.chat.conftest import Answer, Chat, answers, calls, words
from tests.cli.chat.terminal import CTRL_C, CTRL_D, ENTER
from tests.llm.conftest import openai_events, sse

Model = Callable[[Answer], str]
Script = Callable[..., str]


def test_an_impatient_person_does_not_end_the_chat(chat: Chat, script: Script) -> None:
    terminal = chat("tester", "--provider", script(calls(("lab-wait", {"seconds": 5})), answers("Done.")))
    terminal.ready()
    for times in (1, 2):
        terminal.send("wait" + ENTER)
        terminal.see(re.compile("● lab-wait"), times=times)
        for _ in range(30):
            terminal.send(CTRL_C)
            time.sleep(0.03)
        terminal.see(re.compile("^stopped$", re.MULTILINE), times=times)
        terminal.ready()
    assert terminal.leave()[0] == 0


def test_another_size_in_mid_answer_loses_no_word(chat: Chat, model: Model) -> None:
    gate = threading.Event()
    told = "Words of the answer go on and on and on. " * 10 + "The end."

    def answer(_: dict[str, Any]) -> Iterator[bytes]:
        pieces = list(words(told))
        yield from pieces[:40]
        gate.wait(20)
        yield from pieces[40:]

    terminal = chat("tester", "--provider", model(answer))
    terminal.ready()
    terminal.send("hello" + ENTER)
    terminal.see("Words of the answer go")
    terminal.resize(60)
    time.sleep(0.3)
    gate.set()
    terminal.see(re.compile(r"The\s+end\."))
    assert f"{told} >" in " ".join(terminal.ready().split())


def test_a_provider_that_is_down_is_one_line(chat: Chat, shop: Path) -> None:
    told = '[providers.local]\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\nmodel = "m"\n'
    (shop / "ax.toml").write_text(f"content = true\n{told}")
    terminal = chat("tester", "--provider", "local")
    assert terminal.ready().count("the price of m is not known") == 1
    screen = terminal.say("hello", "error: local: cannot connect to http://127.0.0.1:9")
    assert "next: /continue, or in a shell: ax runs resume" in screen
    assert screen.count("the price of m is not known") == 1
    terminal.say("/help", "begins another line")


def test_a_terminal_that_cannot_move_its_cursor(chat: Chat, shop: Path) -> None:
    terminal = chat("tester", env={"TERM": "dumb"})
    terminal.see(re.compile("^>", re.MULTILINE))
    terminal.send("flip the switch lamp_1" + ENTER)
    terminal.see("apply this plan? [y/N]")
    terminal.send("y" + ENTER)
    terminal.see("flips  1")
    terminal.send("/cost" + ENTER)
    terminal.see("together")
    terminal.send(CTRL_D)
    assert terminal.ended() == 0
    assert "\x1b" not in terminal.raw
    assert (shop / "switch.txt").read_text() == "lamp_1\n"


def test_what_another_persona_does_is_shown_beneath(chat: Chat, shop: Path, model: Model) -> None:
    persona = shop / "personas" / "tester.yaml"
    persona.write_text(f"{persona.read_text()}may_ask: [writer]\n")
    record_trust(read_holding(shop))

    def answer(body: dict[str, Any]) -> Iterator[bytes]:
        asked = body["messages"][-1]["role"] == "user"
        if "technical writer" in body["messages"][0]["content"]:
            looking = openai_events("I look it up.", [("w1", "memory-search", '{"query": "lamp"}')])
            return iter([sse(looking, names=False)]) if asked else words("It was dark; then it was not.")
        handing = openai_events("", [("c1", "ask-writer", '{"query": "Tell the story of the lamp"}')])
        return iter([sse(handing, names=False)]) if asked else words("The writer has told it.")

    terminal = chat("tester", "--provider", model(answer))
    terminal.ready()
    screen = terminal.say("tell the story", "The writer has told it.")
    assert "● ask-writer query=Tell the story of the lamp\n  I look it up.\n  ● memory-search query=lamp\n" in screen
    assert re.search(r"\n    done in \d+\.\d s\n  done in \d+\.\d s\n\nThe writer has told it\.\n\n>", screen)
    assert "It was dark" not in screen  # said to the tester
    screen = terminal.say("/cost", "together")
    assert "108 tokens" in screen  # four turns of 20 read and 7 written
    assert "no other session is kept yet" in terminal.say("/resume", "kept yet")
