"""What can be completed while somebody types: commands, personas, sessions, and the names of the project."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

Names = Mapping[str, str]
"""What may be typed, each with a word on what it is."""

_FEW_LETTERS = 3
_WORD = re.compile(r"[\w.-]+$")


class ChatCompleter(Completer):
    """Completes what a person types in a chat.

    Args:
        commands: with their line of help.
        arguments: by command, the names that may follow it.
        names: those of the project; they are asked for when the first few letters are there.
    """

    def __init__(
        self, commands: Names, arguments: Mapping[str, Callable[[], Names]], names: Callable[[], Names]
    ) -> None:
        self._commands = commands
        self._arguments = arguments
        self._names = names
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield what may stand at the cursor."""
        command, space, rest = document.text_before_cursor.partition(" ")
        if document.text.startswith("/") and not space:
            yield from _fitting(command, self._commands)
        elif command == "/save":
            yield from self._paths.get_completions(Document(rest), complete_event)
        elif command in self._arguments:
            yield from _fitting(rest, self._arguments[command]())
        else:
            yield from self._named(document)

    def offers(self, document: Document) -> bool:
        """Tell whether there is something to offer before somebody asks for it."""
        if document.text.startswith("/") and "\n" not in document.text:
            return True
        return next(iter(self._named(document)), None) is not None

    def _named(self, document: Document) -> Iterable[Completion]:
        word = _WORD.search(document.text_before_cursor)
        if not word or len(word.group()) < _FEW_LETTERS or document.text_after_cursor.strip():
            return []
        return [each for each in _fitting(word.group(), self._names()) if each.text != word.group()]


def _fitting(typed: str, names: Names) -> Iterator[Completion]:
    for name, what in names.items():
        if name.lower().startswith(typed.lower()):
            yield Completion(name, start_position=-len(typed), display_meta=what)
