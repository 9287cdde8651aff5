"""One conversation: who answers, by which provider, what was said and what it cost. Prints nothing."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from axagents.errors import LimitReached, UserError
from axagents.progress import Event, Note, listen, note
from axagents.project import Project

if TYPE_CHECKING:
    from axagents.agents.dry import DryRun
    from axagents.agents.opening import Desk
    from axagents.agents.persona import Persona
    from axagents.agents.request import Leave, Request
    from axagents.agents.run import AgentRun
    from axagents.agents.sessions import KeptTurn
    from axagents.catalog import Catalog, ToolFacts

Ask = Callable[[Mapping[str, Any]], bool | None]

AUTO = "auto"
FIRST = "data-scientist"
"""Who answers until a sentence tells whose it is."""


@dataclass(frozen=True)
class Options:
    """What the command line says of every turn; `max_usd` alone holds for all of them together."""

    provider: str = "auto"
    model: str | None = None
    yes: bool = False
    max_usd: float | None = None
    max_steps: int | None = None
    deadline: float | None = None
    record: str | None = None
    replay: str | None = None


@dataclass
class Session:
    """The conversation.

    Attributes:
        name: the session's identifier, under which it is kept.
        persona: who answers.
        chosen: whether a person chose the persona; otherwise a sentence that is clearly another's goes to that one.
        provider: the name of who thinks.
        opening: what was told when the desk was first opened.
        turns: what was said so far, earlier processes included.
    """

    project: Project
    options: Options
    name: str
    persona: str = FIRST
    chosen: bool = False
    provider: str = ""
    opening: list[str] = field(default_factory=list[str])
    turns: list["KeptTurn"] = field(default_factory=list["KeptTurn"])
    _loading: threading.Thread | None = None
    _planned_tokens: int = 0
    _planned_usd: float = 0.0

    def open(self) -> None:
        """Check the persona and the provider before the first word.

        Raises:
            NotFound, ProviderError: one of them is not to be had.
        """

        from axagents.agents.opening import OFFLINE_NOTICE

        def hear(event: Event) -> None:
            if isinstance(event, Note):
                self.opening.append(event.text)

        with listen(hear):
            self.provider = self._desk("hello").provider.name
        if self.provider == "offline":
            self.opening.append(OFFLINE_NOTICE)

    def preload(self) -> None:
        """Load what a turn needs while the first sentence is typed."""
        self._loading = threading.Thread(
            target=_load, args=(self.provider, self.project), daemon=True, name="load-chat"
        )
        self._loading.start()

    def ready(self) -> None:
        """Wait until what a turn needs is loaded."""
        if self._loading:
            self._loading.join()
            self._loading = None

    def tools(self) -> "Mapping[str, ToolFacts]":
        """Return what the persona may call, and whom it may ask; that takes no provider, and no money."""
        return self._offline("tools").tools.facts()

    def show_persona(self) -> "Persona":
        """Return who answers."""
        from axagents.agents.persona import load_persona

        return load_persona(self._catalog(), self.persona)

    def personas(self) -> "list[Persona]":
        """Return everybody who may be chosen."""
        from axagents.agents.persona import list_personas

        return list_personas(self._catalog())

    def choose(self, persona: str) -> None:
        """Have a persona answer from now on; `auto` for whoever a sentence is for.

        Raises:
            NotFound: there is none of that id; the nearest are named.
        """
        from axagents.agents.persona import load_persona

        if persona != AUTO:
            self.persona = load_persona(self._catalog(), persona).id
        self.chosen = persona != AUTO

    def choose_for(self, sentence: str) -> str | None:
        """Give the floor to the persona that a sentence is clearly for; return its tool for it, or None if none is.

        Whoever asked a question is who hears the answer.
        """
        if self.chosen or (self.turns and self.turns[-1].ended == "asked"):
            return None
        from axagents.agents.recommending import clearly_for

        found = clearly_for(self.project, sentence, present=self.persona)
        if found is None:
            return None
        self.persona = found.persona.id
        return found.tools[0]

    def resume(self, named: str) -> None:
        """Go on with a kept session.

        Raises:
            NotFound, UserError: none of that name, or several.
        """
        from axagents.agents.sessions import find_session, read_turns

        self.name = find_session(self.project, named)
        self.turns = read_turns(self.project, self.name)
        known = [persona.id for persona in self.personas()]
        last = [turn.persona for turn in self.turns if turn.persona in known]
        if last and not self.chosen:
            self.persona = last[-1]

    def take_turn(self, sentence: str, ask: Ask) -> "AgentRun":
        """Have the persona work on a sentence.

        Raises:
            AxError: why there is no answer; a run that was opened can go on.
        """
        from axagents.agents.run import run_agent

        return self._kept(lambda: run_agent(self.project, self._request(sentence), ask=ask))

    def go_on(self, ask: Ask) -> "AgentRun":
        """Go on with the last turn, which was cut short.

        Raises:
            UserError: it was not.
            AxError: why there is no answer.
        """
        from axagents.agents.run import resume_agent
        from axagents.agents.sessions import resumable

        cut = resumable(self.turns)
        if cut is None:
            raise UserError("nothing was cut short here; type what is wanted", hint="/resume lists other sessions")
        return self._kept(lambda: resume_agent(self.project, cut.run_id, leave=self._leave(), ask=ask))

    def plan(self, sentence: str) -> "DryRun":
        """Return what the persona would do about a sentence; nothing is called.

        Where nothing is left to spend on that, the offline planner plans, and it is told.
        """
        from axagents.agents.dry import plan_once

        try:
            desk = self._desk(sentence)
        except LimitReached:
            note("nothing is left to spend (--max-usd): the offline planner plans")
            return self.plan_offline(sentence)
        planned = plan_once(desk, self._request(sentence))
        self._planned_tokens += planned.tokens
        self._planned_usd += planned.cost_usd
        return planned

    def plan_offline(self, sentence: str) -> "DryRun":
        """Return what the offline planner would do about a sentence in the persona's place."""
        from axagents.agents.dry import plan_once
        from axagents.agents.request import Request

        return plan_once(self._offline(sentence), Request(self.persona, sentence, "offline"))

    @property
    def has_planned(self) -> bool:
        """Tell whether plans of this chat took a language model's turns."""
        return self._planned_tokens > 0

    @property
    def tokens(self) -> int:
        """All tokens of the session, those of this chat's plans included."""
        return sum(turn.tokens for turn in self.turns) + self._planned_tokens

    @property
    def cost_usd(self) -> float:
        """What the session cost, in US dollars, this chat's plans included."""
        return sum(turn.cost_usd for turn in self.turns) + self._planned_usd

    def _kept(self, work: Callable[[], "AgentRun"]) -> "AgentRun":
        from axagents.agents.sessions import close_cut, read_turns

        try:
            return work()
        except KeyboardInterrupt:
            close_cut(self.project, self.name)
            raise
        finally:
            self.turns = read_turns(self.project, self.name)

    def _desk(self, query: str) -> "Desk":
        from axagents.agents.opening import open_desk

        return open_desk(self.project, self._request(query))

    def _offline(self, query: str) -> "Desk":
        from axagents.agents.opening import open_desk
        from axagents.agents.request import Request

        return open_desk(self.project, Request(self.persona, query, "offline"))

    def _request(self, query: str) -> "Request":
        from axagents.agents.request import Request

        options = self.options
        return Request(
            self.persona,
            query,
            options.provider,
            session=self.name,
            leave=self._leave(),
            model=options.model,
            record=options.record,
            replay=options.replay,
            max_usd=self._left(),
            max_steps=options.max_steps,
            deadline=options.deadline,
        )

    def _leave(self) -> "Leave":
        from axagents.agents.request import Leave

        return Leave(yes=self.options.yes)

    def _left(self) -> float | None:
        most = self.options.max_usd
        return None if most is None else max(0.0, most - self.cost_usd)

    def _catalog(self) -> "Catalog":
        from axagents.catalog import open_catalog

        return open_catalog(self.project)


def _load(provider: str, project: Project) -> None:
    import axagents.agents.walking as graph
    from axagents.llm.providers import load_library

    del graph
    load_library(provider, project.settings.providers)
