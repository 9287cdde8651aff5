"""Where spans are sent: what `[tracing]` says, else what OpenTelemetry's own variables say."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from axagents.settings import Settings

SECONDS = 10.0
_DEFAULT_EXPERIMENT = "0"


@dataclass(frozen=True)
class Target:
    """A place that takes spans over OTLP; headers may hold keys, and are never told."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, hash=False)
    seconds: float = SECONDS

    @property
    def shown(self) -> str:
        """Return the address without what may be a secret in it: a user's password, a query."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def find_targets(settings: Settings) -> list[Target]:
    """Return where spans are sent over HTTP."""
    found = [_collector(settings), _mlflow_server(settings)]
    return [each for each in found if each]


def wants_own_mlflow(settings: Settings) -> bool:
    """Tell whether spans go into the project's own MLflow store."""
    return settings.tracing.mlflow and settings.tracking.uri is None


def _collector(settings: Settings) -> Target | None:
    base = settings.tracing.otlp or _variable("ENDPOINT")
    url = f"{base.rstrip('/')}/v1/traces" if base else ""
    if not settings.tracing.otlp:
        # The variable for traces alone holds a whole address; the general one is put before the path.
        url = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or url
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    if not url or (off and not settings.tracing.otlp):
        return None
    limit = _variable("TRACES_TIMEOUT") or _variable("TIMEOUT")
    seconds = int(limit) / 1000 if limit.isdecimal() and int(limit) else SECONDS
    return Target(url, _headers(_variable("TRACES_HEADERS") or _variable("HEADERS")), seconds)


def _mlflow_server(settings: Settings) -> Target | None:
    """Return an MLflow server's own collector, which wants no MLflow here."""
    uri = settings.tracking.uri
    if not settings.tracing.mlflow or not uri:
        return None
    token, user, password = (os.environ.get(f"MLFLOW_TRACKING_{name}") for name in ("TOKEN", "USERNAME", "PASSWORD"))
    headers = {"x-mlflow-experiment-id": _DEFAULT_EXPERIMENT}
    if user and password:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    elif token:
        headers["Authorization"] = f"Bearer {token}"
    return Target(f"{uri.rstrip('/')}/v1/traces", headers)


def _variable(name: str) -> str:
    return os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "").strip()


def _headers(text: str) -> dict[str, str]:
    pairs = (each.split("=", 1) for each in text.split(",") if "=" in each)
    return {unquote(name).strip(): unquote(value).strip() for name, value in pairs}
