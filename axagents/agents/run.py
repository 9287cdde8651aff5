"""Run a persona: walk its graph durably, hand approvals to a person, and go on with a run cut short."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from axagents.actor import is_agent
from axagents.agents.ahead import ask_ahead
from axagents.agents.context import AgentContext, HandOn
from axagents.agents.delegation import ended_badly
from axagents.agents.ledger import add_up, spent_by
from axagents.agents.opening import OFFLINE_NOTICE, Desk, open_context, open_desk
from axagents.agents.request import NO_LEAVE, Caller, Leave, Request, read_request
from axagents.agents.spans import invoking
from axagents.errors import AxError, Waiting
from axagents.llm.turn import Provider
from axagents.progress import note
from axagents.project import Project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.runs import RunRecord, Runs, is_repeating, within_run
from axagents.ways import ways

Ask = Callable[[Mapping[str, Any]], bool | None]
"""Shows a person the plan of an effect and returns their word, or None when nobody is there."""

Opening = Callable[[Project, Request, Provider | None], Desk]
"""Opens the desk of a run, or of one that it asks another persona for."""

_VERDICTS = {"completed": "COMPLETED", "declined": "DECLINED", "waiting": "ASKED", "failed": "FAILED"}


class AgentRun(BaseModel):
    """How an agent's run ended."""

    model_config = ConfigDict(frozen=True)

    agent: str
    provider: str
    status: Literal["completed", "failed", "waiting", "declined"]
    answer: str
    calls: list[dict[str, Any]]
    needs: list[dict[str, Any]]
    unverified_numbers: list[str]
    run_id: str
    session: str
    steps: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    receipts: list[dict[str, Any]] = []
    candidates: list[str] = []
    unavailable: list[str] = []

    @property
    def exit_code(self) -> int:
        """Return the exit code: 0, 3 when something is waited for, 1 when declined, a failed call's own."""
        if self.status == "failed":
            errors = [call["error"]["exit_code"] for call in self.calls if call.get("error")]
            return errors[-1] if errors else 1
        return {"completed": 0, "waiting": 3, "declined": 1}[self.status]


def _nobody(_plan: Mapping[str, Any]) -> bool | None:
    return None


def run_agent(
    project: Project, request: Request, *, ask: Ask = _nobody, desk: Desk | None = None, opening: Opening = open_desk
) -> AgentRun:
    """Run a persona on a request, at a desk that was opened for it already or at one of its own.

    Raises:
        NotFound, UserError, ProviderError: found before a run is opened.
        AxError: what stopped the run; it can be resumed.
    """
    desk = desk or opening(project, request, None)
    run_id = Runs(project).start("agent", request.persona, request.as_record())
    return _go(open_context(desk, request, run_id, hand_on=_handing_on(ask, opening)), ask)


def resume_agent(
    project: Project,
    run_id: str,
    *,
    leave: Leave = NO_LEAVE,
    ask: Ask = _nobody,
    provider: Provider | None = None,
    opening: Opening = open_desk,
) -> AgentRun:
    """Go on with a run that waits for an approval, failed, or was cut short.

    Raises:
        NotFound: no such run.
        UserError: it is no agent's, runs right now, is completed or abandoned, or waits for an answer.
    """
    record = Runs(project).get(run_id)
    record.check_resumable("agent")
    request = read_request(record.request, leave)
    desk = opening(project, request, provider)
    Runs(project).take_over(record)
    return _go(open_context(desk, request, record.run_id, hand_on=_handing_on(ask, opening)), ask)


def ask_again(project: Project, request: Request) -> AgentRun:
    """Go on with the newest run of the very same request that waits for a word, or begin one where none does.

    Raises:
        AxError: what stopped the run; it can be resumed.
    """
    waiting = Runs(project).newest(name=request.persona, status="waiting")
    waiting = [each for each in waiting if read_request(each.request) == request]
    return resume_agent(project, waiting[0].run_id) if waiting else run_agent(project, request)


def _handing_on(ask: Ask, opening: Opening) -> HandOn:
    """Return how another persona is put to work: by a run of its own, or by going on with the one begun before."""

    def work(context: AgentContext, request: Request) -> Mapping[str, Any]:
        before = _begun_before(context, request) if is_repeating() else None
        if before and before.status == "completed":
            return {**AgentRun.model_validate(before.result).model_dump(mode="json"), "error": None}
        try:
            with within_run(context.run_id):
                if before:
                    done = resume_agent(
                        context.project,
                        before.run_id,
                        leave=request.leave,
                        ask=ask,
                        provider=context.provider,
                        opening=opening,
                    )
                else:
                    desk = opening(context.project, request, context.provider)
                    done = run_agent(context.project, request, ask=ask, desk=desk, opening=opening)
        except AxError as error:
            return ended_badly(error, spent_by(context.project, error.run_id))
        return {**done.model_dump(mode="json"), "error": None}

    return work


def _begun_before(context: AgentContext, request: Request) -> RunRecord | None:
    children = Runs(context.project).children(context.run_id)
    same = [
        each
        for each in children
        if each.kind == "agent" and each.name == request.persona and each.request["query"] == request.query
    ]
    return same[-1] if same and same[-1].status != "abandoned" else None


def _go(context: AgentContext, ask: Ask) -> AgentRun:
    runs = Runs(context.project)
    if context.provider.name == "offline" and context.request.caller is None:
        note(OFFLINE_NOTICE)
    try:
        with runs.told_if_cut(context.run_id), invoking(context) as told:
            ask_ahead(context)
            # The one gate to LangGraph: by now a language model is at work on its first turn.
            walking = import_module("axagents.agents.walking")
            plan = walking.walk(context, ask)
            done = _waiting(context, [_approval_need(plan, context)], plan["text"]) if plan else _finished(context)
            told.tell({"axagents.status": done.status, "axagents.steps": done.steps})
        _record(runs, done)
    except Waiting as waiting:
        runs.fail(context.run_id, waiting, status="waiting")
        return _waiting(context, waiting.needs, waiting.message)
    except AxError as error:
        runs.fail(context.run_id, error)
        error.run_id = context.run_id
        raise
    return done


def _record(runs: Runs, done: AgentRun) -> None:
    if done.status == "waiting" and done.needs and done.needs[0]["kind"] == "approval":
        told = Waiting("an effect waits for an approval", needs=done.needs)
        runs.fail(done.run_id, told, status="waiting")
        return
    runs.finish(done.run_id, "completed", verdict=_VERDICTS[done.status], result=done.model_dump(mode="json"))


def _approval_need(plan: Mapping[str, Any], context: AgentContext) -> dict[str, Any]:
    approval = Approvals(context.project).get(plan["approval_id"])
    return approval.need(*_ways(plan, context)).model_dump(mode="json")


def _ways(plan: Mapping[str, Any], context: AgentContext) -> Iterator[str]:
    """Yield how the word can be given and the run go on: what an agent cannot do itself is not among it."""
    begun = context.request.caller or Caller((context.persona.id,), context.run_id, context.request.query)
    run_id = begun.run_id or context.run_id
    yield ways().to_approve(plan["approval_id"], run_id)
    if not begun.words or is_agent():
        return
    if again := ways().to_ask_again(begun.personas[0], begun.words, plan["hash"]):
        yield again


def _waiting(context: AgentContext, needs: list[dict[str, Any]], text: str) -> AgentRun:
    return _as_run(context, {"status": "waiting", "answer": text, "calls": context.made_calls(), "needs": needs})


def _finished(context: AgentContext) -> AgentRun:
    body = {**context.journal.entries(kind="answer")[-1].body, "calls": context.made_calls()}
    body["needs"] = [{"kind": "answer", "text": need["question"], **need} for need in body["needs"]]
    return _as_run(context, body)


def _as_run(context: AgentContext, body: Mapping[str, Any]) -> AgentRun:
    return AgentRun(
        agent=context.persona.id,
        provider=context.provider.name,
        run_id=context.run_id,
        session=context.session,
        **asdict(add_up(context.journal.entries())),
        unverified_numbers=body.get("unverified_numbers", []),
        receipts=body.get("receipts", []),
        candidates=body.get("candidates", []),
        unavailable=body.get("unavailable", []),
        status=body["status"],
        answer=body["answer"],
        calls=body["calls"],
        needs=body["needs"],
    )
