"""The tape: what was recorded answers the same run again, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from axagents.errors import ProviderError, UserError
from axagents.llm.scripted import ScriptedModel
from axagents.llm.tape import Player, Recorder
from axagents.llm.turn import Call, Message, Turn
from tests.llm.conftest import ASKED, COUNT, NOTE

CALLS = Turn(stop_reason="calls", calls=(Call(id="c", tool="lab-count", arguments={"text": "hello"}),), tokens=12)
DONE = Turn(stop_reason="answer", text="It has {{r1.letters}} letters.")


def after(**result: Any) -> tuple[Message, ...]:
    return (*ASKED, Message(role="assistant", calls=CALLS.calls), Message(role="tool", call_id="c", result=result))


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    recorder = Recorder(ScriptedModel([CALLS, DONE]), tmp_path / "tape.jsonl")
    assert recorder.take_turn("be brief", ASKED, [COUNT]) == CALLS
    assert recorder.take_turn("be brief", after(letters=5, run_id="20260101-abcdef", duration_s=1.5), [COUNT]) == DONE
    return tmp_path / "tape.jsonl"


def test_the_tape_can_be_read_by_people(tape: Path) -> None:
    first, second = [json.loads(line) for line in tape.read_text().splitlines()]
    assert first["provider"] == "scripted"
    assert first["request"]["messages"] == [{"role": "user", "text": "how long is hello?"}]
    assert [each["name"] for each in first["request"]["offers"]] == ["lab-count"]
    assert (len(first["digest"]), first["digest"] != second["digest"]) == (64, True)


def test_the_same_run_is_answered_whatever_its_ids_and_times(tape: Path) -> None:
    player = Player(tape)
    assert player.name == "scripted"
    assert player.take_turn("be brief", ASKED, [COUNT]) == CALLS
    again = after(letters=5, run_id="20270202-fedcba", duration_s=9.9)
    assert player.take_turn("be brief", again, [COUNT]) == DONE


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (("be brief", after(letters=6), [COUNT]), "on line 2: messages[2].result.letters was 5 and is 6"),
        (("be long", ASKED, [COUNT]), 'on line 1: system was "be brief" and is "be long"'),
        (("be brief", ASKED, [COUNT, NOTE]), "on line 1: offers[1] was not there and is"),
    ],
)
def test_a_changed_request_is_not_answered_and_the_nearest_is_shown(tape: Path, request_: Any, told: str) -> None:
    with pytest.raises(ProviderError) as caught:
        Player(tape).take_turn(*request_)
    assert told in caught.value.message
    assert caught.value.exit_code == 4


def test_a_request_is_answered_as_often_as_it_was_recorded(tape: Path) -> None:
    player = Player(tape)
    player.take_turn("be brief", ASKED, [COUNT])
    with pytest.raises(ProviderError, match="answers this request 1 times, and no more"):
        player.take_turn("be brief", ASKED, [COUNT])


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"provider": "x", "request": {}, "turn": {}}', None])
def test_what_is_no_tape_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "tape.jsonl").write_text(text)
    with pytest.raises(UserError):
        Player(tmp_path / "tape.jsonl")


def test_separators_of_unicode_stay_inside_their_line(tmp_path: Path) -> None:
    asked = (Message(role="user", text="one\u2028two\u0085three"),)
    Recorder(ScriptedModel([DONE]), tmp_path / "tape").take_turn("", asked, [])
    assert Player(tmp_path / "tape").take_turn("", asked, []) == DONE
