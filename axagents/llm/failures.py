"""What a request that failed means: worth asking again, or what a person can do."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

from axagents.errors import ProviderError
from axagents.llm.endpoint import Endpoint
from axagents.llm.retrying import Again
from axagents.ways import ways

_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
_BY_TYPE = {  # as the providers name an error in the middle of a stream, where the status was 200 already
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}
_TOO_LONG = (
    "context_length_exceeded",
    "context length",
    "context window",
    "maximum context",
    "prompt is too long",
    "too many tokens",
    "exceeds the limit of",
    "exceed context limit",
)
_NO_CREDIT = ("insufficient_quota", "credit balance", "billing_error", "exceeded your current quota")
_LONGEST = 300


def judge(
    endpoint: Endpoint, status: int, body: Any, *, headers: Mapping[str, str] | None = None
) -> Again | ProviderError:
    """Return what is to be raised for an answer with an error.

    Args:
        status: of HTTP; 200 for an error in the middle of a stream, whose body tells more.
        body: as parsed, or as text.
    """
    kind, code, message = _read(body, endpoint)
    if status < 400:
        status = _BY_TYPE.get(kind) or _BY_TYPE.get(code) or (code.isdigit() and int(code)) or 500
    words = f"{code} {message}".lower()
    if any(sign in words or sign in kind for sign in _NO_CREDIT) or status == 402:
        return ProviderError(f"{endpoint.name}: the account has no credit left", hint=_other_ways(endpoint))
    if status in (400, 413, 422) and (status == 413 or any(sign in words for sign in _TOO_LONG)):
        return too_long(endpoint)
    if status in _AGAIN:
        return Again(_busy(status, message), wait=retry_after(headers or {}), status=status)
    return _refused(endpoint, status, message)


def too_long(endpoint: Endpoint) -> ProviderError:
    """Return the error for a conversation that the model cannot read."""
    window = f", {endpoint.context_window:,} tokens" if endpoint.context_window else ""
    return ProviderError(
        f"the conversation is longer than {endpoint.model} can read{window}",
        hint="begin a new conversation (without --session), or take a model that reads more with --model",
    )


def declined(endpoint: Endpoint) -> ProviderError:
    """Return the error for a model that will not answer."""
    return ProviderError(f"{endpoint.name} declined to answer this", hint="ask in other words, or --model")


@dataclass(frozen=True)
class Ends:
    """How a protocol names the ends of an answer: those that leave it whole, and those that do not."""

    whole: tuple[str, ...]
    at_length: str
    refused: str
    at_window: str | None = None


def check_ended(endpoint: Endpoint, reason: str | None, ends: Ends) -> None:
    """Accept an answer only with a reason why it ended that leaves it whole.

    Raises:
        Again: it was cut off without one.
        ProviderError: the model may write no more, will not answer, or ended for a reason that is not known here.
    """
    if reason is None:
        raise Again("the answer was cut off")
    if reason == ends.at_length:
        raise ProviderError(
            f"{endpoint.name}: the answer is longer than {endpoint.model} may write",
            hint="ask for less at once, begin a new conversation, or take a model that writes more with --model",
        )
    if reason == ends.at_window:
        raise too_long(endpoint)
    if reason == ends.refused:
        raise declined(endpoint)
    if reason not in ends.whole:
        raise ProviderError(f"{endpoint.name} stopped for a reason that is not known here: {reason}")


def not_a_model(endpoint: Endpoint, content_type: str) -> ProviderError:
    """Return the error for an address that answers something else than a language model would."""
    what = "HTML, a page for browsers" if "html" in content_type else content_type or "something without a type"
    return ProviderError(
        f"{endpoint.base_url} answered with {what}, and not as a language model does",
        field=f"providers.{endpoint.name}.base_url",
        hint=f"check base_url under [providers.{endpoint.name}] in ax.toml, and proxies on the way",
    )


def unreachable(endpoint: Endpoint) -> Again:
    """Return the reason for asking an address again that no connection could be made to, soon and not often."""
    return Again(f"cannot connect to {endpoint.base_url}", tries=3)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a provider asks to be left alone."""
    milliseconds, after = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return float(milliseconds) / 1000
        return float(after) if after is not None else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(after or "").timestamp() - time.time())
    except ValueError:
        return None


def _read(body: Any, endpoint: Endpoint) -> tuple[str, str, str]:
    """Return an error's type, code and message; a page of HTML says nothing."""
    inner: Any = cast("Any", body[0]) if isinstance(body, list) and body else cast("Any", body)
    error: Any = cast("dict[str, Any]", inner).get("error", inner) if isinstance(inner, dict) else inner
    if not isinstance(error, dict):
        text = str(error or "")
        return "", "", "" if "<" in text[:_LONGEST] else without_key(text, endpoint)
    kind, code, message = (str(cast("dict[str, Any]", error).get(key) or "") for key in ("type", "code", "message"))
    return kind, code, without_key(message, endpoint)


def without_key(text: str, endpoint: Endpoint) -> str:
    """Return a provider's words in one line of bearable length, the key taken out."""
    if endpoint.key:
        text = text.replace(endpoint.key, "***")
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _busy(status: int, message: str) -> str:
    what = {429: "too many requests", 529: "overloaded", 503: "overloaded"}.get(status, "it failed on its side")
    return f"{what} (HTTP {status}{f': {message}' if message else ''})"


def _refused(endpoint: Endpoint, status: int, message: str) -> ProviderError:
    told = f": {message}" if message else ""
    if status in (401, 403):
        # What it says here may quote the key.
        if endpoint.key_variable is None:
            hint = f"name the variable of its key as key_variable under [providers.{endpoint.name}] in ax.toml"
            return ProviderError(f"{endpoint.name} asks for a key (HTTP {status})", hint=hint)
        what = "does not accept" if status == 401 else "does not allow this with"
        hint = f"set {endpoint.key_variable} to a key that is valid at {endpoint.base_url}, or {ways().offline}"
        return ProviderError(f"{endpoint.name} {what} the key in {endpoint.key_variable} (HTTP {status})", hint=hint)
    if status == 404:
        return ProviderError(
            f"{endpoint.name} has no model {endpoint.model!r} at {endpoint.base_url} (HTTP 404{told})",
            field="--model",
            hint=f"name one that is there with --model, or under [providers.{endpoint.name}] in ax.toml",
        )
    return ProviderError(f"{endpoint.name} refused the request (HTTP {status}{told})", hint=_other_ways(endpoint))


def _other_ways(endpoint: Endpoint) -> str:
    return f"check [providers.{endpoint.name}] and --model, or {ways().offline}"
