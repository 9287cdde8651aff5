"""Claude over the wire: what is sent, and what is read of the events that Anthropic's documentation shows."""

from typing import Any

import httpx
import pytest
import respx

from axagents.llm.turn import Call, Message, Need
from axagents.progress import Said, listen
from tests.llm.conftest import ASKED, CLAUDE, COUNT, KEY, NOTE, claude_stream, opened, said, sent, used

THINKING = {"type": "thinking", "thinking": "count the letters", "signature": "c2lnbmF0dXJl"}
REDACTED = {"type": "redacted_thinking", "data": "ZW5jcnlwdGVk"}


def test_a_call_is_read_from_its_pieces(wire: respx.MockRouter) -> None:
    route = wire.post(CLAUDE).mock(return_value=claude_stream(said("I look."), used("lab-note", {"traffic": 10})))
    turn = opened("claude").take_turn("be brief", ASKED, [COUNT, NOTE])
    assert (turn.stop_reason, turn.text) == ("calls", "I look.")
    assert [(call.tool, call.arguments) for call in turn.calls] == [("lab-note", {"traffic": 10})]
    assert {name: source.source for name, source in turn.calls[0].sources.items()} == {"traffic": "model"}
    headers = route.calls[0].request.headers
    assert headers["authorization"] == f"Bearer {KEY}"


def test_the_request_has_system_tools_and_conversation_each_marked_for_the_cache(wire: respx.MockRouter) -> None:
    route = wire.post(CLAUDE).mock(return_value=claude_stream(said("5"), stop="end_turn"))
    opened("claude").take_turn("be brief", ASKED, [COUNT, NOTE])
    body, marked = sent(route), {"type": "ephemeral"}
    assert body["system"] == [{"type": "text", "text": "be brief", "cache_control": marked}]
    assert [tool["name"] for tool in body["tools"]] == ["lab-count", "lab-note"]
    assert body["tools"][0]["input_schema"] == COUNT.parameters
    assert ["cache_control" in tool for tool in body["tools"]] == [False, True]
    asked = {"type": "text", "text": "how long is hello?", "cache_control": marked}
    assert body["messages"] == [{"role": "user", "content": [asked]}]
    assert (body["model"], body["stream"], body["max_tokens"]) == ("claude-sonnet-5-5", True, 32000)


def test_tokens_and_cost_are_counted_with_the_cache(wire: respx.MockRouter) -> None:
    answer = claude_stream(
        said("5"), stop="end_turn", input_tokens=100, cache_read_input_tokens=2000, cache_creation_input_tokens=300
    )
    wire.post(CLAUDE).mock(return_value=answer)
    turn = opened("claude").take_turn("", ASKED, [])
    assert turn.usage is not None
    assert turn.usage.model_dump() == {"input": 2400, "output": 7, "cached": 2000, "written": 300}
    assert turn.tokens == 2407
    # By hand from the published prices of Claude Sonnet 5.5: 2, 0.10, 2.50 and 10 dollars a million.
    assert turn.cost_usd == pytest.approx((100 * 2 + 2000 * 0.1 + 300 * 2.5 + 7 * 10) / 1e6)


def test_thinking_is_given_back_unchanged_with_the_call_and_its_result(wire: respx.MockRouter) -> None:
    route = wire.post(CLAUDE).mock(
        side_effect=[
            claude_stream(THINKING, REDACTED, used("lab-count", {"text": "hello"}, "toolu_9")),
            claude_stream(said("{{r1.letters}}"), stop="end_turn"),
        ]
    )
    model = opened("claude")
    first = model.take_turn("", ASKED, [COUNT])
    # The agent gives calls ids of its own.
    call = first.calls[0].model_copy(update={"id": "1.1"})
    messages = [
        *ASKED,
        Message(role="assistant", calls=(call,), raw=first.raw),
        Message(role="tool", call_id="1.1", tool="lab-count", result={"letters": 5}, receipt="r1"),
    ]
    model.take_turn("", messages, [COUNT])
    asked, assistant, result = sent(route)["messages"]
    assert assistant == {
        "role": "assistant",
        "content": [THINKING, REDACTED, used("lab-count", {"text": "hello"}, "toolu_9")],
    }
    assert (asked["role"], result["role"]) == ("user", "user")
    (block,) = result["content"]
    assert (block["type"], block["tool_use_id"]) == ("tool_result", "toolu_9")
    assert block["content"] == '{"receipt":"r1","result":{"letters":5}}'


def test_text_is_told_as_it_arrives(wire: respx.MockRouter) -> None:
    wire.post(CLAUDE).mock(return_value=claude_stream(said("It has five."), stop="end_turn"))
    heard: list[Any] = []
    with listen(heard.append):
        opened("claude").take_turn("", ASKED, [])
    assert [each for each in heard if isinstance(each, Said)] == [Said("It has", first=True), Said(" five.")]


def test_a_call_without_a_result_gets_one_and_parallel_calls_keep_theirs(wire: respx.MockRouter) -> None:
    route = wire.post(CLAUDE).mock(return_value=claude_stream(said("ok"), stop="end_turn"))
    calls = (Call(id="1.1", tool="lab-count", arguments={"text": "a"}), Call(id="1.2", tool="lab-note", arguments={}))
    messages = [
        *ASKED,
        Message(role="assistant", text="both", calls=calls),
        Message(role="tool", call_id="1.1", tool="lab-count", error="it is stuck"),
    ]
    opened("claude").take_turn("", messages, [COUNT, NOTE])
    _, assistant, results = sent(route)["messages"]
    assert [block.get("id") for block in assistant["content"]] == [None, "call_1_1", "call_1_2"]
    told = {block["tool_use_id"]: (block["is_error"], block["content"]) for block in results["content"]}
    assert told["call_1_1"] == (True, '{"error":"it is stuck"}')
    assert "not called" in told["call_1_2"][1]


def test_a_recalled_conversation_is_told_in_words(wire: respx.MockRouter) -> None:
    route = wire.post(CLAUDE).mock(return_value=claude_stream(said("ok"), stop="end_turn"))
    recalled = Message(role="assistant", text="5 letters", calls=(Call(id="e0", tool="lab-count", arguments={}),))
    asked = Message(role="assistant", needs=(Need(field="text", question="Which text?"),))
    messages = [*ASKED, recalled, *ASKED, asked, *ASKED]
    opened("claude").take_turn("", messages, [COUNT])
    body = sent(route)["messages"]
    assert [each["role"] for each in body] == ["user", "assistant", "user", "assistant", "user"]
    assert body[1]["content"] == [{"type": "text", "text": "[called lab-count {}]\n5 letters"}]
    assert body[3]["content"] == [{"type": "text", "text": "Which text?"}]


def test_an_answer_cut_at_its_length_is_asked_for_with_more_then_refused(
    wire: respx.MockRouter, slept: list[float]
) -> None:
    cut = claude_stream(used("lab-note", '{"traffic": 1'), stop="max_tokens")
    route = wire.post(CLAUDE).mock(side_effect=[cut, claude_stream(used("lab-note", {"traffic": 10}))])
    turn = opened("claude").take_turn("", ASKED, [NOTE])
    assert turn.calls[0].arguments == {"traffic": 10}
    assert [sent(route, at)["max_tokens"] for at in (0, 1)] == [32000, 128000]
    assert slept == [0]
    wire.post(CLAUDE).mock(side_effect=lambda _: claude_stream(used("lab-note", '{"traffic": 1'), stop="max_tokens"))
    with pytest.raises(Exception, match="longer than claude-sonnet-5-5 may write"):
        opened("claude").take_turn("", ASKED, [NOTE])


def test_an_answer_that_is_not_streamed_is_read_too(wire: respx.MockRouter) -> None:
    body = {
        "type": "message",
        "role": "assistant",
        "content": [used("lab-count", {"text": "hello"})],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    wire.post(CLAUDE).mock(return_value=httpx.Response(200, json=body))
    turn = opened("claude").take_turn("", ASKED, [COUNT])
    assert (turn.calls[0].arguments, turn.tokens) == ({"text": "hello"}, 7)
