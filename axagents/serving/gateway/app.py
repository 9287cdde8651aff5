"""The gateway as an ASGI application, and the little that its owner asks of it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from axagents.errors import UserError
from axagents.serving.engine.bodies import MOST_BYTES
from axagents.serving.gateway import exposition
from axagents.serving.gateway.answering import Answerer, refuse
from axagents.serving.gateway.counters import Counters
from axagents.serving.gateway.traffic import Traffic
from axagents.serving.gateway.upstream import Answer, Headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TakeOutcomes = Callable[[bytes], int]

_JSON: Headers = [(b"content-type", b"application/json")]


class TooLarge(Exception):
    """A body above the limit."""


class Gateway:
    """What clients reach: `/invocations`, `/outcomes`, `/ping`, `/health`, `/version`, `/metrics`."""

    def __init__(
        self, traffic: Traffic, counters: Counters, answerer: Answerer, *, take_outcomes: TakeOutcomes | None = None
    ) -> None:
        self._traffic = traffic
        self._counters = counters
        self._answerer = answerer
        self._take_outcomes = take_outcomes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            body = await _body(receive)
        except TooLarge:
            await _reply(send, refuse(413, f"the body is larger than {MOST_BYTES >> 20} MB", field="body"))
            return
        except ConnectionError:
            return
        await _reply(send, await self._answer(scope, body))

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        method, path = scope["method"], scope["path"]
        if path == "/invocations":
            if method != "POST":
                return refuse(405, "send /invocations by POST")
            return await self._answerer.answer(b"/invocations", list(scope["headers"]), body)
        if path == "/outcomes":
            return await self._outcomes(method, body)
        look = {
            "/ping": self._ping,
            "/health": self._ping,
            "/version": self._version,
            "/metrics": self._metrics,
        }.get(path)
        if look is None:
            return refuse(
                404, f"there is no {path[:200]}; there is /invocations, /outcomes, /ping, /health, /version, /metrics"
            )
        return look() if method in {"GET", "HEAD"} else refuse(405, f"{path} is read by GET")

    async def _outcomes(self, method: str, body: bytes) -> Answer:
        if method != "POST":
            return refuse(405, "send /outcomes by POST")
        if self._take_outcomes is None:
            return refuse(404, "this gateway keeps no inference log")
        try:
            taken = await asyncio.to_thread(self._take_outcomes, body)
        except UserError as error:
            return refuse(400, error.message, field=error.field)
        return Answer(200, _JSON, orjson.dumps({"taken": taken}))

    def _ping(self) -> Answer:
        return Answer(200, _JSON, orjson.dumps({"status": "ok", "revision": self._traffic.routing.revision}))

    def _version(self) -> Answer:
        routing = self._traffic.routing
        shown = [
            {
                "variant": each.name,
                "model": each.model,
                "version": each.version,
                "sha256": each.sha256,
                "percent": each.share,
            }
            for each in routing.variants
        ]
        told = {"deployment": routing.deployment, "revision": routing.revision, "variants": shown}
        return Answer(200, _JSON, orjson.dumps(told))

    def _metrics(self) -> Answer:
        text = exposition.expose(self._traffic.routing, self._counters)
        return Answer(200, [(b"content-type", exposition.CONTENT_TYPE.encode())], text.encode())


class Admin:
    """What the deployment's owner asks: `POST /reload` takes the newest routing, `GET /state` shows the counters."""

    def __init__(self, traffic: Traffic, counters: Counters, *, token: str) -> None:
        self._traffic = traffic
        self._counters = counters
        self._word = (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        await _body(receive)
        if self._word not in scope["headers"]:
            await _reply(send, refuse(401, "this is for the deployment's owner"))
            return
        if (scope["method"], scope["path"]) == ("POST", "/reload"):
            self._traffic.refresh()
        elif (scope["method"], scope["path"]) != ("GET", "/state"):
            await _reply(send, refuse(404, "there is POST /reload and GET /state"))
            return
        told = {"revision": self._traffic.routing.revision, **self._counters.as_dict()}
        await _reply(send, Answer(200, _JSON, orjson.dumps(told)))


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if len(parts) > 1 else part


async def _reply(send: Send, answer: Answer) -> None:
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
