"""The errors a person or a model is told of, each with its exit code and the next command to type."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class AxError(Exception):
    """Something went wrong that one clear line can tell.

    Args:
        message: what is wrong and where, in one line.
        field: the input field it concerns.
        legal: the values that would have been accepted.
        hint: the next command to type, or what else to do.

    Attributes:
        run_id: the run that it ended, where one was begun; of a run within a run the outer one.
    """

    kind = "failed"
    exit_code = 1
    run_id: str | None = None

    def __init__(
        self, message: str, *, field: str | None = None, legal: Iterable[str] = (), hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.legal = tuple(legal)
        self.hint = hint

    def as_dict(self) -> dict[str, Any]:
        """Return the error as the JSON object that programs rely on."""
        return {
            "kind": self.kind,
            "message": self.message,
            "field": self.field,
            "legal": list(self.legal),
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a run, which can be resumed."""

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self.run_id = run_id


class Failed(AxError):
    """The work was begun and could not be done, or somebody declined it."""


class UserError(AxError):
    """What was asked for is wrong: a bad value, a missing thing, broken input."""

    kind = "usage"
    exit_code = 2


class NotFound(UserError):
    """A name that nothing here bears."""

    kind = "not_found"

    def __init__(
        self, what: str, name: str, known: Iterable[str] = (), *, hint: str | None = None, field: str | None = None
    ) -> None:
        names = sorted(set(known))
        near = nearest(name, names)
        listed = near or names[:8]
        told = f"no {what} called {name!r}"
        if near:
            told += f"; did you mean {' or '.join(near)}?"
        elif listed:
            more = f" and {len(names) - len(listed)} more" if len(names) > len(listed) else ""
            told += f"; there is {', '.join(listed)}{more}"
        else:
            told += f"; there is no {what} yet"
        super().__init__(told, field=field, legal=listed, hint=hint)


class Waiting(AxError):
    """An approval or an answer is missing.

    Args:
        needs: one object a missing thing, with at least `kind` and `text`.
    """

    kind = "waiting"
    exit_code = 3

    def __init__(self, message: str, *, needs: list[dict[str, Any]], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.needs = needs

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "needs": self.needs}


class ProviderError(AxError):
    """The language model's provider could not be used."""

    kind = "provider"
    exit_code = 4


class Refused(AxError):
    """Refused by readiness, guard, policy, leakage rules or trust."""

    kind = "refused"
    exit_code = 5


class Unfinished(AxError):
    """A run stopped half-way, or an effect whose outcome is unknown."""

    kind = "unfinished"
    exit_code = 6


class LimitReached(AxError):
    """A limit on steps, cost or time was reached."""

    kind = "limit"
    exit_code = 7


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names most like `name`, best first."""
    by_folded = {candidate.lower(): candidate for candidate in known}
    folded = name.lower()
    found = get_close_matches(folded, by_folded, n=most, cutoff=0.6)
    starting = [each for each in by_folded if each not in found and folded and each.startswith(folded)]
    return [by_folded[each] for each in (found + starting)[:most]]
