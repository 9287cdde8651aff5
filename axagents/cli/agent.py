"""`ax agent`: run the persona agents, or look at them."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.asking import APPLY, agreed, somebody_is_there
from axagents.cli.common import Need, command, group
from axagents.cli.main import attempt
from axagents.cli.output import Shown, table, tell
from axagents.cli.piped import read_json, read_text
from axagents.errors import AxError, UserError

if TYPE_CHECKING:
    from axagents.agents.dry import DryRun
    from axagents.agents.opening import Desk
    from axagents.agents.request import Request
    from axagents.agents.run import AgentRun
    from axagents.project import Project

app = group("Run the persona agents, or look at them.")

PersonaArgument = Annotated[str, typer.Argument(metavar="ID", help="The persona; `ax agent list` shows them.")]
ProviderOption = Annotated[str, typer.Option(help="auto, offline, claude, openai, another, or script:FILE.")]


@command(app, "run", project=Need.WRITES)
def run(
    persona: PersonaArgument,
    *,
    input_: Annotated[str | None, typer.Option("--input", help='JSON with "query", @FILE, or - for a pipe.')] = None,
    provider: ProviderOption = "auto",
    session: Annotated[str | None, typer.Option(help="Go on with this conversation.")] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Model turns and tool calls at most.")] = None,
    max_usd: Annotated[float | None, typer.Option(min=0, metavar="USD", help="US dollars at most.")] = None,
    deadline: Annotated[float | None, typer.Option(min=0.001, help="Seconds at most.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve the kinds of effects that [approve] auto lists.")] = False,
    approve: Annotated[list[str] | None, typer.Option(metavar="HASH", help="Approve the plan of this hash.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Take one planning turn and call nothing.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what the offline planner weighed.")] = False,
    model: Annotated[str | None, typer.Option(help="Another model than the provider's own.")] = None,
    record: Annotated[str | None, typer.Option(metavar="FILE", help="Write every exchange with the provider.")] = None,
    replay: Annotated[str | None, typer.Option(metavar="FILE", help="Let recorded exchanges answer.")] = None,
) -> Shown:
    """Run a persona on a request in plain words."""
    from axagents.agents.opening import open_desk
    from axagents.agents.request import Leave, Request
    from axagents.project import current_project

    query = _read_query(input_)
    leave = Leave(yes=yes, hashes=tuple(approve or ()))
    request = Request(
        persona,
        query,
        provider,
        session=session,
        max_steps=max_steps,
        max_usd=max_usd,
        deadline=deadline,
        leave=leave,
        model=model,
        record=record,
        replay=replay,
    )
    project = current_project()
    if session is not None:
        tell_new_session(project, session)
    desk = open_desk(project, request)
    planned = show_plan(desk, request, dry_run=dry_run, explain=explain)
    if planned:
        return planned
    # Loads LangGraph, so only once it is sure that there is something to run.
    from axagents.agents.run import run_agent

    return show_run(run_agent(project, request, ask=_ask, desk=desk))


@command(app, "list", project=Need.NONE)
def list_() -> Shown:
    """List the personas."""
    from axagents.agents.persona import list_personas
    from axagents.catalog import open_catalog
    from axagents.project import find_project

    personas = list_personas(open_catalog(find_project()))
    rows = [(each.id, each.title, ", ".join(each.best_for)) for each in personas]
    data = {"personas": [each.model_dump(mode="json") for each in personas]}
    return Shown(data, table(["id", "title", "best for"], rows))


@command(app, "get", project=Need.NONE)
def get(persona: PersonaArgument) -> Shown:
    """Show one persona: its tools, whom it may ask, its limits, examples."""
    from axagents.agents.persona import load_persona
    from axagents.agents.tools import missing_tools
    from axagents.catalog import open_catalog
    from axagents.project import find_project

    catalog = open_catalog(find_project())
    found = load_persona(catalog, persona)
    absent = missing_tools(catalog, found.tools)
    lines = [f"{found.id}: {found.title}", f'"{found.motto}"', f"best for: {', '.join(found.best_for)}"]
    lines += ["tools:", *(f"  {name}{'  (not part of this installation)' * (name in absent)}" for name in found.tools)]
    lines += [f"may ask: {', '.join(found.may_ask) or 'nobody'}"]
    lines += [f"limits: {found.limits.max_steps} steps, {found.limits.deadline:g} s"]
    lines += ["examples:", *(f"  {example}" for example in found.examples)]
    return Shown({**found.model_dump(mode="json"), "not_installed": absent}, "\n".join(lines))


@command(app, "plan")
def plan(
    persona: PersonaArgument,
    *,
    file: Annotated[str, typer.Option("--file", help="JSONL: one {id, query} a line; - for standard input.")],
    provider: ProviderOption = "auto",
) -> Shown:
    """Plan many requests, one JSON object a line, and call nothing."""
    from axagents.agents.opening import open_desk
    from axagents.agents.request import Request
    from axagents.project import current_project

    queries = _read_queries(file)
    request = Request(persona, "plan", provider)
    desk = open_desk(current_project(), request)
    planned = [_plan_line(desk, request, query, id_=id_) for id_, query in queries]
    failed = [each["error"]["exit_code"] for each in planned if "error" in each]
    lines = [f"{each['id']}: {_brief(each)}" for each in planned]
    return Shown(planned, "\n".join(lines), exit_code=failed[0] if failed else 0)


@command(app, "register", project=Need.WRITES)
def register(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The persona as YAML; - for standard input.")] = "-",
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in place of one of that id.")] = False,
) -> Shown:
    """Add a persona of your own to this project."""
    from axagents.agents.registering import register_persona
    from axagents.project import current_project

    source = "standard input" if file == "-" else file
    path = register_persona(current_project(), read_text(file, "FILE"), source=source, replace=replace)
    told = f"{path.stem} is a persona of this project: {path}\nnext: ax agent get {path.stem}"
    return Shown({"agent": path.stem, "path": str(path)}, told)


@command(app, "remove")
def remove(persona: PersonaArgument) -> Shown:
    """Take a persona of this project's own away."""
    from axagents.agents.registering import remove_persona
    from axagents.project import current_project

    path = remove_persona(current_project(), persona)
    return Shown({"agent": persona, "removed": str(path)}, f"{persona} is no persona of this project any more: {path}")


@command(app, "recommend")
def recommend(task: Annotated[str, typer.Argument(help="What is to be done, in plain words.")]) -> Shown:
    """Rank the personas for a task."""
    from axagents.agents.recommending import STANDS_OUT, recommend_personas
    from axagents.project import current_project

    found = recommend_personas(current_project(), task)
    rows = [(each.persona.id, each.score, ", ".join(each.tools), ", ".join(each.words)) for each in found]
    text = table(["id", "score", "its tools for this", "words it is known for"], rows)
    if found[0].score < STANDS_OUT:
        text += "\nnone stands out; what each is good at: ax agent list"
    else:
        text += f"\nnext: ax agent run {found[0].persona.id} --input {shlex.quote(json.dumps({'query': task}))}"
    data = [{"agent": each.persona.id, "score": each.score, "tools": each.tools, "words": each.words} for each in found]
    return Shown({"task": task, "agents": data}, text)


def show_resumed(project: "Project", run_id: str) -> Shown:
    """Go on with an agent's run for `ax runs resume`."""
    from axagents.agents.run import resume_agent

    return show_run(resume_agent(project, run_id, ask=_ask))


def _read_query(input_: str | None) -> str:
    from axagents.errors import nearest

    if input_ is None:
        raise UserError('say what is wanted: --input \'{"query": "..."}\'', field="--input")
    given = read_json(input_, "--input")
    for name in given:
        if name != "query":
            near = nearest(name, ["query"])
            told = "; did you mean query?" if near else "; there is query"
            raise UserError(f"{name}: there is no such field{told}", field=name, legal=["query"])
    query = given.get("query")
    if not isinstance(query, str) or not query.strip():
        raise UserError("query: is required, as a text", field="query", legal=["query"])
    return query


def _read_queries(file: str) -> list[tuple[Any, str | AxError]]:
    """Return the query of every line by its id, which is else the line's number, or what is wrong with the line."""
    lines = enumerate(read_text(file, "--file").splitlines(), start=1)
    return [_read_line(line, number, file) for number, line in lines if line.strip()]


def _read_line(line: str, number: int, file: str) -> tuple[Any, str | AxError]:
    from axagents.requests import parse_json

    try:
        given = parse_json(line, "standard input" if file == "-" else file, first_line=number)
    except UserError as error:
        return number, error
    query = given.get("query")
    if not isinstance(query, str) or not query.strip():
        return given.get("id", number), UserError(f"line {number}: query is required, as a text", field="query")
    return given.get("id", number), query


def _plan_line(desk: "Desk", request: "Request", query: str | AxError, *, id_: Any) -> dict[str, Any]:
    from axagents.agents.dry import plan_once

    found: list[dict[str, Any]] = []
    wrong = (
        query
        if isinstance(query, AxError)
        else attempt(lambda: found.append(_dumped(plan_once(desk, replace(request, query=query)))))
    )
    return {"id": id_, **({"error": wrong.as_dict()} if wrong else found[0])}


def _ask(proposal: Mapping[str, Any]) -> bool | None:
    """Show the plan of an effect on the terminal and return the person's word; None where nobody is there."""
    from axagents.actor import is_agent

    if is_agent() or not somebody_is_there():
        return None
    tell(proposal["text"])
    return agreed(APPLY)


def tell_new_session(project: "Project", session: str) -> None:
    """Say so where a conversation of that name has not begun yet."""
    from axagents.agents.sessions import session_names
    from axagents.errors import nearest

    names = session_names(project)
    if session not in names:
        near = nearest(session, names)
        tell(f"a new conversation begins: there is none called {session!r}" + (f"; {near[0]} is near" if near else ""))


def show_plan(desk: "Desk", request: "Request", *, dry_run: bool, explain: bool) -> Shown | None:
    """Show what a dry run would do, and tell what the offline planner weighed; None where there is more to do."""
    from axagents.agents.dry import plan_once

    planned = plan_once(desk, request) if dry_run or (explain and desk.provider.name == "offline") else None
    if explain:
        tell(explained(planned) if planned else "only the offline planner shows a ranking")
    if not dry_run or planned is None:
        return None
    return Shown(_dumped(planned), f"{planned.outcome}\n{planned.text}", verdict=planned.outcome)


def show_run(done: "AgentRun") -> Shown:
    """Show how an agent's run ended, or the plan that waits for a word."""
    # A model may write what moves a terminal's cursor, or a tool's result that it tells of.
    text = "".join(letter for letter in done.answer if letter in "\n\t" or letter.isprintable())
    approvals = [need for need in done.needs if need.get("kind") == "approval"]
    if approvals:
        need = approvals[0]
        text = "\n".join(
            [f"{done.agent} asks to apply this plan:", need["text"], *(f"next: {way}" for way in need["approve"])]
        )
    return Shown(done, text, exit_code=done.exit_code, verdict=done.status)


def _dumped(planned: "DryRun") -> dict[str, Any]:
    return planned.model_dump(mode="json", exclude={"ranking", "text"})


def _brief(planned: dict[str, Any]) -> str:
    if "error" in planned:
        return f"error  {planned['error']['message']}"
    calls = [f"{each['tool']} {json.dumps(each['arguments'], ensure_ascii=False)}" for each in planned["calls"]]
    needs = f"needs {', '.join(planned['needs'])}" if planned["needs"] else ", ".join(planned["candidates"])
    return f"{planned['outcome']}  {'; '.join(calls) or needs}".rstrip()


def explained(planned: "DryRun") -> str:
    """Lay out what the offline planner weighed."""
    rows = [
        (each["tool"], each["score"], each["likeness"], ", ".join(each["signs"]), "yes" if each["asked"] else "")
        for each in planned.ranking
    ]
    return table(["tool", "score", "likeness", "signs", "asked for"], rows) if rows else "nothing was ranked"
