"""Work on one task in several runs of a session, until the model says that it is done or a limit is reached."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from axagents.agents.context import check_spent
from axagents.agents.ledger import Spent, spent_by
from axagents.agents.opening import Desk, most_usd
from axagents.agents.prompting import render_prompt
from axagents.agents.request import Request
from axagents.agents.run import AgentRun, run_agent
from axagents.errors import AxError, LimitReached
from axagents.progress import note

DONE = "DONE"
"""Says that nothing is left to do, alone on the last line of an answer."""
_DONE_LINE = re.compile(rf"(?:^|\n)[\s*_`#>-]*{DONE}[\s*_`.!]*$")


ITERATIONS, SECONDS = 20, 300.0
"""How far the work goes where nobody says otherwise."""


@dataclass(frozen=True)
class _Bounds:
    """How far the work may go, all iterations together."""

    iterations: int
    seconds: float
    usd: float | None


@dataclass(frozen=True)
class Iterated:
    """What came of it.

    Attributes:
        best: the newest run that gave an answer, without the word that says that it is done.
        spent: by all runs, one that was stopped included.
        stopped: what ended the work before it was done, such as a limit.
    """

    best: AgentRun
    runs: tuple[AgentRun, ...]
    spent: Spent
    stopped: AxError | None = None


def iterate(desk: Desk, request: Request, iterations: int = ITERATIONS) -> Iterated:
    """Run a persona on the same request again and again, each time on top of what it answered before.

    The offline planner says the same each time, and runs once. The limits of the request hold for all together.

    Raises:
        AxError: what ended the work before there was an answer.
    """
    bounds = _Bounds(iterations, request.deadline or SECONDS, most_usd(desk, request))
    end = time.monotonic() + bounds.seconds
    best: AgentRun | None = None
    runs: list[AgentRun] = []
    while True:
        try:
            _check(bounds, runs, end)
            note(f"iteration {len(runs) + 1} of at most {bounds.iterations}")
            done = run_agent(desk.project, _next(desk, request, bounds, runs=runs, end=end), desk=desk)
        except AxError as error:
            stopped = _time_over(bounds) if time.monotonic() >= end else error
            if best is None:
                raise stopped from None
            return Iterated(best, tuple(runs), _spent(runs) + spent_by(desk.project, error.run_id), stopped)
        runs.append(done)
        text, is_done = split_done(done.answer)
        best = done.model_copy(update={"answer": text}) if text or best is None else best
        if is_done or done.status in ("waiting", "declined") or desk.provider.name == "offline":
            note(f"ended after {len(runs)} {'iteration' if len(runs) == 1 else 'iterations'}")
            return Iterated(best, tuple(runs), _spent(runs))


def split_done(answer: str) -> tuple[str, bool]:
    """Return an answer without the word that says that it is done, and whether it stood there."""
    found = _DONE_LINE.search(answer.rstrip())
    return (answer[: found.start()].rstrip(), True) if found else (answer, False)


def _check(bounds: _Bounds, runs: Sequence[AgentRun], end: float) -> None:
    if len(runs) >= bounds.iterations:
        raise LimitReached(f"{len(runs)} iterations are over (--max-iterations), and it is not done")
    if time.monotonic() >= end:
        raise _time_over(bounds)
    check_spent(_spent(runs).cost_usd, bounds.usd)


def _spent(runs: Sequence[AgentRun]) -> Spent:
    return sum((Spent(each.steps, each.tokens, each.cost_usd) for each in runs), Spent())


def _time_over(bounds: _Bounds) -> LimitReached:
    return LimitReached(f"{bounds.seconds:g} s are over (--max-time), and it is not done")


def _next(desk: Desk, request: Request, bounds: _Bounds, *, runs: Sequence[AgentRun], end: float) -> Request:
    how = render_prompt(desk.catalog, "iterate", {"done": DONE})
    again = render_prompt(desk.catalog, "iterate-again", {"done": DONE}) if runs else ""
    return replace(
        request,
        session=runs[0].session if runs else request.session,
        deadline=max(0.001, end - time.monotonic()),
        max_usd=None if bounds.usd is None else bounds.usd - _spent(runs).cost_usd,
        system="\n\n".join(filter(None, [request.system, how])),
        attached="\n\n".join(filter(None, [request.attached, again])),
    )
