"""The line editor: history kept in the project, several lines, completion, a line below that says where one is."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from axagents.cli.chat.completing import ChatCompleter
from axagents.cli.chat.front import ends_open

HISTORY = "chat_history"
_MENU_ROWS = 5
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse fg:ansibrightblack", "prompt": "bold"})


class PrivateHistory(FileHistory):
    """What was typed, in a file that only its owner reads; where it cannot be written, nothing is kept."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            path.chmod(0o600)

    def load_history_strings(self) -> Iterator[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Yield what was typed, the newest first."""
        with suppress(OSError):
            yield from super().load_history_strings()

    def store_string(self, string: str) -> None:
        """Keep what was typed."""
        with suppress(OSError):
            super().store_string(string)


class Editor:
    """Reads what a person types; Enter sends it, Alt-Enter or a backslash at its end begins another line."""

    def __init__(self, history: Path, completer: ChatCompleter, below: Callable[[], list[str]]) -> None:
        self._below = below
        self._session = PromptSession[str](
            [("class:prompt", "> ")],
            multiline=True,
            prompt_continuation="  ",
            history=PrivateHistory(history),
            completer=completer,
            complete_while_typing=Condition(lambda: completer.offers(get_app().current_buffer.document)),
            reserve_space_for_menu=_MENU_ROWS,
            key_bindings=_keys(),
            bottom_toolbar=self._toolbar,
            enable_suspend=True,
            enable_open_in_editor=True,
            style=_STYLE,
        )

    def read(self) -> str:
        """Return what was typed.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            EOFError: Ctrl-D on an empty line.
        """
        return self._session.prompt()

    def typed(self) -> bool:
        """Tell whether something stood in the line when reading ended."""
        return bool(self._session.default_buffer.text)

    def _toolbar(self) -> str:
        width = shutil.get_terminal_size().columns
        parts = self._below()
        while len(parts) > 1 and len(" · ".join(parts)) > width - 2:
            parts.pop()
        return (" " + " · ".join(parts))[: width - 1]


def _keys() -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = buffer.text
        if ends_open(text) and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor(1)
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    del send, begin_line
    return keys
