"""The settings of a project: `ax.toml`, overridden by `AX_*` variables."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from axagents.errors import UserError, nearest


class Section(BaseModel):
    """A table of `ax.toml`; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrackingSettings(Section):
    uri: str | None = Field(default=None, description="address of an MLflow server; by default SQLite under .ax")


class MemorySettings(Section):
    embedder: str = Field(default="auto", description="auto, ngrams, or the folder of a sentence model already on disk")


class TrainSettings(Section):
    search_seconds: float = Field(
        default=60, gt=0, le=86_400, description="time for the search of ml-train, in seconds"
    )
    folds: int = Field(default=5, ge=2, le=20, description="cross-validation folds")
    selection_margin: float | None = Field(default=None, ge=0, description="how much worse a simpler model may be")
    seed: int = Field(default=0, ge=0, description="seed of every random choice")


class FeatureSettings(Section):
    engine: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="what computes features; spark needs pip install 'axagents[spark]' and Java 17"
    )


class DataSettings(Section):
    memory_limit: str = Field(
        default="600MB", pattern=r"^\d+(\.\d+)?\s?(KB|MB|GB|KiB|MiB|GiB)$", description="for DuckDB"
    )


class AgentSettings(Section):
    provider: str = Field(default="auto", description="auto, offline, claude, openai, or an endpoint of [providers]")
    max_steps: int = Field(default=40, ge=1, le=1000, description="model turns and tool calls of one run")
    deadline: float = Field(default=600, gt=0, description="seconds one run may take")
    max_usd: float | None = Field(default=None, ge=0, description="most a run may cost, in US dollars")


class ApproveSettings(Section):
    auto: tuple[str, ...] = Field(
        default=("register", "monitor-setup", "test-setup", "canary-start", "shadow-start", "abort", "rollback"),
        description="kinds of effects that --yes covers",
    )


class EgressSettings(Section):
    """What agents, and so the providers that think for them, may see of the data itself."""

    sensitive: bool = Field(default=False, description="values of columns declared sensitive")


class RetentionSettings(Section):
    run_days: float = Field(default=90, gt=0, description="days that the files of an ended run are kept; see ax gc")
    inference_days: int = Field(
        default=30, ge=1, description="days that the inference log keeps what was answered, and the outcomes"
    )


class TracingSettings(Section):
    otlp: str | None = Field(
        default=None, pattern=r"^https?://", description="collector that spans are sent to, by OTLP over HTTP"
    )
    mlflow: bool = Field(default=False, description="put spans into MLflow too, as traces")


class Prices(Section):
    """US dollars for a million tokens; what is read from the provider's cache and written into it has its own price."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    written: float | None = Field(default=None, ge=0)


class ProviderSettings(Section):
    """A language model's endpoint: one more, or what is different for one that is known already."""

    kind: Literal["anthropic", "openai"] | None = Field(default=None, description="the protocol it speaks")
    base_url: str | None = Field(default=None, pattern=r"^https?://")
    key_variable: str | None = Field(default=None, description="the variable that holds the key")
    model: str | None = Field(default=None, min_length=1)
    context_window: int | None = Field(default=None, gt=0, description="tokens that the model can read")
    max_output: int | None = Field(default=None, gt=0, description="tokens of one answer at most")
    prices: Prices | None = None
    extra: dict[str, Any] = Field(default={}, description="fields of every request's body, as the provider has them")


class ServerSettings(Section):
    """An MCP server whose tools personas may use, once `ax trust` has shown them."""

    command: tuple[str, ...] = Field(min_length=1, description="starts it, in the project's folder")
    env: tuple[str, ...] = Field(default=(), description="names of the variables that it is given")
    read: tuple[str, ...] = Field(default=(), description="tools that change nothing; the others are effects")
    timeout: float = Field(default=60, gt=0, description="seconds that one call may take")


ServerName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,30}$")]


class Settings(BaseSettings):
    """All settings of one project. `AX_TRAIN__FOLDS=3` overrides `[train] folds`."""

    model_config = SettingsConfigDict(env_prefix="AX_", env_nested_delimiter="__", extra="forbid", frozen=True)

    content: bool = Field(
        default=False, description="use the project's own personas, tools, prompts and memory, once trusted"
    )
    tracking: TrackingSettings = TrackingSettings()
    memory: MemorySettings = MemorySettings()
    train: TrainSettings = TrainSettings()
    data: DataSettings = DataSettings()
    features: FeatureSettings = FeatureSettings()
    agents: AgentSettings = AgentSettings()
    approve: ApproveSettings = ApproveSettings()
    egress: EgressSettings = EgressSettings()
    retention: RetentionSettings = RetentionSettings()
    tracing: TracingSettings = TracingSettings()
    providers: dict[str, ProviderSettings] = {}
    mcp: dict[ServerName, ServerSettings] = Field(default={}, description="MCP servers whose tools personas may use")
    decisions: dict[str, str] = Field(default={}, description="decision tables replaced by a file of the project")

    @classmethod
    def settings_customise_sources(cls, *_: Any, **sources: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over `ax.toml`, which comes in as the initial values."""
        return sources["env_settings"], sources["init_settings"]


SETTINGS_FILE = "ax.toml"
_CORRECT = f"correct {SETTINGS_FILE}; ax doctor looks at it again"


def load_settings(root: Path | None) -> Settings:
    """Read `root/ax.toml` and the environment.

    Raises:
        UserError: broken TOML, an unknown setting, or a value outside its range, each named.
    """
    path = root / SETTINGS_FILE if root else None
    return check_settings(read_settings_file(path) if path and path.exists() else {}, path)


def check_settings(values: dict[str, Any], path: Path | None = None) -> Settings:
    """Return what `ax.toml` would mean with these values, which stand at `path`, the environment over them.

    Raises:
        UserError: an unknown setting, or a value outside its range, each named.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _told(error, path) from None


def read_settings_file(path: Path) -> dict[str, Any]:
    """Parse one `ax.toml`.

    Raises:
        UserError: it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        told = f"{path} is not valid TOML: {error}"
        raise UserError(told, field=SETTINGS_FILE, hint=_CORRECT) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", field=SETTINGS_FILE) from None


def _told(error: ValidationError, path: Path | None) -> UserError:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    variable = "AX_" + "__".join(str(part) for part in first["loc"]).upper()
    place = f"the environment ({variable})" if variable in os.environ else str(path or SETTINGS_FILE)
    hint = _CORRECT if path and place == str(path) else None
    if first["type"] == "extra_forbidden":
        legal = legal_names(first["loc"][:-1])
        near = nearest(str(first["loc"][-1]), legal)
        told = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(legal)}"
        return UserError(f"no setting called {field!r} in {place}; {told}", field=field, legal=legal, hint=hint)
    told = f"setting {field} of {place}: {first['msg'].lower()} (got {first['input']!r})"
    return UserError(told, field=field, hint=hint)


def legal_names(place: tuple[int | str, ...]) -> list[str]:
    """Return the settings that may stand at `place`, such as () or ("train",)."""
    model: type[BaseModel] = Settings
    for part in place:
        info = model.model_fields.get(str(part))
        if info is None or not isinstance(info.annotation, type) or not issubclass(info.annotation, BaseModel):
            return []
        model = info.annotation
    return list(model.model_fields)
