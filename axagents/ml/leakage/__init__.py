"""Does a feature know what it cannot know when the model predicts?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.ml.problem import Problem
from axagents.ml.splits import SplitPlan

Verdict = Literal["SAFE", "WARNING", "DANGEROUS"]
Window = tuple[datetime | None, datetime | None]


class Finding(BaseModel):
    """One thing found: the rule, the columns, the numbers that show it, the question to ask, what was left out."""

    model_config = ConfigDict(frozen=True)

    rule: str
    severity: Verdict
    columns: tuple[str, ...]
    text: str
    evidence: dict[str, Any] = Field(default_factory=dict)
    question: str = ""
    removed: tuple[str, ...] = ()


class LeakageContext(BaseModel):
    """What is declared about the data: the catalog's words.

    `has_events`: rows are made from events or carry times; `cutoff_enforced`: features use only what lies before a
    cutoff; `available`: columns whose availability at prediction time is known; windows are (start, end), None unknown.
    """

    model_config = ConfigDict(frozen=True)

    unknown_at_prediction: tuple[str, ...] = ()
    has_events: bool = False
    cutoff_enforced: bool = False
    cutoff: datetime | None = None
    label_window: Window | None = None
    feature_windows: Mapping[str, Window] = Field(default_factory=dict)
    available: tuple[str, ...] = ()


class LeakageReport(BaseModel):
    """The verdict (the worst of the findings'), the findings in the order of the rules, and the columns left out."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    findings: tuple[Finding, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    seconds: float


def check_leakage(
    problem: Problem,
    *,
    context: LeakageContext | None = None,
    plan: SplitPlan | None = None,
    primary: str | None = None,
    seed: int = 0,
) -> LeakageReport:
    """Apply the rules in order; `problem.without(report.removed)` is what may be learned from.

    When `kept` is empty nothing is left to learn from: the caller refuses.
    """
    raise NotImplementedError
