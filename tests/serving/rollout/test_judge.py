"""The judge of a canary; `make bench BENCH=judge` counts its wrong verdicts over thousands of simulated rollouts."""

import numpy as np
import pytest

from axagents.ml.rollout import EDGES, Counts
from axagents.serving.rollout.judge import Arm, Health, Judgement, judge

BLOCKS, BLOCK = 40, 200


def arm(
    *,
    errors: float = 0.002,
    latency: float = 5,
    answers: float = 0.3,
    outcomes: Counts | None = None,
    blocks: int = BLOCKS,
) -> Arm:
    rng = np.random.default_rng(5)
    bins = np.searchsorted(EDGES, rng.lognormal(np.log(latency), 0.4, (blocks, BLOCK)))
    histograms = np.array([np.bincount(block, minlength=len(EDGES) + 1) for block in bins])
    return Arm(
        np.full(blocks, BLOCK),
        np.full(blocks, errors * BLOCK),
        histograms.reshape(blocks, len(EDGES) + 1),
        Counts(answers * blocks * BLOCK, blocks * BLOCK),
        outcomes or Counts(0, 0),
    )


def judged(canary: Arm, baseline: Arm | None = None, *, health: Health | None = None) -> Judgement:
    shadow = Counts(0.3 * BLOCKS * BLOCK, BLOCKS * BLOCK)
    return judge(None, (canary, baseline or arm()), objective_ms=20, shadow=shadow, health=health)


def test_a_canary_like_its_baseline_passes_operationally() -> None:
    found = judged(arm())
    assert (found.verdict, found.decision.row, found.needed) == ("PASS", "as-good", 0)
    assert found.scope == "operational"


@pytest.mark.parametrize(
    ("canary", "row"),
    [
        (arm(errors=0.02), "more-errors"),
        (arm(latency=15), "slower"),
        (arm(latency=8), "longer-tail"),
        (arm(answers=0.5), "other-predictions"),
        (arm(outcomes=Counts(900, 3000)), "worse-outcomes"),
    ],
)
def test_a_bad_canary_is_aborted_by_what_is_bad_about_it(canary: Arm, row: str) -> None:
    found = judged(canary, arm(outcomes=Counts(300, 3000)))
    assert (found.verdict, found.decision.row) == ("ABORT", row)


@pytest.mark.parametrize("health", [Health(alive=False), Health(failures_in_a_row=20)])
def test_what_breaks_down_is_aborted_at_once(health: Health) -> None:
    assert judged(arm(blocks=0), arm(blocks=0), health=health).verdict == "ABORT"
    assert judged(arm(), health=Health(failures_in_a_row=19)).verdict == "PASS"


def test_too_few_requests_hold_and_tell_how_many_are_needed() -> None:
    found = judged(arm(blocks=3), arm(blocks=3))
    assert (found.verdict, found.decision.row) == ("HOLD", "errors-not-known")
    # Counted on: with so many more, of the same kind, the errors are no longer what holds.
    blocks = 3 + -(-found.needed // BLOCK)
    assert judged(arm(blocks=blocks), arm(blocks=blocks)).bounds["errors"].high < 0.0055


def test_no_request_at_all_holds() -> None:
    found = judged(arm(blocks=0), arm(blocks=0))
    assert found.verdict == "HOLD"
    assert found.needed > 1000


def test_failures_in_clumps_prove_less_than_as_many_alone() -> None:
    errors = np.zeros(BLOCKS)
    errors[7] = 60
    clumped = judged(Arm(np.full(BLOCKS, BLOCK), errors, arm().latencies))
    spread = judged(Arm(np.full(BLOCKS, BLOCK), np.full(BLOCKS, 60 / BLOCKS), arm().latencies))
    assert spread.bounds["errors"].low > 0
    assert clumped.bounds["errors"].low < 0
