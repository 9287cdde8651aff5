"""A feature specification: the declarative truth of a feature set, whoever wrote it."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from axagents.errors import nearest
from axagents.fields import RequiredText, canonical_json, canonical_window, sha256_text
from axagents.ml.features.operations import OPERATIONS, Function, Operation

MOST_FEATURES = 5_000
RESERVED = ("row", "entity", "as_of", "label")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,119}")

EntityType = Literal["string", "int64"]
Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "in", "missing", "present"]


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no feature's name; write letters, digits and _, 120 at most, no digit first")
    if text.lower() in RESERVED:
        raise ValueError(f"{text!r} is a name of the table itself ({', '.join(RESERVED)})")
    return text


FeatureName = Annotated[str, AfterValidator(_check_name)]
Window = Annotated[str, AfterValidator(canonical_window)]


class Condition(BaseModel):
    """Which events count: those whose column compares so with the value. A missing value compares with nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    column: RequiredText
    is_: Comparison = Field("==", alias="is", description="How the column compares with the value.")
    value: float | str | tuple[float, ...] | tuple[str, ...] | None = Field(
        None, description="One number or text; for `in` a list of them; none for `missing` and `present`."
    )

    @model_validator(mode="after")
    def _fits(self) -> "Condition":
        many = isinstance(self.value, tuple)
        if self.is_ in ("missing", "present"):
            if self.value is not None:
                raise ValueError(f"{self.is_!r} takes no value")
        elif self.value is None or self.value == ():
            raise ValueError(f"{self.is_!r} needs a value to compare {self.column!r} with")
        elif many != (self.is_ == "in"):
            raise ValueError("a list of values goes with `in`, one value with the others")
        return self


class Feature(BaseModel):
    """One feature: a function of a column's values over a window of events that end before the row's moment."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: FeatureName
    function: Function
    column: RequiredText | None = Field(None, description="Column of the events, or of the spine for `value`.")
    of: tuple[str, str] | None = Field(None, description="Names of the two features that an interaction is made of.")
    window: Window | None = Field(None, description="How far back, such as 30d; by default all that went before.")
    filter: tuple[Condition, ...] = Field((), description="Only events for which all of these hold count.")
    empty: float | None = Field(
        None, description="Value where there is nothing to compute from; null is missing. Default: the function's own."
    )
    dtype: Literal["number", "string"] = Field("number", description="`string` for first, last and value of a text.")

    @property
    def operation(self) -> Operation:
        """What the function is."""
        return OPERATIONS[self.function]

    @model_validator(mode="before")
    @classmethod
    def _state_empty(cls, given: Any) -> Any:
        if isinstance(given, dict) and "empty" not in given and given.get("function") in OPERATIONS:
            return {**given, "empty": OPERATIONS[given["function"]].empty}
        return given

    @model_validator(mode="after")
    def _fits(self) -> "Feature":
        reads, told = self.operation.reads, f"{self.name}: {self.function}"
        if (self.of is not None) != (reads == "two features"):
            raise ValueError(f"{told} " + ("needs `of`, two features" if self.of is None else "takes no `of`"))
        needs = {"nothing": False, "two features": False, "maybe a column": None}.get(reads, True)
        if needs is not None and (self.column is not None) != needs:
            raise ValueError(f"{told} " + ("needs a column" if needs else "takes no column"))
        if reads in ("two features", "a column of the spine") and (self.window or self.filter):
            raise ValueError(f"{told} looks at no events: it takes neither window nor filter")
        if self.operation.needs_window and self.window is None:
            raise ValueError(f"{told} compares a window with the one before it: it needs a window")
        if self.dtype == "string" and (self.function not in ("first", "last", "value") or self.empty is not None):
            raise ValueError(f"{told}: a text is only first, last or value, missing where there is none")
        return self


class FeatureSpec(BaseModel):
    """A feature set: which events it reads, how they are tied to entities and times, and its features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: RequiredText = Field(description="Name of the dataset that holds the events.")
    entity: RequiredText | None = Field(None, description="Column that says whom an event is about.")
    time: RequiredText | None = Field(None, description="Column that says when an event happened.")
    available: RequiredText | None = Field(
        None, description="Column that says when an event became known. Default: when it happened."
    )
    features: tuple[Feature, ...] = Field(min_length=1, max_length=MOST_FEATURES)

    @model_validator(mode="after")
    def _fits(self) -> "FeatureSpec":
        counted = Counter(each.name.lower() for each in self.features)
        twice = sorted(name for name, count in counted.items() if count > 1)
        if twice:
            raise ValueError(f"the feature {twice[0]!r} stands {counted[twice[0]]} times (case does not count)")
        if self.reads_events and (self.entity is None or self.time is None):
            raise ValueError("features of events need `entity` and `time`")
        by_name = {each.name: each for each in self.features}
        for each in self.features:
            for name in each.of or ():
                _check_part(each, name, by_name)
        return self

    @property
    def reads_events(self) -> bool:
        """Whether any feature looks at events."""
        return any(each.operation.kind in ("aggregation", "temporal") for each in self.features)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in their order."""
        return tuple(each.name for each in self.features)

    @property
    def event_columns(self) -> tuple[str, ...]:
        """The columns of the events that features and filters read, by name."""
        own = {each.column for each in self.features if each.column and each.function != "value"}
        return tuple(sorted(own | {condition.column for each in self.features for condition in each.filter}))

    @property
    def spine_columns(self) -> tuple[str, ...]:
        """The columns of the spine that features read, by name."""
        return tuple(sorted({each.column for each in self.features if each.column and each.function == "value"}))

    @property
    def sha256(self) -> str:
        """The hash of what is computed: of the canonical form, in which the order of the features does not count."""
        return sha256_text(canonical_json(self.canonical()))

    def canonical(self) -> dict[str, Any]:
        """Return the canonical form: windows in one unit, empty-window values stated, features by name."""
        form = self.model_dump(mode="json", by_alias=True)
        form["features"] = sorted(form["features"], key=lambda each: each["name"])
        return form

    def select(self, names: Iterable[str]) -> "FeatureSpec":
        """Return the specification of some features, with those that they are made of behind them."""
        wanted = set(names)
        parts = {part for each in self.features if each.name in wanted for part in each.of or ()}
        kept = [each for each in self.features if each.name in wanted]
        kept += [each for each in self.features if each.name in parts - wanted]
        return self.model_copy(update={"features": tuple(kept)})


def _check_part(feature: Feature, name: str, by_name: dict[str, Feature]) -> None:
    part = by_name.get(name)
    if part is None:
        near = nearest(name, by_name)
        told = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"{feature.name} is made of {name!r}, which is no feature here{told}")
    if part.of is not None or part.dtype != "number":
        raise ValueError(f"{feature.name} is made of {name!r}: interactions are made of numbers, and of no interaction")
