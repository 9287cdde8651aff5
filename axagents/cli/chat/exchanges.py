"""What was said in a session, as it is shown when somebody comes back to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from axagents.cli.chat.front import Front
from axagents.cli.chat.session import Session
from axagents.layout import table

if TYPE_CHECKING:
    from axagents.agents.sessions import KeptTurn

_LAST = 2
_LINES = 12
_WORDS = 60


def show_exchanges(session: Session, front: Front) -> None:
    """Show the last exchanges of a session, and whether its last turn was cut short."""
    count = len(session.turns)
    front.show(f"session {session.name}: {count} turn{'s' * (count != 1)} so far; {session.persona} answers")
    for turn in session.turns[-_LAST:]:
        front.show(f"\n> {turn.query}\n{_answered(turn)}")
    tell_cut(session, front)


def tell_cut(session: Session, front: Front) -> None:
    """Say it when the last turn of the session was cut short, and how it goes on."""
    from axagents.agents.sessions import resumable

    cut = resumable(session.turns)
    if cut is None:
        return
    what = {"waiting": "waits for a word on its plan", "stopped": "was stopped", "failed": "failed"}
    front.tell(f"the last turn {what.get(cut.ended, 'was cut short')}; what was done is kept")
    front.tell(f"next: /continue, or in a shell: ax runs resume {cut.run_id}")


def turn_table(turns: "Sequence[KeptTurn]") -> str:
    """Lay out what each turn took."""
    rows = [
        (at, turn.persona, turn.ended, turn.seconds, turn.tokens, f"${turn.cost_usd:.4f}", _short(turn.query))
        for at, turn in enumerate(turns, start=1)
    ]
    return table(["", "persona", "ended", "seconds", "tokens", "cost", "words"], rows)


def _answered(turn: "KeptTurn") -> str:
    if turn.ended in ("stopped", "cut short", "running"):
        return f"({turn.ended})"
    lines = turn.answer.splitlines()
    more = [f"… {len(lines) - _LINES} more lines; /save has them all"] if len(lines) > _LINES else []
    return "\n".join([*lines[:_LINES], *more])


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _WORDS else text[: _WORDS - 1] + "…"
