"""Whether probabilities mean what they say, and predicted values what they are on average."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.intervals import Interval, mean_error, mean_interval
from axagents.ml.intervals.proportions import clustered_proportion_interval, proportion_interval

BINS = 10
_TINY = 1e-12
_LEAST_BIN = 20
_MOST_STEPS = 50
_SIMULATED = 2000


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of similar prediction: from where to where, how many, the mean prediction, and the share or mean observed.

    The intervals of shares are Wilson's.
    """

    low: float
    high: float
    rows: int
    predicted: float
    observed: Interval


@dataclass(frozen=True)
class CalibrationError:
    """The expected calibration error: the mean distance between observed and predicted over bins of equal mass.

    It is above zero even where every probability is right, so what chance alone gives stands beside it: its mean, and
    what it exceeds once in twenty times.
    """

    value: float
    by_chance: float
    chance_limit: float


@dataclass(frozen=True)
class Calibration:
    """How predictions and truth hang together.

    Attributes:
        name: the class whose probability this is, or the target.
        slope, intercept: of the logit of the truth on the logit of the probability (Cox 1958), or of the value on its
            prediction; 1 and 0 are right. A slope below 1 says that predictions are too extreme. None where no slope
            can be fitted.
        in_the_large: the intercept with the slope held at 1; for values the mean of truth less prediction.
        error: for probabilities.
    """

    name: str
    slope: Interval | None
    intercept: Interval | None
    in_the_large: Interval | None
    bins: tuple[ReliabilityBin, ...]
    error: CalibrationError | None = None
    notes: tuple[str, ...] = ()


def check_calibration(
    answers: Answers, *, target: str = "", level: float = 0.95, bins: int = BINS, seed: int = 0
) -> tuple[Calibration, ...]:
    """Check the probability of the positive class, of each class against the others, or predicted values.

    Raises:
        UserError: no rows, one class only, missing scores.
    """
    check_answers(answers)
    if answers.task == "regression":
        return (_check_values(answers, target or "value", level=level, bins=bins),)
    if answers.task == "binary":
        name = answers.classes[1] if answers.classes else "1"
        return (_check_probability(answers, name, level=level, bins=bins, seed=seed),)
    return tuple(
        _check_probability(_one_against_rest(answers, code), name, level=level, bins=bins, seed=seed)
        for code, name in enumerate(answers.classes)
    )


def _one_against_rest(answers: Answers, code: int) -> Answers:
    y = (answers.y == code).astype(np.int64)
    return Answers("binary", y, answers.scores[:, code], entity=answers.entity)


def _check_probability(answers: Answers, name: str, *, level: float, bins: int, seed: int) -> Calibration:
    y, scores, units = answers.y.astype(np.float64), answers.scores, answers.entity
    groups = _equal_masses(scores, bins)
    lines, notes = _logistic_lines(y, scores, units, level=level)
    return Calibration(
        name=name,
        slope=lines.get("slope"),
        intercept=lines.get("intercept"),
        in_the_large=lines.get("in_the_large"),
        bins=_reliability(y, scores, groups, units=units, share=True, level=level),
        error=_expected_error(y, scores, groups, units=units, seed=seed),
        notes=tuple(notes),
    )


def _check_values(answers: Answers, name: str, *, level: float, bins: int) -> Calibration:
    y, predicted, units = answers.y, answers.scores, answers.entity
    groups = _equal_masses(predicted, bins)
    found = None
    if np.ptp(predicted) > 0:
        # Centred and scaled, so that large values lose no digits.
        middle, spread = float(predicted.mean()), float(predicted.std())
        x = np.column_stack([np.ones(len(y)), (predicted - middle) / spread])
        estimate = np.linalg.solve(x.T @ x, x.T @ y)
        back = np.array([[1.0, -middle / spread], [0.0, 1.0 / spread]])
        covariance = _robust_covariance(x, y - x @ estimate, weight=np.ones(len(y)), units=units)
        found = _intervals(back @ estimate, back @ covariance @ back.T, units, level=level)
    return Calibration(
        name=name,
        slope=found[1] if found else None,
        intercept=found[0] if found else None,
        in_the_large=mean_interval(y - predicted, units, level=level),
        bins=_reliability(y, predicted, groups, units=units, share=False, level=level),
        notes=() if found else ("All predictions are equal, so there is no slope.",),
    )


def _logistic_lines(
    y: np.ndarray, scores: np.ndarray, units: np.ndarray | None, *, level: float
) -> tuple[dict[str, Interval], list[str]]:
    """Fit intercept and slope, and the intercept alone, by maximum likelihood; errors are robust (sandwich)."""
    x = logit(np.clip(scores, _TINY, 1 - _TINY))
    found: dict[str, Interval] = {}
    notes: list[str] = []
    extreme = int(((scores < _TINY) | (scores > 1 - _TINY)).sum())
    if extreme:
        notes.append(f"{extreme:,} probabilities are 0 or 1; their logits were cut at those of {_TINY:g}.")
    if y.min() == y.max():
        return found, [*notes, "All rows are alike, so there is no slope."]
    large = _fit_logistic(np.ones((len(y), 1)), y, offset=x)
    if large is not None:
        covariance = _logistic_covariance(np.ones((len(y), 1)), y, large, offset=x, units=units)
        found["in_the_large"] = _intervals(large, covariance, units, level=level)[0]
    both = np.column_stack([np.ones(len(y)), x])
    fitted = _fit_logistic(both, y) if np.ptp(x) > 0 else None
    if fitted is None:
        why = "all probabilities are equal" if np.ptp(x) == 0 else "the classes are wholly apart"
        return found, [*notes, f"There is no slope: {why}."]
    covariance = _logistic_covariance(both, y, fitted, offset=np.zeros(len(y)), units=units)
    found["intercept"], found["slope"] = _intervals(fitted, covariance, units, level=level)
    return found, notes


def _fit_logistic(x: np.ndarray, y: np.ndarray, *, offset: np.ndarray | float = 0.0) -> np.ndarray | None:
    """Return the coefficients by Newton's steps, halved where the likelihood would fall; None when they diverge."""
    beta = np.zeros(x.shape[1])
    beta[-1] = 1.0 if x.shape[1] == 2 else 0.0
    value = _likelihood(x, y, beta, offset=offset)
    for _ in range(_MOST_STEPS):
        chance = expit(x @ beta + offset)
        weight = chance * (1 - chance)
        curvature = (x * weight[:, None]).T @ x
        if np.linalg.cond(curvature) > 1e14:
            return None
        step = np.linalg.solve(curvature, x.T @ (y - chance))
        tried = _likelihood(x, y, beta + step, offset=offset)
        while tried < value - 1e-9 * abs(value) and np.abs(step).max() > 1e-12:
            step = step / 2
            tried = _likelihood(x, y, beta + step, offset=offset)
        beta, value = beta + step, tried
        if np.abs(step).max() < 1e-9:
            return beta
    return None


def _likelihood(x: np.ndarray, y: np.ndarray, beta: np.ndarray, *, offset: np.ndarray | float) -> float:
    z = x @ beta + offset
    return float(np.sum(y * z - np.logaddexp(0, z)))


def _logistic_covariance(
    x: np.ndarray, y: np.ndarray, beta: np.ndarray, *, offset: np.ndarray, units: np.ndarray | None
) -> np.ndarray:
    chance = expit(x @ beta + offset)
    return _robust_covariance(x, y - chance, weight=chance * (1 - chance), units=units)


def _robust_covariance(x: np.ndarray, gaps: np.ndarray, *, weight: np.ndarray, units: np.ndarray | None) -> np.ndarray:
    """The sandwich (White 1980; with units Liang and Zeger 1986), times m / (m - 1)."""
    bread = np.linalg.inv((x * weight[:, None]).T @ x)
    pulled = x * gaps[:, None]
    if units is not None:
        codes = np.unique(units, return_inverse=True)[1]
        pulled = np.column_stack([np.bincount(codes, weights=column) for column in pulled.T])
    count = len(pulled)
    return bread @ (pulled.T @ pulled) @ bread * (count / max(count - 1, 1))


def _intervals(values: np.ndarray, covariance: np.ndarray, units: np.ndarray | None, *, level: float) -> list[Interval]:
    z = float(norm.ppf(0.5 + level / 2))
    told = "Wald, robust" + ("" if units is None else ", clustered by entity")
    return [
        Interval(float(value), float(value - z * error), float(value + z * error), level, told)
        for value, error in zip(values, np.sqrt(np.diag(covariance)), strict=True)
    ]


def _equal_masses(scores: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each row, numbered from 0: of equal mass but that equal scores stay together."""
    wanted = max(1, min(bins, len(scores) // _LEAST_BIN))
    edges = np.unique(np.quantile(scores, np.arange(1, wanted) / wanted))
    return np.unique(np.searchsorted(edges, scores, side="left"), return_inverse=True)[1]


def _reliability(
    y: np.ndarray, scores: np.ndarray, groups: np.ndarray, *, units: np.ndarray | None, share: bool, level: float
) -> tuple[ReliabilityBin, ...]:
    found: list[ReliabilityBin] = []
    order = np.argsort(groups, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(groups))[:-1]):
        own, unit = y[rows], None if units is None else units[rows]
        if not share:
            observed = mean_interval(own, unit, level=level)
        elif unit is None:
            observed = proportion_interval(int(own.sum()), len(own), level=level)
        else:
            observed = clustered_proportion_interval(own == 1, unit, level=level)
        here = scores[rows]
        found.append(ReliabilityBin(float(here.min()), float(here.max()), len(rows), float(here.mean()), observed))
    return tuple(found)


def _expected_error(
    y: np.ndarray, scores: np.ndarray, groups: np.ndarray, *, units: np.ndarray | None, seed: int
) -> CalibrationError:
    sizes = np.bincount(groups)
    gaps = np.bincount(groups, weights=y - scores) / sizes
    errors = _chance_errors(y, scores, groups, units=units)
    drawn = np.abs(np.random.default_rng(seed).normal(size=(_SIMULATED, len(sizes))) * errors) @ (sizes / len(y))
    return CalibrationError(
        value=float(np.abs(gaps) @ sizes / len(y)),
        by_chance=float(np.sqrt(2 / np.pi) * errors @ sizes / len(y)),
        chance_limit=float(np.quantile(drawn, 0.95)),
    )


def _chance_errors(
    y: np.ndarray, scores: np.ndarray, groups: np.ndarray, *, units: np.ndarray | None
) -> Sequence[float] | np.ndarray:
    """The standard error of each bin's share if every probability is right; as found between units when given."""
    sizes = np.bincount(groups)
    plain = np.sqrt(np.bincount(groups, weights=scores * (1 - scores))) / sizes
    if units is None:
        return plain
    rows = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    found = np.array([mean_error(y[own] - scores[own], units[own])[0] for own in rows])
    return np.where(np.isfinite(found), np.maximum(found, plain), plain)
