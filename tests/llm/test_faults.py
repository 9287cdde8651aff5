"""What providers and connections do wrong: asked again, refused or told, and never taken for a turn."""

import time
from collections.abc import Callable
from typing import Any

import httpcore2
import httpx
import pytest
import respx

from axagents.errors import ProviderError
from axagents.llm.retrying import turns_end
from axagents.progress import Said, listen
from tests.llm.conftest import (
    ASKED,
    CLAUDE,
    COUNT,
    KEY,
    NOTE,
    OPENAI,
    claude_events,
    claude_stream,
    openai_events,
    openai_stream,
    opened,
    said,
    stream,
    used,
)

URL = {"claude": CLAUDE, "openai": OPENAI}
BOTH = pytest.mark.parametrize("name", ["claude", "openai"])


def answer(name: str, traffic: int = 10) -> httpx.Response:
    if name == "claude":
        return claude_stream(used("lab-note", {"traffic": traffic}))
    return openai_stream("", [("call_1", "lab-note", f'{{"traffic": {traffic}}}')])


def cut(name: str) -> httpx.Response:
    """A stream that ends inside `{"traffic": 10}`, after the 1; what stands there yet is good JSON once closed."""
    if name == "claude":
        events: list[Any] = claude_events(used("lab-note", '{"traffic": 1'), stop=None)[:-1]
        return stream(events)
    return stream(openai_events("", [("call_1", "lab-note", '{"traffic": 1')], finish=None), names=False)


def turn_of(name: str) -> Any:
    return opened(name).take_turn("", ASKED, [COUNT, NOTE])


@BOTH
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_what_may_pass_is_asked_again(wire: respx.MockRouter, slept: list[float], name: str, status: int) -> None:
    body = {"error": {"type": "some_error", "message": "later"}}
    route = wire.post(URL[name]).mock(side_effect=[httpx.Response(status, json=body), answer(name)])
    assert turn_of(name).calls[0].arguments == {"traffic": 10}
    assert (route.call_count, len(slept)) == (2, 1)
    assert 0.25 <= slept[0] <= 0.5


@BOTH
def test_a_cut_stream_is_no_turn(wire: respx.MockRouter, slept: list[float], name: str) -> None:
    wire.post(URL[name]).mock(side_effect=[cut(name), cut(name), answer(name)])
    assert turn_of(name).calls[0].arguments == {"traffic": 10}
    wire.post(URL[name]).mock(side_effect=lambda _: cut(name))
    with pytest.raises(ProviderError, match=r"the answer was cut off \(asked 8 times"):
        turn_of(name)


@BOTH
def test_every_cut_of_a_stream_gives_the_whole_turn_or_none(
    wire: respx.MockRouter, slept: list[float], name: str
) -> None:
    whole = answer(name).content
    kind = {"content-type": "text/event-stream"}
    model = opened(name)
    for length in range(0, len(whole), 29):
        parts = [httpx.Response(200, headers=kind, content=whole[:length]), answer(name, 99)]
        wire.post(URL[name]).mock(side_effect=parts)
        # 99 stands for the second answer: either the first was whole, or it was thrown away.
        assert model.take_turn("", ASKED, [NOTE]).calls[0].arguments["traffic"] in (10, 99)


@BOTH
@pytest.mark.parametrize(
    "fault", [httpcore2.ReadError("reset"), httpcore2.RemoteProtocolError("incomplete"), httpcore2.ReadTimeout("slow")]
)
def test_a_connection_that_breaks_is_made_again(
    wire: respx.MockRouter, slept: list[float], name: str, fault: Exception
) -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            yield cut(name).content
            raise fault

    kind = {"content-type": "text/event-stream"}
    wire.post(URL[name]).mock(side_effect=[httpx.Response(200, headers=kind, stream=Broken()), answer(name)])
    assert turn_of(name).calls[0].arguments == {"traffic": 10}


@BOTH
def test_where_nobody_listens_it_is_told_soon(wire: respx.MockRouter, slept: list[float], name: str) -> None:
    wire.post(URL[name]).mock(side_effect=httpcore2.ConnectError("refused"))
    with pytest.raises(ProviderError, match="cannot connect to https://api") as caught:
        turn_of(name)
    assert len(slept) == 2
    assert "--provider offline" in (caught.value.hint or "")


def test_an_overload_in_mid_stream_throws_away_what_was_said(wire: respx.MockRouter, slept: list[float]) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    begun = claude_events(said("It has fo"), stop=None)
    wire.post(CLAUDE).mock(side_effect=[stream([*begun, error]), claude_stream(said("five"), stop="end_turn")])
    heard: list[Any] = []
    with listen(heard.append):
        assert opened("claude").take_turn("", ASKED, []).text == "five"
    assert [each.text for each in heard if isinstance(each, Said) and each.first] == ["It h", "fi"]


def test_an_error_in_mid_stream_of_chat_completions_is_asked_again(wire: respx.MockRouter, slept: list[float]) -> None:
    error = {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    begun = openai_events("It has", finish=None)
    wire.post(OPENAI).mock(side_effect=[stream([*begun, error], names=False), openai_stream("five", finish="stop")])
    assert turn_of("openai").text == "five"
    refused = {"error": {"message": "no", "type": "invalid_request_error", "code": None}}
    wire.post(OPENAI).mock(return_value=stream([*begun, refused], names=False))
    with pytest.raises(ProviderError, match="refused the request"):
        turn_of("openai")


@BOTH
def test_a_retry_after_of_a_day_is_a_minute(wire: respx.MockRouter, slept: list[float], name: str) -> None:
    day = httpx.Response(429, headers={"retry-after": "86400"}, json={"error": {"message": "slow down"}})
    wire.post(URL[name]).mock(side_effect=[day, answer(name)])
    assert turn_of(name).calls
    assert slept == [60.0]


@pytest.mark.parametrize(
    ("header", "value", "low", "high"),
    [
        ("retry-after", "7", 7, 7),
        ("retry-after-ms", "250", 0.25, 0.25),
        ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT", 60, 60),
        ("retry-after", "soon", 0.25, 0.5),
        ("retry-after", "-5", 0, 0),
    ],
)
def test_every_form_of_retry_after(
    wire: respx.MockRouter, slept: list[float], header: str, value: str, low: float, high: float
) -> None:
    wire.post(OPENAI).mock(side_effect=[httpx.Response(503, headers={header: value}), answer("openai")])
    turn_of("openai")
    assert low <= slept[0] <= high


@BOTH
def test_a_wait_beyond_the_deadline_is_not_begun(wire: respx.MockRouter, slept: list[float], name: str) -> None:
    route = wire.post(URL[name]).mock(return_value=httpx.Response(429, headers={"retry-after": "86400"}))
    with turns_end(time.monotonic() + 30), pytest.raises(ProviderError, match=r"left alone for 86400 s \(asked once"):
        turn_of(name)
    assert (route.call_count, slept) == (1, [])


@BOTH
def test_html_with_status_200_is_told_with_the_address(wire: respx.MockRouter, slept: list[float], name: str) -> None:
    page = httpx.Response(200, html="<html>Please log in</html>")
    wire.post(URL[name]).mock(return_value=page)
    with pytest.raises(ProviderError, match=r"https://api.* answered with HTML") as caught:
        turn_of(name)
    assert slept == []
    assert "log in" not in caught.value.message


@BOTH
@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, {"error": {"message": "tools.0.name: bad"}}, "refused the request .HTTP 400: tools.0.name: bad"),
        (
            401,
            {"error": {"message": f"Incorrect API key provided: {KEY}"}},
            "does not accept the key in [A-Z]+_API_KEY",
        ),
        (403, {"error": {"message": "not for you"}}, "does not allow this with the key in [A-Z]+_API_KEY"),
        (404, {"error": {"message": "model: no such"}}, "has no model '.*' at https://api"),
        (402, {"error": {"message": "pay"}}, "no credit left"),
        (400, {"error": {"message": "Your credit balance is too low"}}, "no credit left"),
        (429, {"error": {"message": "x", "code": "insufficient_quota"}}, "no credit left"),
        (400, {"error": {"message": "prompt is too long: 2 > 1"}}, "longer than .* can read, [0-9,]+ tokens"),
        (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, "longer than .* can read"),
        (413, "<html>too large</html>", "longer than .* can read"),
        (418, "<html>teapot</html>", "refused the request .HTTP 418."),
    ],
)
def test_what_will_not_pass_is_told_at_once(
    wire: respx.MockRouter, slept: list[float], name: str, status: int, body: Any, told: str
) -> None:
    made: Callable[..., httpx.Response] = httpx.Response
    response = made(status, json=body) if isinstance(body, dict) else made(status, html=body)
    route = wire.post(URL[name]).mock(return_value=response)
    with pytest.raises(ProviderError, match=told) as caught:
        turn_of(name)
    assert (route.call_count, slept, caught.value.exit_code) == (1, [], 4)
    assert caught.value.hint
    assert KEY not in f"{caught.value.as_dict()}{caught.value.__cause__}{caught.value.__context__}"


def test_a_key_that_a_provider_repeats_is_taken_out(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).mock(return_value=httpx.Response(400, json={"error": {"message": f"what is {KEY}?"}}))
    with pytest.raises(ProviderError, match=r"what is [*]{3}[?]"):
        turn_of("openai")


@BOTH
@pytest.mark.parametrize("arguments", ['{"traffic": 10', "traffic: 10", '"10"', "[10]", '{"traffic": NaN}'])
def test_arguments_that_cannot_be_read_are_kept_as_such(wire: respx.MockRouter, name: str, arguments: str) -> None:
    claude = claude_stream(used("lab-note", arguments))
    wire.post(URL[name]).mock(
        return_value=claude if name == "claude" else openai_stream("", [("c", "lab-note", arguments)])
    )
    (call,) = turn_of(name).calls
    assert (call.arguments, arguments in (call.unread or "")) == ({}, True)
    assert "the arguments are" in (call.unread or "")


@BOTH
def test_call_ids_that_stand_there_twice_are_made_distinct(wire: respx.MockRouter, name: str) -> None:
    both = [("c", "lab-count", "{}"), ("c", "lab-note", "{}"), ("", "lab-note", "{}")]
    claude = claude_stream(*(used(tool, {}, id_) for id_, tool, _ in both))
    wire.post(URL[name]).mock(return_value=claude if name == "claude" else openai_stream("", both))
    turn = turn_of(name)
    assert [call.id for call in turn.calls] == ["c", "c_2", "call_2"]
    given = turn.raw if name == "claude" else turn.raw[0]["tool_calls"]
    assert [block["id"] for block in given] == ["c", "c_2", "call_2"]


@BOTH
@pytest.mark.parametrize("stop", ["refusal", "content_filter", "pause_turn", "length", "something_new"])
def test_other_ends_than_known_ones_are_no_turn(wire: respx.MockRouter, name: str, stop: str) -> None:
    claude = claude_stream(said("half"), stop=stop)
    wire.post(URL[name]).mock(return_value=claude if name == "claude" else openai_stream("half", finish=stop))
    with pytest.raises(ProviderError):
        turn_of(name)


@BOTH
@pytest.mark.parametrize("broken", ['{"type": "content_block_delta"', '{"type":"content_block_delta","index":3}', "7"])
def test_events_that_make_no_sense_are_no_turn(
    wire: respx.MockRouter, slept: list[float], name: str, broken: str
) -> None:
    wire.post(URL[name]).mock(side_effect=lambda _: stream([broken], names=False))
    with pytest.raises(ProviderError):
        turn_of(name)


@BOTH
def test_saying_nothing_is_asked_again(wire: respx.MockRouter, slept: list[float], name: str) -> None:
    empty = claude_stream(stop="end_turn") if name == "claude" else openai_stream("", finish="stop")
    wire.post(URL[name]).mock(side_effect=[empty, answer(name)])
    assert turn_of(name).calls
