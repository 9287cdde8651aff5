"""OpenAI, and every endpoint that speaks its chat completions: streamed, with tools."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import openai

from axagents.llm.endpoint import Endpoint
from axagents.llm.failures import Ends, check_ended, declined
from axagents.llm.posting import Post, whole_turn
from axagents.llm.retrying import Again
from axagents.llm.stream import Event, timeouts
from axagents.llm.turn import Call, Message, Offer, Turn, Usage
from axagents.llm.wire import (
    distinct,
    json_text,
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

_OWN_KEY = "OPENAI_API_KEY"
_OPENAIS_OWN = ("OpenAI-Organization", "OpenAI-Project")
_ADDED_UP = ("content", "reasoning_content", "reasoning", "refusal")
"""Fields of a message whose pieces are put together."""
_ENDS = Ends(("stop", "tool_calls"), at_length="length", refused="content_filter")


class OpenAICompatible:
    """One endpoint that speaks chat completions."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        # The library would send the key and the organisation of OpenAI, as the environment has them, to anybody.
        foreign = {} if endpoint.key_variable == _OWN_KEY else dict.fromkeys(_OPENAIS_OWN, openai.omit)
        client = openai.OpenAI(
            api_key=endpoint.key or "none",
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=timeouts(600),
            default_headers=cast("dict[str, str]", foreign),
        )
        self._post = Post(
            endpoint, client, "/chat/completions", refused=openai.APIStatusError, broken=openai.APIConnectionError
        )

    def speak(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], *, seconds: float) -> Turn:
        """Return a whole turn; see `retrying.Speaker`."""
        body = write_request(system, messages, offers)
        body = {"model": self._endpoint.model, "stream": True, "stream_options": {"include_usage": True}, **body}
        with self._post.answer(body, seconds) as events:
            return self._turn(_listen(events), offers)

    def _turn(self, heard: "_Heard", offers: Sequence[Offer]) -> Turn:
        check_ended(self._endpoint, heard.finish_reason, _ENDS)
        calls = _calls(heard, own_names(offers))
        text = str(heard.message.get("content") or "")
        if heard.finish_reason == "tool_calls" and not calls:
            raise Again("it wanted to call a tool and named none")
        if not calls and not text.strip():
            if heard.message.get("refusal"):
                raise declined(self._endpoint)
            raise Again("it said nothing", tries=3)
        return whole_turn(self._endpoint, text, calls=calls, raw=[_raw(heard)], usage=_usage(heard.usage))


@dataclass
class _Call:
    """A call as far as it has arrived; `more` is what else the endpoint wants back, such as a signature."""

    index: Any
    id: str = ""
    name: str = ""
    arguments: str = ""
    more: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class _Heard:
    """What has arrived of an answer."""

    message: dict[str, Any] = field(default_factory=dict[str, Any])
    calls: list[_Call] = field(default_factory=list[_Call])
    usage: dict[str, Any] = field(default_factory=dict[str, Any])
    finish_reason: str | None = None
    said: bool = False


def write_request(system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> dict[str, Any]:
    """Return system text, tools and conversation as the protocol has them."""
    whole = settled(messages)
    ids = wire_ids(whole, _raw_ids)
    written: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    written += [_write(message, ids) for message in whole]
    tools = [
        {
            "type": "function",
            "function": {
                "name": wire_name(each.name),
                "description": each.description,
                "parameters": dict(each.parameters),
            },
        }
        for each in offers
    ]
    return {"messages": written, "tools": tools} if tools else {"messages": written}


def _write(message: Message, ids: dict[str, str]) -> dict[str, Any]:
    if message.role == "user":
        return {"role": "user", "content": message.text}
    if message.role == "tool":
        id_ = ids.get(message.call_id or "", message.call_id)
        return {"role": "tool", "tool_call_id": id_, "content": result_text(message)}
    if len(_raw_ids(message)) == len(message.calls) and _is_own(message):
        own = message.raw[0]
        called = [
            {**each, "id": ids[call.id]} for each, call in zip(own.get("tool_calls", ()), message.calls, strict=True)
        ]
        return {**own, "tool_calls": called} if called else own
    if not message.calls:
        return {"role": "assistant", "content": spoken(message)}
    called = [
        {
            "id": ids[call.id],
            "type": "function",
            "function": {"name": wire_name(call.tool), "arguments": json_text(call.arguments)},
        }
        for call in message.calls
    ]
    return {"role": "assistant", "content": message.text or None, "tool_calls": called}


def _is_own(message: Message) -> bool:
    """Tell whether a message stands in this protocol's form."""
    return len(message.raw) == 1 and message.raw[0].get("role") == "assistant"


def _raw_ids(message: Message) -> list[str]:
    return [each["id"] for each in message.raw[0].get("tool_calls", ())] if _is_own(message) else []


def _listen(events: Iterable[Event]) -> _Heard:
    heard = _Heard()
    for event in events:
        heard.usage.update(event.get("usage") or {})
        choices: list[dict[str, Any]] = event.get("choices") or []
        for choice in choices:
            delta: dict[str, Any] = choice.get("delta") or choice.get("message") or {}
            _take_delta(heard, delta)
            heard.finish_reason = choice.get("finish_reason") or heard.finish_reason
    return heard


def _take_delta(heard: _Heard, delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            for piece in value or ():
                _take_call(heard.calls, piece)
        elif key in _ADDED_UP:
            heard.message[key] = (heard.message.get(key) or "") + (value or "")
        elif value is not None:
            heard.message[key] = value
    if text := delta.get("content"):
        emit(Said(text, first=not heard.said))
        heard.said = True


def _take_call(calls: list[_Call], piece: dict[str, Any]) -> None:
    """Put a piece to its call: by index, where the endpoint counts; another id begins another call."""
    function: dict[str, Any] = piece.get("function") or {}
    index, id_ = piece.get("index"), piece.get("id") or ""
    found = next((each for each in reversed(calls) if index is None or each.index == index), None)
    if found is None or (id_ and function.get("name") and id_ != found.id):
        found = _Call(index)
        calls.append(found)
    found.id = found.id or id_
    found.name = found.name or function.get("name") or ""
    arguments: Any = function.get("arguments")
    found.arguments += arguments if isinstance(arguments, str) else json_text(arguments) if arguments else ""
    found.more.update({key: value for key, value in piece.items() if key not in ("index", "id", "type", "function")})


def _calls(heard: _Heard, own: dict[str, str]) -> list[Call]:
    """Return the calls; ids that stand there twice are made distinct, arguments that cannot be read emptied."""
    calls: list[Call] = []
    for each, id_ in zip(heard.calls, distinct([each.id for each in heard.calls]), strict=True):
        arguments, unread = read_arguments(each.arguments)
        each.id, each.arguments = id_, "{}" if unread else each.arguments or "{}"
        calls.append(made_call(id_, own.get(each.name, each.name), arguments, unread=unread))
    return calls


def _raw(heard: _Heard) -> dict[str, Any]:
    """Return the message to give back, with whatever else the endpoint put into it."""
    message = {"content": None, **{key: each for key, each in heard.message.items() if each}, "role": "assistant"}
    called = [
        {**each.more, "id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
        for each in heard.calls
    ]
    return {**message, "tool_calls": called} if called else message


def _usage(usage: dict[str, Any]) -> Usage:
    details: dict[str, Any] = usage.get("prompt_tokens_details") or {}
    return Usage(
        input=int(usage.get("prompt_tokens") or 0),
        output=int(usage.get("completion_tokens") or 0),
        cached=int(details.get("cached_tokens") or 0),
    )
