"""What a grader is shown: the world before and after, what was said and called, how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from axagents.project import Project


class Played(BaseModel):
    """How one of the user's turns ended.

    Attributes:
        calls: every call made, with tool, arguments and status.
        asked: the plans of effects that were shown.
        error: what ended the run, when it ended badly.
    """

    model_config = ConfigDict(frozen=True)

    status: str
    exit_code: int
    session: str = ""
    answer: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    needs: tuple[dict[str, Any], ...] = ()
    receipts: tuple[dict[str, Any], ...] = ()
    unverified_numbers: tuple[str, ...] = ()
    asked: tuple[dict[str, Any], ...] = ()
    error: dict[str, Any] | None = None
    steps: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Line:
    """What is played next: the user's words, by whom, within which limits.

    Attributes:
        approve: what a person would answer to each plan in its turn; nobody is there after the last.
    """

    persona: str
    words: str
    provider: str
    session: str | None
    steps: int
    seconds: float
    approve: tuple[bool, ...] = ()


Play = Callable[[Project, Line], Played]
"""Plays one line in a project; handed in by the floor above, and picklable."""


@dataclass(frozen=True)
class Evidence:
    """What a trial left behind.

    Attributes:
        before, after: what each grader's own `observe` saw, by the grader's name.
    """

    root: Path
    truth: Mapping[str, Any]
    played: tuple[Played, ...]
    before: Mapping[str, Any] = field(default_factory=dict[str, Any])
    after: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def last(self) -> Played:
        return self.played[-1]

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [call for each in self.played for call in each.calls]
