"""What the feature store keeps of one version of a feature set."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from axagents.fields import RequiredText, canonical_json, sha256_text
from axagents.ml.features.spec import EntityType, FeatureSpec


def _check_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", text):
        raise ValueError("a feature set's name is 1 to 100 letters, digits, _ . - and begins with a letter or digit")
    return text


def name_set(dataset: str, target: str) -> str:
    """Return what a set of a dataset and target is called unless it is given a name; what no name holds becomes _."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{dataset}-{target}").lstrip("_.-")[:100]


SetName = Annotated[RequiredText, AfterValidator(_check_name)]


class Source(BaseModel):
    """What a table was computed from: the data by their hashes, and the rows that were asked for."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    fingerprint: str
    target: str
    spine: str | None = None
    spine_fingerprint: str | None = None
    cutoff: str | None = None
    horizon: str | None = None


class FeatureReference(BaseModel):
    """One version of a feature set, by the hash of what it computes; a model keeps it of where its columns are from."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


class FeatureSet(BaseModel):
    """One version of a feature set: what is computed, from what, and what was found of it. It never changes."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str = Field(description="MAJOR for features changed or gone, MINOR for more, PATCH for a new table.")
    spec: FeatureSpec
    spec_sha256: str
    source: Source
    entity: str
    entity_type: EntityType
    texts: tuple[str, ...] = Field(default=(), description="Columns read that hold texts.")
    rows: int
    table_sha256: str
    leakage: Literal["SAFE", "WARNING", "DANGEROUS"]
    quality: int
    gain: str
    run_id: str | None = None
    created_at: str

    @property
    def reference(self) -> FeatureReference:
        """What names this version."""
        return FeatureReference(name=self.name, version=self.version, sha256=self.spec_sha256)

    @property
    def content(self) -> str:
        """The hash of what makes two versions the same: what is computed, and from what."""
        return sha256_text(canonical_json([self.spec_sha256, self.source.model_dump(mode="json")]))


class SetDifference(BaseModel):
    """How two versions of a feature set differ."""

    model_config = ConfigDict(frozen=True)

    name: str
    versions: tuple[str, str]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: dict[str, tuple[dict[str, object], dict[str, object]]]
    source: dict[str, tuple[object, object]]
    rows: tuple[int, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.source)
