"""What an effect is: something others rely on changes, once or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Probe:
    """What a look at the world says of an effect: it is absent, done, or one cannot tell."""

    state: Literal["absent", "done", "unknown"]
    after: Any = None
    why: str | None = None

    @classmethod
    def absent(cls) -> "Probe":
        return cls("absent")

    @classmethod
    def done(cls, after: Any = None) -> "Probe":
        return cls("done", after=after)

    @classmethod
    def unknown(cls, why: str) -> "Probe":
        return cls("unknown", why=why)


def _nothing() -> Any:
    return None


@dataclass(frozen=True)
class Effect:
    """A change of the world that can be asked after and taken back.

    Attributes:
        name: the kind, such as `memory.delete`; `effects/kinds.py` says how it is built again from its arguments.
        arguments: plain JSON values that say what is to change.
        probe: looks whether it has happened.
        act: makes it happen and returns the state after it, as plain JSON.
        undo: takes it back, given the states before and after.
        irreversible: why there is no undo; then it is always confirmed.
        before: reads the state that will change, as plain JSON.
    """

    name: str
    arguments: dict[str, Any]
    probe: Callable[[], Probe]
    act: Callable[[], Any]
    undo: Callable[[Any, Any], None] | None = None
    irreversible: str | None = None
    before: Callable[[], Any] = _nothing

    def __post_init__(self) -> None:
        if (self.undo is None) == (self.irreversible is None):
            raise TypeError(f"effect {self.name!r} needs an undo, or `irreversible` with the reason, and not both")


@dataclass(frozen=True)
class Performed:
    """How an effect ended; `repeated` when an earlier attempt had done it."""

    key: str
    before: Any
    after: Any
    repeated: bool
