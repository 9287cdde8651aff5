"""Which rows teach and which rows test: stratified, by entity, by time, or by both, and an untouched holdout."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

from axagents.errors import UserError
from axagents.ml.problem import Problem

SplitKind = Literal["stratified", "shuffled", "entity", "time", "time+entity"]
Assessment = Literal["nested", "holdout"]

# Up to here the figures come from every row, in nested folds; above, from a holdout that is large enough by itself.
MOST_NESTED_ROWS = 30_000
LEAST_HOLDOUT_OF_A_CLASS = 500
LEAST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Fold:
    """Row numbers of one outer fold; `repeat` counts the shuffles, `number` the folds of one, both from 0."""

    repeat: int
    number: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """How a problem is divided.

    `assessment` is "nested" (figures come from the outer folds, searched inside each) or "holdout" (figures come
    from rows that nothing has seen; the folds then lie inside `development`).
    """

    kind: SplitKind
    assessment: Assessment
    repeats: int
    folds: tuple[Fold, ...]
    development: np.ndarray
    holdout: np.ndarray | None
    text: str
    notes: tuple[str, ...] = ()

    @property
    def test_ratio(self) -> float:
        """The mean of n_test / n_train over the folds, for the corrected resampled t."""
        return float(np.mean([len(fold.test) / len(fold.train) for fold in self.folds]))


def plan_splits(
    problem: Problem,
    *,
    folds: int = 5,
    repeats: int = 3,
    assessment: Literal["auto", "nested", "holdout"] = "auto",
    holdout_share: float = 0.2,
    seed: int = 0,
) -> SplitPlan:
    """Divide a problem; the same problem and seed give the same plan, so it need not be stored.

    Times declared: the last share of rows is the holdout, and folds teach on what lies before what they test; with
    entities too, no entity is on both sides. Entities: whole entities are in a fold or not. Otherwise stratified by
    class. "auto" takes nested folds up to 30,000 rows, above a holdout where it holds 500 rows of each class.
    Raises UserError when there are too few rows, entities, times, or rows of a class.
    """
    _check(problem, folds=folds, repeats=repeats)
    if problem.time is not None:
        return _plan_by_time(problem, folds=folds, share=holdout_share, seed=seed)
    kind = _kind(problem)
    held = _choose_assessment(problem, assessment, holdout_share)
    everything = np.arange(problem.rows)
    development, holdout = everything, None
    if held == "holdout":
        parts = max(2, round(1 / holdout_share))
        test = next(iter(shuffle_folds(problem, everything, folds=parts, seed=seed)))[1]
        development, holdout = np.setdiff1d(everything, test), test
        repeats = 1
    elif problem.rows > MOST_NESTED_ROWS:
        repeats = 1
    made = tuple(
        Fold(repeat, number, train, test)
        for repeat in range(repeats)
        for number, (train, test) in enumerate(
            shuffle_folds(problem, development, folds=folds, seed=seed * 1000 + repeat + 1)
        )
    )
    return SplitPlan(
        kind=kind,
        assessment=held,
        repeats=repeats,
        folds=made,
        development=development,
        holdout=holdout,
        text=_tell(kind, held, repeats=repeats, folds=folds, holdout=holdout),
    )


def shuffle_folds(problem: Problem, rows: np.ndarray, *, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (train, test) row numbers of `folds` folds among `rows`: by entity, else by class, else at random."""
    y = problem.target.values[rows]
    if problem.entity is not None:
        strata = y if problem.task != "regression" else np.zeros(len(rows), dtype=np.int64)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        parts = splitter.split(rows, strata, problem.entity[rows])
    elif problem.task != "regression":
        parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, y)
    else:
        parts = KFold(folds, shuffle=True, random_state=seed).split(rows)
    return [(rows[train], rows[test]) for train, test in parts]


def split_inside(problem: Problem, train: np.ndarray, *, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Divide an outer training part as the outer plan does: later rows test where times are declared.

    A part of too few different times for that (one monthly snapshot) is divided by entity or class.
    """
    forward = [] if problem.time is None else _forward_folds(problem, train, folds=folds, seed=seed, least_train=0.5)
    return forward or shuffle_folds(problem, train, folds=_possible_folds(problem, train, folds), seed=seed)


def _check(problem: Problem, *, folds: int, repeats: int) -> None:
    if folds < 2 or repeats < 1:
        raise UserError("cross-validation needs at least 2 folds and 1 repeat", field="folds")
    if problem.rows < LEAST_ROWS:
        raise UserError(
            f"{problem.rows} rows are too few to train and to test on; at least {LEAST_ROWS} are needed",
            field="dataset",
        )
    if problem.rows < 2 * folds:
        raise UserError(f"{problem.rows} rows do not fill {folds} folds", field="folds", hint="ask for fewer folds")
    if problem.entity is not None and len(np.unique(problem.entity)) < folds:
        raise UserError(
            f"{len(np.unique(problem.entity))} different entities cannot be divided into {folds} folds",
            field="folds",
            hint="ask for fewer folds, or name another --entity",
        )
    if problem.task != "regression" and problem.time is None:
        _check_classes(problem, folds)


def _check_classes(problem: Problem, folds: int) -> None:
    counts = np.bincount(problem.target.values, minlength=len(problem.target.classes))
    rarest = int(counts.argmin())
    if counts[rarest] < folds:
        raise UserError(
            f"the class {problem.target.classes[rarest]!r} of {problem.target.name!r} has {counts[rarest]} rows, fewer "
            f"than the {folds} folds; each fold needs one to test on",
            field="folds",
            hint="ask for fewer folds, or leave the class out of the data",
        )


def _kind(problem: Problem) -> SplitKind:
    if problem.entity is not None:
        return "entity"
    return "shuffled" if problem.task == "regression" else "stratified"


def _choose_assessment(problem: Problem, asked: str, share: float) -> Assessment:
    if asked == "holdout":
        return "holdout"
    if asked == "nested" or problem.rows <= MOST_NESTED_ROWS:
        return "nested"
    if problem.task == "regression":
        return "holdout"
    rarest = int(np.bincount(problem.target.values).min())
    return "holdout" if rarest * share >= LEAST_HOLDOUT_OF_A_CLASS else "nested"


def _possible_folds(problem: Problem, rows: np.ndarray, folds: int) -> int:
    """As many folds as the rarest class, and the entities, of some rows allow; at least two."""
    most = folds
    if problem.task != "regression":
        counts = np.bincount(problem.target.values[rows])
        most = min(most, int(counts[counts > 0].min()))
    if problem.entity is not None:
        most = min(most, len(np.unique(problem.entity[rows])))
    return max(2, most)


def _plan_by_time(problem: Problem, *, folds: int, share: float, seed: int) -> SplitPlan:
    everything = np.arange(problem.rows)
    development, holdout, purged = _cut_at(problem, everything, share=share, seed=seed)
    notes = [purged] if purged else []
    made = [
        Fold(0, number, train, test)
        for number, (train, test) in enumerate(
            _forward_folds(problem, development, folds=folds, seed=seed, least_train=0.3)
        )
    ]
    _check_time_parts(problem, made, development=development, holdout=holdout)
    kind: SplitKind = "time" if problem.entity is None else "time+entity"
    return SplitPlan(
        kind=kind,
        assessment="holdout",
        repeats=1,
        folds=tuple(made),
        development=development,
        holdout=holdout,
        text=_tell(kind, "holdout", repeats=1, folds=len(made), holdout=holdout),
        notes=tuple(notes),
    )


def _cut_at(problem: Problem, rows: np.ndarray, *, share: float, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Divide rows into what lies before a time and the last share; equal times stay together, entities apart."""
    assert problem.time is not None
    times = problem.time[rows]
    cut = np.sort(times)[min(len(rows) - 1, int(np.ceil(len(rows) * (1 - share))))]
    early, late = rows[times < cut], rows[times >= cut]
    if problem.entity is None:
        return early, late, ""
    return _part_entities(problem, early, late, seed=seed)


def _part_entities(
    problem: Problem, early: np.ndarray, late: np.ndarray, *, seed: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """Take care that no entity is on both sides.

    Entities of the later part leave the earlier one; where that would cost more than half of it (the same customers
    all along), a fifth of the entities is tested instead, in the later part, and the others teach in the earlier one.
    """
    assert problem.entity is not None
    stay = ~np.isin(problem.entity[early], problem.entity[late])
    if stay.sum() >= len(early) / 2:
        gone = int((~stay).sum())
        return (
            early[stay],
            late,
            f"{gone:,} earlier rows of entities that are tested later teach nothing" if gone else "",
        )
    entities = np.unique(problem.entity[np.concatenate([early, late])])
    tested = np.random.default_rng(seed).choice(entities, size=max(1, len(entities) // 5), replace=False)
    kept = early[~np.isin(problem.entity[early], tested)]
    test = late[np.isin(problem.entity[late], tested)]
    unused = len(early) + len(late) - len(kept) - len(test)
    told = f"most entities are there early and late: a fifth of them is tested on, and {unused:,} rows are not used"
    return kept, test, told


def _forward_folds(
    problem: Problem, rows: np.ndarray, *, folds: int, seed: int, least_train: float
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds that teach on what lies before the times they test; equal times stay on one side."""
    assert problem.time is not None
    times = problem.time[rows]
    borders = np.quantile(np.argsort(np.argsort(times, kind="stable")), np.linspace(least_train, 1, folds + 1))
    different = np.unique(times)
    if len(different) < 2:
        return []
    ordered = np.sort(times)
    cuts = [max(ordered[min(len(rows) - 1, int(np.ceil(border)))], different[1]) for border in borders]
    made: list[tuple[np.ndarray, np.ndarray]] = []
    for place in range(folds):
        until = times <= cuts[place + 1] if place == folds - 1 else times < cuts[place + 1]
        train, test = rows[times < cuts[place]], rows[(times >= cuts[place]) & until]
        if problem.entity is not None and len(train) and len(test):
            train, test, _ = _part_entities(problem, train, test, seed=seed + place)
        if len(train) and len(test) and _teaches(problem, train):
            made.append((train, test))
    return made


def _teaches(problem: Problem, train: np.ndarray) -> bool:
    """A classifier needs every class; a fold whose past lacks one is left out."""
    if problem.task == "regression":
        return True
    return len(np.unique(problem.target.values[train])) == len(problem.target.classes)


def _check_time_parts(problem: Problem, folds: list[Fold], *, development: np.ndarray, holdout: np.ndarray) -> None:
    if not folds or len(holdout) == 0 or len(development) < LEAST_ROWS:
        raise UserError(
            "the times do not allow training on what lies before what is tested: too few different times, or a class "
            "that appears only late",
            field="time",
            hint="leave out the time column of the dataset to split at random",
        )
    if problem.task != "regression" and len(np.unique(problem.target.values[holdout])) < 2:
        raise UserError(
            f"the last {len(holdout):,} rows in time, on which the model would be tested, are all of one class",
            field="time",
            hint="give labels time to mature, or leave out the time column to split at random",
        )


def _tell(kind: SplitKind, held: Assessment, *, repeats: int, folds: int, holdout: np.ndarray | None) -> str:
    how = {
        "stratified": "stratified by class",
        "shuffled": "at random",
        "entity": "by entity",
        "time": "forward in time",
        "time+entity": "forward in time, no entity on both sides",
    }[kind]
    inside = f"{repeats} x {folds} folds" if repeats > 1 else f"{folds} folds"
    if held == "nested":
        return f"{inside}, {how}, the whole search repeated inside each training part"
    rows = 0 if holdout is None else len(holdout)
    last = "the last" if kind.startswith("time") else "untouched"
    return f"{last} {rows:,} rows held out, {inside} {how} within the rest"
