"""How well columns predict: one alone, all together, all but some."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from axagents.ml.candidates import CANDIDATES, Config
from axagents.ml.columns import Task
from axagents.ml.fitting import Part, Prepared, fit_part, prepare_problem, score_matrix, score_part
from axagents.ml.metrics import compute_metric, roc_auc
from axagents.ml.preprocessing import encoded_places
from axagents.ml.problem import Problem
from axagents.ml.splits import shuffle_folds
from axagents.ml.tuning import sample_rows

MOST_ROWS = 10_000
FOLDS = 3
_BINS = 64
_LEAST_IN_BIN = 20
_QUICK: Config = {"n_estimators": 120, "max_depth": 4, "learning_rate": 0.12, "colsample_bytree": 0.7, "max_bin": 64}


@dataclass(frozen=True, eq=False)
class Sample:
    """A problem cut to MOST_ROWS rows and divided into folds, entities whole, for quick measurements."""

    prepared: Prepared
    parts: tuple[Part, ...]
    seed: int

    @property
    def y(self) -> np.ndarray:
        """The target's values."""
        return self.prepared.y


def measure_of(task: Task) -> str:
    """Return the metric in which strength is told: AUC (macro over classes) or R2."""
    return "r2" if task == "regression" else "auc_roc"


def make_sample(problem: Problem, *, seed: int) -> Sample:
    """Return a sample of a problem, its rows divided into folds at random."""
    rows = sample_rows(problem, np.arange(problem.rows), most=MOST_ROWS, seed=seed)
    prepared = prepare_problem(problem.take(rows) if len(rows) < problem.rows else problem)
    folds = min(FOLDS, _most_folds(prepared.problem))
    parts = shuffle_folds(prepared.problem, np.arange(prepared.problem.rows), folds=max(2, folds), seed=seed)
    return Sample(prepared, tuple(Part(prepared, train, test) for train, test in parts), seed)


def keep_columns(sample: Sample, names: Sequence[str]) -> Sample:
    """Return the sample with these columns only."""
    problem = sample.prepared.problem
    gone = set(problem.features.columns) - set(names)
    if not gone:
        return sample
    prepared = prepare_problem(problem.without(gone))
    return Sample(prepared, tuple(Part(prepared, part.train, part.test) for part in sample.parts), sample.seed)


def score_alone(values: pd.Series, problem: Problem, *, seed: int) -> float:
    """Return the AUC (macro over classes) or R2 of one column alone.

    The column is cut into bins or categories whose target means are learned on other rows (two-fold cross-fitting); a
    number that ranks a binary target better by itself counts as that.
    """
    codes = bin_codes(values)
    y = problem.target.values
    if problem.task == "regression":
        return compute_metric("r2", y, cross_fit_means(codes, y[:, None], seed=seed)[:, 0])
    classes = len(problem.target.classes)
    means = cross_fit_means(codes, np.eye(classes)[y], seed=seed)
    if problem.task == "multiclass":
        return compute_metric("auc_roc", y, means)
    binned = roc_auc(y == 1, means[:, 1])
    numbers = _as_numbers(values)
    if numbers is None:
        return binned
    ranked = roc_auc(y == 1, np.nan_to_num(numbers, nan=float(np.nanmedian(numbers))))
    return max(binned, ranked, 1 - ranked)


def bin_codes(values: pd.Series) -> np.ndarray:
    """Return the bin of each value: categories as they are, numbers in up to 64 bins of equal size, missing apart."""
    numbers = _as_numbers(values)
    if numbers is None or values.nunique() <= _BINS:
        return pd.factorize(values, use_na_sentinel=False)[0]
    known = np.isfinite(numbers)
    bins = int(np.clip(known.sum() // _LEAST_IN_BIN, 2, _BINS))
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, bins + 1)[1:-1]))
    codes = np.searchsorted(edges, numbers, side="right")
    codes[~known] = len(edges) + 1
    return codes


def cross_fit_means(codes: np.ndarray, targets: np.ndarray, *, seed: int, folds: int = 2) -> np.ndarray:
    """Return for each row the mean of `targets` (n, k) over its bin's rows in other folds, shrunk by one mean row."""
    side = np.random.default_rng(seed).permutation(len(codes)) % folds
    bins = int(codes.max()) + 1
    means = np.empty(targets.shape)
    for fold in range(folds):
        other = side != fold
        overall = targets[other].mean(axis=0)
        counts = np.bincount(codes[other], minlength=bins)
        for place in range(targets.shape[1]):
            sums = np.bincount(codes[other], weights=targets[other, place], minlength=bins)
            means[~other, place] = ((sums + overall[place]) / (counts + 1))[codes[~other]]
    return means


def score_together(sample: Sample, without: tuple[str, ...] = (), *, measure: str) -> float:
    """Return what a quick boosted model reaches without some columns; for values, or a linear one if better."""
    names = [name for name in sample.prepared.problem.features.columns if name not in without]
    held = keep_columns(sample, names)
    reached = _score(held, "boosting-small", _QUICK, measure=measure)
    if held.prepared.problem.task == "regression":
        # Trees come slowly to a straight line.
        reached = max(reached, _score(held, "linear", {"penalty": 1.0}, measure=measure))
    return reached


def permutation_losses(sample: Sample, groups: list[tuple[str, ...]], *, measure: str) -> list[float]:
    """Return what shuffling each group of columns together costs the quick boosted model on rows it did not see."""
    rng = np.random.default_rng(sample.seed)
    losses = np.zeros(len(groups))
    candidate = CANDIDATES["boosting-small"]
    for part in sample.parts:
        fit = fit_part(candidate, _QUICK, part, seed=sample.seed)
        matrix, encoder = part.encoded(candidate.style)[1:]
        y = sample.y[part.test]
        base = compute_metric(measure, y, score_part(fit, part, candidate))
        values = np.array(matrix, dtype=np.float64)
        places = encoded_places(encoder) if encoder is not None else {name: [at] for at, name in enumerate(matrix)}
        for number, group in enumerate(groups):
            moved = values.copy()
            shuffled = [place for name in group for place in places[name]]
            moved[:, shuffled] = values[rng.permutation(len(values))][:, shuffled]
            value = compute_metric(measure, y, score_matrix(fit, moved, sample.prepared))
            losses[number] += (base - value) / len(sample.parts)
    return losses.tolist()


def group_twins(problem: Problem, *, above: float = 0.95) -> list[tuple[str, ...]]:
    """Return the columns in groups of numbers that correlate by rank above a limit, so that twins go together."""
    numbers = {name: _as_numbers(problem.feature(name)) for name in problem.features.columns}
    names = [name for name, values in numbers.items() if values is not None]
    frame = pd.DataFrame({name: numbers[name] for name in names})
    close = frame.rank().corr().abs().to_numpy() > above if names else np.zeros((0, 0), dtype=bool)
    groups: list[tuple[str, ...]] = []
    taken: set[str] = set()
    for place, name in enumerate(names):
        if name in taken:
            continue
        group = tuple(
            other for at, other in enumerate(names) if other == name or (close[place, at] and other not in taken)
        )
        taken.update(group)
        groups.append(group)
    return groups + [(str(name),) for name in problem.features.columns if name not in numbers or numbers[name] is None]


def _score(sample: Sample, name: str, config: Config, *, measure: str) -> float:
    candidate = CANDIDATES[name]
    values = []
    for part in sample.parts:
        fit = fit_part(candidate, config, part, seed=sample.seed)
        values.append(compute_metric(measure, sample.y[part.test], score_part(fit, part, candidate)))
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _most_folds(problem: Problem) -> int:
    most = problem.rows
    if problem.task != "regression":
        counts = np.bincount(problem.target.values)
        most = int(counts[counts > 0].min())
    if problem.entity is not None:
        most = min(most, len(np.unique(problem.entity)))
    return most


def _as_numbers(values: pd.Series) -> np.ndarray | None:
    if values.dtype == object:
        return None
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = (values.to_numpy(dtype="datetime64[ns]") - np.datetime64(0, "ns")) / np.timedelta64(1, "D")
        return np.asarray(days, dtype=np.float64)
    return values.to_numpy(dtype=np.float64)
