"""What rows give away: entities and copies on both sides of a split, their order, and which values they lack."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import pandas as pd
from pandas.core.util.hashing import hash_pandas_object

from axagents.ml.columns.tokens import names_identifier
from axagents.ml.intervals import metric_interval
from axagents.ml.leakage.findings import Finding
from axagents.ml.leakage.strength import MOST_ROWS, cross_fit_means
from axagents.ml.metrics import compute_metric
from axagents.ml.problem import Problem
from axagents.ml.splits import SplitPlan

# A weak signal counts from here on, and only where its interval stays away from chance.
LEAST_AUC = 0.6
LEAST_R2 = 0.05
_SURE_AUC = 0.55
_LEAST_MISSING = 20
_BLOCKS = 20
_REPEATED_SHARE = 0.1
_FINE_SHARE = 0.8
_ROWS_PER_VALUE = 1.25
_LEAST_ENTITIES = 30


def find_shared_entities(problem: Problem, plan: SplitPlan | None) -> Iterator[Finding]:
    """Yield a finding where an entity teaches and tests, or where undeclared identifiers and copied rows suggest it."""
    if problem.entity is not None:
        yield from _entities_on_both_sides(problem.entity, plan)
        return
    for name, rows in _likely_entities(problem):
        yield Finding(
            rule="entity_on_both_sides",
            severity="WARNING",
            columns=(name,),
            text=f"`{name}` has {rows:.1f} rows for each value: rows of one value teach and test",
            evidence={"rows_per_value": rows},
            question=f"do rows with the same `{name}` belong to one entity? Then declare it (--entity)",
        )
    yield from _copied_rows(problem)


def find_row_order(problem: Problem, *, seed: int) -> Iterator[Finding]:
    """Yield a finding where the place of a row in the file predicts its target; not where times are declared."""
    if problem.time is not None or problem.rows < 2 * _BLOCKS:
        return
    blocks = np.arange(problem.rows) * _BLOCKS // problem.rows
    strength = _weak_signal(blocks, problem, seed=seed)
    if strength is not None:
        yield Finding(
            rule="row_order",
            severity="WARNING",
            columns=(),
            text=f"where a row stands in the file predicts {problem.target.name} ({_told(problem, strength)})",
            evidence={"score": strength},
            question="is the file sorted by the target, or by something known only after it?",
        )


def find_missingness(problem: Problem, *, seed: int) -> Iterator[Finding]:
    """Yield the columns whose gaps predict the target by themselves, or the pattern of gaps of all columns."""
    missing = problem.features.isna()
    counts = missing.sum()
    gappy = [name for name in missing.columns if _LEAST_MISSING <= counts[name] <= problem.rows - _LEAST_MISSING]
    found = False
    for name in gappy:
        strength = _weak_signal(missing[name].to_numpy().astype(np.int64), problem, seed=seed)
        if strength is not None:
            found = True
            yield _gaps((str(name),), strength, problem)
    if len(gappy) > 1 and not found:
        pattern = hash_pandas_object(cast("pd.DataFrame", missing[gappy]), index=False).to_numpy()
        strength = _weak_signal(pd.factorize(pattern)[0], problem, seed=seed)
        if strength is not None:
            yield _gaps(tuple(map(str, gappy)), strength, problem)


def _gaps(columns: tuple[str, ...], strength: float, problem: Problem) -> Finding:
    named = " and ".join(f"`{name}`" for name in columns[:3]) + (" and others" if len(columns) > 3 else "")
    return Finding(
        rule="missingness",
        severity="WARNING",
        columns=columns,
        text=f"whether {named} has a value predicts {problem.target.name} ({_told(problem, strength)})",
        evidence={"score": strength},
        question=f"is {named} filled in only once the outcome is known?",
    )


def _likely_entities(problem: Problem) -> Iterator[tuple[str, float]]:
    """Identifiers that repeat, with their rows for each value; left out, or kept as categories of many values."""
    for left in problem.left_out:
        if left.rows_per_value >= _ROWS_PER_VALUE:
            yield left.column, left.rows_per_value
    for spec in problem.columns:
        if spec.kind == "category" and spec.distinct >= _LEAST_ENTITIES and names_identifier(spec.name):
            yield spec.name, spec.present / spec.distinct


def _entities_on_both_sides(entity: np.ndarray, plan: SplitPlan | None) -> Iterator[Finding]:
    pairs = [] if plan is None else [(fold.train, fold.test) for fold in plan.folds]
    if plan is not None and plan.holdout is not None:
        pairs.append((plan.development, plan.holdout))
    shared = max((len(np.intersect1d(entity[train], entity[test])) for train, test in pairs), default=0)
    if shared:
        yield Finding(
            rule="entity_on_both_sides",
            severity="DANGEROUS",
            columns=(),
            text=f"{shared:,} entities are on both sides of a split",
            evidence={"entities": shared},
        )


def _copied_rows(problem: Problem) -> Iterator[Finding]:
    """Copies are telling where a column with hardly two equal values repeats them with the whole row."""
    rows = hash_pandas_object(problem.features.assign(**{"\0target": problem.target.values}), index=False)
    different = rows.nunique()
    share = 1 - different / len(rows)
    fine = max(int(problem.feature(spec.name).nunique()) for spec in problem.columns) if problem.columns else 0
    if share > _REPEATED_SHARE and fine >= _FINE_SHARE * different:
        yield Finding(
            rule="repeated_rows",
            severity="WARNING",
            columns=(),
            text=f"{share:.0%} of the rows are copies of others, target included: the same row teaches and tests",
            evidence={"share": share},
            question="are copies the same entity, or a join gone wrong?",
        )


def _weak_signal(codes: np.ndarray, problem: Problem, *, seed: int) -> float | None:
    """Return the AUC or R2 that bins reach by themselves where it is more than chance, None where not."""
    y = problem.target.values
    if len(y) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), MOST_ROWS, replace=False))
        codes, y = codes[rows], y[rows]
    if problem.task == "regression":
        strength = compute_metric("r2", y, cross_fit_means(codes, y[:, None], seed=seed)[:, 0])
        return strength if strength >= LEAST_R2 else None
    means = cross_fit_means(codes, np.eye(len(problem.target.classes))[y], seed=seed)
    scores = means[:, 1] if problem.task == "binary" else means
    found = metric_interval("auc_roc", y, scores)
    return found.value if found.value >= LEAST_AUC and found.low > _SURE_AUC else None


def _told(problem: Problem, strength: float) -> str:
    return f"{'R2' if problem.task == 'regression' else 'AUC'} {strength:.2f}"
