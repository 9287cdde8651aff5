"""The kinds of model that compete, in order of simplicity, with the configurations worth trying first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.trial import Trial as OptunaTrial
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from xgboost import XGBClassifier, XGBRegressor

from axagents.errors import UserError, nearest
from axagents.ml.columns import Task
from axagents.ml.preprocessing import Style
from axagents.ml.problem import Problem

Config = dict[str, Any]
Space = Callable[[OptunaTrial, bool], Config]

# A class rarer than this makes weights by class a dimension of the search.
RARE_CLASS = 0.2
EARLY_STOPPING_ROUNDS = 25
MOST_TREES = 800


@dataclass(frozen=True)
class Candidate:
    """One kind of model: its place in the order of simplicity, its encoding, and what to try.

    Every configuration may hold `balance`: rows weigh (n / (k n_class)) ** balance; 0 leaves the base rate alone.
    """

    name: str
    order: int
    title: str
    style: Style
    portfolio: tuple[Config, ...]
    space: Space | None = None
    early_stopping: bool = False


def _space(trial: OptunaTrial, weighted: bool) -> Config:
    balance = {"balance": trial.suggest_categorical("balance", [0.0, 0.5, 1.0])} if weighted else {}
    return balance | {
        "max_depth": trial.suggest_int("max_depth", 2, 7),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 30.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.2, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.3, 30.0, log=True),
        "gamma": trial.suggest_float("gamma", 1e-3, 3.0, log=True),
    }


def _boosting(depth: int, rate: float, *, child: float, rows: float, columns: float, penalty: float) -> Config:
    return {
        "max_depth": depth,
        "learning_rate": rate,
        "min_child_weight": child,
        "subsample": rows,
        "colsample_bytree": columns,
        "reg_lambda": penalty,
        "gamma": 0.001,
    }


# Configurations that do well on many tables: shallow and slow for small noisy ones, deep for large ones.
_PORTFOLIO: tuple[Config, ...] = (
    _boosting(3, 0.05, child=5.0, rows=0.8, columns=0.5, penalty=3.0),
    _boosting(6, 0.07, child=3.0, rows=0.8, columns=0.8, penalty=1.0),
    _boosting(2, 0.07, child=3.0, rows=0.7, columns=0.4, penalty=5.0),
    _boosting(4, 0.03, child=8.0, rows=0.7, columns=0.3, penalty=8.0),
)
_SMALL: Config = {
    "n_estimators": 150,
    "max_depth": 3,
    "learning_rate": 0.07,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "min_child_weight": 5.0,
}

_ALL: tuple[Candidate, ...] = (
    Candidate("dummy", 0, "always the same answer", "none", ({},)),
    Candidate("linear", 1, "linear model", "linear", ({"penalty": 1.0}, {"penalty": 20.0})),
    Candidate("boosting-small", 2, "150 shallow boosted trees", "tree", (_SMALL,)),
    Candidate("hist-gradient-boosting", 3, "histogram gradient boosting, defaults", "tree", ({},)),
    Candidate("random-forest", 4, "random forest", "tree", ({"min_samples_leaf": 5}, {"min_samples_leaf": 1})),
    Candidate("boosting-tuned", 5, "boosted trees, searched", "tree", _PORTFOLIO, space=_space, early_stopping=True),
)
CANDIDATES: dict[str, Candidate] = {candidate.name: candidate for candidate in _ALL}
FLOOR: tuple[str, ...] = ("dummy", "linear")
_AUTO: tuple[str, ...] = ("dummy", "linear", "boosting-small", "boosting-tuned")
_ALIASES = {
    "logistic": "linear", "logistic-regression": "linear", "ridge": "linear", "xgboost": "boosting-tuned",
    "hgb": "hist-gradient-boosting", "rf": "random-forest",
}  # fmt: skip


def asked_candidate(model: str) -> str | None:
    """Return the candidate that `model` names, None for "auto".

    Raises:
        UserError: there is no such kind of model.
    """
    key = model.strip().lower().replace("_", "-")
    key = _ALIASES.get(key, key)
    if key == "auto":
        return None
    if key not in CANDIDATES:
        near = nearest(key, [*CANDIDATES, *_ALIASES])
        raise UserError(
            f"no model called {model!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""),
            field="model",
            legal=("auto", *CANDIDATES),
        )
    return key


def choose_candidates(model: str = "auto") -> tuple[str, ...]:
    """Return the names that are compared for `model`: with "auto" all that compete, else that kind and the floor."""
    asked = asked_candidate(model)
    if asked is None:
        return _AUTO
    return FLOOR if asked in FLOOR else (*FLOOR, asked)


def first_configs(candidate: Candidate, problem: Problem) -> list[Config]:
    """Return the configurations to try first; where a class is rare, the best kinds also with weights by class."""
    configs = [dict(config) for config in candidate.portfolio]
    if candidate.style == "none" or not has_rare_class(problem):
        return configs
    return [configs[0], {**configs[0], "balance": 0.5}, *configs[1:]]


def has_rare_class(problem: Problem) -> bool:
    """Say whether of two classes one has less than a fifth of the rows, of k less than the like share, .4 / k."""
    if problem.task == "regression":
        return False
    counts = np.bincount(problem.target.values)
    return bool(counts.min() < 2 * RARE_CLASS * problem.rows / len(counts))


def row_weights(codes: np.ndarray, balance: float) -> np.ndarray | None:
    """Return (n / (k n_class)) ** balance for each row, None where that is 1 everywhere."""
    if balance == 0:
        return None
    counts = np.bincount(codes)
    present = counts > 0
    share = np.ones(len(counts))
    share[present] = len(codes) / (present.sum() * counts[present])
    return share[codes] ** balance


def build_model(candidate: str, task: Task, config: Config, *, seed: int, threads: int = 1) -> Any:
    """Return the unfitted estimator of a configuration; it is fed encoded numbers."""
    settings = {key: value for key, value in config.items() if key != "balance"}
    classifies = task != "regression"
    if candidate == "dummy":
        return DummyClassifier(strategy="prior") if classifies else DummyRegressor()
    if candidate == "linear":
        penalty = float(settings["penalty"])
        return LogisticRegression(C=1 / penalty, max_iter=500) if classifies else Ridge(alpha=penalty)
    if candidate == "hist-gradient-boosting":
        kind = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
        return kind(random_state=seed, **settings)
    if candidate == "random-forest":
        kind = RandomForestClassifier if classifies else RandomForestRegressor
        return kind(n_estimators=200, random_state=seed, n_jobs=threads, **settings)
    settings = {"n_estimators": MOST_TREES, "tree_method": "hist", **settings}
    kind = XGBClassifier if classifies else XGBRegressor
    return kind(random_state=seed, n_jobs=threads, **settings)
