"""The state of a deployment's traffic."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from axagents.serving.revisioned import Revised
from axagents.serving.routing.slots import SLOTS

Role = Literal["stable", "canary", "baseline", "control", "treatment", "warm"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Variant(_Part):
    """A running version behind the gateway.

    Attributes:
        slots: the half-open range of slots that it answers; empty for one that gets no traffic of its own.
        mirrored: whether it gets a copy of every request, to which no client sees the answer.
    """

    name: str = Field(min_length=1)
    role: Role
    model: str
    version: str
    sha256: str
    address: str = Field(description="host:port")
    slots: tuple[int, int] = (0, 0)
    mirrored: bool = False

    @property
    def share(self) -> float:
        """Percent of the traffic."""
        return 100 * (self.slots[1] - self.slots[0]) / SLOTS


class Unit(_Part):
    """Where a request names its unit: a header, or a column of its first row."""

    kind: Literal["header", "column"]
    name: str = Field(min_length=1)
    required: bool = False


class Served(_Part):
    """A version that had all the traffic."""

    version: str
    sha256: str


class Routing(_Part, Revised):
    """Who answers; `revision` grows by one with every change."""

    deployment: str
    salt: str = Field(min_length=8)
    variants: tuple[Variant, ...] = Field(min_length=1)
    unit: Unit | None = None
    logged: tuple[str, ...] | None = Field(default=None, description="columns the inference log keeps; null: all")
    served: tuple[Served, ...] = Field(default=(), description="versions that had all the traffic, newest first")

    @model_validator(mode="after")
    def _slots_are_dealt_once(self) -> Self:
        names = [each.name for each in self.variants]
        if len(set(names)) < len(names):
            raise ValueError(f"variants share a name: {', '.join(names)}")
        dealt = sorted(each.slots for each in self.variants if each.slots[0] != each.slots[1])
        gapless = all(one[1] == other[0] for one, other in pairwise([(0, 0), *dealt, (SLOTS, SLOTS)]))
        if not gapless or any(low > high for low, high in dealt):
            raise ValueError(f"the slots 0 to {SLOTS} are not each dealt once: {dealt}")
        return self

    def variant(self, name: str) -> Variant:
        """Return the variant of that name; KeyError when there is none."""
        return {each.name: each for each in self.variants}[name]

    def answering(self) -> Iterator[Variant]:
        """Yield those with traffic of their own."""
        return (each for each in self.variants if each.slots[0] != each.slots[1])

    def mirrored(self) -> Iterator[Variant]:
        """Yield those that get copies."""
        return (each for each in self.variants if each.mirrored)

    def owner_of(self, slot: int) -> Variant:
        """Return the variant that answers a slot."""
        return next(each for each in self.variants if each.slots[0] <= slot < each.slots[1])
