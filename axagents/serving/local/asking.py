"""Ask the processes of a local deployment: its gateway for the revision in force, a server for answers."""

import http.client
import json
import time
from pathlib import Path
from typing import Any

from axagents.errors import Failed
from axagents.serving.gateway import ANNOUNCED
from axagents.serving.local.supervisor import Seen, seen

_SECONDS = 30
_LOOK_EVERY = 0.05
_RESTARTS = 3


def gateway_state(folder: Path) -> dict[str, Any] | None:
    """Return the gateway's revision and counters, having let it take the newest routing; None when it is not there."""
    try:
        told = json.loads((folder / ANNOUNCED).read_text())
        status, answer = ask(told["address"], "POST", "/reload", headers={"authorization": f"Bearer {told['token']}"})
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return answer if status == 200 else None


def await_revision(folder: Path, revision: int, *, seconds: float = _SECONDS) -> None:
    """Return once the gateway's shares are those of `revision` or a later one.

    Raises:
        Failed: it did not take them in time.
    """
    until = time.monotonic() + seconds
    while True:
        state = gateway_state(folder)
        if state is not None and state["revision"] >= revision:
            return
        if time.monotonic() > until:
            raise Failed(
                f"the gateway of {folder.name} did not take revision {revision} within {seconds:g} s; the shares are"
                " written and count as soon as it runs",
                hint=f"ax deploy logs {folder.name}",
            )
        time.sleep(_LOOK_EVERY)


def await_ready(folder: Path, name: str, *, address: str, seconds: float = 120) -> None:
    """Return once a process of the deployment answers at its address.

    Raises:
        Failed: it died again and again, or did not answer in time; its own last words are told.
    """
    until, found = time.monotonic() + seconds, None
    while time.monotonic() < until:
        found = _seen(folder, name, address)
        if found and found.state == "ready":
            return
        if found and found.restarts >= _RESTARTS:
            break
        time.sleep(_LOOK_EVERY)
    note = f": {found.note}" if found and found.note else ""
    raise Failed(f"{name} of {folder.name} does not answer{note}", hint=f"ax deploy logs {folder.name}")


def _seen(folder: Path, name: str, address: str) -> Seen | None:
    return next((each for each in seen(folder) if (each.name, each.address) == (name, address)), None)


def invoke(address: str, columns: list[str], rows: list[list[Any]]) -> tuple[int, dict[str, Any]]:
    """Return the status and the answer of a server or a gateway to these rows."""
    body = {"dataframe_split": {"columns": columns, "data": rows}}
    return ask(address, "POST", "/invocations", body=body)


def ask(
    address: str, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON answer; OSError or HTTPException when there is none."""
    host, _, port = address.rpartition(":")
    asking = http.client.HTTPConnection(host, int(port), timeout=_SECONDS)
    try:
        told = None if body is None else json.dumps(body, default=str)
        asking.request(method, path, told, {"content-type": "application/json", **(headers or {})})
        answer = asking.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        asking.close()
