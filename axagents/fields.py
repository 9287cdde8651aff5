"""Field types that several requests share, and the canonical form of values."""

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator

_SEMVER = re.compile(
    r"^v?(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$"
)

_WINDOW = re.compile(r"^\s*(\d+)\s*(d|days?|w|weeks?|h|hours?)\s*$", re.IGNORECASE)
_UNITS = {"d": "days", "w": "weeks", "h": "hours"}


def parse_window(text: str) -> timedelta:
    """Read a span of time such as 90d, 12w or 48h; ValueError when it is none."""
    found = _WINDOW.match(text)
    if found is None or int(found.group(1)) == 0:
        raise ValueError(f"{text!r} is no span of time; write 90d, 12w or 48h")
    return timedelta(**{_UNITS[found.group(2)[0].lower()]: int(found.group(1))})


def canonical_window(text: str) -> str:
    """Return a span of time in days, or in hours where it is no whole number of days; ValueError when it is none."""
    hours = round(parse_window(text).total_seconds() / 3600)
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def parse_moment(text: str) -> datetime:
    """Read an ISO date or time; ValueError when it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no ISO date; write 2026-06-30 or 2026-06-30T12:00:00") from None


def _reject_placeholder(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    if text.strip() in {"...", "…"}:
        raise ValueError("is still the placeholder '...'; put a real value there")
    return text


def _normalise_version(text: str) -> str:
    parts = _SEMVER.match(_reject_placeholder(text).strip())
    if parts is None:
        raise ValueError(f"{text!r} is not a version; write it as MAJOR.MINOR.PATCH, such as 2.1.0")
    major, minor, patch, pre, build = parts.groups()
    return f"{major}.{minor or 0}.{patch or 0}" + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")


RequiredText = Annotated[str, AfterValidator(_reject_placeholder)]
"""A text that must be given: empty and `...` are refused."""

Version = Annotated[str, AfterValidator(_normalise_version)]
"""A semantic version (semver.org 2.0.0); a leading `v` and missing parts are accepted and normalised."""


def parse_version(text: str) -> tuple[int, int, int, tuple[tuple[int, int, str], ...]]:
    """Return a key that orders versions as semver.org 2.0.0 section 11 does (a release after its pre-releases).

    Raises:
        ValueError: the text is not a version.
    """
    parts = _SEMVER.match(_normalise_version(text))
    assert parts is not None
    major, minor, patch, pre, _build = parts.groups()
    if not pre:
        rank: tuple[tuple[int, int, str], ...] = ((2, 0, ""),)
    else:
        rank = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split("."))
    return int(major), int(minor), int(patch), rank


def canonical_json(value: Any) -> str:
    """Write a JSON value in the one form that hashes are taken of: sorted keys, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_text(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def printable(value: Any) -> str:
    """Write a value in one line that cannot move a terminal's cursor."""
    text = value if isinstance(value, str) else canonical_json(value)
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
