"""Explanations: what a model leans on, what a prediction is made of, and what would flip it."""

from axagents.ml.evaluation.explaining.contributions import Contributions, find_contributions
from axagents.ml.evaluation.explaining.hints import CAVEAT, Hint, find_hints
from axagents.ml.evaluation.explaining.overview import (
    ColumnEffect,
    ColumnLoss,
    Overview,
    column_effects,
    column_losses,
)
from axagents.ml.evaluation.explaining.prediction import Contribution, Explanation, explain_prediction

__all__ = [
    "CAVEAT",
    "ColumnEffect",
    "ColumnLoss",
    "Contribution",
    "Contributions",
    "Explanation",
    "Hint",
    "Overview",
    "column_effects",
    "column_losses",
    "explain_prediction",
    "find_contributions",
    "find_hints",
]
