"""How reliably a task is done: pass^k from n trials; and how sure a difference of two models is."""

from collections.abc import Sequence
from math import comb
from typing import Any

import numpy as np
from scipy import stats

from axagents.errors import UserError

LEVEL = 0.95
_DRAWS = 9_999
_stats: Any = stats  # its functions are annotated in part only


def pass_hat_k(successes: int, trials: int, k: int) -> float:
    """Return the unbiased estimate of the probability that k independent trials all succeed.

    C(successes, k) / C(trials, k), as in Yao et al. 2024, "tau-bench", section 3 (their pass^k).

    Raises:
        UserError: fewer than k trials, or more successes than trials.
    """
    if not 1 <= k <= trials or not 0 <= successes <= trials:
        raise UserError(f"pass^{k} needs 1 <= k <= trials and 0 <= successes <= trials, not {successes} of {trials}")
    return comb(successes, k) / comb(trials, k)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: a sign test on the pairs that differ."""
    differing = only_first + only_second
    return float(_stats.binomtest(only_first, differing, 0.5).pvalue) if differing else 1.0


def bootstrap_interval(differences: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the BCa interval of the mean difference, drawn over tasks; nulls where it cannot be told."""
    values = np.asarray(differences)
    if len(values) < 2 or float(np.ptp(values)) == 0.0:
        return None, None
    found = _stats.bootstrap(
        (values,), np.mean, confidence_level=LEVEL, n_resamples=_DRAWS, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)
