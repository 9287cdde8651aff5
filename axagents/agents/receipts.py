"""Receipts: every figure that is shown is taken from a tool's result by reference, and remembered with its place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_OPEN, _CLOSE = "\x02", "\x03"
_MARKED = re.compile(f"{_OPEN}(\\d+){_OPEN}([^{_CLOSE}]*){_CLOSE}")
NUMBER = re.compile(
    r"(?<![\w.])(?<!\w-)[-+]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?:[kKMx×](?!\w)|\s?%)?(?!\w)"
)
"""A number as people write it, with its exponent, its percent sign, and k, M or x behind it."""


@dataclass(frozen=True)
class Receipt:
    """A figure as shown: the result it came from, where in it, its value, and how it was written."""

    receipt: str
    path: str
    value: Any
    text: str

    def as_dict(self) -> dict[str, Any]:
        return {"receipt": self.receipt, "path": self.path, "value": self.value, "text": self.text}


@dataclass
class Receipts:
    """The results of one conversation by their numbers, r1, r2, ..., and what was shown of them."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    shown: list[Receipt] = field(default_factory=list[Receipt])

    def cite(self, name: str) -> "Cited":
        """Return a result whose values leave a receipt when they are written."""
        return Cited(self, (name, ""), self.results[name])

    def mark(self, receipt: Receipt) -> str:
        """Write a figure so that its place is known until `settle` takes the marks out."""
        self.shown.append(receipt)
        return f"{_OPEN}{len(self.shown) - 1}{_OPEN}{receipt.text}{_CLOSE}"

    def settle(self, marked: str) -> tuple[str, list[Receipt], str]:
        """Take the marks out of a text; return it, the receipts of what stands in it, and what stands between them."""
        used = [self.shown[int(found.group(1))] for found in _MARKED.finditer(marked)]
        return _MARKED.sub(lambda found: found.group(2), marked), used, _MARKED.sub(" ", marked)


class Cited:
    """A value inside a result; written out, it leaves a receipt. Its own names begin with `_`, out of the keys' way."""

    def __init__(self, receipts: Receipts, place: tuple[str, str], value: Any) -> None:
        self._receipts, self._place, self._value = receipts, place, value

    def _inner(self, key: str, value: Any) -> Any:
        if value is None:
            return None
        name, path = self._place
        return Cited(self._receipts, (name, f"{path}.{key}" if path else key), value)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        return self[key]

    def __getitem__(self, key: Any) -> Any:
        value: Any = self._value
        if isinstance(value, Mapping):
            return self._inner(str(key), value.get(key))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        if isinstance(value, Sequence) and isinstance(key, int) and -len(value) <= key < len(value):  # pyright: ignore[reportUnknownArgumentType]
            return self._inner(str(key), value[key])
        return None

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self._value, Mapping):
            return iter([key for key, _ in self.items()])
        return iter([self._inner(str(at), each) for at, each in enumerate(self._value)])

    def items(self) -> list[tuple[str, Any]]:
        """Return keys and values of a mapping."""
        return [(str(key), self._inner(str(key), each)) for key, each in self._value.items()]

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return self._value == raw(other)

    def __hash__(self) -> int:
        return hash(self._place)

    def __str__(self) -> str:
        return self.write(quoted(self._value))

    def write(self, text: str) -> str:
        """Write the value as `text`, with its receipt."""
        return self._receipts.mark(Receipt(*self._place, self._value, text))

    def bare(self) -> Any:
        """Return the value without a receipt."""
        return self._value


def receipt_of(body: Mapping[str, Any]) -> str | None:
    """Return the receipt of a result as the journal holds it; None where nothing came of the call."""
    return f"r{body['number']}" if "number" in body else None


def raw(value: Any) -> Any:
    """Return a value as the tool gave it, without a receipt."""
    return value.bare() if isinstance(value, Cited) else value


def write(value: Any, text: str) -> str:
    """Write a value as `text`, with its receipt when it has one."""
    return value.write(text) if isinstance(value, Cited) else text


def quoted(value: Any) -> str:
    """Write a value of a tool's result so that it stays one line and cannot move the terminal's cursor."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join(str(value).split())
    return "".join(letter for letter in text if letter.isprintable())


def plain_number(number: str) -> str:
    """Return a number as Python writes it, without plus, percent and separators of thousands, k and M written out."""
    text = number.strip().rstrip("%x×").strip().lstrip("+").replace(",", "")
    zeros = {"k": 3, "K": 3, "M": 6}.get(text[-1:])
    return f"{Decimal(text[:-1]).scaleb(zeros):f}" if zeros and text.count(".") < 2 else text


def find_value(result: Mapping[str, Any], name: str) -> float | None:
    """Return the number that a result holds under a metric's name: the value itself, or its mean."""
    metrics = result.get("metrics")
    for place in (metrics, result):
        if isinstance(place, Mapping) and name in place:
            value: Any = place[name]  # pyright: ignore[reportUnknownVariableType]
            if isinstance(value, Mapping):
                value = value.get("mean", value.get("value"))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
    return None
