"""Open the work on a run: the persona, its tools, the provider, the project's names, the limits."""

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from axagents.agents.context import AgentContext
from axagents.agents.persona import Persona, load_persona
from axagents.agents.proposal import Leave
from axagents.agents.tools import ToolBox
from axagents.agents.world import ProjectWorld
from axagents.catalog import Catalog, open_catalog
from axagents.errors import UserError
from axagents.llm.offline.provider import OfflinePlanner, read_ranker
from axagents.llm.offline.world import World
from axagents.llm.providers import automatic_provider, find_endpoint, open_provider
from axagents.llm.scripted import read_script
from axagents.llm.tape import Player, Recorder
from axagents.llm.turn import Provider
from axagents.progress import note
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal
from axagents.toolkit import Touch

OFFLINE_NOTICE = "offline planner: no language model; it plans from example sentences, and asks when unsure"
SCRIPT = "script:"
NO_LEAVE = Leave()
CALL = "call"
"""The persona of `ax call`: nobody in particular, with the tools that only read."""


@dataclass(frozen=True)
class Request:
    """What an agent is asked, and how far it may go; None stands for the persona's or the project's own value.

    Attributes:
        provider: auto, offline, script:FILE, or the name of a language model's provider.
        session: the conversation to go on with; by default a new one.
        model: another model than the provider's own.
        record: the tape that every exchange with the provider is written to.
        replay: the tape that answers instead of a provider.
    """

    persona: str
    query: str
    provider: str = "auto"
    session: str | None = None
    max_steps: int | None = None
    deadline: float | None = None
    leave: Leave = NO_LEAVE
    model: str | None = None
    record: str | None = None
    replay: str | None = None
    max_usd: float | None = None

    def as_record(self) -> dict[str, Any]:
        """Return what a resumed run needs to know; what was allowed beforehand is not kept."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "leave"}


@dataclass(frozen=True)
class Desk:
    """What planning needs, with or without a run."""

    project: Project
    catalog: Catalog
    persona: Persona
    tools: ToolBox
    world: World
    provider: Provider


def open_desk(project: Project, request: Request) -> Desk:
    """Read the content and choose the provider.

    Raises:
        NotFound: no such persona.
        UserError: the query is empty.
        ProviderError: the provider is not to be had.
    """
    if not request.query.strip() or request.query.strip() in ("...", "…"):
        raise UserError("query must say what is wanted", field="query", hint="ax agent get " + request.persona)
    catalog = open_catalog(project)
    persona = reading_persona(catalog) if request.persona == CALL else load_persona(catalog, request.persona)
    world = ProjectWorld(project)
    provider = _provider(request, project, catalog, world=world)
    return Desk(project, catalog, persona, ToolBox.of(catalog, persona), world, provider)


def reading_persona(catalog: Catalog) -> Persona:
    """Return the persona of `ax call`."""
    ranker = read_ranker(catalog.files("sentences"))
    reading = [name for name, content in ranker.tools.items() if content.touches == "read"]
    reading += [name for name, facts in catalog.tools.items() if facts.touches is Touch.READ and name not in reading]
    return Persona(
        id=CALL,
        title="Assistant",
        motto="Looks, and changes nothing.",
        best_for=("questions about what is there",),
        prompt="persona",
        tools=tuple(reading),
    )


def _provider(request: Request, project: Project, catalog: Catalog, *, world: World) -> Provider:
    if request.replay is not None:
        if request.record is not None:
            raise UserError("--record and --replay exclude each other", field="--record")
        note(f"every answer comes from the tape {request.replay}")
        return Player(Path(request.replay))
    deadline = request.deadline or project.settings.agents.deadline
    chosen = choose_provider(request.provider, project, catalog, world=world, model=request.model, deadline=deadline)
    return Recorder(chosen, Path(request.record)) if request.record is not None else chosen


def choose_provider(
    name: str,
    project: Project,
    catalog: Catalog,
    *,
    world: World,
    model: str | None = None,
    deadline: float | None = None,
) -> Provider:
    """Return the provider of a name; `auto` is the one of ax.toml, else one whose key is set, else the offline planner.

    Raises:
        ProviderError: there is none of that name, or its key is not there; what to do is told.
    """
    settings = project.settings
    chosen = automatic_provider(settings.agents.provider, settings.providers) if name == "auto" else name
    if chosen == "offline":
        return OfflinePlanner(read_ranker(catalog.files("sentences")), world)
    if chosen.startswith(SCRIPT):
        return read_script(Path(chosen.removeprefix(SCRIPT)))
    opened = open_provider(chosen, settings.providers, model=model, deadline=deadline)
    endpoint = find_endpoint(chosen, settings.providers, model=model)
    if name == "auto":
        note(f"{endpoint.name} ({endpoint.model}) thinks; --provider offline asks nobody")
    if endpoint.prices is None:
        note(f"the price of {endpoint.model} is not known, and counts as 0; set [providers.{endpoint.name}] prices")
    return opened


def _least(*limits: float | None) -> float | None:
    return min((each for each in limits if each is not None), default=None)


def open_context(desk: Desk, request: Request, run_id: str) -> AgentContext:
    """Return what the nodes of one run may touch; limits are the request's, else the narrower of both others'."""
    settings, limits = desk.project.settings.agents, desk.persona.limits
    seconds = request.deadline or min(limits.deadline, settings.deadline)
    return AgentContext(
        project=desk.project,
        run_id=run_id,
        catalog=desk.catalog,
        persona=desk.persona,
        tools=desk.tools,
        provider=desk.provider,
        world=desk.world,
        query=request.query,
        session=request.session or run_id,
        leave=request.leave,
        max_steps=request.max_steps or min(limits.max_steps, settings.max_steps),
        max_usd=_least(limits.max_usd, settings.max_usd) if request.max_usd is None else request.max_usd,
        deadline=time.monotonic() + seconds,
        seconds=seconds,
        journal=AgentJournal(desk.project, run_id),
    )
