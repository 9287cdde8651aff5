"""Chat completions over the wire: what is sent, and what is read of chunks as OpenAI and its kin send them."""

import httpx
import pytest
import respx

from axagents.llm.turn import Message
from axagents.progress import Said, listen
from tests.llm.conftest import ASKED, COUNT, KEY, NOTE, OPENAI, openai_events, openai_stream, opened, sent, stream

CALL = ("call_9", "lab-note", '{"traffic": 10}')


def test_a_call_is_read_from_its_pieces(wire: respx.MockRouter) -> None:
    route = wire.post(OPENAI).mock(return_value=openai_stream("I look.", [CALL]))
    turn = opened("openai").take_turn("be brief", ASKED, [COUNT, NOTE])
    assert (turn.stop_reason, turn.text) == ("calls", "I look.")
    assert [(call.tool, call.arguments) for call in turn.calls] == [("lab-note", {"traffic": 10})]
    body = sent(route)
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "how long is hello?"},
    ]
    function = {"name": "lab-count", "description": "Count.", "parameters": COUNT.parameters}
    assert body["tools"][0] == {"type": "function", "function": function}
    assert (body["model"], body["stream"], body["stream_options"]) == ("gpt-6-sol", True, {"include_usage": True})
    assert body["reasoning_effort"] == "none"
    assert route.calls[0].request.headers["authorization"] == f"Bearer {KEY}"


def test_tokens_and_cost_are_counted(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).mock(return_value=openai_stream("5", finish="stop"))
    turn = opened("openai").take_turn("", ASKED, [])
    assert turn.usage is not None
    assert turn.usage.model_dump() == {"input": 20, "output": 7, "cached": 8, "written": 0}
    # By hand from the published prices of GPT-6 Sol: 2, 0.20 and 10 dollars a million.
    assert turn.cost_usd == pytest.approx((12 * 2 + 8 * 0.2 + 7 * 10) / 1e6)


def test_the_message_is_given_back_as_it_came_with_its_result(wire: respx.MockRouter) -> None:
    signature = {"google": {"thought_signature": "c2ln"}}
    events = openai_events("", [CALL], reasoning_content="note it")
    begun = next(event for event in events if event["choices"][0]["delta"].get("tool_calls"))
    begun["choices"][0]["delta"]["tool_calls"][0]["extra_content"] = signature
    route = wire.post(OPENAI).mock(side_effect=[stream(events, names=False), openai_stream("done", finish="stop")])
    model = opened("openai")
    first = model.take_turn("", ASKED, [NOTE])
    call = first.calls[0].model_copy(update={"id": "1.1"})
    messages = [
        *ASKED,
        Message(role="assistant", calls=(call,), raw=first.raw),
        Message(role="tool", call_id="1.1", tool="lab-note", result={"lines": 1}, receipt="r1"),
    ]
    model.take_turn("", messages, [NOTE])
    _, assistant, result = sent(route)["messages"]
    assert (assistant["content"], assistant["reasoning_content"]) == (None, "note it")
    (called,) = assistant["tool_calls"]
    assert called["function"] == {"name": "lab-note", "arguments": '{"traffic": 10}'}
    assert (called["id"], called["type"], called["extra_content"]) == ("call_9", "function", signature)
    content = '{"receipt":"r1","result":{"lines":1}}'
    assert result == {"role": "tool", "tool_call_id": "call_9", "content": content}


def test_text_is_told_as_it_arrives(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).mock(return_value=openai_stream("It has five.", finish="stop"))
    heard: list[object] = []
    with listen(heard.append):
        opened("openai").take_turn("", ASKED, [])
    assert [each for each in heard if isinstance(each, Said)] == [Said("It has", first=True), Said(" five.")]


def test_calls_of_endpoints_that_do_not_count_them_are_told_apart(wire: respx.MockRouter) -> None:
    whole = [
        {"index": 0, "id": "a", "function": {"name": "lab-count", "arguments": '{"text": "x"}'}},
        {"index": 0, "id": "b", "function": {"name": "lab-note", "arguments": {"traffic": 10}}},
    ]
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": whole}, "finish_reason": "stop"}]}
    wire.post(OPENAI).mock(return_value=stream([chunk, "[DONE]"], names=False))
    turn = opened("openai").take_turn("", ASKED, [COUNT, NOTE])
    assert [(call.id, call.tool, call.arguments) for call in turn.calls] == [
        ("a", "lab-count", {"text": "x"}),
        ("b", "lab-note", {"traffic": 10}),
    ]


def test_an_answer_that_is_not_streamed_is_read_too(wire: respx.MockRouter) -> None:
    message = {"role": "assistant", "content": "five"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 2}}
    wire.post(OPENAI).mock(return_value=httpx.Response(200, json=body))
    assert opened("openai").take_turn("", ASKED, []).text == "five"


def test_an_own_endpoint_gets_no_key_and_nothing_of_openais(
    wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    route = wire.post("http://localhost:11434/v1/chat/completions").mock(
        return_value=openai_stream("five", finish="stop")
    )
    assert opened("ollama", model="qwen3:8b").take_turn("", ASKED, []).text == "five"
    request = route.calls[0].request
    assert KEY not in str(request.headers.raw)
    assert "openai-organization" not in request.headers
    assert sent(route)["model"] == "qwen3:8b"


def test_a_name_with_a_dot_is_written_as_the_protocol_allows_and_read_back(wire: respx.MockRouter) -> None:
    foreign = type(COUNT)("files.read", "read", "Read.", {"type": "object"})
    route = wire.post(OPENAI).mock(return_value=openai_stream("", [("c", "files_read", "{}")]))
    turn = opened("openai").take_turn("", ASKED, [foreign])
    assert (sent(route)["tools"][0]["function"]["name"], turn.calls[0].tool) == ("files_read", "files.read")
