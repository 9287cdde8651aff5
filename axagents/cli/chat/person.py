"""A chat with a person at a terminal."""

import shutil
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from axagents.actor import is_agent
from axagents.cli.agent import show_run
from axagents.cli.asking import APPLY, agreed
from axagents.cli.chat.editor import Editor
from axagents.cli.chat.screen import Screen
from axagents.cli.chat.terminal import Stopping, loud_keys, quiet_keys
from axagents.cli.rows import clean, rows_of, written
from axagents.errors import AxError
from axagents.progress import listen

if TYPE_CHECKING:
    from axagents.agents.run import AgentRun


class Person:
    """Reads with the line editor, draws turns as they happen, asks in line."""

    is_person = True

    def __init__(self, editor: Editor, told: set[str]) -> None:
        """Talk through `editor`; notices in `told` were shown already."""
        self._editor = editor
        self._told = told
        self._stopping = Stopping()
        self._stopping.install()
        self._screen: Screen | None = None
        self._apart = False

    @property
    def width(self) -> int | None:
        return shutil.get_terminal_size().columns

    def read(self) -> str | None:
        """Return what was typed, or None at the end; Ctrl-C empties the line."""
        while True:
            if self._apart:
                self._put("", "")
            try:
                self._apart = False
                return self._editor.read()
            except KeyboardInterrupt:
                if not self._editor.typed():
                    self.tell("Ctrl-D or /quit leaves; the session is kept")
            except EOFError:
                return None

    def show(self, text: str) -> None:
        """Show what was asked for."""
        self._put(text, "")

    def tell(self, text: str) -> None:
        """Show a notice."""
        self._put(text, "dim")

    def fail(self, error: AxError) -> None:
        """Show what went wrong, and what to do."""
        self._put(f"error: {error.message}", "red")
        if error.hint:
            self._put(f"next: {error.hint}", "")

    def agree(self, question: str) -> bool | None:
        """Ask a yes-or-no question; anything but yes is no, and so is Ctrl-C."""
        try:
            with self._stopping:
                return agreed(question)
        except KeyboardInterrupt:
            self._stopping.forget()
            sys.stdout.write("\n")
            return False

    def approve(self, plan: Mapping[str, Any]) -> bool | None:
        """Show the plan of an effect and return the person's word; an agent has none."""
        if is_agent():
            return None
        self._put(str(plan["text"]), "yellow")
        with loud_keys():
            return self.agree(APPLY)

    @contextmanager
    def working(self, words: str) -> Generator[None]:
        """Draw what happens; Ctrl-C stops it."""
        with quiet_keys(), self._stopping, Screen(words, self._told, self._stopping) as screen, listen(screen):
            self._screen = screen
            try:
                yield
            finally:
                self._screen = None

    def answer(self, done: "AgentRun") -> None:
        """Show how a turn ended."""
        self._apart = True
        if self._screen:
            self._screen.answer(show_run(done).text)

    def _put(self, text: str, colour: str) -> None:
        self._apart = True
        if self._screen:
            self._screen.show(text, colour)
            return
        rows = rows_of(clean(text), shutil.get_terminal_size().columns, colour)
        sys.stdout.write(written(rows) + "\n")
        sys.stdout.flush()
