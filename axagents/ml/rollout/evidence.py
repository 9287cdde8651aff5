"""Evidence against a rate that may be looked at after every request: the beta-binomial mixture martingale.

Under the rate p the mixture of k hits in n, `B(a + k, b + n - k) / (B(a, b) p^k (1 - p)^(n - k))`, is a martingale
that begins at 1, so that it ever passes 1/alpha with a probability of at most alpha (Ville's inequality; Robbins 1970,
"Statistical methods related to the law of the iterated logarithm"; Howard et al. 2021, "Time-uniform, nonparametric,
nonasymptotic confidence sequences", Annals of Statistics 49). It needs totals only, not their order.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, xlog1py, xlogy


@dataclass(frozen=True)
class Counts:
    """Hits among requests; both may be fractions, where they were divided by a design effect."""

    hits: float
    total: float

    def thinned(self, effect: float) -> "Counts":
        """Return what the counts are worth where `effect` of them tell as much as one that is independent."""
        return Counts(self.hits / effect, self.total / effect)

    @property
    def rate(self) -> float:
        """Hits a request; 0 where there was none."""
        return self.hits / self.total if self.total else 0.0


NOTHING = Counts(0, 0)


@dataclass(frozen=True)
class Prior:
    """The beta distribution that the mixture is taken over; it moves power, never validity."""

    a: float
    b: float


RARE = Prior(0.5, 50)
"""For what is expected about once in a hundred: errors, answers over the objective, the last hundredth."""

ANY = Prior(0.5, 0.5)


def log_evidence(counts: Counts, rates: np.ndarray, *, prior: Prior) -> np.ndarray:
    """Return the logarithm of the evidence against each of `rates`."""
    return _log_evidence(np.float64(counts.hits), counts.total, rates, prior=prior)


def log_evidence_below(hits: np.ndarray, total: float, *, rate: float, prior: Prior) -> np.ndarray:
    """Return the logarithm of the evidence, for each of `hits`, that the rate is below `rate`."""
    return _log_evidence(hits, total, np.maximum(rate, hits / total), prior=prior)


def log_evidence_above(hits: np.ndarray, total: float, *, rate: float, prior: Prior) -> np.ndarray:
    """Return the logarithm of the evidence, for each of `hits`, that the rate is above `rate`."""
    return _log_evidence(hits, total, np.minimum(rate, hits / total), prior=prior)


def _log_evidence(hits: np.ndarray | np.float64, total: float, rates: np.ndarray, *, prior: Prior) -> np.ndarray:
    mixture = betaln(prior.a + hits, prior.b + total - hits) - betaln(prior.a, prior.b)
    return mixture - xlogy(hits, rates) - xlog1py(total - hits, -rates)
