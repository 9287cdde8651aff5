"""A version at weight 0: its server runs, and answers its input example as its card says."""

import http.client
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from axagents.errors import Failed
from axagents.project import Project
from axagents.serving.local.asking import await_ready, invoke
from axagents.serving.local.wanted import Server
from axagents.stores.models.answer import read_example
from axagents.workflows.deployment.readiness import open_held

_TOLERANCE = 1e-5


def await_server(project: Project, deployment: str, server: Server) -> None:
    """Return once a server of a deployment answers; Failed when it does not."""
    await_ready(project.deployments_path / deployment, server.name, address=server.address)


def answer_example(project: Project, server: Server) -> str:
    """Let a server answer its version's input example, past the gateway; say how it did.

    Raises:
        Failed: it refuses its own example, or answers it otherwise than the model did when it was saved.
    """
    opened = open_held(project, server.folder)
    frame: Any = read_example(opened)
    assert frame is not None
    if opened.card:
        columns, rows = list(opened.card.example.columns), [list(each) for each in opened.card.example.rows]
    else:
        told: dict[str, Any] = json.loads(frame.to_json(orient="split"))
        columns, rows = [str(each) for each in told["columns"]], told["data"]
    answer = ask_rows(server.address, columns, rows)
    if opened.card:
        _compare(server, answer, expected=opened.card.example.scores, regression=opened.card.task == "regression")
        return f"answers the {len(rows)} rows of its input example as its card says"
    return f"answers the {len(rows)} rows of its input example"


def ask_rows(address: str, columns: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    """Return the answer to these rows; Failed with the server's own words when it gives none."""
    try:
        status, answer = invoke(address, columns, rows)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Failed(f"{address} does not answer: {error}") from None
    if status != 200:
        raise Failed(f"{address} answers {status}: {answer.get('message', 'without a word')}")
    return answer


def scores_of(answer: dict[str, Any]) -> np.ndarray:
    """Return the probabilities, or the values of a regression, of an answer."""
    return np.asarray(answer.get("probabilities", answer["predictions"]), dtype=np.float64)


def _compare(server: Server, answer: dict[str, Any], *, expected: Sequence[Any], regression: bool) -> None:
    found, wanted = scores_of(answer), np.asarray(expected, dtype=np.float64)
    if found.shape != wanted.shape or not np.allclose(
        found, wanted, rtol=_TOLERANCE if regression else 0, atol=_TOLERANCE
    ):
        raise Failed(
            f"{server.model} {server.version} answers its input example otherwise than when it was saved",
            hint="ax deploy logs",
        )
