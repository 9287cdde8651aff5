"""The rules of leakage, in their order."""

import time
import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from axagents.ml.leakage.class_formulas import Formula, find_class_formulas
from axagents.ml.leakage.declared import find_declared_unknown, find_window_overlap
from axagents.ml.leakage.findings import Finding, LeakageContext, LeakageReport, name_columns, worst
from axagents.ml.leakage.rows import find_missingness, find_row_order, find_shared_entities
from axagents.ml.leakage.strength import (
    Sample,
    group_twins,
    keep_columns,
    make_sample,
    measure_of,
    permutation_losses,
    score_alone,
    score_together,
)
from axagents.ml.leakage.value_formulas import find_value_formulas
from axagents.ml.problem import Problem
from axagents.ml.splits import SplitPlan

TOO_GOOD = 0.98
COSTLY = 0.05
# Shuffling a column costs at least what leaving it out does, nearly always: only these are left out and refitted.
_WORTH_REFITTING = 0.03
_MOST_REFITS = 4
# Of very many columns the strongest alone are looked at together.
_MOST_TOGETHER = 60
_MOST_PROBED = 20_000
# Primary metrics in which a fall of .05 means what it says, whatever the data; else AUC or R2 is looked at.
_UNIT_METRICS = ("auc_roc", "auc_pr", "r2", "accuracy")


def check_leakage(
    problem: Problem,
    *,
    context: LeakageContext | None = None,
    plan: SplitPlan | None = None,
    primary: str | None = None,
    seed: int = 0,
) -> LeakageReport:
    """Apply the rules in order; `problem.without(report.removed)` is what may be learned from.

    A column that one rule removes is not looked at by the next. Strength is measured on at most 10,000 rows, by AUC
    or R2, what a removal costs in the primary metric where that lies between 0 and 1. When `kept` is empty nothing is
    left to learn from: the caller refuses. The rule on values that change with later events is the feature
    workflow's, which has the events.
    """
    started = time.monotonic()
    told = context or LeakageContext()
    findings: list[Finding] = []
    left = problem

    def take(found: Iterator[Finding]) -> None:
        nonlocal left
        for finding in found:
            findings.append(finding)
            left = left.without(finding.removed)

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        take(find_declared_unknown(left, told))
        take(find_window_overlap(left, told))
        take(_find_formulas(left))
        take(find_shared_entities(left, plan))
        if len(left.columns):
            take(_judge_strength(left, told, primary=primary, seed=seed))
        take(find_row_order(left, seed=seed))
        if len(left.columns):
            take(find_missingness(left, seed=seed))
    removed = tuple(dict.fromkeys(name for finding in findings for name in finding.removed))
    return LeakageReport(
        verdict=worst(findings),
        findings=tuple(findings),
        removed=removed,
        kept=tuple(spec.name for spec in problem.columns if spec.name not in removed),
        seconds=time.monotonic() - started,
    )


def _find_formulas(problem: Problem) -> Iterator[Finding]:
    """Yield exact formulas; of very many rows a sample first says which columns can hold one at all."""
    looked = problem
    if problem.rows > _MOST_PROBED:
        rows = np.sort(np.random.default_rng(0).choice(problem.rows, _MOST_PROBED, replace=False))
        likely = {name for formula in _formulas(problem.take(rows)) for name in formula.columns}
        if not likely:
            return
        looked = problem.without(spec.name for spec in problem.columns if spec.name not in likely)
    for formula in _formulas(looked):
        yield _formula_finding(formula, problem.target.name)


def _formulas(problem: Problem) -> Iterator[Formula]:
    target = problem.target
    if target.task == "regression":
        return find_value_formulas(problem.features, target.values)
    return find_class_formulas(problem.features, target.values, target.classes)


def _formula_finding(formula: Formula, target: str) -> Finding:
    return Finding(
        rule="exact_formula",
        severity="DANGEROUS",
        columns=formula.columns,
        text=f"{name_columns(formula.columns)} gives {target} exactly, in every row, by {formula.name}:"
        f" {formula.written}",
        evidence={"formula": formula.name, "written": formula.written},
        removed=formula.columns,
    )


def _judge_strength(problem: Problem, context: LeakageContext, *, primary: str | None, seed: int) -> Iterator[Finding]:
    """Yield what is too good alone or together, and else what costs too much to remove.

    Where nothing guards the data against later events, one column that knows the target means that the others were
    made in the same way: all go whose availability is not known.
    """
    sample = make_sample(problem, seed=seed)
    looked = sample.prepared.problem
    scores = {spec.name: score_alone(looked.feature(spec.name), looked, seed=seed) for spec in looked.columns}
    alone = {name: score for name, score in scores.items() if score >= TOO_GOOD}
    sample = keep_columns(sample, sorted(scores, key=lambda name: -scores[name])[:_MOST_TOGETHER])
    measure = measure_of(problem.task)
    together = score_together(sample, measure=measure)
    for name, score in alone.items():
        yield _too_good_alone(name, score, problem=problem, context=context)
    reached = max(together, *alone.values()) if alone else together
    if reached >= TOO_GOOD and context.is_unguarded:
        yield _unguarded(problem, context, reached)
        return
    if reached >= TOO_GOOD and not alone:
        yield _too_easy(problem, reached)
    if primary in _UNIT_METRICS and primary != measure:
        measure = primary
        together = score_together(sample, measure=measure)
    yield from _find_costly(sample, together=together, measure=measure)


def _too_good_alone(name: str, score: float, *, problem: Problem, context: LeakageContext) -> Finding:
    dangerous = context.is_unguarded and name not in context.available
    why = ", and the data has events or times but no cutoff" if dangerous else ""
    return Finding(
        rule="too_good_alone",
        severity="DANGEROUS" if dangerous else "WARNING",
        columns=(name,),
        text=f"`{name}` alone predicts {problem.target.name} with {_measure(problem)} {score:.3f}{why}",
        evidence={"score": score, "limit": TOO_GOOD},
        question=f"is `{name}` known when you predict?",
        removed=(name,) if dangerous else (),
    )


def _too_easy(problem: Problem, score: float) -> Finding:
    return Finding(
        rule="too_good_together",
        severity="WARNING",
        columns=tuple(spec.name for spec in problem.columns),
        text=f"the columns together predict {problem.target.name} with {_measure(problem)} {score:.3f}",
        evidence={"score": score, "limit": TOO_GOOD},
        question=f"is {problem.target.name} really this easy, or does a column know it already?",
    )


def _unguarded(problem: Problem, context: LeakageContext, score: float) -> Finding:
    names = tuple(spec.name for spec in problem.columns)
    return Finding(
        rule="too_good_together",
        severity="DANGEROUS",
        columns=names,
        text=f"the columns together predict {problem.target.name} with {_measure(problem)} {score:.3f}, and the data"
        " has events or times but no cutoff: what is not known to be available when you predict is left out",
        evidence={"score": score, "limit": TOO_GOOD},
        question="up to when were these columns computed? Declare it (--cutoff)",
        removed=tuple(name for name in names if name not in context.available),
    )


def _measure(problem: Problem) -> str:
    return "R2" if problem.task == "regression" else "AUC"


def _find_costly(sample: Sample, *, together: float, measure: str) -> Iterator[Finding]:
    groups = group_twins(sample.prepared.problem)
    if len(groups) < 2:
        return
    losses = permutation_losses(sample, groups, measure=measure)
    order = np.argsort(losses)[::-1][:_MOST_REFITS]
    for place in order:
        if losses[place] < _WORTH_REFITTING:
            break
        group = groups[place]
        cost = together - score_together(sample, group, measure=measure)
        if cost > COSTLY:
            yield Finding(
                rule="costly_to_remove",
                severity="WARNING",
                columns=group,
                text=f"without {name_columns(group)} the {measure} falls by {cost:.3f}, from {together:.3f}",
                evidence={"cost": cost, "with": together, "limit": COSTLY, "metric": measure},
                question=f"is {name_columns(group)} known when you predict?",
            )
