"""Whether a version may go on, and whether groups are treated alike; docs/evaluation.md says the same."""

from typing import Any

import pytest

from axagents.decisions.table import decide

SOUND: dict[str, Any] = {
    "requirements": "none", "gain": "better", "previous": None, "fairness": None, "seen": "none"
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "verdict", "row"),
    [
        ({}, "GO", "sound"),
        ({"requirements": "met", "previous": "unclear", "fairness": "PASS"}, "GO", "sound"),
        ({"requirements": "failed"}, "NO_GO", "requirement-failed"),
        ({"gain": "worse"}, "NO_GO", "worse-than-baseline"),
        ({"previous": "worse"}, "NO_GO", "worse-than-previous"),
        ({"fairness": "FAIL"}, "NO_GO", "unfair"),
        ({"fairness": "FAIL", "seen": "all"}, "NO_GO", "unfair"),
        ({"seen": "some"}, "INSUFFICIENT", "rows-learned-from"),
        ({"seen": "all"}, "INSUFFICIENT", "rows-learned-from"),
        ({"gain": "unclear"}, "INSUFFICIENT", "gain-unclear"),
        ({"gain": None}, "INSUFFICIENT", "gain-unclear"),
        ({"requirements": "unclear"}, "INSUFFICIENT", "requirement-unclear"),
        ({"fairness": "INSUFFICIENT"}, "INSUFFICIENT", "fairness-unclear"),
    ],
)
def test_what_an_evaluation_comes_to(changed: dict[str, Any], verdict: str, row: str) -> None:
    decision = decide(None, "evaluation", SOUND | changed)
    assert (decision.verdict, decision.row) == (verdict, row)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [("inside", "PASS"), ("across", "INSUFFICIENT"), (None, "INSUFFICIENT"), ("outside", "FAIL")],
)
def test_what_a_fairness_measure_comes_to(interval: str | None, verdict: str) -> None:
    assert decide(None, "fairness", {"interval": interval}).verdict == verdict
