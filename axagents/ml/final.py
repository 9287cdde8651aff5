"""The model that is kept: the chosen candidate, fitted on every row that may teach."""

import json
import time
import warnings
from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from axagents.ml.calibration import Calibrator, choose_calibrator
from axagents.ml.candidates import CANDIDATES, Candidate, Config
from axagents.ml.fitted import FittedModel, Flavour
from axagents.ml.fitting import Fit, Part, Prepared, fit_part, prepare_problem
from axagents.ml.metrics import METRICS
from axagents.ml.problem import Problem
from axagents.ml.runs import CandidateRun
from axagents.ml.search import MOST_FIT_ROWS
from axagents.ml.selection import Selection
from axagents.ml.splits import SplitPlan
from axagents.ml.thresholds import ThresholdRule, choose_threshold, rule_for
from axagents.ml.tuning import Limit, inner_parts, plain_config, sample_rows, tune

_MOST_WARM = 6
_MANY_ROWS = 50_000
_SEARCH_SHARE = 0.5
_THREAD_GAIN = 0.6


def fit_final(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    selection: Selection,
    seconds: float = 10.0,
    trials: int | None = None,
    rule: ThresholdRule | None = None,
    seed: int = 0,
) -> FittedModel:
    """Fit the chosen candidate on all development rows, with calibrator and threshold from its out-of-fold scores.

    A searched candidate is searched once more, on all of these rows, beginning with what won in the outer folds; no
    reported figure comes from this search. Where fitting on every row would take several times `seconds`, as many are
    sampled as fit in; `facts["fitted_rows"]` says how many.
    """
    run = next(each for each in runs if each.name == selection.chosen)
    candidate = CANDIDATES[run.name]
    prepared = prepare_problem(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        limit = Limit(time.monotonic() + seconds * _SEARCH_SHARE, trials)
        config = _choose_config(candidate, run, prepared, plan=plan, primary=selection.primary, limit=limit, seed=seed)
        rows = sample_rows(problem, plan.development, most=_affordable(run, seconds), seed=seed)
        many = len(rows) > _MANY_ROWS
        threads = int(joblib.cpu_count()) if many else 1
        with threadpool_limits(threads):
            fit = fit_part(candidate, config, Part(prepared, rows, rows[:1]), seed=seed, threads=threads)
    estimator, flavour = _wrap(fit)
    calibrator, threshold = _decide(
        problem, run, rule or rule_for(selection.primary, guesses=candidate.style == "none")
    )
    return FittedModel(
        task=problem.task,
        estimator=estimator,
        flavour=flavour,
        columns=problem.columns,
        target=problem.target.name,
        classes=problem.target.classes,
        calibrator=calibrator,
        threshold=threshold,
        facts={
            "candidate": candidate.name,
            "config": plain_config(fit.config),
            "seed": seed,
            "fitted_rows": len(rows),
            "development_rows": len(plan.development),
        },
    )


def _choose_config(
    candidate: Candidate,
    run: CandidateRun,
    prepared: Prepared,
    *,
    plan: SplitPlan,
    primary: str,
    limit: Limit,
    seed: int,
) -> Config:
    ranked = _rank_configs(candidate, run, sign=METRICS[primary].sign)
    usual = float(np.median([trial.seconds for trial in run.trials]))
    if candidate.space is None or (limit.trials is None and time.monotonic() + usual > limit.until):
        return ranked[0]
    parts = inner_parts(prepared, plan.development, seed=seed)
    warm = [{key: value for key, value in config.items() if key != "n_estimators"} for config in ranked[:_MOST_WARM]]
    threads = int(joblib.cpu_count()) if prepared.problem.rows > _MANY_ROWS else 1
    with threadpool_limits(threads):
        return tune(candidate, parts, primary=primary, limit=limit, seed=seed, warm=warm, threads=threads).config


def _rank_configs(candidate: Candidate, run: CandidateRun, *, sign: int) -> list[Config]:
    """Return what was tried in the outer folds, the best first, by the mean gain on the first of each fold.

    Where trees were counted by early stopping, a configuration gets the median count of its folds.
    """
    first = {trial.fold: trial.score for trial in run.trials if trial.number == 0}
    gains: dict[str, list[float]] = {}
    trees: dict[str, list[int]] = {}
    for trial in run.trials:
        counted = candidate.early_stopping and "n_estimators" in trial.config
        key = json.dumps({name: value for name, value in trial.config.items() if not counted or name != "n_estimators"})
        gain = (trial.score - first[trial.fold]) * sign
        if np.isfinite(gain):
            gains.setdefault(key, []).append(gain)
            trees.setdefault(key, []).extend([int(trial.config["n_estimators"])] if counted else [])
    if not gains:
        return [run.trials[0].config]
    # One lucky fold is not evidence: a gain counts as if two folds more had shown none.
    order = sorted(gains, key=lambda key: -sum(gains[key]) / (len(gains[key]) + 2))
    return [
        {**json.loads(key), **({"n_estimators": int(np.median(trees[key]))} if trees[key] else {})} for key in order
    ]


def _affordable(run: CandidateRun, seconds: float) -> int:
    """Return how many rows a fit may use, going by what a configuration took in the search on one thread."""
    per_row = float(np.median([trial.seconds / max(trial.rows, 1) for trial in run.trials]))
    speed = max(1.0, _THREAD_GAIN * joblib.cpu_count())
    return max(MOST_FIT_ROWS, int(seconds * speed / max(per_row, 1e-9)))


def _wrap(fit: Fit) -> tuple[Any, Flavour]:
    if fit.encoder is None and type(fit.estimator).__module__.startswith("xgboost"):
        return fit.estimator, "xgboost"
    encode = [] if fit.encoder is None else [("encode", fit.encoder)]
    return Pipeline([*encode, ("model", fit.estimator)]), "sklearn"


def _decide(problem: Problem, run: CandidateRun, rule: ThresholdRule) -> tuple[Calibrator | None, float | None]:
    """Choose calibrator and threshold on the out-of-fold scores; the threshold on all repeats together."""
    if problem.task == "regression":
        return None, None
    y = problem.target.values
    calibrator = choose_calibrator(y, run.raw[0])
    if problem.task == "multiclass":
        return calibrator, None
    raw = run.raw.ravel()
    scores = raw if calibrator is None else calibrator.apply(raw)
    return calibrator, choose_threshold(np.tile(y, len(run.raw)), scores, rule).threshold
