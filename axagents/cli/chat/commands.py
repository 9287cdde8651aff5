"""The commands of a chat: what each does, in one line of help and one function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from axagents.cli.chat.exchanges import show_exchanges, turn_table
from axagents.cli.chat.front import Front
from axagents.cli.chat.session import Session
from axagents.errors import NotFound, UserError
from axagents.fields import canonical_json
from axagents.layout import table

if TYPE_CHECKING:
    from axagents.agents.sessions import KeptSession

SESSIONS = 20
HITS = 8
KEYS = (
    ("Enter", "sends"),
    ("Alt-Enter, or \\ at the end", "begins another line"),
    ("Up, Ctrl-R", "what was typed before, in this project"),
    ("Tab", "completes commands, personas, sessions and names of this project"),
    ("Ctrl-X Ctrl-E", "opens $EDITOR"),
    ("Ctrl-C", "stops the turn, or empties the line"),
    ("Ctrl-D", "leaves; the session is kept"),
)


@dataclass(frozen=True)
class Command:
    """One command; `argument` is how its argument is written in the help."""

    argument: str
    help: str
    run: Callable[[Session, Front, str], None]


def run_command(session: Session, front: Front, line: str) -> None:
    """Run a line that begins with a slash.

    Raises:
        NotFound: no such command; the nearest is named.
        AxError: why it could not be done.
    """
    name, _, argument = line[1:].strip().partition(" ")
    if name not in COMMANDS:
        raise NotFound("command", f"/{name}", completions(), hint="/help")
    COMMANDS[name].run(session, front, argument.strip())


def is_command(line: str) -> bool:
    """Tell whether a line is a command and no sentence that begins with a path."""
    first = line.split(maxsplit=1)[0] if line.strip() else ""
    return first.startswith("/") and "/" not in first[1:] and "." not in first and "\n" not in line.strip()


def completions() -> Mapping[str, str]:
    """Return the commands as they are typed, with their help."""
    return {**{f"/{name}": each.help for name, each in COMMANDS.items()}, "/quit": LEAVE}


def _agent(session: Session, front: Front, argument: str) -> None:
    if argument:
        session.choose(argument)
        who = session.show_persona()
        front.show(f"{who.id} answers from now on" if session.chosen else f"{who.id} answers, {AUTOMATIC}")
        return
    rows = [
        ("*" if each.id == session.persona else "", each.id, each.title, ", ".join(each.best_for))
        for each in session.personas()
    ]
    front.show(
        f"{_fit(front, table(['', 'id', 'title', 'best for'], rows))}\n/agent ID chooses one; /agent auto: {AUTOMATIC}"
    )


def _tools(session: Session, front: Front, _argument: str) -> None:
    session.ready()
    found = sorted(
        ((each.touches.value, name, each.description) for name, each in session.tools().items()),
        key=lambda each: (("read", "compute", "effect").index(each[0]), each[1]),
    )
    rows = [(touches, name, " ".join(description.split())) for touches, name, description in found]
    front.show(_fit(front, table(["touches", "tool", "what it does"], rows)))
    absent = sorted(set(session.show_persona().tools) - {name for _, name, _ in found})
    if absent:
        front.tell(f"not part of this installation: {', '.join(absent)}")


def _memory(session: Session, front: Front, argument: str) -> None:
    if not argument:
        raise UserError("say what to look for: /memory QUERY", hint="/memory churn-classifier")
    from axagents.stores.memory.memory import Memory

    session.ready()
    with front.working(argument):
        hits = Memory(session.project).search(argument, limit=HITS)
    lines = [f"{each.namespace}/{each.key}  {canonical_json(each.value)}" for each in hits]
    front.show(_fit(front, "\n".join(lines)) or "nothing found")


def _cost(session: Session, front: Front, _argument: str) -> None:
    if not session.turns and not session.tokens:
        front.show("nothing was said yet")
        return
    if session.turns:
        front.show(_fit(front, turn_table(session.turns)))
    seconds = sum(turn.seconds or 0.0 for turn in session.turns)
    plans = ", plans included" * session.has_planned
    front.show(f"together {seconds:.1f} s, {session.tokens:,} tokens, ${session.cost_usd:.4f}{plans}")


def workable_example(session: Session) -> str:
    """Return the first of the persona's examples that its tools of this installation can do."""
    examples = session.show_persona().examples
    planned = ((each, session.plan_offline(each)) for each in examples)
    return next((each for each, plan in planned if plan.outcome != "decline" and not plan.unavailable), examples[0])


def _plan(session: Session, front: Front, argument: str) -> None:
    if not argument:
        raise UserError("say what to plan: /plan SENTENCE", hint="/plan " + workable_example(session))
    from axagents.cli.agent import explained

    session.ready()
    with front.working(argument):
        planned = session.plan(argument)
    if planned.ranking:
        front.show(_fit(front, explained(planned)) + "\n")
    front.show(f"{planned.outcome}\n{planned.text}")
    front.tell("nothing was called")


def _save(session: Session, front: Front, argument: str) -> None:
    from axagents.cli.chat.saving import write_markdown

    if not session.turns:
        raise UserError("there is nothing to save yet")
    path = Path(argument or f"chat-{session.name}.md").expanduser()
    if path.is_dir():
        path /= f"chat-{session.name}.md"
    if path.exists():
        word = front.agree(f"{path} exists. Write over it?")
        if word is None:
            raise UserError(f"{path} exists, and nobody is here to be asked", hint="/save FILE names another")
        if not word:
            front.show("left as it is")
            return
    write_markdown(path, session.name, session.turns)
    front.show(f"{len(session.turns)} turn{'s' * (len(session.turns) != 1)} written to {path}")


def _resume(session: Session, front: Front, argument: str) -> None:
    from axagents.agents.sessions import list_sessions

    listed = [each for each in list_sessions(session.project, SESSIONS) if each.session != session.name]
    if argument.isdecimal() and 0 < int(argument) <= len(listed):
        argument = listed[int(argument) - 1].session
    if argument:
        session.resume(argument)
        show_exchanges(session, front)
    elif not listed:
        front.show("no other session is kept yet")
    else:
        front.show(_fit(front, _session_table(listed)))
        front.show("/resume 1 goes on with the first; a session's beginning does as well")


def _continue(_session: Session, _front: Front, _argument: str) -> None:
    """Say that nothing stands behind it: alone it is a turn, and whoever takes turns does it."""
    raise UserError("/continue goes on with the turn that was cut short, and takes nothing behind it", hint=CONTINUE)


def _help(_session: Session, front: Front, _argument: str) -> None:
    rows = [(f"/{name} {each.argument}".rstrip(), each.help) for name, each in COMMANDS.items()]
    front.show(_listed([*rows, ("/quit", LEAVE)]))
    front.show("\n" + _listed(KEYS))
    front.show("\nAnything else is a sentence for the agent. Figures come from tools; effects ask first.")


def _listed(rows: "tuple[tuple[str, str], ...] | list[tuple[str, str]]") -> str:
    width = max(len(first) for first, _ in rows)
    return "\n".join(f"  {first:<{width}}  {second}" for first, second in rows)


def _session_table(listed: "list[KeptSession]") -> str:
    rows = [
        (at, each.session, each.last_at[:16].replace("T", " "), each.turns, each.persona, " ".join(each.words.split()))
        for at, each in enumerate(listed, start=1)
    ]
    return table(["", "session", "last (UTC)", "turns", "persona", "first words"], rows)


def _fit(front: Front, text: str) -> str:
    """Cut every line at the screen's edge: a table is not read across two rows."""
    width = front.width
    if width is None:
        return text
    return "\n".join(line if len(line) <= width else line[: width - 1] + "…" for line in text.splitlines())


CONTINUE = "/continue"
AUTOMATIC = "until a sentence is clearly for another persona"
LEAVE = "leave; the session is kept"
COMMANDS: Mapping[str, Command] = {
    "agent": Command("[ID]", "list the personas, or have one answer from now on", _agent),
    "tools": Command("", "what this persona may call", _tools),
    "memory": Command("QUERY", "search what is remembered", _memory),
    "cost": Command("", "tokens, dollars and time, turn by turn", _cost),
    "plan": Command("SENTENCE", "what would be done, without doing it", _plan),
    "save": Command("[FILE]", "write the conversation as Markdown", _save),
    "resume": Command("[SESSION]", "list the kept sessions, or go on with one", _resume),
    "continue": Command("", "go on with the turn that was cut short", _continue),
    "help": Command("", "this", _help),
}
