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
from axagents.ml.selection import Selection
from axagents.ml.splits import SplitPlan
from axagents.ml.thresholds import ThresholdRule, choose_threshold, rule_for
from axagents.ml.tuning import INNER_FOLDS, MOST_SEARCH_ROWS, Limit, inner_parts, plain_config, sample_rows, tune

_MOST_WARM = 6
_MANY_ROWS = 50_000
_SEARCH_SHARE = 0.6


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
        rows = sample_rows(prepared, plan.development, most=_affordable(run, plan, seconds), seed=seed)
        many = len(rows) > _MANY_ROWS
        threads = int(joblib.cpu_count()) if many else 1
        with threadpool_limits(threads):
            fit = fit_part(candidate, config, Part(prepared, rows, rows[:1]), seed=seed, threads=threads)
    estimator, flavour = _wrap(fit)
    calibrator, threshold = _decide(problem, run, rule or rule_for(selection.primary))
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
    ranked = _rank_configs(run, sign=METRICS[primary].sign)
    if candidate.space is None:
        return ranked[0]
    parts = inner_parts(prepared, plan.development, seed=seed)
    with threadpool_limits(1):
        return tune(candidate, parts, primary=primary, limit=limit, seed=seed, warm=ranked[:_MOST_WARM]).config


def _rank_configs(run: CandidateRun, *, sign: int) -> list[Config]:
    """Return what was tried in the outer folds, the best first, by the mean gain on the first of each fold."""
    first = {trial.fold: trial.score for trial in run.trials if trial.number == 0}
    gains: dict[str, list[float]] = {}
    for trial in run.trials:
        key = json.dumps(
            {name: value for name, value in trial.config.items() if name != "n_estimators" or run.order < 5}
        )
        gain = (trial.score - first[trial.fold]) * sign
        if np.isfinite(gain):
            gains.setdefault(key, []).append(gain)
    if not gains:
        return [run.trials[0].config]
    # One lucky fold is not evidence: a gain counts as if two folds more had shown none.
    order = sorted(gains, key=lambda key: -sum(gains[key]) / (len(gains[key]) + 2))
    return [json.loads(key) for key in order]


def _affordable(run: CandidateRun, plan: SplitPlan, seconds: float) -> int:
    """Return how many rows a fit may use, going by what a configuration took in the search."""
    looked_at = min(len(plan.folds[0].train), MOST_SEARCH_ROWS) * (INNER_FOLDS - 1)
    per_row = float(np.median([trial.seconds for trial in run.trials])) / max(looked_at, 1)
    affordable = seconds / max(per_row, 1e-9) * joblib.cpu_count()
    return max(MOST_SEARCH_ROWS, int(affordable))


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
