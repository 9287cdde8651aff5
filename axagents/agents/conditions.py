"""Conditions between the steps of a plan, checked by code on what the earlier steps computed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from axagents.agents.receipts import find_value
from axagents.decisions.rules import COMPARISON, COMPARISONS

_COMPARED = re.compile(rf"(\w+) {COMPARISON.pattern}")
_GOOD = {"GO", "READY", "PASS", "PASSED", "TRAINED", "PROMOTE", "CANARY", "OK", "SAFE", "NO_ACTION", "DONE", "SHIP"}


def check_condition(condition: str, results: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
    """Tell whether a condition holds on the newest result that says something of it, and why.

    What no result tells is not taken to hold.
    """
    compared = _COMPARED.fullmatch(condition)
    for result in reversed(results):
        if compared is not None:
            value = find_value(result, compared.group(1))
            if value is not None:
                holds = COMPARISONS[compared.group(2)](value, float(compared.group(3)))
                return holds, f"{compared.group(1)} is {value:.4g}"
        elif condition == "passed":
            verdict = result.get("verdict")
            if verdict is not None:
                return str(verdict).upper() in _GOOD, f"the verdict is {verdict}"
    return False, f"nothing computed so far tells whether {condition}"
