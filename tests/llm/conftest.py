"""Language models whose answers are made here, below the libraries: at the connection."""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import httpcore2
import httpx
import pytest
import respx
from respx.mocks import HTTPCoreMocker

from axagents.llm.providers import open_provider
from axagents.llm.retrying import Patient
from axagents.llm.turn import Message, Offer
from axagents.settings import ProviderSettings

KEY = "key-for-tests-0123456789"
CLAUDE = "https://api.anthropic.com/v1/messages"
OPENAI = "https://api.openai.com/v1/chat/completions"


class HTTPCore2Mocker(HTTPCoreMocker):
    """The libraries speak through httpcore2, which respx does not know."""

    name = "httpcore2"
    targets: ClassVar[list[str]] = [each.replace("httpcore.", "httpcore2.") for each in HTTPCoreMocker.targets]

    @classmethod
    def from_sync_httpx_response(cls, httpx_response: httpx.Response, target: Any, **kwargs: Any) -> Any:
        return httpcore2.Response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=httpx_response.stream,
            extensions=httpx_response.extensions,
        )


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    """What goes over the connection; nothing else may."""
    with respx.mock(using="httpcore2", assert_all_called=False) as router:
        yield router


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between two tries, which are not waited for."""
    waits: list[float] = []
    monkeypatch.setattr("axagents.llm.retrying.time.sleep", waits.append)
    return waits


COUNT = Offer("lab-count", "read", "Count.", {"type": "object", "properties": {"text": {"type": "string"}}})
NOTE = Offer("lab-note", "compute", "Note.", {"type": "object", "properties": {"traffic": {"type": "integer"}}})
ASKED = (Message(role="user", text="how long is hello?"),)


def opened(name: str, **own: Any) -> Patient:
    return open_provider(name, {name: ProviderSettings(**own)} if own else {}, deadline=600)


def sse(events: Iterable[Any], *, names: bool = True) -> bytes:
    """Events as they stand in a stream; texts stand there as they are."""
    parts: list[str] = []
    for event in events:
        data = event if isinstance(event, str) else json.dumps(event)
        head = f"event: {event['type']}\n" if names and isinstance(event, dict) else ""
        parts.append(f"{head}data: {data}\n\n")
    return "".join(parts).encode()


def stream(events: Iterable[Any], *, names: bool = True) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=sse(events, names=names))


def claude_events(*blocks: dict[str, Any], stop: str | None = "tool_use", **usage: int) -> list[dict[str, Any]]:
    """A turn as Anthropic documents the events of a stream: started, blocks in pieces, its end."""
    counted = {"input_tokens": 20, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, **usage}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": counted}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        events += claude_block(index, block)
    if stop is not None:
        ended = {"stop_reason": stop, "stop_sequence": None}
        events.append({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 7}})
        events.append({"type": "message_stop"})
    return events


def claude_block(index: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
    deltas: list[dict[str, Any]] = []
    if block["type"] == "text":
        deltas = [{"type": "text_delta", "text": piece} for piece in halves(block["text"])]
    elif block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in halves(block["thinking"])]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    elif block["type"] == "tool_use":
        text = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *halves(text))]
    begun = {**block, **empty.get(block["type"], {})}
    return [
        {"type": "content_block_start", "index": index, "content_block": begun},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def used(name: str, arguments: Any, id_: str = "toolu_1") -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": name, "input": arguments}


def said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def openai_events(
    text: str = "", calls: Iterable[tuple[str, str, str]] = (), *, finish: str | None = "tool_calls", **more: Any
) -> list[Any]:
    """A turn as OpenAI documents the chunks of a stream; calls are (id, name, arguments)."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}], "usage": None}

    events: list[Any] = [chunk({"role": "assistant", "content": "" if text else None, **more})]
    events += [chunk({"content": piece}) for piece in halves(text) if piece]
    for index, (id_, name, arguments) in enumerate(calls):
        begun = {"index": index, "id": id_, "type": "function", "function": {"name": name, "arguments": ""}}
        events.append(chunk({"tool_calls": [begun]}))
        pieces = [{"index": index, "function": {"arguments": piece}} for piece in halves(arguments)]
        events += [chunk({"tool_calls": [piece]}) for piece in pieces]
    if finish is not None:
        counted = {"prompt_tokens": 20, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 8}}
        events += [chunk({}, finish), {**head, "choices": [], "usage": counted}, "[DONE]"]
    return events


def openai_stream(*arguments: Any, **options: Any) -> httpx.Response:
    return stream(openai_events(*arguments, **options), names=False)


def claude_stream(*blocks: dict[str, Any], **options: Any) -> httpx.Response:
    return stream(claude_events(*blocks, **options))


def sent(route: Any, at: int = -1) -> dict[str, Any]:
    """The body of a request as it went over the connection."""
    return json.loads(route.calls[at].request.content)
