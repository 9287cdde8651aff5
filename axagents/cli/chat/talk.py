"""The loop of a chat: a line is read, a turn or a command follows, and what goes wrong is one line."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from axagents.cli.chat.commands import CONTINUE, is_command, run_command
from axagents.cli.chat.exchanges import tell_cut
from axagents.cli.chat.front import Front
from axagents.cli.chat.session import Session
from axagents.cli.main import attempt

if TYPE_CHECKING:
    from axagents.agents.run import AgentRun

_LEAVING = {"/quit", "/exit", "quit", "exit"}
_HELPING = {"help", "?"}


class Talk:
    """One chat, from its first line to its last.

    Attributes:
        exit_code: of the last turn, or of a command that failed behind it.
        verdict: how the last turn ended.
    """

    def __init__(self, session: Session, front: Front) -> None:
        self.exit_code = 0
        self.verdict: str | None = None
        self._session = session
        self._front = front

    def hold(self) -> None:
        """Read lines until the end, or until somebody leaves."""
        while (line := self._front.read()) is not None:
            text = line.strip()
            if text.lower() in _LEAVING:
                return
            if text:
                self._heed("/help" if text.lower() in _HELPING else text)

    def _heed(self, text: str) -> None:
        before = self._session.turns[-1:]
        try:
            error = attempt(lambda: self._do(text))
        except KeyboardInterrupt:
            if not self._front.is_person:
                raise
            self._front.tell("stopped")
        else:
            if error is None:
                return
            self.exit_code, self.verdict = error.exit_code, "failed"
            self._front.fail(error)
        if self._session.turns[-1:] != before:
            tell_cut(self._session, self._front)

    def _do(self, text: str) -> None:
        if text == CONTINUE:
            self._take(text, lambda: self._session.go_on(self._front.approve))
        elif is_command(text):
            run_command(self._session, self._front, text)
        else:
            self._take(text, lambda: self._sentence(text))

    def _take(self, words: str, work: "Callable[[], AgentRun]") -> None:
        with self._front.working(words):
            self._session.ready()
            done = work()
            self._front.answer(done)
        self.exit_code, self.verdict = done.exit_code, done.status

    def _sentence(self, text: str) -> "AgentRun":
        tool = self._session.choose_for(text)
        if tool:
            self._front.tell(f"{self._session.persona} answers, since this is about {tool}; /agent ID chooses another")
        return self._session.take_turn(text, self._front.approve)
