"""Agents from Python: a persona with tools of one's own, run at once, beside an event loop, or event by event."""

import asyncio
import inspect
import queue
import threading
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from axagents.actor import is_agent
from axagents.errors import UserError
from axagents.progress import Event, Listener, listen
from axagents.project import Project, current_project, open_project, use_project
from axagents.toolkit import ToolSpec, tool_spec
from axagents.ways import Ways, using_ways

if TYPE_CHECKING:
    from axagents.agents.dry import DryRun
    from axagents.agents.opening import Desk
    from axagents.agents.request import Request
    from axagents.agents.run import AgentRun
    from axagents.agents.tools import OwnTool
    from axagents.llm.turn import Provider

Approve = Callable[[Mapping[str, Any]], bool | None]
Done = TypeVar("Done")
_PATIENCE = 5.0
"""Seconds that leaving a stream waits for its run to stop."""


@dataclass(frozen=True)
class Agent:
    """A persona that can be asked, any number of times and from any number of threads.

    Every method raises the errors of `axagents.errors`, each with a message, a hint and an exit code.

    Attributes:
        persona: its id, as `ax agent list` shows it; `call` has the tools that only read.
        project: the project or its folder; by default the one in use, else the nearest one with an ax.toml.
        provider: auto, offline, script:FILE, a language model's name, or an object that takes turns.
        model: another model than the provider's own.
        tools: functions marked with `@tool`, and agents, which it may ask as `ask-<persona>`.
        approve: given the plan of an effect, returns whether to apply it, or None where nobody can say; without it
            nobody approves, and a run that wants an effect ends `waiting`. It is not asked where an agent acts.
        max_steps, max_usd, deadline: limits of one run; by default the persona's and the project's. With 0 US dollars
            no turn is taken that costs something.
        system: text that follows the persona's own instructions.
    """

    persona: str
    _: KW_ONLY
    project: Project | Path | str | None = None
    provider: "str | Provider" = "auto"
    model: str | None = None
    tools: "Sequence[Callable[..., Any] | Agent]" = ()
    approve: Approve | None = None
    max_steps: int | None = None
    max_usd: float | None = None
    deadline: float | None = None
    system: str = ""

    def __post_init__(self) -> None:
        from axagents.agents.request import check_limits

        object.__setattr__(self, "tools", tuple(self.tools))
        for each in self.tools:
            if not isinstance(each, Agent) and tool_spec(each) is None:
                raise TypeError(f"{each!r} is no tool: mark it with @tool(touches=...), or give an Agent")
        check_limits(self.max_steps, self.max_usd, self.deadline)
        if inspect.iscoroutinefunction(self.approve):
            raise TypeError("approve must be a plain function; it is called in the thread of the run")

    def run(self, query: str, *, session: str | None = None) -> "AgentRun":
        """Ask it, and return how the run ended; `session` goes on with a conversation."""
        from axagents.agents.run import run_agent

        with self._at_work() as project:
            return run_agent(project, self._request(query, session), ask=self._ask, opening=self._open)

    def resume(self, run_id: str) -> "AgentRun":
        """Go on with a run of this agent that waits for an approval, failed, or was cut short."""
        from axagents.agents.run import resume_agent
        from axagents.stores.runs import Runs

        with self._at_work() as project:
            record = Runs(project).get(run_id)
            if (record.kind, record.name) != ("agent", self.persona):
                raise UserError(f"run {run_id} is no run of {self.persona} but of {record.name}", field="run_id")
            return resume_agent(project, record.run_id, ask=self._ask, opening=self._open)

    async def arun(self, query: str, *, session: str | None = None) -> "AgentRun":
        """Ask it from an event loop: it works in a thread, which a cancelled task stops at its next event."""
        with _working(lambda: self.run(query, session=session)) as done:
            return await asyncio.wrap_future(done)

    def stream(self, query: str, *, session: str | None = None) -> "Iterator[Event | AgentRun]":
        """Ask it, and yield what happens as it happens (`axagents.progress`), and last how the run ended.

        A loop that is left stops the run at its next event, and waits a few seconds for that; `resume` goes on with it.
        """
        heard: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        with _working(lambda: self.run(query, session=session), heard.put, patience=_PATIENCE) as done:
            done.add_done_callback(lambda _: heard.put(None))
            while (event := heard.get()) is not None:
                yield event
            yield done.result()

    def plan(self, query: str) -> "DryRun":
        """Take one planning turn, and return what it would do; nothing is called or kept."""
        from axagents.agents.dry import plan_once

        with self._at_work() as project:
            request = self._request(query, None)
            return plan_once(self._open(project, request, None), request)

    @contextmanager
    def _at_work(self) -> Generator[Project]:
        given = self.project
        project = given if isinstance(given, Project) else open_project(Path(given)) if given else current_project()
        with use_project(project), using_ways(_PythonWays()):
            yield project

    def _request(self, query: str, session: str | None) -> "Request":
        from axagents.agents.request import Request

        return Request(
            self.persona,
            query,
            self.provider if isinstance(self.provider, str) else self.provider.name,
            session=session,
            max_steps=self.max_steps,
            max_usd=self.max_usd,
            deadline=self.deadline,
            model=self.model,
            system=self.system,
        )

    def _ask(self, plan: Mapping[str, Any]) -> bool | None:
        if self.approve is None or is_agent():
            return None
        word: Any = self.approve(plan)
        if word is not None and not isinstance(word, bool):
            raise TypeError(f"approve must return True, False or None, not {type(word).__name__}")
        return word

    def _open(self, project: Project, request: "Request", provider: "Provider | None") -> "Desk":
        """Open the desk of a run of this agent, or of one that it asks another for."""
        from axagents.agents.opening import open_desk

        agent = self._asked(request)
        if agent is None:
            return open_desk(project, request, provider)
        if not isinstance(agent.provider, str):
            desk = open_desk(project, request, agent.provider)
        elif agent is not self and agent.provider != "auto":
            desk = open_desk(project, replace(request, provider=agent.provider, model=agent.model))
        else:
            desk = open_desk(project, request, provider)
        return agent._equipped(desk, request)

    def _asked(self, request: "Request") -> "Agent | None":
        """Return the agent that a request is for: this one, or one among its tools; None for another persona."""
        found: Agent | None = self
        asked = (*request.caller.personas, request.persona)[1:] if request.caller else ()
        for name in asked:
            found = next((each for each in found.tools if isinstance(each, Agent) and each.persona == name), None)
            if found is None:
                return None
        return found

    def _equipped(self, desk: "Desk", request: "Request") -> "Desk":
        """Return a desk with the tools of this agent, and those agents to be asked that wait for nothing here."""
        from axagents.agents.delegation import asking
        from axagents.agents.persona import load_persona

        asked = {each.persona for each in self.tools if isinstance(each, Agent)}
        inner = [asking(load_persona(desk.catalog, each)) for each in request.askable(sorted(asked))]
        own = [_own_tool(spec) for each in self.tools if (spec := tool_spec(each)) is not None]
        if own and desk.provider.name == "offline":
            names = ", ".join(each.facts.name for each in own)
            _warn(f"the offline planner knows no sentences for {names}, and will not call it")
        tools = desk.tools.with_own(own)
        return replace(desk, tools=replace(tools, inner={**tools.inner, **{each.facts.name: each for each in inner}}))


class _PythonWays(Ways):
    """The ways of a program that holds an agent."""

    offline = 'provider="offline"'
    time = "deadline"

    def to_answer(self, persona: str, session: str, answer: str) -> str:
        del persona
        return f"run({answer!r}, session={session!r})"

    def to_ask(self, persona: str, query: str) -> str:
        return f"Agent({persona!r}).run({query!r})"

    def to_approve(self, approval_id: str, run_id: str) -> str:
        return f"ax approve {approval_id}   # then, in the program that holds the agent: resume({run_id!r})"

    def to_ask_again(self, persona: str, query: str, plan: str) -> str:
        """Write nothing: a program goes on with its run."""
        del persona, query, plan
        return ""


_Line = tuple[str, int, dict[Any, Any]]
"""A file, a line in it, and what was warned of there."""
_caller: ContextVar[_Line | None] = ContextVar("caller", default=None)


def _find_caller() -> _Line | None:
    """Return the line that called this module, past what asyncio puts between; None where this thread has none."""
    stack = [(frame, line, str(frame.f_globals.get("__name__"))) for frame, line in traceback.walk_stack(None)]
    inside = [at for at, (_, _, module) in enumerate(stack) if module == __name__]
    for frame, line, module in stack[inside[-1] + 1 :]:
        if module.partition(".")[0] not in ("asyncio", "concurrent", "threading"):
            return frame.f_code.co_filename, line, frame.f_globals.setdefault("__warningregistry__", {})
    return None


def _warn(message: str) -> None:
    """Warn at the line that called this module, from whichever thread."""
    caller = _caller.get() or _find_caller()
    if caller is None:
        warnings.warn(message, stacklevel=2)
    else:
        warnings.warn_explicit(message, UserWarning, caller[0], caller[1], registry=caller[2])


def _own_tool(spec: ToolSpec) -> "OwnTool":
    from axagents.agents.tools import OwnTool, call_typed, foresee_typed
    from axagents.catalog import ToolFacts
    from axagents.requests import validate

    facts = ToolFacts(
        name=spec.name,
        touches=spec.touches,
        description=spec.description,
        parameters=spec.schema,
        effect_kind=spec.effect_kind,
        origin="project",
    )

    def check(arguments: dict[str, Any]) -> None:
        validate(spec.request, arguments)

    def foresee(arguments: dict[str, Any]) -> None:
        foresee_typed(spec, arguments)

    return OwnTool(facts, check, lambda arguments: call_typed(spec, arguments), foresee=foresee)


@contextmanager
def _working(
    work: Callable[[], Done], heard: Listener | None = None, *, patience: float = 0.0
) -> Generator[Future[Done]]:
    """Have work done in a thread that sees this context's variables; whoever leaves stops it at its next event.

    Args:
        patience: seconds at most that leaving waits for it.
    """
    left = threading.Event()

    def told(event: Event) -> None:
        if left.is_set():
            raise KeyboardInterrupt
        if heard:
            heard(event)

    def listened() -> Done:
        with listen(told):
            return work()

    context = copy_context()
    context.run(_caller.set, _find_caller())
    pool = ThreadPoolExecutor(1, thread_name_prefix="axagents")
    done = pool.submit(context.run, listened)
    try:
        yield done
    finally:
        left.set()
        pool.shutdown(wait=False)
        wait([done], timeout=patience)
