"""Deal the slots of a deployment: a canary's range begins at 0 and its baseline's ends at the last slot.

So no unit leaves either while they grow, and those between them stay with the stable version.
"""

from collections.abc import Sequence

from axagents.serving.routing.slots import SLOTS


def slots_of(percent: float) -> int:
    """Return how many slots a share in percent is, at least one for what is above zero."""
    return min(SLOTS, max(1, round(percent * SLOTS / 100))) if percent > 0 else 0


def deal_canary(percent: float) -> dict[str, tuple[int, int]]:
    """Return the slots of canary, stable and baseline; above half the baseline takes all that is left."""
    canary = slots_of(percent)
    baseline = SLOTS - min(canary, SLOTS - canary)
    return {"canary": (0, canary), "stable": (canary, baseline), "baseline": (baseline, SLOTS)}


def deal_shares(percents: Sequence[float]) -> list[tuple[int, int]]:
    """Return the slots of variants in order; the last takes what rounding leaves."""
    ends = [0]
    for percent in percents[:-1]:
        ends.append(min(SLOTS, ends[-1] + slots_of(percent)))
    return list(zip(ends, [*ends[1:], SLOTS], strict=True))
