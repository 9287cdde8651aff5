"""What a decision table is: inputs with their domains, conditions, rows, and the first row that matches."""

import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = bool | int | float | str | None
Condition = Value | list[Value]

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}
COMPARISON = re.compile(r"(>=|<=|>|<)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)")


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    about: str = ""
    optional: bool = Field(default=False, description="true where the value may be unknown, which is null")


class Choice(_Input):
    """One of some words; `worse` says in which direction of the list things get worse."""

    kind: Literal["choice"]
    values: list[str] = Field(min_length=1)
    worse: Literal["later", "earlier"] | None = None


class Boolean(_Input):
    """True or false; `worse` names the worse of the two."""

    kind: Literal["boolean"]
    worse: bool | None = None


class Number(_Input):
    """A number within `low` and `high`; `worse` says which way it gets worse."""

    kind: Literal["number"]
    low: float | None = None
    high: float | None = None
    worse: Literal["higher", "lower"] | None = None


Input = Annotated[Choice | Boolean | Number, Field(discriminator="kind")]


class Row(BaseModel):
    """A named row: all its conditions must hold; without conditions it matches everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    row: str = Field(min_length=1)
    when: dict[str, Condition] = {}
    then: str = Field(min_length=1)
    because: str = Field(min_length=1, description="one sentence; {input} is replaced by that input's value")


class Table(BaseModel):
    """A decision table: rows worst first, the first that matches decides, the last matches everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    about: str = ""
    inputs: dict[str, Input]
    severity: list[str] = Field(default=[], description="verdicts, mildest first; those left out have no order")
    rows: list[Row] = Field(min_length=1)

    @model_validator(mode="after")
    def _rows_fit_the_inputs(self) -> Self:
        names = [row.row for row in self.rows]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rows are named {name!r}")
        if self.rows[-1].when:
            raise ValueError(f"the last row, {names[-1]!r}, must match everything: give it no `when`")
        for row in self.rows:
            for name, condition in row.when.items():
                if name not in self.inputs:
                    raise ValueError(f"row {row.row!r} asks for {name!r}; inputs are {', '.join(self.inputs)}")
                _check_condition(self.inputs[name], condition, row=row.row, name=name)
        return self

    @property
    def verdicts(self) -> list[str]:
        """List the verdicts that rows can give, in row order."""
        return list(dict.fromkeys(row.then for row in self.rows))

    def match(self, inputs: Mapping[str, Value]) -> Row:
        """Return the first row whose conditions all hold; inputs are taken as checked."""
        for row in self.rows:
            if all(holds(condition, inputs[name]) for name, condition in row.when.items()):
                return row
        raise AssertionError("the last row matches everything")

    def check(self, inputs: Mapping[str, Value]) -> dict[str, Value]:
        """Return the inputs completed with null for optional ones; ValueError where one is missing or out of domain."""
        unknown = sorted(set(inputs) - set(self.inputs))
        if unknown:
            raise ValueError(f"unknown input {unknown[0]!r}; inputs are {', '.join(self.inputs)}")
        checked: dict[str, Value] = {}
        for name, domain in self.inputs.items():
            value = inputs.get(name)
            if value is None and not domain.optional:
                raise ValueError(f"input {name!r} is missing, and is not optional")
            if value is not None and not _belongs(domain, value):
                raise ValueError(f"input {name!r} cannot be {value!r}: it is {describe(domain)}")
            checked[name] = value
        return checked


def describe(domain: Choice | Boolean | Number) -> str:
    """Say in words what values an input takes."""
    match domain:
        case Choice():
            return f"one of {', '.join(domain.values)}"
        case Boolean():
            return "true or false"
        case Number():
            low = "" if domain.low is None else f" from {domain.low:g}"
            high = "" if domain.high is None else f" to {domain.high:g}"
            return f"a number{low}{high}"


def comparisons(text: str) -> list[tuple[str, float]]:
    """Split "> 0.05, <= 0.1" into its comparisons; empty when the text is none."""
    parts = [COMPARISON.fullmatch(part.strip()) for part in text.split(",")]
    found = [part for part in parts if part is not None]
    return [(part.group(1), float(part.group(2))) for part in found] if len(found) == len(parts) else []


def holds(condition: Condition, value: Value) -> bool:
    """Tell whether a value meets a condition; an unknown value meets only null."""
    if isinstance(condition, list):
        return any(holds(one, value) for one in condition)
    if condition is None or value is None:
        return condition is value
    if isinstance(condition, str) and isinstance(value, int | float) and not isinstance(value, bool):
        return all(COMPARISONS[sign](value, bound) for sign, bound in comparisons(condition))
    if isinstance(condition, bool) or isinstance(value, bool):
        return condition is value
    return condition == value


def _belongs(domain: Choice | Boolean | Number, value: Value) -> bool:
    match domain:
        case Choice():
            return value in domain.values
        case Boolean():
            return isinstance(value, bool)
        case Number():
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            above = domain.low is None or value >= domain.low
            return above and (domain.high is None or value <= domain.high)


def _check_condition(domain: Choice | Boolean | Number, condition: Condition, *, row: str, name: str) -> None:
    for one in condition if isinstance(condition, list) else [condition]:
        known = domain.optional if one is None else _belongs(domain, one)
        if isinstance(domain, Number) and isinstance(one, str):
            known = bool(comparisons(one))
        if not known:
            legal = describe(domain) + (', or a comparison such as "> 0.05, <= 0.1"' if domain.kind == "number" else "")
            raise ValueError(f"row {row!r}: {name} cannot be {one!r}; it is {legal}")
