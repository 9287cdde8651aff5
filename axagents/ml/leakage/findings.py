"""What leakage checks are told, and what they tell."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["SAFE", "WARNING", "DANGEROUS"]
Window = tuple[datetime | None, datetime | None]
Rule = Literal[
    "declared_unknown",
    "label_window_overlap",
    "exact_formula",
    "entity_on_both_sides",
    "changes_with_later_events",
    "repeated_rows",
    "too_good_alone",
    "too_good_together",
    "costly_to_remove",
    "row_order",
    "missingness",
]
_ORDER: tuple[Verdict, ...] = ("SAFE", "WARNING", "DANGEROUS")


class Finding(BaseModel):
    """One thing found: the rule, the columns, the numbers that show it, the question to ask, what is left out."""

    model_config = ConfigDict(frozen=True)

    rule: Rule
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

    @property
    def is_unguarded(self) -> bool:
        """Say whether features may have been made from what happened after the moment of prediction."""
        return self.has_events and not self.cutoff_enforced


class LeakageReport(BaseModel):
    """The verdict (the worst of the findings'), the findings in the order of the rules, and the columns left out."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    findings: tuple[Finding, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    seconds: float

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions to ask whoever knows the data."""
        return tuple(finding.question for finding in self.findings if finding.question)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict of some findings, SAFE without any."""
    places = [_ORDER.index(finding.severity) for finding in findings]
    return _ORDER[max(places, default=0)]


def name_columns(columns: Iterable[str], most: int = 4) -> str:
    """Return column names for a sentence."""
    names = [f"`{name}`" for name in columns]
    if len(names) <= most:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"
