"""What ml-train is asked, and what it answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.fields import RequiredText


class TrainingSpec(BaseModel):
    """How to train: everything but the dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: RequiredText | None = Field(
        None, description="Column to predict. Default: the target the catalog declares for the dataset."
    )
    task: Literal["binary", "multiclass", "regression"] | None = Field(
        None, description="Kind of problem. Default: told from the target's values."
    )
    positive: RequiredText | None = Field(None, description="The class of a binary target that counts as positive.")
    features: list[RequiredText] | None = Field(
        None, min_length=1, description="Columns to learn from. Default: every usable column."
    )
    exclude: list[RequiredText] | None = Field(None, min_length=1, description="Columns not to learn from.")
    model: RequiredText = Field("auto", description="auto, or one kind of model: linear, random-forest, ...")
    search_seconds: float | None = Field(
        None, gt=0, le=86_400, description="Seconds for search and assessment together. Default: the setting, 60."
    )
    trials: int | None = Field(
        None, ge=1, le=10_000, description="Try exactly this many configurations each instead, so that runs repeat."
    )
    folds: int | None = Field(None, ge=2, le=20, description="Cross-validation folds. Default: the setting, 5.")
    repeats: int = Field(3, ge=1, le=10, description="How often the folds are drawn anew.")
    primary_metric: RequiredText | None = Field(
        None, description="Metric that decides. Default: auc_roc for classes, rmse for numbers."
    )
    allow_leakage: RequiredText | None = Field(
        None, description="Keep leaking features, for this reason. Default: they are left out."
    )
    seed: int | None = Field(None, ge=0, description="Seed of every random choice. Default: the setting, 0.")


class TrainRequest(TrainingSpec):
    """Train a model on a dataset and report what it is worth on rows that the search never saw."""

    dataset: RequiredText = Field(description="Name of a dataset in the catalog, or of a file in data/.")
    experiment: RequiredText | None = Field(
        None, description="MLflow experiment to log to. Default: <dataset>-<target>."
    )
    mlflow_run_id: RequiredText | None = Field(None, description="MLflow run to log into. Default: a new one.")
    tags: list[RequiredText] = Field(default_factory=list, description="Words to find the run by.")


class Figure(BaseModel):
    """One figure with its interval at 95 %, null where none can be given."""

    model_config = ConfigDict(frozen=True)

    mean: float
    low: float | None
    high: float | None
    method: str = ""


class LeftOutColumn(BaseModel):
    """A column that was not learned from, and why."""

    model_config = ConfigDict(frozen=True)

    column: str
    why: str


class LeakageFinding(BaseModel):
    """One finding of the leakage check; `removed` are the columns it took out."""

    model_config = ConfigDict(frozen=True)

    rule: str
    severity: Literal["SAFE", "WARNING", "DANGEROUS"]
    columns: tuple[str, ...]
    text: str
    question: str = ""
    removed: tuple[str, ...] = ()
    evidence: dict[str, Any] = Field(default_factory=dict)


class LeakageSummary(BaseModel):
    """What the leakage check said; `allowed` is the reason given for keeping what leaks."""

    model_config = ConfigDict(frozen=True)

    verdict: Literal["SAFE", "WARNING", "DANGEROUS"]
    findings: tuple[LeakageFinding, ...] = ()
    removed: tuple[str, ...] = ()
    allowed: str | None = None


class CandidateSummary(BaseModel):
    """One kind of model: its primary score over the outer folds and its paired loss to the best one."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Literal["floor", "chosen", "candidate"]
    score: Figure
    loss: Figure
    within_margin: bool
    trials: int
    seconds: float


class ThresholdSummary(BaseModel):
    """The decision threshold, and what it gives on the out-of-fold predictions it was chosen on."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    precision: float
    recall: float
    f1: float
    share_positive: float


class CalibrationSummary(BaseModel):
    """The calibrator in use, if any, and the Brier score before and after it, out of fold."""

    model_config = ConfigDict(frozen=True)

    kind: str | None
    brier_raw: float
    brier: float


class ColumnImportance(BaseModel):
    """What the primary metric loses when one column is shuffled, with the spread over shuffles."""

    model_config = ConfigDict(frozen=True)

    column: str
    loss: float
    spread: float


class TrainResult(BaseModel):
    """A trained model and what is known about it. Metrics come from rows that neither search nor choice saw."""

    model_config = ConfigDict(frozen=True)

    task: Literal["binary", "multiclass", "regression"]
    dataset: str
    target: str
    metrics: dict[str, Figure]
    floor: dict[str, Figure] = Field(description="The linear model's figures, on the same rows.")
    model_path: str
    mlflow_run_id: str
    experiment: str
    warnings: list[str]
    headline: str
    verdict: Literal["TRAINED", "WARNING"]
    fingerprint: str
    rows: int
    features: list[str]
    feature_set: str | None = Field(default=None, description="The version of a feature set that the data are.")
    left_out: list[LeftOutColumn]
    classes: list[str] = []
    primary_metric: str
    chosen: str
    because: str
    margin: float
    floors: dict[str, dict[str, Figure]]
    gain: Figure = Field(
        description="Chosen model minus linear floor on the primary metric, paired; positive is better."
    )
    candidates: list[CandidateSummary]
    chosen_in_folds: dict[str, int]
    assessment: str
    split: str
    leakage: LeakageSummary
    threshold: ThresholdSummary | None = None
    calibration: CalibrationSummary | None = None
    importance: list[ColumnImportance]
    plots: list[str]
    seed: int
    trials: int
    seconds: float
    next: list[str] = Field(description="Commands that come next.")


REQUEST = TrainRequest
