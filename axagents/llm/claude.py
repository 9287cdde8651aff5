"""Claude, by Anthropic's messages protocol: streamed, with tools, the cache of prompts, and thinking passed on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import anthropic

from axagents.llm.endpoint import Endpoint
from axagents.llm.failures import Ends, check_ended
from axagents.llm.posting import Post, whole_turn
from axagents.llm.retrying import Again
from axagents.llm.stream import Event, timeouts
from axagents.llm.turn import Call, Message, Offer, Turn, Usage
from axagents.llm.wire import (
    distinct,
    made_call,
    own_names,
    read_arguments,
    result_text,
    settled,
    spoken,
    wire_ids,
    wire_name,
)
from axagents.progress import Said, emit

Block = dict[str, Any]

_CACHE = {"type": "ephemeral"}
_USUAL_OUTPUT = 32_000
"""Tokens of one answer, thinking included; an answer that is cut there is asked for again with all the model has."""
_LEAST_OUTPUT = 8_192
_ENDS = Ends(
    ("end_turn", "stop_sequence", "tool_use"),
    at_length="max_tokens",
    refused="refusal",
    at_window="model_context_window_exceeded",
)


class Claude:
    """One endpoint that speaks the messages protocol."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        client = anthropic.Anthropic(
            api_key=endpoint.key or "none", base_url=endpoint.base_url, max_retries=0, timeout=timeouts(600)
        )
        self._post = Post(
            endpoint, client, "/v1/messages", refused=anthropic.APIStatusError, broken=anthropic.APIConnectionError
        )
        most = endpoint.max_output or _LEAST_OUTPUT
        self._output, self._most_output = min(_USUAL_OUTPUT, most), most

    def speak(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], *, seconds: float) -> Turn:
        """Return a whole turn; see `retrying.Speaker`."""
        body = write_request(system, messages, offers)
        body = {"model": self._endpoint.model, "max_tokens": self._output, "stream": True, **body}
        with self._post.answer(body, seconds) as events:
            heard = _listen(events)
            if heard.stop_reason == "max_tokens" and self._output < self._most_output:
                self._output = self._most_output
                raise Again("the answer was cut at its length", wait=0)
            return self._turn(heard, offers)

    def _turn(self, heard: "_Heard", offers: Sequence[Offer]) -> Turn:
        check_ended(self._endpoint, heard.stop_reason, _ENDS)
        blocks, calls = _calls(heard, own_names(offers))
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        if heard.stop_reason == "tool_use" and not calls:
            raise Again("it wanted to call a tool and named none")
        if not calls and not text.strip():
            raise Again("it said nothing", tries=3)
        return whole_turn(self._endpoint, text, calls=calls, raw=blocks, usage=_usage(heard.usage))


@dataclass
class _Heard:
    """What has arrived of an answer; `inputs` holds the pieces of each call's arguments."""

    blocks: dict[int, Block] = field(default_factory=dict[int, Block])
    inputs: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    usage: dict[str, Any] = field(default_factory=dict[str, Any])
    stop_reason: str | None = None
    said: bool = False

    def say(self, text: str) -> None:
        if text:
            emit(Said(text, first=not self.said))
            self.said = True


def write_request(system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> dict[str, Any]:
    """Return system text, tools and conversation as the protocol has them, each end marked for the cache."""
    tools: list[Block] = [
        {"name": wire_name(each.name), "description": each.description, "input_schema": dict(each.parameters)}
        for each in offers
    ]
    body: dict[str, Any] = {"messages": _write_messages(messages)}
    if system:
        body["system"] = [{"type": "text", "text": system, "cache_control": _CACHE}]
    if tools:
        tools[-1]["cache_control"] = _CACHE
        body["tools"] = tools
    last: list[Block] = body["messages"][-1]["content"]
    last[-1] = {**last[-1], "cache_control": _CACHE}
    return body


def _write_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    whole = settled(messages)
    ids = wire_ids(whole, _raw_ids)
    written: list[dict[str, Any]] = []
    for message in whole:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _write_blocks(message, ids)
        if written and written[-1]["role"] == role:
            written[-1]["content"] += blocks
        else:
            written.append({"role": role, "content": blocks})
    return written


def _write_blocks(message: Message, ids: dict[str, str]) -> list[Block]:
    if message.role == "user":
        return [{"type": "text", "text": message.text}]
    if message.role == "tool":
        id_ = ids.get(message.call_id or "", message.call_id)
        result = {"type": "tool_result", "tool_use_id": id_, "content": result_text(message)}
        return [{**result, "is_error": True} if message.error is not None else result]
    if len(_raw_ids(message)) == len(message.calls) and _is_own(message):
        own = iter(message.calls)
        return [
            {**block, "id": ids[next(own).id]} if block["type"] == "tool_use" else dict(block) for block in message.raw
        ]
    said = [{"type": "text", "text": spoken(message)}] if message.text.strip() or not message.calls else []
    used = [
        {"type": "tool_use", "id": ids[call.id], "name": wire_name(call.tool), "input": call.arguments}
        for call in message.calls
    ]
    return said + used


def _is_own(message: Message) -> bool:
    """Tell whether a message stands in this protocol's form."""
    return bool(message.raw) and all("type" in block and "role" not in block for block in message.raw)


def _raw_ids(message: Message) -> list[str]:
    return [block["id"] for block in message.raw if block.get("type") == "tool_use"]


def _listen(events: Iterable[Event]) -> _Heard:
    heard = _Heard()
    for event in events:
        kind = event.get("type")
        if kind == "whole":
            _take_whole(heard, event)
        elif kind == "message_start":
            heard.usage.update(event.get("message", {}).get("usage") or {})
        elif kind == "content_block_start":
            heard.blocks[event["index"]] = dict(event["content_block"])
            heard.say(event["content_block"].get("text") or "")
        elif kind == "content_block_delta":
            _take_delta(heard, event["index"], event["delta"])
        elif kind == "message_delta":
            heard.stop_reason = event["delta"].get("stop_reason") or heard.stop_reason
            usage: dict[str, Any] = event.get("usage") or {}
            heard.usage.update({key: value for key, value in usage.items() if value is not None})
    return heard


def _take_delta(heard: _Heard, index: int, delta: dict[str, Any]) -> None:
    block = heard.blocks.get(index)
    if block is None:
        raise Again("a part of the answer is missing")
    kind = delta["type"]
    if kind == "text_delta":
        block["text"] = block.get("text", "") + delta["text"]
        heard.say(delta["text"])
    elif kind == "input_json_delta":
        heard.inputs.setdefault(index, []).append(delta["partial_json"])
    elif kind == "thinking_delta":
        block["thinking"] = block.get("thinking", "") + delta["thinking"]
    elif kind == "signature_delta":
        block["signature"] = delta["signature"]


def _take_whole(heard: _Heard, body: Event) -> None:
    content: Any = body.get("content")
    if not isinstance(content, list):
        raise Again("the answer has no content")
    heard.blocks = dict(enumerate(cast("list[Block]", content)))
    heard.stop_reason = body.get("stop_reason")
    heard.usage = dict(body.get("usage") or {})
    heard.say("".join(block.get("text", "") for block in heard.blocks.values()))


def _calls(heard: _Heard, own: dict[str, str]) -> tuple[list[Block], list[Call]]:
    """Return the blocks to give back and the calls in them; ids that stand there twice are made distinct."""
    kept = {index: block for index, block in sorted(heard.blocks.items()) if _is_kept(block)}
    used = [(index, block) for index, block in kept.items() if block["type"] == "tool_use"]
    calls: list[Call] = []
    for (index, block), id_ in zip(used, distinct([str(block.get("id") or "") for _, block in used]), strict=True):
        arguments, unread = _arguments(block, heard.inputs.get(index))
        block.update(id=id_, input=arguments)
        name = str(block["name"])
        calls.append(made_call(id_, own.get(name, name), arguments, unread=unread))
    return list(kept.values()), calls


def _arguments(block: Block, pieces: list[str] | None) -> tuple[dict[str, Any], str | None]:
    if pieces is None and isinstance(block.get("input"), dict):
        return block["input"], None
    return read_arguments("".join(pieces or ()))


def _is_kept(block: Block) -> bool:
    """Leave out text without a letter, which the protocol does not take back."""
    return block.get("type") != "text" or bool(str(block.get("text", "")).strip())


def _usage(usage: dict[str, Any]) -> Usage:
    fresh, cached, written, output = (
        int(usage.get(key) or 0)
        for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    )
    return Usage(input=fresh + cached + written, output=output, cached=cached, written=written)
