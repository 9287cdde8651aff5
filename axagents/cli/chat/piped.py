"""A chat whose sentences come from a pipe, one a line: answers on standard output, everything else beside it."""

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from axagents.actor import is_agent
from axagents.cli.agent import show_run
from axagents.cli.asking import APPLY, agreed, somebody_is_there
from axagents.cli.chat.front import ends_open
from axagents.cli.live import Live
from axagents.cli.output import say, show_error, tell
from axagents.errors import AxError, UserError
from axagents.progress import Event, Note, listen

if TYPE_CHECKING:
    from axagents.agents.run import AgentRun


class Pipe:
    """Reads lines as they come; a terminal that cannot be painted on is read like one."""

    is_person = False
    width = None

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._told: set[str] = set()

    def read(self) -> str | None:
        """Return the next line, those joined that end in a backslash; None at the end."""
        lines: list[str] = []
        while True:
            line = self._line()
            if not line:
                return "\n".join(lines) if lines else None
            line = line.rstrip("\r\n")
            if not ends_open(line):
                return "\n".join([*lines, line])
            lines.append(line[:-1])

    def _line(self) -> str:
        if sys.stdin.isatty():
            tell("> ", end="")
        try:
            return sys.stdin.readline()
        except UnicodeDecodeError as error:
            raise UserError(f"what is piped in is not UTF-8 at byte {error.start}") from None

    def show(self, text: str) -> None:
        """Show what was asked for."""
        self._say({"text": text}, text)

    def tell(self, text: str) -> None:
        """Show a notice."""
        tell(text)

    def fail(self, error: AxError) -> None:
        """Show what went wrong, and what to do."""
        if self._as_json:
            self._say({"error": error.as_dict()}, "")
        else:
            show_error(error, as_json=False)

    def agree(self, question: str) -> bool | None:
        """Ask where somebody sits at the terminal after all; None elsewhere."""
        return agreed(question) if somebody_is_there() else None

    def approve(self, plan: Mapping[str, Any]) -> bool | None:
        """Show the plan of an effect where somebody sits at the terminal; an agent has no word."""
        if is_agent() or not somebody_is_there():
            return None
        tell(str(plan["text"]))
        return self.agree(APPLY)

    @contextmanager
    def working(self, words: str) -> Generator[None]:
        """Tell on standard error what happens; a notice that was told before is not repeated."""
        del words
        opening = True

        with Live() as live:

            def hear(event: Event) -> None:
                nonlocal opening
                if opening and isinstance(event, Note):
                    if event.text in self._told:
                        return
                    self._told.add(event.text)
                opening = opening and isinstance(event, Note)
                live(event)

            with listen(hear):
                yield

    def answer(self, done: "AgentRun") -> None:
        """Print how a turn ended."""
        self._say(done.model_dump(mode="json"), show_run(done).text)

    def _say(self, data: Mapping[str, Any], text: str) -> None:
        say(json.dumps(data, ensure_ascii=False) if self._as_json else text)
        sys.stdout.flush()
