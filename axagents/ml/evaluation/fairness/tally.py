"""What each group's rows add up to: confusion cells, means, and how many independent rows they are worth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from axagents.ml.intervals import Interval

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy", "observed_rate")
_TINY = 1e-7
_BINS = 4000
_NEWTON_STEPS = 30


@dataclass(frozen=True, eq=False)
class Units:
    """The independent units of the rows: each row, or each entity within its group.

    Attributes:
        codes: each row's unit, None where every row is one.
        group: the group of each unit, shape (units,), or of each row.
        groups: the number of groups.
    """

    codes: np.ndarray | None
    group: np.ndarray
    groups: int

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of a row's values over the rows of each unit."""
        return values if self.codes is None else np.bincount(self.codes, weights=values, minlength=len(self.group))


@dataclass(frozen=True, eq=False)
class Share:
    """A rate of each group: hits, trials, and how many independent trials they are worth, each shape (groups,)."""

    hits: np.ndarray
    trials: np.ndarray
    effective: np.ndarray


@dataclass(frozen=True, eq=False)
class Mean:
    """A mean of each group with its standard error, and that error's ratio to the one of independent rows."""

    value: np.ndarray
    error: np.ndarray
    design: np.ndarray


def make_units(codes: np.ndarray, groups: int, entity: np.ndarray | None) -> Units:
    """Return the independent units of rows whose groups are `codes`."""
    if entity is None:
        return Units(None, codes, groups)
    _, entities = np.unique(entity, return_inverse=True)
    units, found = pd.factorize(entities.astype(np.int64) * groups + codes)
    return Units(units, np.asarray(found) % groups, groups)


def count_entities(units: Units) -> np.ndarray:
    """Return the number of independent units of each group."""
    return np.bincount(units.group, minlength=units.groups)


def tally_shares(positive: np.ndarray, called: np.ndarray, units: Units) -> dict[str, Share]:
    """Return every rate of `RATES` from whether each row is positive and whether it was called so.

    With entities the trials are divided by the design effect of each rate (Rao and Scott 1992).
    """
    cell = 2 * positive.astype(np.int64) + called
    place, count = (units.group, units.groups) if units.codes is None else (units.codes, len(units.group))
    cells = np.bincount(place * 4 + cell, minlength=4 * count).reshape(count, 4).astype(np.float64)
    true_no, false_yes, missed, found = cells.T
    yes, no = found + missed, true_no + false_yes
    parts = {
        "selection_rate": (found + false_yes, yes + no),
        "true_positive_rate": (found, yes),
        "false_positive_rate": (false_yes, no),
        "precision": (found, found + false_yes),
        "accuracy": (found + true_no, yes + no),
        "observed_rate": (yes, yes + no),
    }
    if units.codes is None:
        return {name: Share(hits, trials, trials) for name, (hits, trials) in parts.items()}
    return {name: _clustered_share(hits, trials, units) for name, (hits, trials) in parts.items()}


def tally_mean(values: np.ndarray, codes: np.ndarray, units: Units) -> Mean:
    """Return the mean of a row's values in each group; its error is that of sums over units, by linearization."""
    count = np.bincount(codes, minlength=units.groups).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(codes, weights=values, minlength=units.groups) / count
        away = values - mean[codes]
        simple = np.sqrt(np.bincount(codes, weights=away**2, minlength=units.groups) / (count * (count - 1)))
        if units.codes is None:
            return Mean(mean, simple, np.ones(units.groups))
        many = count_entities(units)
        squares = np.bincount(units.group, weights=units.sum(away) ** 2, minlength=units.groups)
        error = np.sqrt(squares * many / (many - 1)) / count
        return Mean(mean, error, np.where(simple > 0, error / simple, 1.0))


def calibration_slopes(
    y: np.ndarray, scores: np.ndarray, codes: np.ndarray, *, design: np.ndarray, level: float
) -> list[Interval | None]:
    """Return the slope of a logistic regression of the outcome on the score's log-odds, for each group (Cox 1958).

    Slope 1 is calibrated, less is too extreme. `y` is whether the row is positive. Log-odds are pooled into bins of
    .008, so that a million rows cost no more than their count. None where the fit does not settle. The interval is
    Wald's, its error times the group's design effect `design`.
    """
    groups = len(design)
    odds = logit(np.clip(scores, _TINY, 1 - _TINY))
    step = np.minimum(((odds + 16.5) * (_BINS / 33)).astype(np.int64), _BINS - 1)
    place = codes * _BINS + step
    size = groups * _BINS
    rows = np.bincount(place, minlength=size)
    used = np.flatnonzero(rows)
    x = np.bincount(place, weights=odds, minlength=size)[used] / rows[used]
    ones = np.bincount(place, weights=y, minlength=size)[used]
    fitted = _fit_logistic(x, rows[used].astype(np.float64), ones, group=used // _BINS, groups=groups)
    half = (float(norm.ppf(0.5 + level / 2)) * design).tolist()
    return [
        Interval(slope, slope - half[place] * error, slope + half[place] * error, level, "logistic regression, Wald")
        if np.isfinite(slope) and np.isfinite(error)
        else None
        for place, (slope, error) in enumerate(zip(*fitted, strict=True))
    ]


def _fit_logistic(
    x: np.ndarray, rows: np.ndarray, ones: np.ndarray, *, group: np.ndarray, groups: int
) -> tuple[list[float], list[float]]:
    """Fit slope and intercept of every group by Newton's method; return slopes and their errors, NaN if unsettled."""
    slope, intercept = np.ones(groups), np.zeros(groups)
    moved = error = np.full(groups, np.nan)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for _ in range(_NEWTON_STEPS):
            chance = expit(slope[group] * x + intercept[group])
            gap, weight = ones - rows * chance, rows * chance * (1 - chance)
            sums = [np.bincount(group, weights=each, minlength=groups) for each in (gap, gap * x)]
            flat, tilt, bent = (
                np.bincount(group, weights=each, minlength=groups) for each in (weight, weight * x, weight * x * x)
            )
            size = flat * bent - tilt * tilt
            moved = (flat * sums[1] - tilt * sums[0]) / size
            slope = slope + moved
            intercept = intercept + (bent * sums[0] - tilt * sums[1]) / size
            error = np.sqrt(flat / size)
            if np.all(np.abs(moved[np.isfinite(moved)]) < 1e-10):
                break
        settled = (np.abs(moved) < 1e-6) & (np.abs(slope) < 50)
    return np.where(settled, slope, np.nan).tolist(), np.where(settled, error, np.nan).tolist()


def _clustered_share(hits: np.ndarray, trials: np.ndarray, units: Units) -> Share:
    """Sum units into groups, and divide the trials by the variance's ratio to that of independent trials."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(units.group, weights=values, minlength=units.groups)

    found, tried, many = total(hits), total(trials), total(trials > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = found / tried
        away = hits - rate[units.group] * trials
        variance = total(away**2) * many / (many - 1) / tried**2
        worth = rate * (1 - rate) / variance
    # All or none of the trials hit: what varies between entities cannot be seen, so each counts as one trial.
    worth = np.where(np.isfinite(worth) & (found > 0) & (found < tried), worth, many)
    return Share(found, tried, np.minimum(worth, tried))
