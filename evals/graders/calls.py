"""Which tools were called with which arguments, which were not, and how often an approval was asked.

`exact`: these calls in this order and no other; `superset`: these at least; `none`: no call at all. A call that was
skipped, denied or malformed is no call; one that failed is.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from axagents.evaluation.evidence import Evidence
from axagents.evaluation.task import Part

MADE = ("done", "failed")


class Wanted(Part):
    """A tool, and a part of its arguments."""

    tool: str
    args: dict[str, Any] = Field(default_factory=dict)


class Expected(Part):
    """What must be called, what must not, how many plans were shown."""

    mode: Literal["exact", "superset", "none"] = "superset"
    must: tuple[Wanted, ...] = ()
    must_not: tuple[str, ...] = ()
    approvals: int | None = None


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    made = [call for call in evidence.calls if call["status"] in MADE]
    wrong = exactly(expected, made) if expected.mode == "exact" else at_least(expected, made)
    if expected.mode == "none" and made:
        wrong.append(f"{[call['tool'] for call in made]} were called, and nothing was to be")
    wrong += [f"{call['tool']} was called" for call in made if call["tool"] in expected.must_not]
    asked = sum(len(each.asked) for each in evidence.played)
    if expected.approvals is not None and asked != expected.approvals:
        wrong.append(f"{asked} approvals were asked, not {expected.approvals}")
    return wrong


def exactly(expected: Expected, made: list[dict[str, Any]]) -> list[str]:
    fitting = [fits(each, call) for each, call in zip(expected.must, made, strict=False)]
    if len(made) == len(expected.must) and all(fitting):
        return []
    return [f"called were {shown(made)}, and exactly {[each.tool for each in expected.must]} was wanted"]


def at_least(expected: Expected, made: list[dict[str, Any]]) -> list[str]:
    missing = [each for each in expected.must if not any(fits(each, call) for call in made)]
    return [f"{each.tool} {each.args} was not called, but {shown(made)}" for each in missing]


def fits(wanted: Wanted, call: Mapping[str, Any]) -> bool:
    return call["tool"] == wanted.tool and holds(wanted.args, call["arguments"])


def holds(part: Any, whole: Any) -> bool:
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(key in whole and holds(part[key], whole[key]) for key in part)
    if isinstance(part, list) and isinstance(whole, list):
        return sorted(map(str, part)) == sorted(map(str, whole))
    return bool(part == whole)


def shown(made: list[dict[str, Any]]) -> str:
    return "; ".join(f"{call['tool']} {call['arguments']}" for call in made) or "nothing"
