"""What may be done with a new version; the table in docs/registry.md says the same."""

from typing import Any

import pytest

from axagents.decisions.table import decide

SOUND: dict[str, Any] = {"evaluation": "GO", "comparison": "better", "lineage_complete": True, "production": True}


@pytest.mark.parametrize(
    ("changed", "verdict", "row"),
    [
        ({}, "PROMOTE", "sound"),
        ({"production": False, "comparison": None}, "PROMOTE", "sound"),
        ({"comparison": "unclear"}, "CANARY", "not-shown-better"),
        ({"comparison": None}, "CANARY", "not-shown-better"),
        ({"production": False, "comparison": "worse"}, "CANARY", "worse-than-an-older-version"),
        ({"evaluation": None}, "HOLD", "not-evaluated"),
        ({"evaluation": None, "comparison": "worse"}, "HOLD", "not-evaluated"),
        ({"evaluation": "INSUFFICIENT"}, "HOLD", "evaluation-insufficient"),
        ({"lineage_complete": False}, "HOLD", "lineage-incomplete"),
        ({"comparison": "worse"}, "REJECT", "worse-than-production"),
        ({"evaluation": "NO_GO"}, "REJECT", "evaluation-failed"),
    ],
)
def test_what_a_version_is_good_for(changed: dict[str, Any], verdict: str, row: str) -> None:
    decision = decide(None, "promotion", SOUND | changed)
    assert (decision.verdict, decision.row) == (verdict, row)
