"""Work on one task in several runs of a session, until the model says that it is done or a limit is reached."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from axagents.agents.opening import Desk
from axagents.agents.prompting import render_prompt
from axagents.agents.request import Request
from axagents.agents.run import AgentRun, run_agent
from axagents.errors import AxError, LimitReached
from axagents.progress import note

DONE = "DONE"
"""Says that nothing is left to do, alone on the last line of an answer."""
_DONE_LINE = re.compile(rf"(?:^|\n)[\s*_`#>-]*{DONE}[\s*_`.!]*$")


@dataclass(frozen=True)
class Bounds:
    """How far the work may go; `usd` is None for no limit."""

    iterations: int = 20
    seconds: float = 300.0
    usd: float | None = None


@dataclass(frozen=True)
class Iterated:
    """What came of it.

    Attributes:
        best: the newest run that gave an answer, without the word that says that it is done.
        stopped: what ended the work before it was done, such as a limit.
    """

    best: AgentRun
    runs: tuple[AgentRun, ...]
    stopped: AxError | None = None


def iterate(desk: Desk, request: Request, bounds: Bounds) -> Iterated:
    """Run a persona on the same request again and again, each time on top of what it answered before.

    The offline planner says the same each time, and runs once.

    Raises:
        AxError: what ended the work before there was an answer.
    """
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
            return Iterated(best, tuple(runs), stopped)
        runs.append(done)
        text, is_done = split_done(done.answer)
        best = done.model_copy(update={"answer": text}) if text or best is None else best
        if is_done or done.status in ("waiting", "declined") or desk.provider.name == "offline":
            note(f"ended after {len(runs)} {'iteration' if len(runs) == 1 else 'iterations'}")
            return Iterated(best, tuple(runs))


def split_done(answer: str) -> tuple[str, bool]:
    """Return an answer without the word that says that it is done, and whether it stood there."""
    found = _DONE_LINE.search(answer.rstrip())
    return (answer[: found.start()].rstrip(), True) if found else (answer, False)


def _check(bounds: Bounds, runs: Sequence[AgentRun], end: float) -> None:
    if len(runs) >= bounds.iterations:
        raise LimitReached(f"{len(runs)} iterations are over (--max-iterations), and it is not done")
    if time.monotonic() >= end:
        raise _time_over(bounds)
    spent = sum(each.cost_usd for each in runs)
    if bounds.usd is not None and spent > bounds.usd:
        raise LimitReached(f"${spent:.4f} are spent of ${bounds.usd:g} (--max-usd), and it is not done")


def _time_over(bounds: Bounds) -> LimitReached:
    return LimitReached(f"{bounds.seconds:g} s are over (--max-time), and it is not done")


def _next(desk: Desk, request: Request, bounds: Bounds, *, runs: Sequence[AgentRun], end: float) -> Request:
    how = render_prompt(desk.catalog, "iterate", {"done": DONE})
    again = render_prompt(desk.catalog, "iterate-again", {"done": DONE}) if runs else ""
    return replace(
        request,
        session=runs[0].session if runs else request.session,
        deadline=max(0.001, end - time.monotonic()),
        max_usd=None if bounds.usd is None else bounds.usd - sum(each.cost_usd for each in runs),
        system="\n\n".join(filter(None, [request.system, how])),
        attached="\n\n".join(filter(None, [request.attached, again])),
    )
