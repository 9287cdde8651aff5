"""What requests that come in clumps are worth."""

import numpy as np

_FEWEST = 5


def design_effect(hits: np.ndarray, totals: np.ndarray) -> float:
    """Return how many requests tell as much as one that is independent: at least 1.

    It is Pearson's chi-square of the blocks' rates about their common one, over its degrees of freedom (Wedderburn
    1974, quasi-likelihood). Fewer than five blocks with requests, or no hits, leave 1.

    Args:
        hits, totals: of each block of time, in order (n,).
    """
    seen = totals > 0
    hits, totals = hits[seen], totals[seen]
    rate = hits.sum() / totals.sum() if totals.sum() else 0.0
    if len(totals) < _FEWEST or not 0 < rate < 1:
        return 1.0
    square = (hits - totals * rate) ** 2 / (totals * rate * (1 - rate))
    return max(1.0, float(square.sum()) / (len(totals) - 1))
