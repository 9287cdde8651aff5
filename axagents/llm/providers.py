"""The language models by name: where they are, which key they take, what they cost; and opening one."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from axagents.documents import parse_yaml
from axagents.errors import ProviderError, nearest
from axagents.llm.endpoint import Endpoint, Kind
from axagents.llm.retrying import Patient, Speaker
from axagents.llm.turn import Message, Offer, Turn
from axagents.settings import Prices, ProviderSettings
from axagents.tracing import current_span
from axagents.ways import ways

SECONDS = 600.0
"""How long one turn may take, asking again included, where nobody says otherwise."""

_FILE = Path(__file__).with_name("providers.yaml")
_FIRST_CHOICES = ("claude", "openai")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    context_window: int | None = None
    max_output: int | None = None
    prices: Prices | None = None
    extra: dict[str, Any] = {}


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    base_url: str
    base_url_variable: str | None = None
    key_variable: str | None = None
    model: str
    prices: Prices | None = None
    models: dict[str, _Model] = {}


class _Catalog(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    providers: dict[str, _Known]


def key_variables(settings: Mapping[str, ProviderSettings]) -> dict[str, str | None]:
    """Return for every provider that is known or set up the variable that holds its key; None where it takes none."""
    shipped = {name: each.key_variable for name, each in _known().items()}
    return {**shipped, **{name: each.key_variable or shipped.get(name) for name, each in settings.items()}}


def find_endpoint(name: str, settings: Mapping[str, ProviderSettings], *, model: str | None = None) -> Endpoint:
    """Return the endpoint of a name, whether its key is there or not.

    Raises:
        ProviderError: there is none of that name; or `[providers]` adds one without an address or a model.
    """
    known, own = _known().get(name), settings.get(name, ProviderSettings())
    if known is None and name not in settings:
        raise _unknown(name, [*_known(), *settings])
    base_url = own.base_url or (known and (os.environ.get(known.base_url_variable or "") or known.base_url))
    model = model or own.model or (known and known.model)
    for key, value in (("base_url", base_url), ("model", model)):
        if not value:
            raise ProviderError(f"[providers.{name}] of ax.toml has no {key}", field=f"providers.{name}.{key}")
    facts = _facts(known, model or "")
    return Endpoint(
        name=name,
        kind=own.kind or (known.kind if known else "openai"),
        base_url=(base_url or "").rstrip("/"),
        key_variable=own.key_variable or (known.key_variable if known else None),
        model=model or "",
        context_window=own.context_window or facts.context_window,
        max_output=own.max_output or facts.max_output,
        prices=own.prices or facts.prices or (known.prices if known else None),
        extra={**facts.extra, **own.extra},
    )


def automatic_provider(chosen: str, settings: Mapping[str, ProviderSettings]) -> str:
    """Return what `auto` stands for: what ax.toml says, else the first language model with a key, else offline."""
    if chosen != "auto":
        return chosen
    with_key = (name for name in _FIRST_CHOICES if find_endpoint(name, settings).key)
    return next(with_key, "offline")


def open_provider(
    name: str,
    settings: Mapping[str, ProviderSettings],
    *,
    model: str | None = None,
    deadline: float | None = None,
) -> Patient:
    """Return a language model that takes turns. Its library is loaded with the first turn, or by `load_library`.

    Args:
        model: another one than the endpoint's own.
        deadline: seconds that one turn may take, asking again included.

    Raises:
        ProviderError: no such endpoint, or its key is not there.
    """
    endpoint = find_endpoint(name, settings, model=model)
    if endpoint.key_variable and not endpoint.key:
        raise ProviderError(
            f"{name} needs a key, and {endpoint.key_variable} is not set; {ways().offline} needs no key and no network",
            field="--provider",
            hint=f"export {endpoint.key_variable}=..., or {ways().offline}",
        )
    limit = deadline or SECONDS
    return Patient(_Later(endpoint), limit, context_window=endpoint.context_window, is_paid=endpoint.is_paid)


def load_library(name: str, settings: Mapping[str, ProviderSettings]) -> None:
    """Load the library that a provider's endpoint is spoken to with; none where it has no endpoint."""
    if name in settings or name in _known():
        _load(find_endpoint(name, settings).kind)


class _Later:
    """A speaker whose library is loaded when it first speaks."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.name = endpoint.name
        self._speaker: Speaker | None = None

    def speak(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], *, seconds: float) -> Turn:
        speaker = self._speaker or _load(self.endpoint.kind)(self.endpoint)
        self._speaker = speaker
        _tell_span(self.endpoint)
        return speaker.speak(system, messages, offers, seconds=seconds)


def _tell_span(endpoint: Endpoint) -> None:
    """Put the model and its address to the span of the turn."""
    told = current_span()
    if told.attributes.get("gen_ai.operation.name") == "chat":
        told.name = f"chat {endpoint.model}"
        told.tell(
            {
                "gen_ai.request.model": endpoint.model,
                "gen_ai.request.stream": True,
                "server.address": urlsplit(endpoint.base_url).hostname,
            }
        )


def _load(kind: Kind) -> Callable[[Endpoint], Speaker]:
    if kind == "anthropic":
        from axagents.llm.claude import Claude

        return Claude
    from axagents.llm.openai_compatible import OpenAICompatible

    return OpenAICompatible


@cache
def _known() -> dict[str, _Known]:
    return parse_yaml(_FILE.read_text(encoding="utf-8"), _Catalog, source=_FILE.name).providers


def _facts(known: _Known | None, model: str) -> _Model:
    """Return what is known of a model; a dated name such as gpt-5.4-2026-03-05 is its model's."""
    models = known.models if known else {}
    base = max((name for name in models if model == name or model.startswith(f"{name}-20")), key=len, default="")
    return models.get(base, _Model())


def _unknown(name: str, there: Sequence[str]) -> ProviderError:
    legal = ["offline", *dict.fromkeys(there)]
    near = nearest(name, legal)
    told = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(legal)}"
    return ProviderError(
        f"no provider called {name!r}; {told}",
        field="--provider",
        legal=legal,
        hint=f"{ways().offline}, or name its address and model under [providers.{name}] in ax.toml",
    )
