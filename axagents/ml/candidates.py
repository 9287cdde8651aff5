"""The kinds of model that compete, in order of simplicity."""

from axagents.ml.problem import Problem

CANDIDATES: tuple[str, ...] = (
    "dummy", "linear", "boosting-small", "hist-gradient-boosting", "random-forest", "boosting-tuned",
)  # fmt: skip


def choose_candidates(problem: Problem, model: str = "auto") -> tuple[str, ...]:
    """Return the candidates for `model`: "auto", or one of CANDIDATES; the floor (dummy, linear) is always there."""
    raise NotImplementedError
