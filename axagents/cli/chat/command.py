"""`ax chat`: talk with the personas."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from axagents.cli.common import Need, command, group, wants_json
from axagents.cli.output import Shown, tell
from axagents.errors import UserError

if TYPE_CHECKING:
    from axagents.cli.chat.front import Front
    from axagents.cli.chat.session import Session

app = group()


@command(app, "chat", project=Need.WRITES, listened=False)
def chat(
    persona: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The persona; by default whoever a sentence is for.")
    ] = None,
    *,
    session: Annotated[str | None, typer.Option(help="Go on with this session; its beginning is enough.")] = None,
    provider: Annotated[str, typer.Option(help="auto, offline, claude, openai, another, or script:FILE.")] = "auto",
    model: Annotated[str | None, typer.Option(help="Another model than the provider's own.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve the kinds of effects that [approve] auto lists.")] = False,
    max_usd: Annotated[
        float | None, typer.Option(min=0, metavar="USD", help="US dollars at most, for the whole session.")
    ] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Turns and calls at most, a sentence.")] = None,
    deadline: Annotated[float | None, typer.Option(min=0.001, help="Seconds at most, a sentence.")] = None,
    record: Annotated[str | None, typer.Option(metavar="FILE", help="Write every exchange with the provider.")] = None,
    replay: Annotated[str | None, typer.Option(metavar="FILE", help="Let recorded exchanges answer.")] = None,
) -> Shown:
    """Talk with the personas. Sentences may come from a pipe, one a line; it ends with the last one's exit code."""
    from axagents.cli.chat.session import Options, Session
    from axagents.cli.chat.ways import ChatWays
    from axagents.project import current_project
    from axagents.stores.runs import new_run_id
    from axagents.ways import using_ways

    if wants_json() and sys.stdin.isatty():
        raise UserError("--format json takes its sentences from a pipe, one a line", field="--format")
    options = Options(
        provider,
        model=model,
        yes=yes,
        max_usd=max_usd,
        max_steps=max_steps,
        deadline=deadline,
        record=record,
        replay=replay,
    )
    talking = Session(current_project(), options, new_run_id())
    if persona:
        talking.choose(persona)
    if session:
        talking.resume(session)
    with using_ways(ChatWays()):
        talking.open()
        return _hold(talking)


def _hold(session: "Session") -> Shown:
    """Hold the chat where it is: at a terminal, or on a pipe."""
    from axagents.cli.chat.exchanges import show_exchanges
    from axagents.cli.chat.talk import Talk
    from axagents.cli.chat.terminal import is_interactive

    front = _at_terminal(session) if is_interactive() else _at_pipe(session)
    if session.turns:
        show_exchanges(session, front)
    talk = Talk(session, front)
    try:
        talk.hold()
    finally:
        if session.turns:
            front.tell(f"the session is kept\nnext: ax chat --session {session.name}")
    return Shown([], "", exit_code=0 if front.is_person else talk.exit_code, verdict=talk.verdict)


def _at_terminal(session: "Session") -> "Front":
    from axagents.cli.chat.commands import AUTOMATIC, completions
    from axagents.cli.chat.completing import ChatCompleter
    from axagents.cli.chat.editor import HISTORY, Editor
    from axagents.cli.chat.names import persona_names, project_names, session_names
    from axagents.cli.chat.person import Person

    arguments = {
        "/agent": lambda: persona_names(session),
        "/resume": lambda: session_names(session.project),
    }
    completer = ChatCompleter(completions(), arguments, lambda: project_names(session.project))
    front = Person(Editor(session.project.state / HISTORY, completer, lambda: _below(session)), set(session.opening))
    session.preload()
    who = session.show_persona()
    front.show(f'{who.id}: "{who.motto}"' + ("" if session.chosen else f" Answers {AUTOMATIC}."))
    for line in session.opening:
        front.tell(line)
    front.show(f"session {session.name}, provider {session.provider}")
    front.show("\n".join(f"  {'try:' if at == 0 else '    '} {each}" for at, each in enumerate(who.examples[:2])))
    front.tell("/help lists commands and keys; Ctrl-D leaves")
    return front


def _at_pipe(session: "Session") -> "Front":
    from axagents.cli.chat.piped import Pipe

    tell(f"{session.persona}, {session.provider}, session {session.name}")
    return Pipe(as_json=wants_json())


def _below(session: "Session") -> list[str]:
    spent = f"{session.tokens:,} tokens ${session.cost_usd:.4f}"
    return [session.persona, session.provider, spent, session.name, "Alt-Enter: another line"]
