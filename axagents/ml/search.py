"""Search inside each outer fold: what is tried there never sees the rows that the figures come from.

Why this is honest. An outer fold has a training part and a test part. Inside the training part, and nowhere else,
configurations are tried by cross-validation, trees are counted by early stopping, the calibrator and the decision
threshold are fitted on inner out-of-fold scores, and the candidates are ranked. Only then is the best configuration of
each candidate fitted on the whole training part and asked for scores of the test part. The figures that are reported
are made of these scores, so no row was searched on by the model that scored it. The portfolio of first configurations
is fixed in the source and knows no data set.

How time is divided. The outer folds are shared out to as many threads as there are cores; each fold may use its part
of what is left of the budget, the cheap candidates first, the searched one with the rest. Folds of later repeats that
would start after the budget is spent are left out, and said. Above 25,000 rows a search looks at a sample.
"""

import threading
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from axagents.ml.calibration import Calibrator, choose_calibrator
from axagents.ml.candidates import CANDIDATES, Candidate, Config
from axagents.ml.fitting import Part, Prepared, fit_part, prepare_problem, score_part
from axagents.ml.metrics import METRICS, compute_metric, find_metric
from axagents.ml.problem import Problem
from axagents.ml.runs import CandidateRun, Trial, pack_runs, unpack_runs
from axagents.ml.splits import Fold, SplitPlan
from axagents.ml.thresholds import ThresholdRule, choose_threshold, rule_for
from axagents.ml.tuning import Attempt, Limit, Tuned, inner_parts, plain_config, sample_rows, tune

__all__ = ["Budget", "CandidateRun", "Progress", "Trial", "evaluate_candidates", "pack_runs", "unpack_runs"]

Progress = Callable[[float, float, str], None]

MOST_FIT_ROWS = 40_000
MOST_TEST_ROWS = 40_000
_POLL_SECONDS = 0.25
_MOST_WORKERS = 8


@dataclass(frozen=True)
class Budget:
    """What a search may use: `seconds` of wall time over all outer folds, or exactly `trials` a candidate and fold.

    With `trials` the result is a function of the seed alone, on one machine.
    """

    seconds: float = 60.0
    trials: int | None = None
    workers: int | None = None

    @property
    def threads(self) -> int:
        """How many outer folds run at once."""
        return self.workers or min(_MOST_WORKERS, int(joblib.cpu_count()))


def evaluate_candidates(
    problem: Problem,
    plan: SplitPlan,
    names: Sequence[str],
    *,
    primary: str,
    budget: Budget,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[CandidateRun]:
    """Search and fit each candidate inside every outer fold and score it on that fold's test rows.

    The floor is one call with ("dummy", "linear"), the search another with the rest. `progress(done, total, text)`
    counts seconds of the budget, or folds when trials are the budget; it is called in the caller's thread.
    """
    primary = find_metric(primary, problem.task).name
    candidates = sorted((CANDIDATES[name] for name in names), key=lambda candidate: candidate.order)
    race = _Race(prepare_problem(problem), plan, candidates, primary=primary, budget=budget, seed=seed)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        outcomes = race.run(progress or _silent)
    return [_gather(problem, plan, candidate, outcomes=outcomes) for candidate in candidates]


def _silent(done: float, total: float, text: str) -> None:
    del done, total, text


@dataclass(frozen=True, eq=False)
class _Outcome:
    """What one candidate gave in one outer fold."""

    rows: np.ndarray
    raw: np.ndarray
    calibrated: np.ndarray
    threshold: float | None
    inner: float
    score: float
    config: Config
    calibrator: Calibrator | None
    attempts: tuple[Attempt, ...]
    seconds: float


class _Race:
    """The outer folds, shared out to threads within a budget."""

    def __init__(
        self,
        prepared: Prepared,
        plan: SplitPlan,
        candidates: Sequence[Candidate],
        *,
        primary: str,
        budget: Budget,
        seed: int,
    ) -> None:
        self._prepared, self._plan, self._candidates = prepared, plan, candidates
        self._primary, self._budget, self._seed = primary, budget, seed
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._left = len(plan.folds)
        self._told = ""

    def run(self, progress: Progress) -> dict[int, dict[str, _Outcome]]:
        """Run every outer fold, and return the outcomes by fold and candidate."""
        with ThreadPoolExecutor(self._budget.threads, thread_name_prefix="fold") as pool:
            futures = {pool.submit(self._run_fold, place): place for place in range(len(self._plan.folds))}
            try:
                self._wait(futures, progress)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        done = {place: future.result() for future, place in futures.items()}
        return {place: outcome for place, outcome in sorted(done.items()) if outcome is not None}

    def _wait(self, futures: dict[Future[dict[str, _Outcome] | None], int], progress: Progress) -> None:
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            count = len(futures) - len(waiting)
            text = f"outer fold {count} of {len(futures)}{self._told}"
            if self._budget.trials is None:
                spent = time.monotonic() - self._started
                progress(min(spent, self._budget.seconds), self._budget.seconds, text)
            else:
                progress(count, len(futures), text)

    def _run_fold(self, place: int) -> dict[str, _Outcome] | None:
        # OpenMP counts its threads for each thread that asks, so the caller's limit does not reach here.
        with threadpool_limits(1, user_api="openmp"):
            return self._search_fold(place)

    def _search_fold(self, place: int) -> dict[str, _Outcome] | None:
        fold = self._plan.folds[place]
        until = self._moment()
        if until is None and fold.repeat > 0:
            return None
        train, test = self._rows(fold)
        part = Part(self._prepared, train, test)
        inside = inner_parts(self._prepared, train, seed=self._seed + place)
        outcomes: dict[str, _Outcome] = {}
        for number, candidate in enumerate(self._candidates):
            limit = self._limit(until, remaining=len(self._candidates) - number)
            outcomes[candidate.name] = self._run_candidate(candidate, part, inside, limit=limit)
        with self._lock:
            self._left -= 1
            best = max(outcomes, key=lambda name: outcomes[name].inner * METRICS[self._primary].sign)
            self._told = f", inside it {best} {self._primary} {outcomes[best].inner:.4f}"
        return outcomes

    def _moment(self) -> float | None:
        """Until when a fold that starts now may search; None when the budget is spent."""
        if self._budget.trials is not None:
            return float("inf")
        now = time.monotonic()
        left = self._started + self._budget.seconds - now
        if left <= 0:
            return None
        rounds = max(1.0, self._left / self._budget.threads)
        return now + left / rounds

    def _limit(self, until: float | None, *, remaining: int) -> Limit:
        """Share what is left of a fold's time: simple candidates may take half of it at most."""
        now = time.monotonic()
        end = now if until is None else until
        if remaining > 1 and np.isfinite(end):
            end = now + max(0.0, end - now) / 2
        return Limit(end, self._budget.trials)

    def _rows(self, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
        train = sample_rows(self._prepared.problem, fold.train, most=MOST_FIT_ROWS, seed=self._seed)
        test = sample_rows(self._prepared.problem, fold.test, most=MOST_TEST_ROWS, seed=self._seed)
        return train, test

    def _run_candidate(self, candidate: Candidate, part: Part, inside: Sequence[Part], *, limit: Limit) -> _Outcome:
        started = time.monotonic()
        tuned = tune(candidate, inside, primary=self._primary, limit=limit, seed=self._seed)
        fit = fit_part(candidate, tuned.config, part, seed=self._seed)
        raw = score_part(fit, part, candidate)
        rule = rule_for(self._primary, guesses=candidate.style == "none")
        calibrator, threshold = decide_scores(self._prepared.problem, tuned, rule)
        calibrated = raw if calibrator is None else calibrator.apply(raw)
        score = compute_metric(self._primary, self._prepared.y[part.test], calibrated, threshold=threshold)
        return _Outcome(
            rows=part.test,
            raw=raw,
            calibrated=calibrated,
            threshold=threshold,
            inner=tuned.score,
            score=score,
            config=tuned.config,
            calibrator=calibrator,
            attempts=tuned.attempts,
            seconds=time.monotonic() - started,
        )


def decide_scores(problem: Problem, tuned: Tuned, rule: ThresholdRule) -> tuple[Calibrator | None, float | None]:
    """Return the calibrator that inner scores ask for, and the threshold on what it gives; None where none applies."""
    if problem.task == "regression":
        return None, None
    y = problem.target.values[tuned.rows]
    calibrator = choose_calibrator(y, tuned.scores)
    if problem.task == "multiclass" or len(np.unique(y)) < 2:
        return calibrator, None
    scores = tuned.scores if calibrator is None else calibrator.apply(tuned.scores)
    return calibrator, choose_threshold(y, scores, rule).threshold


def _gather(
    problem: Problem,
    plan: SplitPlan,
    candidate: Candidate,
    *,
    outcomes: dict[int, dict[str, _Outcome]],
) -> CandidateRun:
    """Lay the outcomes of one candidate side by side; only whole repeats count."""
    whole = [
        repeat
        for repeat in range(plan.repeats)
        if all(place in outcomes for place, fold in enumerate(plan.folds) if fold.repeat == repeat)
    ]
    places = [place for place, fold in enumerate(plan.folds) if fold.repeat in whole]
    shape = (len(whole), problem.rows, *outcomes[places[0]][candidate.name].raw.shape[1:])
    raw, calibrated = np.full(shape, np.nan), np.full(shape, np.nan)
    own = [outcomes[place][candidate.name] for place in places]
    for place, outcome in zip(places, own, strict=True):
        raw[plan.folds[place].repeat, outcome.rows] = outcome.raw
        calibrated[plan.folds[place].repeat, outcome.rows] = outcome.calibrated
    return CandidateRun(
        name=candidate.name,
        order=candidate.order,
        raw=raw,
        calibrated=calibrated,
        thresholds=np.array([outcome.threshold for outcome in own], dtype=np.float64),
        inner_scores=np.array([outcome.inner for outcome in own]),
        fold_scores=np.array([outcome.score for outcome in own]),
        configs=tuple(plain_config(outcome.config) for outcome in own),
        calibrators=tuple(
            None if outcome.calibrator is None else outcome.calibrator.model_dump(mode="json") for outcome in own
        ),
        trials=tuple(
            Trial(
                candidate=candidate.name,
                fold=place,
                number=number,
                config=plain_config(attempt.config),
                score=attempt.score,
                seconds=attempt.seconds,
                rows=attempt.rows,
            )
            for place, outcome in zip(places, own, strict=True)
            for number, attempt in enumerate(outcome.attempts)
        ),
        seconds=sum(outcome.seconds for outcome in own),
    )
