"""What mlops-deployment is asked, and what it answers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from axagents.fields import RequiredText, Version
from axagents.workflows.registry.request import ModelName

Target = Literal["local", "kubernetes"]
Strategy = Literal["canary", "blue-green", "shadow", "direct"]
Action = Literal["rollback", "promote", "abort", "status"]
Kind = Literal["deploy", "rollback", "promote", "abort", "status", "unchanged"]


def _percent(value: Any) -> Any:
    """Take 10% for 10."""
    return value.strip().removesuffix("%") if isinstance(value, str) else value


def _above_zero(value: float) -> float:
    if not 0 < value <= 100:
        raise ValueError("must be above 0 and at most 100 percent of the traffic")
    return value


Percent = Annotated[float, BeforeValidator(_percent), AfterValidator(_above_zero)]


class DeploymentRequest(BaseModel):
    """Bring a version of a model to its traffic, or act on a deployment that there is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_name: ModelName | None = Field(
        default=None, description="Name of the model. Default for an action: that of the deployment."
    )
    version: Version | None = Field(default=None, description="The version to deploy, such as 2.1.0; never guessed.")
    deployment_target: Target = Field(default="local", description="local; kubernetes is not supported yet.")
    rollout_strategy: Strategy | None = Field(
        default=None, description="direct, blue-green or canary. Default: direct where nothing serves, else canary."
    )
    traffic_percentage: Percent | None = Field(
        default=None, description="Share of the canary in percent, above 0. Default 10; with promote 100."
    )
    action: Action | None = Field(default=None, description="rollback, promote, abort or status. Default: deploy.")
    target_version: Version | None = Field(
        default=None, description="With rollback: the version to return to. Default: the one that served before."
    )
    deployment: RequiredText | None = Field(
        default=None, description="Name of the deployment. Default: the model's own, else MODEL-prod."
    )
    steps: list[Percent] | None = Field(default=None, description="Shares to climb by; not supported yet.")
    soak: RequiredText | None = Field(default=None, description="Time at each share; not supported yet.")
    max_hold: RequiredText | None = Field(default=None, description="Longest wait for evidence; not supported yet.")
    unit_id: RequiredText | None = Field(
        default=None, description="What keeps a unit with its version: a column, or header:NAME."
    )
    override_reason: RequiredText | None = Field(
        default=None, description="Why it is deployed without evaluation GO or whole lineage."
    )
    why: RequiredText | None = Field(default=None, description="Why, for the registry's event log.")


_LARGEST_CANARY = 50.0


def approval_kind(request: BaseModel) -> str:
    """Return the word that `[approve] auto` has for a request, by its own words alone.

    A canary that names no strategy is a `deploy`: what it becomes depends on what serves when it runs.
    """
    asked = DeploymentRequest.model_validate(request.model_dump())
    if asked.action in {"abort", "rollback"}:
        return asked.action
    small = (asked.traffic_percentage or 0.0) <= _LARGEST_CANARY
    return "canary-start" if asked.action is None and asked.rollout_strategy == "canary" and small else "deploy"


class Share(BaseModel):
    """One variant behind the gateway."""

    model_config = ConfigDict(frozen=True)

    variant: str
    role: str
    version: str
    percent: float


class ShadowFacts(BaseModel):
    """The last logged rows, answered by the new version and by the one that serves."""

    model_config = ConfigDict(frozen=True)

    rows: int = 0
    differed: int = 0
    farthest: float | None = Field(default=None, description="Largest difference of a probability or a value.")
    note: str = ""


class DeploymentResult(BaseModel):
    """How a deployment stands after what was asked."""

    model_config = ConfigDict(frozen=True)

    deployment: str
    model: str
    version: str
    target: Target = "local"
    kind: Kind
    strategy: Strategy | None = None
    url: str | None
    revision: int
    shares: list[Share]
    running: bool
    readiness: list[str] = Field(default=[], description="What was checked before any traffic moved.")
    staging: str = ""
    shadow: ShadowFacts | None = None
    container: str = "not needed: a local deployment runs as processes"
    stages: dict[str, str] = Field(default={}, description="Registry stages that this run changed.")
    next: list[str]


REQUEST = DeploymentRequest
