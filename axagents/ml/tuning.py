"""Search for a configuration among some rows, by cross-validation within them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.samplers import TPESampler

from axagents.ml.candidates import Candidate, Config, first_configs, has_rare_class
from axagents.ml.fitting import Part, Prepared, fit_part, score_part
from axagents.ml.metrics import METRICS, Metric, compute_metric
from axagents.ml.problem import Problem
from axagents.ml.splits import split_inside
from axagents.ml.thresholds import choose_threshold

INNER_FOLDS = 3
MOST_SEARCH_ROWS = 25_000
# Where time is short, one inner fold of at least so many rows stands for all.
_ENOUGH_ROWS = 1000
# A configuration this many margins behind the best after its first inner fold is not tried on the others.
_RACE_MARGINS = 5
# More configurations than this choose among noise.
_MOST_TRIALS = 50

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Limit:
    """When to stop: at a moment of time.monotonic(), or after exactly so many configurations."""

    until: float
    trials: int | None = None


@dataclass(frozen=True)
class Attempt:
    """One configuration tried: its score, NaN when it fell out of the race, its seconds, and the rows it was taught."""

    config: Config
    score: float
    seconds: float
    rows: int


@dataclass(frozen=True, eq=False)
class Tuned:
    """The best configuration, its inner score, and its scores of the rows it was not taught on (NaN elsewhere)."""

    config: Config
    score: float
    rows: np.ndarray
    scores: np.ndarray
    attempts: tuple[Attempt, ...]


def tune(
    candidate: Candidate,
    parts: Sequence[Part],
    *,
    primary: str,
    limit: Limit,
    seed: int,
    warm: Sequence[Config] = (),
    threads: int = 1,
) -> Tuned:
    """Try configurations until the limit: those of `warm`, the portfolio, then what TPE proposes.

    At least one is tried, on every part; on the first only, as are the others then, where the rest would overrun the
    limit. `parts` come from `inner_parts` and are shared by the candidates.
    """
    metric = METRICS[primary]
    source = _Source(candidate, parts[0].prepared, warm=warm, seed=seed)
    best: _Trial | None = None
    attempts: list[Attempt] = []
    for config in source.configs():
        if best is not None and _is_over(limit, attempts):
            break
        started = time.monotonic()
        until = limit.until if best is None and limit.trials is None else np.inf
        tried = _try_config(
            candidate, config, parts, metric=metric, leader=best, seed=seed, until=until, threads=threads
        )
        if best is None:
            parts = parts[: len(tried.scores)]
        taught = sum(len(part.train) for part in parts[: len(tried.scores)])
        attempts.append(Attempt(tried.config, tried.score, time.monotonic() - started, taught))
        source.learn(tried, metric)
        if best is None or _is_better(tried.score, best.score, metric):
            best = tried
    assert best is not None
    rows = np.concatenate([part.test for part in parts])
    return Tuned(best.config, best.score, rows, np.concatenate(best.scores), tuple(attempts))


def inner_parts(prepared: Prepared, rows: np.ndarray, *, seed: int, folds: int = INNER_FOLDS) -> list[Part]:
    """Divide rows for a search inside them; more than MOST_SEARCH_ROWS are sampled first."""
    if len(rows) > MOST_SEARCH_ROWS:
        rows = sample_rows(prepared.problem, rows, most=MOST_SEARCH_ROWS, seed=seed)
    return [Part(prepared, train, test) for train, test in split_inside(prepared.problem, rows, folds=folds, seed=seed)]


def sample_rows(problem: Problem, rows: np.ndarray, *, most: int, seed: int) -> np.ndarray:
    """Return at most `most` of the rows, in order: whole entities where there are any, else at random."""
    if len(rows) <= most:
        return rows
    rng = np.random.default_rng(seed)
    entity = problem.entity
    if entity is None:
        return np.sort(rng.choice(rows, size=most, replace=False))
    codes = entity[rows]
    units = rng.permutation(np.unique(codes))
    counts = np.bincount(codes, minlength=int(codes.max()) + 1)[units]
    taken = units[: max(2, int(np.searchsorted(np.cumsum(counts), most)))]
    return rows[np.isin(codes, taken)]


@dataclass(frozen=True, eq=False)
class _Trial:
    config: Config
    score: float
    first: float
    scores: list[np.ndarray]


class _Source:
    """Where configurations come from, and what it learns of their scores."""

    def __init__(self, candidate: Candidate, prepared: Prepared, *, warm: Sequence[Config], seed: int) -> None:
        self._candidate = candidate
        self._weighted = has_rare_class(prepared.problem)
        self._first = [*warm, *(config for config in first_configs(candidate, prepared.problem) if config not in warm)]
        self._study = optuna.create_study(direction="maximize", sampler=TPESampler(seed=seed, n_startup_trials=6))
        self._asked: optuna.trial.Trial | None = None

    def configs(self) -> Iterator[Config]:
        """Yield configurations: a fixed list, or one without end where there is a space to search."""
        space = self._candidate.space
        if space is None:
            yield from self._first
            return
        for config in self._first:
            fixed = {key: value for key, value in config.items() if key != "n_estimators"}
            self._study.enqueue_trial({"balance": 0.0, **fixed} if self._weighted else fixed)
        while True:
            self._asked = self._study.ask()
            yield space(self._asked, self._weighted)

    def learn(self, tried: _Trial, metric: Metric) -> None:
        """Tell the sampler how the last configuration did."""
        if self._asked is None:
            return
        score = tried.score if np.isfinite(tried.score) else tried.first
        if np.isfinite(score):
            self._study.tell(self._asked, score * metric.sign)
        else:
            self._study.tell(self._asked, state=optuna.trial.TrialState.FAIL)


def _try_config(
    candidate: Candidate,
    config: Config,
    parts: Sequence[Part],
    *,
    metric: Metric,
    leader: _Trial | None,
    seed: int,
    until: float,
    threads: int,
) -> _Trial:
    scores: list[np.ndarray] = []
    trees: list[int] = []
    first = float("nan")
    started = time.monotonic()
    for place, part in enumerate(parts):
        fit = fit_part(candidate, config, part, seed=seed, stop_early=candidate.early_stopping, threads=threads)
        scores.append(score_part(fit, part, candidate))
        trees.append(int(fit.config.get("n_estimators", 0)))
        if place == 0 and len(parts) > 1:
            first = _score(metric, parts[:1], scores)
            if leader is not None and _is_hopeless(first, leader.first, metric):
                return _Trial(config, float("nan"), first, scores)
            if len(part.test) >= _ENOUGH_ROWS and time.monotonic() + (time.monotonic() - started) > until:
                break
    if candidate.early_stopping:
        config = {**config, "n_estimators": max(10, int(np.median(trees)))}
    return _Trial(config, _score(metric, parts[: len(scores)], scores), first, scores)


def _score(metric: Metric, parts: Sequence[Part], scores: Sequence[np.ndarray]) -> float:
    """The mean over inner folds; a metric of labels on all of them together, at the threshold that suits it."""
    y = [part.prepared.y[part.test] for part in parts]
    if metric.needs == "labels" and scores[0].ndim == 1:
        together, called = np.concatenate(y), np.concatenate(list(scores))
        if metric.name == "accuracy" or len(np.unique(together)) < 2:
            return compute_metric(metric.name, together, called)
        return compute_metric(metric.name, together, called, threshold=choose_threshold(together, called).threshold)
    values = [compute_metric(metric.name, one, called) for one, called in zip(y, scores, strict=True)]
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def _is_over(limit: Limit, attempts: Sequence[Attempt]) -> bool:
    if limit.trials is not None:
        return len(attempts) >= limit.trials
    if len(attempts) >= _MOST_TRIALS:
        return True
    usual = float(np.mean([attempt.seconds for attempt in attempts]))
    return time.monotonic() + usual > limit.until


def _is_better(score: float, best: float, metric: Metric) -> bool:
    if not np.isfinite(best):
        return bool(np.isfinite(score))
    return bool(np.isfinite(score) and (score - best) * metric.sign > 0)


def _is_hopeless(first: float, leading: float, metric: Metric) -> bool:
    if not (np.isfinite(first) and np.isfinite(leading)):
        return False
    margin = metric.margin * (abs(leading) if metric.relative_margin else 1.0)
    return (leading - first) * metric.sign > _RACE_MARGINS * margin


def plain_config(config: Config) -> dict[str, Any]:
    """Return a configuration as plain JSON values, rounded to what matters."""
    return {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in config.items()}
