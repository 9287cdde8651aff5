"""Which features to keep, and what the choice is worth on rows that it never saw.

A feature is dropped when it is missing in more than half of the rows, when nearly all rows share one value, when it
correlates above .95 with a stronger one, or when shuffling it costs a boosted model no more than shuffling one of eight
columns of noise that were put beside it. What the choice is worth is measured by making it again inside each outer
fold, from the teaching rows alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from axagents.ml.candidates import CANDIDATES, Config
from axagents.ml.columns import ColumnSpec
from axagents.ml.fitting import Part, fit_part, prepare_problem, score_part
from axagents.ml.intervals import Interval, metric_interval, paired_interval
from axagents.ml.leakage.strength import make_sample, measure_of, permutation_losses, score_alone
from axagents.ml.problem import Problem
from axagents.ml.splits import shuffle_folds

MOST_MISSING = 0.5
MOST_ALIKE = 0.995
MOST_CORRELATED = 0.95
FOLDS = 5
_PROBES = 8
_JUDGED_WITH = "boosting-small"
_JUDGE: Config = {"n_estimators": 200, "max_depth": 4, "learning_rate": 0.05}


@dataclass(frozen=True)
class Selected:
    """The features kept, the strongest first, what each costs when shuffled, and why the others were dropped."""

    kept: tuple[str, ...]
    losses: dict[str, float]
    dropped: dict[str, str]


@dataclass(frozen=True)
class Judged:
    """What the selection is worth on rows it never saw, beside the baseline's features on the same rows.

    `stability` is, for each feature finally kept, the share of the folds in which it was kept as well.
    """

    measure: str
    selected: Interval
    baseline: Interval
    gain: Interval
    folds: int
    stability: dict[str, float]


def select_features(problem: Problem, candidates: Sequence[str], *, most: int, seed: int) -> Selected:
    """Choose among the candidates, on these rows alone."""
    dropped: dict[str, str] = {}
    left = [name for name in candidates if name in problem.features.columns]
    for name in left:
        why = _why_poor(problem.feature(name))
        if why:
            dropped[name] = why
    left = [name for name in left if name not in dropped]
    left = _drop_twins(problem, left, dropped, seed=seed)
    if not left:
        return Selected((), {}, dropped)
    losses, noise = _importance(problem, left, seed=seed)
    order = sorted(left, key=lambda name: -losses[name])
    kept = [name for name in order if losses[name] > noise] or order[:1]
    for name in order:
        if name not in kept:
            dropped[name] = f"shuffling it costs {losses[name]:.4f}, noise {noise:.4f}"
    for name in kept[most:]:
        dropped[name] = f"beyond the {most} strongest"
    return Selected(tuple(kept[:most]), {name: losses[name] for name in kept[:most]}, dropped)


def judge_selection(
    problem: Problem,
    candidates: Sequence[str],
    *,
    baseline: Sequence[str],
    final: Selected,
    most: int,
    seed: int,
    fixed: bool = False,
) -> Judged:
    """Make the choice again inside each fold, and score its features and the baseline's on that fold's other rows.

    Features that are `fixed` were chosen by somebody who has not seen these rows: nothing is chosen again.
    """
    folds = shuffle_folds(problem, np.arange(problem.rows), folds=_possible(problem), seed=seed)
    measure = measure_of(problem.task)
    width = len(problem.target.classes) if problem.task == "multiclass" else 1
    shape = (problem.rows,) if width == 1 else (problem.rows, width)
    ours, theirs = np.full(shape, np.nan), np.full(shape, np.nan)
    kept = dict.fromkeys(final.kept, 0)
    with threadpool_limits(1):
        for number, (train, test) in enumerate(folds):
            chosen = final if fixed else select_features(problem.take(train), candidates, most=most, seed=seed + number)
            for name in kept:
                kept[name] += name in chosen.kept
            ours[test] = _score(problem, chosen.kept, train=train, test=test, seed=seed)
            theirs[test] = _score(problem, baseline, train=train, test=test, seed=seed)
    y, entity = problem.target.values, problem.entity
    if entity is not None and len(np.unique(entity)) == problem.rows:
        entity = None
    return Judged(
        measure=measure,
        selected=metric_interval(measure, y, ours, entity=entity, seed=seed),
        baseline=metric_interval(measure, y, theirs, entity=entity, seed=seed),
        gain=paired_interval(measure, y, first=ours, second=theirs, entity=entity, seed=seed),
        folds=len(folds),
        stability={name: count / len(folds) for name, count in kept.items()},
    )


def _why_poor(values: pd.Series) -> str:
    missing = float(values.isna().mean())
    if missing > MOST_MISSING:
        return f"missing in {missing:.0%} of rows"
    counts = values.value_counts(normalize=True, dropna=False)
    if len(counts) < 2 or float(counts.iloc[0]) > MOST_ALIKE:
        return f"the same in {float(counts.iloc[0]):.1%} of rows"
    return ""


def _drop_twins(problem: Problem, names: list[str], dropped: dict[str, str], *, seed: int) -> list[str]:
    """Return the names without those that correlate with a stronger one, which are written down."""
    numbers = [name for name in names if problem.features[name].dtype != object]
    strength = {name: score_alone(problem.feature(name), problem, seed=seed) for name in numbers}
    # Strengths that differ by less than a hundredth are the same; the plainer one, which comes first, stays.
    order = sorted(numbers, key=lambda name: (-round(strength[name], 2), numbers.index(name)))
    frame = problem.select(order)
    matrix = frame.fillna(frame.median()).to_numpy(dtype=np.float64) if order else np.zeros((0, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        close = np.abs(np.corrcoef(matrix, rowvar=False)) if len(order) > 1 else np.eye(len(order))
    stay: list[int] = []
    for place, name in enumerate(order):
        twin = next((other for other in stay if close[place, other] > MOST_CORRELATED), None)
        if twin is None:
            stay.append(place)
        else:
            dropped[name] = f"correlates {close[place, twin]:.3f} with {order[twin]}"
    return [name for name in names if name not in dropped]


def _importance(problem: Problem, names: Sequence[str], *, seed: int) -> tuple[dict[str, float], float]:
    """Return what shuffling each feature costs, and the most that shuffling noise costs, at least nothing."""
    rng = np.random.default_rng(seed)
    noise = {f"__noise_{number}": rng.normal(size=problem.rows) for number in range(_PROBES)}
    specs = tuple(
        ColumnSpec(name=name, kind="numeric", dtype="number", rows=problem.rows, missing=0, distinct=problem.rows)
        for name in noise
    )
    looked = _keep(problem, names)
    looked = Problem(
        features=pd.concat([looked.features, pd.DataFrame(noise)], axis=1),
        columns=(*looked.columns, *specs),
        target=problem.target,
        entity=problem.entity,
        time=problem.time,
    )
    sample = make_sample(looked, seed=seed)
    groups = [(name,) for name in (*names, *noise)]
    with threadpool_limits(1):
        losses = permutation_losses(sample, groups, measure=measure_of(problem.task))
    found = dict(zip((*names, *noise), losses, strict=True))
    return {name: found[name] for name in names}, max(0.0, *(found[name] for name in noise))


def _keep(problem: Problem, names: Sequence[str]) -> Problem:
    return problem.without(set(problem.features.columns) - set(names), "is not looked at")


def _score(problem: Problem, names: Sequence[str], *, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    if not names:
        return _guess(problem, train=train, test=test)
    candidate = CANDIDATES[_JUDGED_WITH]
    part = Part(prepare_problem(_keep(problem, names)), train, test)
    return score_part(fit_part(candidate, _JUDGE, part, seed=seed), part, candidate)


def _guess(problem: Problem, *, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Score rows by who has no feature to go by: the mean, or how often each class comes."""
    known = problem.target.values[train]
    if problem.task == "regression":
        return np.full(len(test), known.mean())
    shares = np.bincount(known, minlength=len(problem.target.classes)) / len(known)
    return np.full(len(test), shares[1]) if problem.task == "binary" else np.tile(shares, (len(test), 1))


def _possible(problem: Problem) -> int:
    rarest = problem.rows if problem.task == "regression" else int(np.bincount(problem.target.values).min())
    units = rarest if problem.entity is None else min(rarest, len(np.unique(problem.entity)))
    return max(2, min(FOLDS, units))
