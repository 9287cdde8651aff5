"""A model that does not think: chat completions, streamed or whole, on loopback.

The model's name says how many tool calls it wants before it answers (`steps-50`); each call has other arguments.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

ANSWER = "done"
_USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def _choose(body: dict[str, Any]) -> dict[str, Any]:
    made = sum(message["role"] == "tool" for message in body["messages"])
    if made >= int(body["model"].removeprefix("steps-")):
        return {"content": ANSWER}
    arguments = json.dumps({"text": f"{made:04d} " + "lorem ipsum dolor sit amet " * 8})
    called = {"id": f"call_{made}", "type": "function", "function": {"name": "count", "arguments": arguments}}
    return {"content": None, "tool_calls": [called]}


def messages_size(steps: int) -> float:
    """Return the bytes of a step's two messages, as JSON: the call, and the tool's result."""
    said = _choose({"model": f"steps-{steps}", "messages": []})
    text = json.loads(said["tool_calls"][0]["function"]["arguments"])["text"]
    result = {"role": "tool", "tool_call_id": "call_0", "content": json.dumps({"letters": len(text), "text": text})}
    return len(json.dumps({"role": "assistant", **said})) + len(json.dumps(result))


def _whole(body: dict[str, Any], said: dict[str, Any]) -> bytes:
    reason = "tool_calls" if said.get("tool_calls") else "stop"
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **said}}
    return json.dumps(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
            "usage": _USAGE,
        }
    ).encode()


def _streamed(body: dict[str, Any], said: dict[str, Any]) -> bytes:
    reason = "tool_calls" if said.get("tool_calls") else "stop"
    delta = {"role": "assistant", **said}
    if said.get("tool_calls"):
        delta["tool_calls"] = [{"index": 0, **said["tool_calls"][0]}]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        {**head, "choices": [], "usage": _USAGE},
    ]
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            body = json.loads(await reader.readexactly(length))
            said = _choose(body)
            streams = bool(body.get("stream"))
            answer = _streamed(body, said) if streams else _whole(body, said)
            kind = b"text/event-stream" if streams else b"application/json"
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(answer)))
            writer.write(answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=2**26)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextmanager
def serving() -> Generator[str]:
    """Give the address of a server of its own process."""
    process = subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_main())
