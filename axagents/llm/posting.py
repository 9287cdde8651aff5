"""Post a request with the client of a provider's library and read its answer: both libraries are built alike."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from axagents.llm.endpoint import Endpoint
from axagents.llm.failures import judge
from axagents.llm.retrying import Again
from axagents.llm.stream import Event, of_the_protocol, read_answer, timeouts, told_plainly
from axagents.llm.turn import Call, Turn, Usage


@dataclass(frozen=True)
class Post:
    """How requests reach one endpoint.

    Attributes:
        client: the library's own client, which asks once.
        path: of the protocol, below the endpoint's address.
        refused: what the library raises for an answer with an error.
        broken: what it raises where the connection fails.
    """

    endpoint: Endpoint
    client: Any
    path: str
    refused: type[Exception]
    broken: type[Exception]

    @contextmanager
    def answer(self, body: dict[str, Any], seconds: float) -> Generator[Iterator[Event]]:
        """Give the events of an answer, which must be over within so many seconds.

        Raises:
            Again: there is no whole answer, also when what is read of it inside is not as its protocol has it.
            ProviderError: the endpoint refused.
        """
        end = time.monotonic() + seconds
        with (
            told_plainly(self.endpoint),
            closing(self._send({**body, **self.endpoint.extra}, seconds)) as response,
            of_the_protocol(),
        ):
            yield read_answer(self.endpoint, response, end)

    def _send(self, body: dict[str, Any], seconds: float) -> httpx2.Response:
        options = {"timeout": timeouts(seconds)}
        try:
            return self.client.post(self.path, cast_to=httpx2.Response, body=body, options=options, stream=True)
        except self.refused as error:
            told: Any = error
            failed = judge(self.endpoint, told.status_code, told.body, headers=told.response.headers)
        except self.broken as error:
            failed = error.__cause__ or Again("the connection broke")
        # Not from inside the handlers: the library's own error may quote the key, and would stay attached.
        raise failed


def whole_turn(
    endpoint: Endpoint, text: str, *, calls: Sequence[Call], raw: Sequence[dict[str, Any]], usage: Usage
) -> Turn:
    """Return a turn that wants these calls or, without any, answers with the text."""
    return Turn(
        stop_reason="calls" if calls else "answer",
        text=text,
        calls=tuple(calls),
        raw=tuple(raw),
        usage=usage,
        tokens=usage.input + usage.output,
        cost_usd=endpoint.cost(usage),
    )
