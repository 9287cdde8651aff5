"""What may be stored, under which names."""

import json
import re
from typing import Any

from axagents.errors import UserError

MOST_VALUE_BYTES = 1 << 20
MOST_KEY_LENGTH = 500
MOST_TTL_SECONDS = 100 * 365 * 86_400
_NAMESPACE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_PLACEHOLDERS = {"...", "…"}


def check_key(key: str) -> str:
    """Return `key`.

    Raises:
        UserError: it is empty, a placeholder, longer than 500 characters, or holds control characters.
    """
    _reject_placeholder(key, "key")
    if len(key) > MOST_KEY_LENGTH:
        raise UserError(f"key: must have at most {MOST_KEY_LENGTH} characters (got {len(key)})", field="key")
    if not key.isprintable():
        raise UserError("key: must not hold control characters or line ends", field="key")
    return key


def check_namespace(namespace: str) -> str:
    """Return `namespace`.

    Raises:
        UserError: it is empty, a placeholder, or no legal name.
    """
    _reject_placeholder(namespace, "namespace")
    if not _NAMESPACE.fullmatch(namespace):
        raise UserError(
            f"namespace: {namespace!r} is no legal name; use 1 to 100 letters, digits, '.', '_' and '-', "
            "beginning and ending with a letter or digit",
            field="namespace",
        )
    return namespace


def check_ttl(ttl: float | None) -> float | None:
    """Return the seconds a record is to live.

    Raises:
        UserError: not above 0, or beyond a hundred years.
    """
    if ttl is not None and not 0 < ttl <= MOST_TTL_SECONDS:
        raise UserError(f"ttl: must be above 0 and at most {MOST_TTL_SECONDS} seconds (got {ttl:g})", field="ttl")
    return ttl


def write_value(value: Any) -> str:
    """Return a value as the JSON text that is kept, its fields in the order given.

    Raises:
        UserError: not a JSON object, not writable as JSON, or above 1 MB (2^20 bytes of UTF-8).
    """
    if not isinstance(value, dict):
        raise UserError(f"value: must be a JSON object, not {type(value).__name__}", field="value")
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"value: cannot be written as JSON: {error}", field="value") from None
    if size > MOST_VALUE_BYTES:
        raise UserError(
            f"value: must be at most 1 MB (got {size / MOST_VALUE_BYTES:.2f} MB); "
            "keep large things in a file and store its path",
            field="value",
        )
    return text


def read_value(text: str) -> dict[str, Any]:
    """Return a value from the JSON text that was kept."""
    return json.loads(text)


def _reject_placeholder(text: str, field: str) -> None:
    if not text.strip():
        raise UserError(f"{field}: must not be empty", field=field)
    if text.strip() in _PLACEHOLDERS:
        raise UserError(f"{field}: is still the placeholder '...'; put a real value there", field=field)
