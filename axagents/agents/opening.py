"""Open the work on a run: the persona, its tools, the provider, the project's names, the limits."""

import time
from dataclasses import dataclass
from pathlib import Path

from axagents.agents.context import AgentContext, HandOn
from axagents.agents.delegation import asking
from axagents.agents.ledger import Ledger
from axagents.agents.persona import Persona, load_persona
from axagents.agents.request import Request
from axagents.agents.rereading import rereading
from axagents.agents.tools import OwnTool, ToolBox
from axagents.agents.world import ProjectWorld
from axagents.catalog import Catalog, open_catalog
from axagents.errors import LimitReached, UserError
from axagents.external.servers import external_tools
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
from axagents.ways import ways

OFFLINE_NOTICE = "offline planner: no language model; it plans from example sentences, and asks when unsure"
SCRIPT = "script:"
CALL = "call"
"""The persona of `ax call`: nobody in particular, with the tools that only read."""


@dataclass(frozen=True)
class Desk:
    """What planning needs, with or without a run."""

    project: Project
    catalog: Catalog
    persona: Persona
    tools: ToolBox
    world: World
    provider: Provider


def open_desk(project: Project, request: Request, provider: Provider | None = None) -> Desk:
    """Read the content and choose the provider, unless one is at hand.

    Raises:
        NotFound: no such persona.
        UserError: the query is empty.
        ProviderError: the provider is not to be had.
        LimitReached: a turn costs something, and nothing may be spent.
    """
    if not request.query.strip() or request.query.strip() in ("...", "…"):
        raise UserError("query must say what is wanted", field="query", hint="ax agent get " + request.persona)
    catalog = open_catalog(project)
    persona = reading_persona(catalog) if request.persona == CALL else load_persona(catalog, request.persona)
    world = ProjectWorld(project)
    provider = provider or _provider(request, project, catalog, world=world)
    asked = [asking(load_persona(catalog, each)) for each in request.askable(persona.may_ask)]
    inner = [*asked, rereading()]
    tools = ToolBox(catalog, persona.tools, inner={each.facts.name: each for each in inner}, effects=persona.id != CALL)
    others = [OwnTool(each.facts, each.check, each.call) for each in external_tools(project, persona.external)]
    desk = Desk(project, catalog, persona, tools.with_own(others), world, provider)
    _check_money(desk, request)
    return desk


def _check_money(desk: Desk, request: Request) -> None:
    """Stop before the first turn where it would cost something, and nothing may be spent."""
    if most_usd(desk, request) == 0 and desk.provider.is_paid:
        told = f"a turn of {desk.provider.name} costs something, and nothing is left to spend (--max-usd)"
        raise LimitReached(told, field="--max-usd", hint=f"more --max-usd, or {ways().offline}")


def most_usd(desk: Desk, request: Request) -> float | None:
    """Return what a request may cost: as it says itself, else the least of what the persona and the project say."""
    limits = (desk.persona.limits.max_usd, desk.project.settings.agents.max_usd)
    return _least(*limits) if request.max_usd is None else request.max_usd


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
        return OfflinePlanner(read_ranker(catalog.files("sentences"), catalog.files("personas")), world)
    if chosen.startswith(SCRIPT):
        return read_script(Path(chosen.removeprefix(SCRIPT)))
    opened = open_provider(chosen, settings.providers, model=model, deadline=deadline)
    endpoint = find_endpoint(chosen, settings.providers, model=model)
    if name == "auto":
        note(f"{endpoint.name} ({endpoint.model}) thinks; {ways().offline} asks nobody")
    if endpoint.prices is None:
        note(f"the price of {endpoint.model} is not known, and counts as 0; set [providers.{endpoint.name}] prices")
    return opened


def _least(*limits: float | None) -> float | None:
    return min((each for each in limits if each is not None), default=None)


def open_context(desk: Desk, request: Request, run_id: str, *, hand_on: HandOn) -> AgentContext:
    """Return what the nodes of one run may touch; limits are the request's, else the narrower of both others'."""
    settings, limits = desk.project.settings.agents, desk.persona.limits
    seconds = request.deadline or min(limits.deadline, settings.deadline)
    return AgentContext(
        project=desk.project,
        run_id=run_id,
        request=request,
        catalog=desk.catalog,
        persona=desk.persona,
        tools=desk.tools,
        provider=desk.provider,
        world=desk.world,
        max_steps=request.max_steps or min(limits.max_steps, settings.max_steps),
        max_usd=most_usd(desk, request),
        deadline=time.monotonic() + seconds,
        seconds=seconds,
        hand_on=hand_on,
        ledger=Ledger(AgentJournal(desk.project, run_id)),
    )
