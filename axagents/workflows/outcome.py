"""What a workflow leaves behind: a verdict, the rows that gave it, the result and the files."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.decisions.table import Decision


class Artifact(BaseModel):
    """A file a run made; `path` is relative to the project's root where it lies inside."""

    model_config = ConfigDict(frozen=True)

    name: str
    path: str


class Outcome(BaseModel):
    """What the last step of a workflow hands back."""

    model_config = ConfigDict(frozen=True)

    verdict: str
    result: dict[str, Any]
    decisions: tuple[Decision, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    report: str = Field(default="", description="the result as text for a person at a terminal")


class WorkflowRun(BaseModel):
    """One finished or waiting run of a workflow."""

    model_config = ConfigDict(frozen=True)

    workflow: str
    run_id: str
    status: Literal["completed", "failed", "waiting", "running"]
    verdict: str | None
    result: dict[str, Any]
    decisions: tuple[Decision, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    duration_s: float
    report: str = ""
