"""How numbers are written: thousands separators, decimal commas, currency and percent signs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from axagents.ml.columns.spec import NumberFormat
from axagents.ml.columns.tokens import is_weak_missing_token

# (thousands, decimal, pattern); the first that fits most values is taken.
_FORMS = (
    ("", ".", r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"),
    (",", ".", r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"),
    ("", ",", r"\d+(?:,\d+)?"),
    (".", ",", r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?"),
    (" ", ".", r"[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"),
    (" ", ",", r"[1-9]\d{0,2}(?: \d{3})+(?:,\d+)?|\d+(?:,\d+)?"),
    ("'", ".", r"[1-9]\d{0,2}(?:'\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"),
)
_UNITS = ("$", "€", "£", "¥", "₹", "%", "USD", "EUR", "GBP", "CHF", "JPY", "kr", "zł")
_UNIT = re.compile("|".join(re.escape(unit) for unit in _UNITS))
_SIGNED = re.compile(r"^\((?P<inner>[^()]*)\)$|^[+-]\s*(?P<rest>.*)$")
_LEADING_ZERO = re.compile(r"^0\d+$")
_LONG_DIGITS = re.compile(r"^\d{16,}$")

# Below this share of readable values a column is text; the rest is told as mixed types.
MIN_SHARE = 0.95
MAX_STRAYS = 20
_LOOK_AT = 500


@dataclass(frozen=True)
class NumberReading:
    """How a text column reads as numbers, and the texts that do not."""

    number_format: NumberFormat
    strays: tuple[str, ...]

    @property
    def because(self) -> str:
        marks: list[str] = []
        if self.number_format.thousands:
            marks.append(f"{self.number_format.thousands!r} between thousands")
        if self.number_format.decimal != ".":
            marks.append("decimal commas")
        if self.number_format.units:
            marks.append(" and ".join(self.number_format.units))
        return "numbers written with " + ", ".join(marks) if marks else "numbers"


def detect_numbers(counts: Mapping[str, int]) -> NumberReading | None:
    """Find how the texts (with their counts) read as numbers; None when they are not numbers.

    Codes with leading zeros and digit strings too long for a float are not numbers.
    """
    solid = {token: count for token, count in counts.items() if not is_weak_missing_token(token)}
    total = sum(solid.values())
    if not total or any(_LEADING_ZERO.match(token) or _LONG_DIGITS.match(token) for token in solid):
        return None
    few = dict(list(solid.items())[:_LOOK_AT])
    if len(few) < len(solid) and _fit_best(few)[0] < MIN_SHARE / 2 * sum(few.values()):
        return None
    weight, number_format, fitting = _fit_best(solid)
    strays = tuple(sorted(token for token in counts if token not in fitting))
    if weight < MIN_SHARE * total or len([token for token in strays if token in solid]) > MAX_STRAYS:
        return None
    return NumberReading(number_format, strays)


def _fit_best(solid: Mapping[str, int]) -> tuple[int, NumberFormat, set[str]]:
    """Return the rows that fit the best form, that form, and the texts that fit it."""
    units = _find_units(solid)
    digits = {token: _strip_signs(token, units) for token in solid}
    best: tuple[int, str, str, set[str]] = (0, "", ".", set())
    for thousands, decimal, pattern in _FORMS:
        form = re.compile(rf"^(?:{pattern})$")
        fitting = {token for token, text in digits.items() if form.match(text)}
        weight = sum(solid[token] for token in fitting)
        if weight > best[0]:
            best = (weight, thousands, decimal, fitting)
        if len(fitting) == len(solid):
            break
    weight, thousands, decimal, fitting = best
    parentheses = any(token.startswith("(") for token in fitting)
    number_format = NumberFormat.model_validate(
        {"thousands": thousands, "decimal": decimal, "units": units, "parentheses": parentheses}
    )
    return weight, number_format, fitting


def _find_units(tokens: Mapping[str, int]) -> tuple[str, ...]:
    found: set[str] = set()
    for token in tokens:
        found.update(_UNIT.findall(token))
    return tuple(sorted(found)) if len(found) <= 2 else ()


def _strip_signs(token: str, units: tuple[str, ...]) -> str:
    for unit in units:
        token = token.replace(unit, "", 1)
    token = token.strip()
    signed = _SIGNED.match(token)
    if signed:
        token = signed.group("inner") or signed.group("rest") or ""
    return token.replace("\u00a0", " ").replace("\u202f", " ").strip()
