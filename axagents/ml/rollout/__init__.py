"""Whether a canary is as good as its baseline: bounds that hold however often one looks."""

from axagents.ml.rollout.blocks import design_effect
from axagents.ml.rollout.evidence import NOTHING, Counts
from axagents.ml.rollout.quantiles import EDGES, compare_quantile
from axagents.ml.rollout.rates import Bounds, compare_rates, requests_needed

__all__ = [
    "EDGES",
    "NOTHING",
    "Bounds",
    "Counts",
    "compare_quantile",
    "compare_rates",
    "design_effect",
    "requests_needed",
]
