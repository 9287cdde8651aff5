"""What ml-model-evaluation is asked, and what it answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.fields import RequiredText
from axagents.workflows.evaluation.sections import (
    ComparisonReport,
    ErrorReport,
    FairnessReport,
    PerformanceReport,
    ThresholdReport,
)
from axagents.workflows.evaluation.terms import AnswersQuestion, FairnessTerms, ThresholdTerms
from axagents.workflows.experiments.request import Criterion
from axagents.workflows.train.request import Figure

Names = Annotated[list[RequiredText], Field(default_factory=list)]


class EvaluationRequest(AnswersQuestion, FairnessTerms, ThresholdTerms):
    """Evaluate a version of a model on labelled rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics: Names = Field(
        default_factory=list,
        description="Metrics to report, such as accuracy, f1 and auc_roc. Default: all that fit the task.",
    )
    include_fairness: bool | None = Field(
        None, description="Compare groups. Default: yes, where sensitive columns are given or declared."
    )
    baseline: RequiredText | None = Field(
        None, description="Model to compare with. Default: guessing by the base rate, or the mean."
    )
    primary_metric: RequiredText | None = Field(
        None, description="Metric that decides comparisons. Default: the training's, else auc_roc or rmse."
    )
    success_criteria: Names = Field(default_factory=list, description='Conditions such as "f1 >= 0.85"; they gate.')
    slices: bool = Field(default=True, description="Search for segments in which the model errs more.")
    robustness: bool = Field(default=True, description="Disturb the features and see what that costs.")
    latency: bool = Field(default=True, description="Measure how long an answer takes.")
    seed: int = Field(default=0, ge=0, description="Seed of every random choice.")


class Rule(BaseModel):
    """One rule that was asked for the verdict; `fired` when it speaks, `decided` for the first that does."""

    model_config = ConfigDict(frozen=True)

    rule: str
    verdict: str
    fired: bool
    decided: bool
    because: str


class EvaluationResult(BaseModel):
    """A version of a model on labelled rows: how good, how fair, where wrong, how steady, and whether it may go on."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str | None = Field(description="Null for a model folder that is not registered.")
    stage: str | None
    sha256: str
    dataset: str
    rows_from: str = Field(description="The dataset, and which rows of it.")
    fingerprint: str
    rows: int
    entities: int | None = Field(description="Different entities, where some have several rows; null else.")
    task: Literal["binary", "multiclass", "regression"]
    target: str
    classes: list[str]
    sensitive: list[str] = Field(
        default_factory=list, description="Columns of groups of people: declared in the catalog, or asked for."
    )
    threshold: float | None = Field(description="From which probability the version calls a row positive.")
    verdict: Literal["GO", "NO_GO", "INSUFFICIENT"]
    headline: str
    because: str
    rules: list[Rule]
    warnings: list[str]
    metrics: dict[str, Figure]
    primary_metric: str
    criteria: list[Criterion]
    performance: PerformanceReport
    fairness: FairnessReport | None
    errors: ErrorReport
    thresholds: ThresholdReport | None
    comparison: ComparisonReport
    experiment: str
    mlflow_run_id: str
    report: str
    page: str
    seconds: float
    next: list[str] = Field(description="Commands that come next.")


REQUEST = EvaluationRequest
