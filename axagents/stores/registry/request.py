"""What the registry is asked when it is looked at, and what it shows."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from axagents.fields import RequiredText, Version


class VersionsRequest(BaseModel):
    """List the versions of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_name: RequiredText = Field(description="Name of a registered model.")


class ShowRequest(BaseModel):
    """Show one version of a model with everything that is recorded of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_name: RequiredText = Field(
        description="A model (its production version, else its newest), a deployment, or a version such as"
        " name:2.1.0, name-v2, name-prod or name@alias."
    )
    version: Version | None = Field(default=None, description="Version such as 2.1.0, when model_name names none.")


class ShownVersion(BaseModel):
    """One version: `stage` is staged, canary, production or archived; `pending` and `foreign` stand for no stage yet.

    `standing` says whether event log, MLflow and journal agree; `note` says on what not, or how to go on.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    stage: Literal["staged", "canary", "production", "archived", "pending", "foreign"]
    sha256: str | None
    created_at: str
    lineage: dict[str, Any] | None
    standing: Literal["ok", "pending", "foreign", "diverged"] = "ok"
    note: str | None = None


class ShownVersions(BaseModel):
    """The versions of a model: ours highest first, then pending ones and those that other tools made."""

    model_config = ConfigDict(frozen=True)

    model: str
    versions: list[ShownVersion]


class ShownDetails(ShownVersion):
    """One version with all its metadata: artifact, training, metrics (claimed and verified), schema, lineage."""

    model: str
    resolved: str = Field(description="How the name asked for led to this version.")
    created_by: str | None
    changed_at: str
    mlflow_version: str | None
    aliases: list[str]
    evaluation: str | None = Field(description="Verdict of the newest evaluation of this SHA-256.")
    metadata: dict[str, Any]


class ShownModel(BaseModel):
    """One model in the list of models."""

    model_config = ConfigDict(frozen=True)

    model: str
    production: str | None
    newest: str | None
    versions: int
    changed_at: str | None
    standing: Literal["ok", "pending", "foreign", "diverged"]
    note: str | None = None


class ShownModels(BaseModel):
    """Every model of the registry."""

    model_config = ConfigDict(frozen=True)

    models: list[ShownModel]
