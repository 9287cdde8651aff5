"""What ml-feature-engineering is asked, and what it answers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from axagents.fields import RequiredText, canonical_window, parse_moment
from axagents.stores.features.record import SetName
from axagents.workflows.train.request import Figure, LeakageFinding


def _check_moment(text: str) -> str:
    parse_moment(text)
    return text.strip()


class FeaturesRequest(BaseModel):
    """Make features from a dataset for a target, judge them, and keep them in the feature store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: RequiredText = Field(description="Name of the dataset that holds the events, or the rows.")
    target: RequiredText = Field(
        description="Column to predict, or the name of a target that the events define: none within the horizon."
    )
    feature_types: list[Literal["temporal", "aggregation", "interaction"]] = Field(
        default_factory=lambda: ["temporal", "aggregation", "interaction"], min_length=1, description="Kinds to make."
    )
    spine: RequiredText | None = Field(
        None, description="Dataset of rows to predict: entity, moment (its time column) and target."
    )
    entity: RequiredText | None = Field(None, description="Column that says whom a row is about. Default: declared.")
    time: RequiredText | None = Field(None, description="Column that says when it happened. Default: as declared.")
    available: RequiredText | None = Field(
        None, description="Column that says when an event became known. Default: when it happened."
    )
    cutoff: Annotated[str, AfterValidator(_check_moment)] | None = Field(
        None, description="One moment for all entities: features end before it, the target begins. Default: declared."
    )
    horizon: Annotated[str, AfterValidator(canonical_window)] | None = Field(
        None, description="How long after the cutoff the target is watched for, such as 90d. Default: as declared."
    )
    max_features: int = Field(200, ge=1, le=2_000, description="Keep at most so many.")
    features: RequiredText | list[dict[str, Any]] | None = Field(
        None, description="Your own features: a list, or a YAML file of the project; kept as they are, none is made."
    )
    feature_set: SetName | None = Field(None, description="Name in the store. Default: <dataset>-<target>.")
    engine: Literal["duckdb", "spark"] | None = Field(
        None, description="What computes: duckdb on this machine, or spark. Default: the setting features.engine."
    )
    seed: int | None = Field(None, ge=0, description="Seed of every random choice. Default: the setting, 0.")


class DroppedFeature(BaseModel):
    """A candidate that was not kept, and why."""

    model_config = ConfigDict(frozen=True)

    name: str
    why: str


class KeptFeature(BaseModel):
    """A feature kept: what it is, what shuffling it costs, and in what share of the folds it was kept as well."""

    model_config = ConfigDict(frozen=True)

    name: str
    about: str
    importance: float | None
    stability: float | None
    missing: float


class Quality(BaseModel):
    """The quality from 1 to 10, its parts, and the formula."""

    model_config = ConfigDict(frozen=True)

    score: int
    parts: dict[str, float]
    formula: str


Leaks = Literal["SAFE", "WARNING", "DANGEROUS"]
_SEVERITY: tuple[Leaks, ...] = ("SAFE", "WARNING", "DANGEROUS")


class FeatureLeakage(BaseModel):
    """What the leakage check found, and what it took out."""

    model_config = ConfigDict(frozen=True)

    verdict: Leaks
    findings: tuple[LeakageFinding, ...] = ()
    removed: tuple[str, ...] = ()

    def after(self, earlier: "FeatureLeakage") -> "FeatureLeakage":
        """Return this check of what an earlier one left, with what that one took out."""
        return FeatureLeakage(
            verdict=_SEVERITY[max(map(_SEVERITY.index, (self.verdict, earlier.verdict)))],
            findings=(*(each for each in earlier.findings if each.removed), *self.findings),
            removed=(*earlier.removed, *self.removed),
        )


class FeaturesResult(BaseModel):
    """The features that were made and kept, what they are worth, and where they lie."""

    model_config = ConfigDict(frozen=True)

    headline: str
    verdict: Literal["SAFE", "WARNING", "DANGEROUS"]
    feature_set: str
    version: str | None = Field(description="Version in the feature store; null when nothing was stored.")
    is_new: bool
    dataset: str
    target: str
    task: Literal["binary", "multiclass", "regression"]
    entity: str
    time: str | None
    cutoff: str | None
    horizon: str | None
    rows: int
    entities: int
    events: int | None
    candidates: int
    features: list[KeptFeature]
    dropped: list[DroppedFeature]
    measure: str
    score: Figure = Field(description="What the kept features reach on rows that neither they nor the model saw.")
    baseline: Figure = Field(description="What the baseline features reach on the same rows.")
    baseline_features: list[str]
    gain: Figure = Field(description="Kept features minus baseline features, paired.")
    gain_told: Literal["shown", "unclear", "refuted"]
    leakage: FeatureLeakage
    quality: Quality
    warnings: list[str]
    seed: int
    table: str | None = Field(description="The stored table, a Parquet file, relative to the project.")
    next: list[str] = Field(description="Commands that come next.")


REQUEST = FeaturesRequest
