"""A question at the terminal."""

import sys
from types import SimpleNamespace

import pytest

from axagents.cli.asking import agreed
from axagents.progress import Asked, Asking, Event, listen


def test_whoever_listens_hears_that_a_question_is_over_however_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    heard: list[Event] = []
    for read in (lambda: "y\n", interrupted):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False, readline=read))
        with listen(heard.append):
            if read is interrupted:
                with pytest.raises(KeyboardInterrupt):
                    agreed("go on?")
            else:
                assert agreed("go on?")
    assert heard == [Asking(), Asked()] * 2
