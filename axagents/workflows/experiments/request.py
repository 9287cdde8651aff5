"""What ml-experiment-tracker and the comparison of experiments are asked, and what they answer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from axagents.fields import RequiredText
from axagents.workflows.train.request import TrainingSpec

Point = tuple[int, FiniteFloat]
Words = Annotated[list[RequiredText], Field(default_factory=list)]


class ComparisonRequest(BaseModel):
    """Compare two to ten experiments on the metrics asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiments: list[RequiredText] = Field(
        min_length=2, max_length=10, description="Names of experiments (their newest run with figures), or run ids."
    )
    metrics: list[RequiredText] = Field(
        default_factory=list, description="Metrics to compare, such as precision and recall. Default: those in common."
    )
    primary: RequiredText | None = Field(None, description="The metric that decides. Default: the first of metrics.")
    baseline: RequiredText | None = Field(
        None, description="The experiment that the others are compared with. Default: each with each."
    )


class ComparedRun(BaseModel):
    """One side of a comparison; `claimed` are the metrics that somebody typed, and no tool computed."""

    model_config = ConfigDict(frozen=True)

    name: str
    experiment: str
    run_id: str
    run_name: str
    metrics: dict[str, float]
    claimed: list[str]


class Difference(BaseModel):
    """`first` minus `second` on one metric; `low` and `high` are null where nothing says how sure it is.

    `evidence`: paired (the same rows), folds (the same folds), unpaired (other data), points (two bare numbers).
    """

    model_config = ConfigDict(frozen=True)

    metric: str
    first: str
    second: str
    first_value: float
    second_value: float
    difference: float
    low: float | None
    high: float | None
    level: float
    method: str
    evidence: Literal["paired", "folds", "unpaired", "points"]
    better: str | None = Field(description="The better of the two by the whole interval, else null.")
    claimed: bool = False


class Comparison(BaseModel):
    """Which experiment is better on what, by how much, and how sure that is."""

    model_config = ConfigDict(frozen=True)

    answer: str
    primary: str
    best: dict[str, str | None] = Field(description="By metric: the one better than all others, or null.")
    experiments: list[ComparedRun]
    differences: list[Difference]
    notes: list[str]


class TrackerRequest(BaseModel):
    """Add a run to an experiment, or go on with one; with a dataset, train and log for real."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment_name: RequiredText = Field(max_length=250, description="Name of the experiment; made when missing.")
    description: str | None = Field(None, max_length=5000, description="What is tried, and why.")
    tags: Words = Field(default_factory=list, description="Words to find it by.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters; frozen once logged.")
    metrics: dict[str, FiniteFloat | list[Point]] = Field(
        default_factory=dict, description="Metrics as values or as [[step, value], ...] curves; kept as claimed."
    )
    artifacts: Words = Field(default_factory=list, description="Files and folders to keep with the run.")
    dataset: RequiredText | None = Field(None, description="Train on this dataset and log it.")
    target: RequiredText | None = Field(None, description="Column to predict, with dataset.")
    training: TrainingSpec | None = Field(None, description="How to train, with dataset; the fields of ml-train.")
    baseline: RequiredText | None = Field(
        None, description="Experiment or run id to compare with. Default: this experiment's run before."
    )
    primary_metric: RequiredText | None = Field(None, description="The one metric that decides the comparison.")
    hypothesis: str | None = Field(None, max_length=5000, description="What is expected to come out.")
    success_criteria: Words = Field(default_factory=list, description='Conditions such as "f1 >= 0.85".')
    run_id: RequiredText | None = Field(None, description="MLflow run to go on with. Default: a new one.")
    run_name: RequiredText | None = Field(None, max_length=250, description="Name of the run.")


class Criterion(BaseModel):
    """One success criterion, judged by the whole interval of its metric."""

    model_config = ConfigDict(frozen=True)

    text: str
    metric: str
    status: Literal["met", "unclear", "failed"]
    because: str


class TrackerResult(BaseModel):
    """One tracked run, what it holds, and what the comparison says of it."""

    model_config = ConfigDict(frozen=True)

    experiment: str
    experiment_id: str
    mlflow_run_id: str
    run_name: str
    continued: bool
    tags: list[str]
    params: dict[str, str]
    metrics: dict[str, float]
    claimed: list[str] = Field(description="The metrics that were typed, and decide nothing.")
    artifacts: list[str]
    environment: dict[str, str]
    baseline: str | None
    comparison: Comparison | None
    criteria: list[Criterion]
    hypothesis: str | None
    training: dict[str, Any] | None = Field(description="The result of ml-train, when it trained.")
    next: list[str]


REQUEST = TrackerRequest
