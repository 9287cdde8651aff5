"""How often the judge of a rollout is wrong: simulated rollouts of each kind, judged after every block of requests."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from axagents.ml.rollout import EDGES
from axagents.serving.rollout.judge import Arm, judge
from evals.benchmarks.row import Row, at_most

ROLLOUTS = 1_000
BLOCK, MOST = 500, 20_000
ERRORS = 0.002


@dataclass(frozen=True)
class Canary:
    """How a canary differs from its baseline: errors as often, latencies as long, a tail of so much more."""

    errors: float = 1
    latency: float = 1
    tail: float = 1


def measure() -> list[Row]:
    """Count wrong verdicts over a thousand rollouts of each kind."""
    equal = verdicts(Canary())
    bad = {
        "5 x the errors of .2 %": verdicts(Canary(errors=5)),
        "every answer twice as slow": verdicts(Canary(latency=2)),
        "p99 doubled by its tail alone": verdicts(Canary(tail=6)),
    }
    limit = 2.0
    return [
        at_most(f"aborted though equal, of {ROLLOUTS:,}", "%", ours=_share(equal, "ABORT"), limit=limit),
        *(
            at_most(f"promoted with {kind}", "%", ours=_share(found, "PASS"), limit=limit)
            for kind, found in bad.items()
        ),
        Row("passed, equal, within 20,000 requests an arm", "%", _share(equal, "PASS"), None, "", None),
        *(Row(f"aborted with {kind}", "%", _share(found, "ABORT"), None, "", None) for kind, found in bad.items()),
    ]


def verdicts(canary: Canary, *, rollouts: int = ROLLOUTS) -> Counter[str]:
    """Count the last verdict of each rollout: the first that is not HOLD."""
    return Counter(_rollout(canary, np.random.default_rng(seed)) for seed in range(rollouts))


def _share(found: Counter[str], verdict: str) -> float:
    return 100 * found[verdict] / found.total()


def _rollout(canary: Canary, rng: np.random.Generator) -> str:
    blocks = MOST // BLOCK
    one, other = _arm(canary, rng, blocks), _arm(Canary(), rng, blocks)
    for seen in range(1, blocks + 1):
        arms = tuple(Arm(each.requests[:seen], each.errors[:seen], each.latencies[:seen]) for each in (one, other))
        verdict = judge(None, (arms[0], arms[1]), objective_ms=50).verdict
        if verdict != "HOLD":
            return verdict
    return "HOLD"


def _arm(canary: Canary, rng: np.random.Generator, blocks: int) -> Arm:
    latencies = canary.latency * rng.lognormal(np.log(5), 0.5, (blocks, BLOCK))
    latencies *= np.where(rng.random(latencies.shape) < 0.02, canary.tail, 1)
    bins = np.searchsorted(EDGES, latencies)
    histograms = np.array([np.bincount(block, minlength=len(EDGES) + 1) for block in bins])
    return Arm(np.full(blocks, BLOCK), rng.binomial(BLOCK, canary.errors * ERRORS, blocks), histograms)
