"""Play one line of an evaluation: run the persona on it, answer its approvals, tell what came of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from axagents.agents.ledger import add_up
from axagents.agents.request import Request
from axagents.agents.run import run_agent
from axagents.errors import AxError
from axagents.evaluation.evidence import Line, Played
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal


def play_line(project: Project, line: Line) -> Played:
    """Play a line; an error that ends the run is told, not raised."""
    answers = list(line.approve)
    asked: list[dict[str, Any]] = []

    def ask(plan: Mapping[str, Any]) -> bool | None:
        asked.append({"tool": plan["tool"], "arguments": plan["arguments"], "tainted": plan["tainted"]})
        return answers.pop(0) if answers else None

    request = Request(
        line.persona,
        line.words,
        line.provider,
        session=line.session,
        max_steps=line.steps,
        deadline=line.seconds,
    )
    try:
        done = run_agent(project, request, ask=ask)
    except AxError as error:
        return _ended_badly(project, line, error, asked=asked)
    return Played(
        status=done.status,
        exit_code=done.exit_code,
        session=done.session,
        answer=done.answer,
        calls=tuple(done.calls),
        needs=tuple(done.needs),
        receipts=tuple(done.receipts),
        unverified_numbers=tuple(done.unverified_numbers),
        asked=tuple(asked),
        steps=done.steps,
        tokens=done.tokens,
        cost_usd=done.cost_usd,
    )


def _ended_badly(project: Project, line: Line, error: AxError, *, asked: list[dict[str, Any]]) -> Played:
    """Return what the journal holds of a run that an error ended."""
    entries = AgentJournal(project, error.run_id).entries() if error.run_id else []
    calls = [entry.body for entry in entries if entry.kind == "result"]
    return Played(
        status="error",
        exit_code=error.exit_code,
        session=line.session or error.run_id or "",
        calls=tuple({key: body.get(key) for key in ("tool", "arguments", "status")} for body in calls),
        asked=tuple(asked),
        error=error.as_dict(),
        **asdict(add_up(entries)),
    )
