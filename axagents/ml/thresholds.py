"""From which probability a row is called positive."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class ThresholdRule(BaseModel):
    """How a decision threshold is chosen."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["f1", "youden", "cost", "recall-at-least", "precision-at-least", "fixed"] = "f1"
    cost_false_positive: float = Field(default=1.0, ge=0)
    cost_false_negative: float = Field(default=1.0, ge=0)
    level: float = Field(
        default=0.5, ge=0, le=1, description="The recall or precision demanded, or the fixed threshold."
    )


class ThresholdChoice(BaseModel):
    """A threshold and what it gives on the rows it was chosen on."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    precision: float
    recall: float
    f1: float
    share_positive: float
    cost: float | None = None
    met: bool = True


def choose_threshold(y: np.ndarray, scores: np.ndarray, rule: ThresholdRule | None = None) -> ThresholdChoice:
    """Choose a threshold on out-of-fold scores; `met` is False when a constraint cannot be met (nearest given)."""
    raise NotImplementedError
