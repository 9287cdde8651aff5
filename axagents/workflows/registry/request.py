"""What ml-model-registry is asked, and what it answers."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from axagents.fields import RequiredText, Version
from axagents.stores.features.record import FeatureReference
from axagents.workflows.experiments.request import Difference

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_FRAMEWORKS = {"xgb": "xgboost", "scikit-learn": "sklearn", "scikit_learn": "sklearn"}


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a model; use letters, digits, and . _ - after the first, at most 200 of them"
        )
    return name


def _as_tags(value: Any) -> Any:
    """Take a list of words as tags without a value."""
    return dict.fromkeys(value, "true") if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _framework(value: Any) -> Any:
    return _FRAMEWORKS.get(value.strip().lower(), value.strip().lower()) if isinstance(value, str) else value


ModelName = Annotated[RequiredText, AfterValidator(_check_name)]
Framework = Literal["xgboost", "sklearn", "onnx"]


class RegistryRequest(BaseModel):
    """Register a model folder as a version of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_path: RequiredText = Field(
        description="Folder with an MLmodel file, such as ./models/churn_classifier_v2 or the model_path of ml-train."
    )
    model_name: ModelName | None = Field(
        default=None, description="Name of the model. Default: told from the folder's name."
    )
    version: Version | None = Field(
        default=None,
        description="Version such as 2.1.0. Default: the next minor version, 1.0.0 for a new model.",
    )
    metrics: dict[str, FiniteFloat] = Field(
        default_factory=dict, description="Metrics as somebody claims them; shown as claimed, they decide nothing."
    )
    training_data: RequiredText | None = Field(
        default=None,
        description="Name of the dataset it was trained on. Default: looked up in MLflow by SHA-256.",
    )
    framework: Annotated[Framework, BeforeValidator(_framework)] | None = Field(
        default=None, description="xgboost, sklearn or onnx; must agree with the folder. Default: read from the folder."
    )
    experiment_id: RequiredText | None = Field(
        default=None, description="MLflow experiment (name or id) or run it came from. Default: looked up by SHA-256."
    )
    tags: Annotated[dict[str, str], BeforeValidator(_as_tags)] = Field(
        default_factory=dict, description="Words, or names with values, kept with the version."
    )
    why: RequiredText | None = Field(default=None, description="Why it is registered, for the event log.")
    allow_pickle: bool = Field(
        default=False, description="Register a pickle by its SHA-256, without loading it: a pickle can run any code."
    )


class ArtifactFacts(BaseModel):
    """What was registered, byte for byte."""

    model_config = ConfigDict(frozen=True)

    path: str
    sha256: str
    size_bytes: int
    files: int
    format: Literal["xgboost", "skops", "onnx", "pickle"]


class CheckFacts(BaseModel):
    """How the model answered its input example in a process without network; rows 0 when it brings none."""

    model_config = ConfigDict(frozen=True)

    rows: int
    compared: bool = Field(description="Whether the answers are those written when the model was saved.")
    network: Literal["none", "blocked", "not loaded"]
    seconds: float


class SchemaColumn(BaseModel):
    """One column that the model reads."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str


class MetricFacts(BaseModel):
    """Metrics: those somebody typed, and those a tool computed on this very model."""

    model_config = ConfigDict(frozen=True)

    claimed: dict[str, float] = {}
    verified: dict[str, Any] = {}
    verified_by: str | None = Field(default=None, description="The evaluation or the training run that computed them.")


class Lineage(BaseModel):
    """Where a version comes from; what is neither given nor found is listed in `missing`."""

    model_config = ConfigDict(frozen=True)

    dataset: str | None = None
    fingerprint: str | None = None
    features: list[str] = []
    feature_set: FeatureReference | None = Field(
        default=None, description="The version of a feature set that the model reads, with its definition's SHA-256."
    )
    experiment: str | None = None
    experiment_id: str | None = None
    run_id: str | None = None
    found_by: Literal["sha256", "given", "nothing"] = "nothing"
    complete: bool = False
    missing: list[str] = []


class VersionMetadata(BaseModel):
    """Everything recorded of a version when it was registered."""

    model_config = ConfigDict(frozen=True)

    framework: Framework
    estimator: str | None
    task: str | None
    target: str | None
    classes: list[str] = []
    threshold: float | None = None
    calibrated: bool = False
    artifact: ArtifactFacts
    check: CheckFacts
    training: dict[str, Any] = {}
    metrics: MetricFacts
    inputs: list[SchemaColumn] = []
    outputs: list[dict[str, Any]] = []
    dependencies: list[str] = []
    python: str | None = None
    lineage: Lineage
    tags: dict[str, str] = {}
    registered_in: str | None = Field(default=None, description="The run that registered it.")


class VersionComparison(BaseModel):
    """The new version against another one, metric by metric; empty with the reason when they cannot be compared."""

    model_config = ConfigDict(frozen=True)

    against: str | None
    stage: str | None = None
    primary: str | None = None
    outcome: Literal["better", "unclear", "worse"] | None = Field(
        default=None,
        description="On the primary metric, by the whole paired interval; null: cannot be told.",
    )
    differences: list[Difference] = []
    because: str


class RegistryResult(BaseModel):
    """One registered version, what is known of it, and what may be done with it."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    stage: str
    sha256: str
    created_at: str
    registered: bool = Field(description="False when this very content was registered under this version before.")
    evaluation: str | None = Field(description="Verdict of the newest evaluation of this SHA-256.")
    metadata: VersionMetadata
    comparison: VersionComparison
    memory: list[str] = Field(description="Keys written in the memory namespace ml-model-registry.")
    next: list[str]


REQUEST = RegistryRequest
