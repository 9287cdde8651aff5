"""Sessions in a real terminal: they survive whatever ends the chat, and every command does what its help says."""

import os
import re
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.chat.conftest import Chat, answers, calls
from tests.cli.chat.terminal import ALT_ENTER, CTRL_C, CTRL_D, ENTER, TAB, UP

Script = Callable[..., str]


def session_of(screen: str) -> str:
    found = re.search(r"session (\d{8}-\d{6}-\w{6})", screen)
    assert found, screen
    return found.group(1)


def test_history_goes_on_in_the_next_chat_and_is_private(chat: Chat, shop: Path) -> None:
    first = chat("tester")
    first.ready()
    first.say("/agent", "best for")
    first.say("/cost", "nothing was said yet")
    code, screen = first.leave()
    assert (code, "the session is kept" in screen) == (0, False)  # nothing was said
    assert stat.S_IMODE((shop / ".ax" / "chat_history").stat().st_mode) == 0o600
    second = chat("tester")
    second.ready()
    second.send(UP + UP)
    second.see("> /agent")
    second.send(CTRL_C)
    second.ready()
    second.send("\x12age")  # Ctrl-R, and a part of what was typed
    second.see("> /agent", times=2)
    second.send(ENTER + ENTER)
    second.see("best for")
    second.ready()


def test_several_lines_by_alt_enter_by_a_backslash_and_by_pasting(chat: Chat, script: Script) -> None:
    terminal = chat("tester", "--provider", script(answers("Heard.")))
    terminal.ready()
    terminal.send("one" + ALT_ENTER + "two\\" + ENTER + "three")
    terminal.see(re.compile(r"> one\n  two\n  three"))
    assert "Heard." not in terminal.text()
    terminal.say("", "Heard.")
    terminal.send("\x1b[200~four\nfive\x1b[201~")
    terminal.see(re.compile(r"> four\n  five"))
    terminal.say("", re.compile(r"Heard\.(.|\n)*Heard\."))
    terminal.say("/save", "2 turns written to chat-")
    saved = next(Path(os.getcwd()).glob("chat-*.md")).read_text()
    assert "> one\n> two\n> three\n\nHeard.\n" in saved
    assert "> four\n> five\n" in saved


def test_a_killed_turn_is_told_and_goes_on(chat: Chat, script: Script) -> None:
    played = script(calls(("lab-count", {"text": "abc"}), ("lab-wait", {"seconds": 2.5})), answers("Done waiting."))
    first = chat("tester", "--provider", played)
    session = session_of(first.ready())
    first.send("count, then wait" + ENTER)
    first.see("lab-wait 1/2 sleep")
    first.kill()
    second = chat("--session", session[:-2], "--provider", played)
    screen = second.ready()
    assert f"session {session}: 1 turn so far; tester answers" in screen
    assert "> count, then wait\n(cut short)" in screen
    assert "the last turn was cut short; what was done is kept\nnext: /continue, or in a shell: ax runs" in screen
    screen = second.say("/continue", "Done waiting.")
    assert "● lab-count" not in screen  # it was done before


def test_closing_the_terminal_keeps_the_session(chat: Chat, script: Script) -> None:
    first = chat("tester", "--provider", script(answers("Heard.")))
    session = session_of(first.ready())
    first.say("remember lamp_4", "Heard.")
    first.kill(signal.SIGHUP)
    second = chat("--session", session)
    screen = second.ready()
    assert "> remember lamp_4\nHeard." in screen
    assert "cut short" not in screen


def test_resume_lists_sessions_and_goes_on_with_one(chat: Chat, script: Script) -> None:
    heard = script(answers("\n".join(f"line {letter}" for letter in "abcdefghijklmnopqrst")))
    first = chat("tester", "--provider", heard)
    session = session_of(first.ready())
    assert "no other session is kept yet" in first.say("/resume", "no other")
    first.say("the first words of all", "line t")
    first.leave()
    second = chat("--provider", heard)
    second.ready()
    second.say("words of another session", "line t")
    screen = second.say("/resume", "/resume 1 goes on with the first")
    assert re.search(rf"1  {session}  [\d-]+ [\d:]+ +1  tester +the first words of all", screen)
    assert "no session called '1999'" in second.say("/resume 1999", "error:")
    screen = second.say("/resume 1", "tester answers")
    assert "> the first words of all\nline a\n" in screen
    assert "… 8 more lines; /save has them all" in screen
    assert f"ax chat --session {session}" in second.leave()[1]


def test_an_unknown_session_or_persona_ends_at_once(chat: Chat) -> None:
    for arguments, told in (
        (("--session", "nowhere"), "no session called 'nowhere'"),
        (("testor",), "no persona called 'testor'; did you mean tester?"),
        (("--provider", "claude"), "ANTHROPIC_API_KEY is not set"),
        (("--format", "json"), "--format json takes its sentences from a pipe"),
    ):
        terminal = chat(*arguments)
        code = terminal.ended()
        assert told in terminal.text().replace("\n", " ")
        assert code == (4 if "claude" in arguments else 2)


def test_every_command(chat: Chat, shop: Path) -> None:
    terminal = chat("tester")
    terminal.ready()
    terminal.say("/help", "/quit              leave; the session is kept")
    terminal.say("/agent mlops-enginer", "did you mean mlops-engineer")
    terminal.say("/agent writer", "writer answers from now on")
    terminal.say("/agent tester", "tester answers from now on")
    screen = terminal.say("/tools", "Flip a switch.")
    assert re.search(r"read +lab-count +Count the letters", screen)
    assert re.search(r"compute +lab-wait +Wait\.", screen)
    assert re.search(r"effect +lab-flip +Flip a switch\.", screen)
    screen = terminal.say("/plan flip the switch lamp_9", "nothing was called")
    assert re.search(r"lab-flip +\d.*yes", screen)  # the ranking
    assert "name = lamp_9  (query" in screen
    assert not (shop / "switch.txt").exists()
    terminal.say("/plan", "say what to plan: /plan SENTENCE")
    terminal.say("/save", "there is nothing to save yet")
    terminal.say("profile shop", "shop: 40 rows")
    screen = terminal.say("/cost", "together")
    assert re.search(r"1  tester +completed +\d+\.\d+ +0  \$0\.0000  profile shop", screen)


def test_memory_is_searched(chat: Chat) -> None:
    terminal = chat("tester")
    terminal.ready()
    terminal.say("remember that the retraining window is 90 days", re.compile(r"done in"))
    terminal.say("/memory retraining window", re.compile(r"notes/\S+ +\{.*90 days"))
    terminal.say("/memory", "say what to look for")


def test_saving_asks_before_it_overwrites(chat: Chat, shop: Path, script: Script) -> None:
    played = script(calls(("lab-count", {"text": "abc"})), answers("There are {{r1.letters}} letters."))
    terminal = chat("tester", "--provider", played)
    terminal.ready()
    terminal.say("count abc", "There are 3 letters.")
    (shop / "talk.md").write_text("mine")
    terminal.send("/save talk.md" + ENTER)
    terminal.see("talk.md exists. Write over it? [y/N]")
    terminal.send("n" + ENTER)
    terminal.see("left as it is")
    assert (shop / "talk.md").read_text() == "mine"
    terminal.ready()
    terminal.send("/save talk.md" + ENTER)
    terminal.see("[y/N]", times=2)
    terminal.send("y" + ENTER)
    terminal.see("1 turn written to talk.md")
    terminal.ready()
    saved = (shop / "talk.md").read_text()
    assert '- `lab-count` done: `{"text":"abc"}`' in saved
    assert "> count abc\n" in saved
    assert "There are 3 letters.\n" in saved
    terminal.say("/save nowhere/talk.md", "cannot write nowhere/talk.md: No such file or directory")


def test_completion(chat: Chat) -> None:
    terminal = chat("tester")
    terminal.ready()
    terminal.send("/res")
    terminal.see("/resume  list the kept sessions")
    terminal.send(CTRL_C)
    terminal.ready()
    terminal.send("/agent ml-")
    terminal.see("Machine-learning engineer")
    terminal.send(TAB)
    terminal.see("/agent ml-engineer")
    terminal.send(CTRL_C)
    terminal.ready()
    terminal.send("profile sho")
    terminal.see(re.compile(r"shop +dataset"))
    terminal.send(TAB)
    terminal.see("> profile shop")
    terminal.send(CTRL_C)
    terminal.ready()
    terminal.send(CTRL_C)
    terminal.see("Ctrl-D or /quit leaves; the session is kept")


@pytest.mark.parametrize("word", ["/quit", "exit", CTRL_D])
def test_leaving(chat: Chat, word: str) -> None:
    terminal = chat("tester")
    terminal.ready()
    terminal.send(word + ("" if word == CTRL_D else ENTER))
    assert terminal.ended() == 0


def test_a_narrow_terminal_without_colours(chat: Chat, script: Script) -> None:
    prose = "A sentence that is long enough to be broken between its words here."
    played = script(calls(("lab-wait", {"seconds": 0.8})), answers(prose))
    terminal = chat("tester", "--provider", played, columns=34, env={"NO_COLOR": "1"})
    terminal.ready()
    screen = terminal.say("wait", "its words here.")
    assert "A sentence that is long enough to\nbe broken between its words here." in screen
    screen = terminal.say("/tools", "…")
    assert max(len(line) for line in screen.splitlines()) <= 34
    # Colours are 30 to 37, 38, 90 and so on; bold and the like are none.
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d|10\d)(?:;\d+)*m", terminal.raw)
