"""A conversation as Markdown."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from axagents.errors import Failed
from axagents.fields import canonical_json

if TYPE_CHECKING:
    from axagents.agents.sessions import KeptTurn


def write_markdown(path: Path, session: str, turns: "Sequence[KeptTurn]") -> None:
    """Write a session into a file.

    Raises:
        Failed: it cannot be written.
    """
    text = "\n".join(_lines(session, turns)) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}", hint="/save FILE names another") from None


def _lines(session: str, turns: "Sequence[KeptTurn]") -> Iterator[str]:
    yield f"# Session {session}"
    for turn in turns:
        yield ""
        yield f"## {turn.started_at[:16].replace('T', ' ')} UTC, {turn.persona}"
        yield ""
        yield from (f"> {line}".rstrip() for line in turn.query.splitlines())
        yield ""
        for call in turn.calls:
            yield f"- `{call['tool']}` {call['status']}: `{canonical_json(call['arguments'])}`"
        yield from [""] if turn.calls else []
        yield from _answer(turn)


def _answer(turn: "KeptTurn") -> Iterator[str]:
    if turn.ended not in ("completed", "asked", "declined"):
        yield f"*{turn.ended}*" + (f": {turn.answer}" if turn.answer else "")
    elif turn.provider == "offline":
        # The planner's templates lay figures out in columns; a model writes Markdown itself.
        yield from ("```text", *turn.answer.splitlines(), "```")
    else:
        yield turn.answer
