"""The ASGI application of a model server: five addresses, no framework."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

from axagents.serving.engine.answering import Answer, Engine
from axagents.serving.engine.bodies import BODY, MOST_BYTES
from axagents.serving.engine.unfit import Unfit
from axagents.serving.server.metrics import CONTENT_TYPE, Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

_MOST_DISCARDED = 256 << 20
_LARGE = 256 << 10
_LONGEST = 200
_JSON = b"application/json"
_CODES = {404: "ENDPOINT_NOT_FOUND", 405: "BAD_REQUEST", 413: "REQUEST_LIMIT_EXCEEDED", 500: "INTERNAL_ERROR"}
_GET = frozenset({"GET", "HEAD"})
_WRITTEN = orjson.OPT_SERIALIZE_NUMPY

logger = logging.getLogger("axagents.serving")


@dataclass(frozen=True)
class Reply:
    """What is sent back; `counted` are headers that say what the answer holds."""

    status: int
    body: bytes
    content_type: bytes = _JSON
    close: bool = False
    allow: bytes = b""
    counted: Headers = ()


class Server:
    """A version behind MLflow's protocol.

    Args:
        engine: answers.
        model, version: named in every answer as `MODEL:VERSION`.

    Attributes:
        draining: once true, every answer asks the client to close its connection and health says 503.
    """

    def __init__(self, engine: Engine, *, model: str, version: str) -> None:
        self._engine = engine
        self._named = f"{model}:{version}"
        self._header = (b"x-ax-version", self._named.encode("ascii", "backslashreplace"))
        self._facts = _facts(engine, model=model, version=version)
        self.metrics = Metrics({"model": model, "version": version, "engine": engine.name})
        self.draining = False
        # Large bodies are read and answered beside the loop, one at a time, so that health is told meanwhile.
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        self.metrics.in_flight += 1
        try:
            reply = await self._reply(scope, receive)
        except ClientGone:
            return
        except Exception:
            logger.exception("a request failed")
            reply = self._refusal(500, "the server failed to answer; its log says how", BODY)
        finally:
            self.metrics.in_flight -= 1
        await self._send(reply, send, head=scope["method"] == "HEAD")

    async def _reply(self, scope: Message, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        if path == "/invocations":
            if method != "POST":
                return self._refusal(405, f"{method} is not answered here; use POST", "method", allow=b"POST")
            return await self._invocations(scope, receive)
        answers = {"/ping": self._health, "/health": self._health, "/version": self._version, "/metrics": self._metrics}
        if path not in answers:
            told = f"there is no {path[:80]}; there is /invocations, {', '.join(answers)}"
            return self._refusal(404, told, "path")
        if method not in _GET:
            return self._refusal(405, f"{method} is not answered here; use GET", "method", allow=b"GET, HEAD")
        return answers[path]()

    def _health(self) -> Reply:
        return Reply(503 if self.draining else 200, b"\n")

    def _version(self) -> Reply:
        return Reply(200, orjson.dumps(self._facts))

    def _metrics(self) -> Reply:
        return Reply(200, self.metrics.text().encode(), CONTENT_TYPE)

    async def _invocations(self, scope: Message, receive: Receive) -> Reply:
        headers = dict(scope["headers"])
        body = await _read(headers, receive)
        began = time.perf_counter()
        status, rows = 500, 0
        try:
            if body is None:
                told = f"the body is larger than {MOST_BYTES >> 20} MB; send fewer rows at a time"
                reply = self._refusal(413, told, BODY, close=True)
            elif len(body) > _LARGE:
                loop = asyncio.get_running_loop()
                reply, rows = await loop.run_in_executor(self._beside, self._answer, body, headers)
            else:
                reply, rows = self._answer(body, headers)
            status = reply.status
        finally:
            self.metrics.count(status, time.perf_counter() - began, rows)
        return reply

    def _answer(self, body: bytes, headers: dict[bytes, bytes]) -> tuple[Reply, int]:
        try:
            columns = self._engine.schema.parse(body, headers.get(b"content-type", b"").decode("latin-1"))
            answer = self._engine.answer(columns)
        except Unfit as error:
            return self._refusal(error.status, error.message, error.field), 0
        except Exception:
            logger.exception("a request failed")
            return self._refusal(500, "the server failed to answer; its log says how", BODY), 0
        told: dict[str, Any] = {"predictions": answer.labels}
        if self._engine.task != "regression":
            told["probabilities"] = answer.scores
        if self._engine.task == "multiclass":
            told["classes"] = self._engine.labels
        body = orjson.dumps({**told, "version": self._named}, option=_WRITTEN)
        return Reply(200, body, counted=self._count(answer)), len(columns)

    def _count(self, answer: Answer) -> Headers:
        """Tell rows, and those of the last class, so that whoever counts need not read the body."""
        rows = (b"x-ax-rows", b"%d" % len(answer.labels))
        if self._engine.task == "regression":
            return (rows,)
        last = self._engine.labels[-1]
        return (rows, (b"x-ax-positive", b"%d" % sum(label == last for label in answer.labels)))

    def _refusal(self, status: int, message: str, field: str, *, close: bool = False, allow: bytes = b"") -> Reply:
        code = _CODES.get(status, "BAD_REQUEST")
        told = {"error_code": code, "message": message, "field": field[:_LONGEST], "version": self._named}
        return Reply(status, orjson.dumps(_writable(told)), close=close, allow=allow)

    async def _send(self, reply: Reply, send: Send, *, head: bool) -> None:
        headers = [
            (b"content-type", reply.content_type),
            (b"content-length", str(len(reply.body)).encode()),
            self._header,
            *reply.counted,
        ]
        if reply.allow:
            headers.append((b"allow", reply.allow))
        if reply.close or self.draining:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else reply.body})


class ClientGone(Exception):
    """The client closed its connection before its request was whole."""


async def _read(headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """Return the body; None when it is too large, and then it was read to its end so that the answer is heard."""
    told = headers.get(b"content-length", b"0")
    if b"expect" in headers and told.isdigit() and int(told) > MOST_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            parts.clear()
        else:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if size <= MOST_BYTES else None
        if size > _MOST_DISCARDED:
            return None


def _facts(engine: Engine, *, model: str, version: str) -> dict[str, Any]:
    schema = [
        {"name": field.name, "type": field.dtype, "required": field.required, "nullable": field.nullable}
        for field in engine.schema.fields
    ]
    return {
        "model": model,
        "version": version,
        "sha256": engine.sha256,
        "engine": engine.name,
        "engines": [rung.as_dict() for rung in engine.rungs],
        "task": engine.task,
        "classes": list(engine.labels),
        "threshold": engine.threshold,
        "columns": schema,
    }


def _writable(told: dict[str, str]) -> dict[str, str]:
    """Return texts that UTF-8 can hold: a message may quote half a surrogate pair."""
    return {name: text.encode("utf-8", "replace").decode("utf-8") for name, text in told.items()}
