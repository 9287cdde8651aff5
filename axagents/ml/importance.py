"""Which columns a model leans on: the loss of the metric when one is shuffled."""

from dataclasses import dataclass

from axagents.ml.fitted import FittedModel
from axagents.ml.problem import Problem


@dataclass(frozen=True)
class Importance:
    """A column's mean loss of the primary metric over shuffles, and its standard deviation."""

    column: str
    loss: float
    spread: float


def permutation_importance(
    model: FittedModel, problem: Problem, *, primary: str, repeats: int = 5, most_rows: int = 5000, seed: int = 0
) -> list[Importance]:
    """Return the columns, the most important first."""
    raise NotImplementedError
