"""The answer holds these numbers by receipt, and none that no tool computed.

A number is `truth`, a dotted path into the world's truth, or a plain `value`; the receipt's own text stands in the
answer, so what a person reads is what was computed.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from axagents.evaluation.evidence import Evidence
from axagents.evaluation.task import Part


class Number(Part):
    """One number that must stand in the answer; `times` turns a share into percent, or a sign around."""

    truth: str | None = None
    value: float | None = None
    tolerance: float = 1e-9
    times: float = 1.0

    @model_validator(mode="after")
    def _is_one(self) -> "Number":
        if (self.truth is None) == (self.value is None):
            raise ValueError("a number is {truth: PATH} or {value: NUMBER}")
        return self


Expected = list[Number]


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    loose = [number for each in evidence.played for number in each.unverified_numbers]
    wrong = [f"no tool computed {', '.join(loose)}"] if loose else []
    shown = [
        float(each["value"])
        for each in evidence.last.receipts
        if is_number(each["value"]) and each["text"] in evidence.last.answer
    ]
    for number in expected:
        value = number.times * (find(evidence.truth, number.truth) if number.truth else number.value or 0.0)
        if not any(abs(each - value) <= number.tolerance for each in shown):
            wrong.append(f"{number.truth or 'the number'} {value} is not among {[round(each, 6) for each in shown]}")
    return wrong


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def find(truth: Mapping[str, Any], path: str) -> float:
    place: Any = truth
    for part in path.split("."):
        place = place[part]
    return float(place)
