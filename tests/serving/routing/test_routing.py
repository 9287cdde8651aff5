"""Who answers whom, and how that is changed."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from axagents.errors import Failed, UserError
from axagents.serving.routing import (
    SLOTS,
    Moved,
    Routing,
    Variant,
    change_routing,
    read_routing,
    routing_path,
    slot_of,
    write_first,
)
from axagents.serving.routing.dealing import deal_canary, deal_shares
from axagents.serving.routing.state import Role

UNITS = [f"customer-{number}" for number in range(5_000)]


ROLES: tuple[Role, ...] = ("canary", "stable", "baseline")


def routing(percent: float = 10) -> Routing:
    dealt = deal_canary(percent)
    variants = [
        Variant(name=role, role=role, model="churn", version="2.0.0", sha256="a" * 64, address="h:1", slots=dealt[role])
        for role in ROLES
    ]
    return Routing(deployment="churn-prod", revision=1, salt="some salt", variants=tuple(variants))


@pytest.mark.parametrize("percent", [0.5, 10, 25, 50])
def test_shares_over_5000_units_are_binomial(percent: float) -> None:
    dealt = routing(percent)
    seen = sum(dealt.owner_of(slot_of("some salt", unit)).name == "canary" for unit in UNITS)
    # 3.29 standard deviations of a binomial: 99.9 %.
    spread = 3.29 * math.sqrt(len(UNITS) * percent / 100 * (1 - percent / 100))
    assert abs(seen - len(UNITS) * percent / 100) <= spread


def test_nobody_leaves_the_canary_or_its_baseline_while_they_grow() -> None:
    steps = [routing(percent) for percent in (1, 5, 10, 25, 50)]
    for unit in UNITS:
        owners = [each.owner_of(slot_of("some salt", unit)).name for each in steps]
        for name in ("canary", "baseline"):
            if name in owners:
                assert set(owners[owners.index(name) :]) == {name}


def test_another_salt_splits_independently() -> None:
    both = sum(slot_of("one salt", unit) < 5000 and slot_of("other salt", unit) < 5000 for unit in UNITS)
    assert abs(both - 1250) <= 3.29 * math.sqrt(5000 * 0.25 * 0.75)


@given(st.floats(min_value=0, max_value=100))
def test_every_slot_has_one_owner(percent: float) -> None:
    dealt = routing(percent)
    assert sum(high - low for low, high in (each.slots for each in dealt.variants)) == SLOTS
    canary, baseline = (dealt.variant(name).share for name in ("canary", "baseline"))
    assert baseline <= canary
    assert canary > 50 or baseline == canary


def test_shares_are_dealt_in_order() -> None:
    assert deal_shares([20, 80]) == [(0, 2000), (2000, SLOTS)]
    assert deal_shares([33.333, 33.333, 33.334]) == [(0, 3333), (3333, 6666), (6666, SLOTS)]


@pytest.mark.parametrize("slots", [[(0, 5000)], [(0, 6000), (5000, SLOTS)], [(5000, SLOTS), (0, 4999)]])
def test_gaps_and_overlaps_are_no_routing(slots: list[tuple[int, int]]) -> None:
    variants = routing().variants
    with pytest.raises(ValidationError, match="each dealt once"):
        Routing(
            deployment="d",
            revision=1,
            salt="some salt",
            variants=tuple(
                each.model_copy(update={"slots": range_}) for each, range_ in zip(variants, slots, strict=False)
            ),
        )


def test_of_changes_to_one_revision_one_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "churn-prod"
    write_first(folder, routing())

    def change(number: int) -> bool:
        try:
            change_routing(folder, seen=1, change=lambda old: old.model_copy(update={"salt": f"salt number {number}"}))
        except Moved:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(change, range(8))) == 1
    assert read_routing(folder).revision == 2
    with pytest.raises(Moved, match="has traffic already"):
        write_first(folder, routing())


def test_a_change_that_is_no_routing_changes_nothing(tmp_path: Path) -> None:
    write_first(tmp_path, routing())
    before = routing_path(tmp_path).read_bytes()
    with pytest.raises(ValidationError):
        change_routing(tmp_path, seen=1, change=lambda old: old.model_copy(update={"variants": old.variants[:1]}))
    assert routing_path(tmp_path).read_bytes() == before


def test_what_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing was deployed"):
        read_routing(tmp_path)
    routing_path(tmp_path).write_text('{"revision": 1')
    with pytest.raises(Failed, match="is damaged"):
        read_routing(tmp_path)
