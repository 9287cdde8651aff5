"""Intervals: of a proportion, a ranking, any metric, a mean over folds, and of paired differences."""

from axagents.ml.intervals.folds import fold_interval, paired_fold_interval
from axagents.ml.intervals.interval import Interval
from axagents.ml.intervals.means import mean_error, mean_interval
from axagents.ml.intervals.metric import (
    average_interval,
    metric_interval,
    metric_levels,
    paired_interval,
    simultaneous_level,
)
from axagents.ml.intervals.proportions import (
    clopper_pearson_interval,
    clustered_proportion_interval,
    proportion_interval,
    wilson_interval,
)

__all__ = [
    "Interval",
    "average_interval",
    "clopper_pearson_interval",
    "clustered_proportion_interval",
    "fold_interval",
    "mean_error",
    "mean_interval",
    "metric_interval",
    "metric_levels",
    "paired_fold_interval",
    "paired_interval",
    "proportion_interval",
    "simultaneous_level",
    "wilson_interval",
]
