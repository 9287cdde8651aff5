"""What came of a suite: a row for each task and model, totals, and how many bad runs the graders caught."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from axagents.clock import stamp
from axagents.evaluation.estimates import pass_hat_k
from axagents.evaluation.trial import Trial
from axagents.layout import table
from axagents.ml.intervals.proportions import wilson_interval

_SHOWN, _LINES = 3, 60


class Row(BaseModel):
    """One task under one attack or none, played by one model; or a total over several.

    Attributes:
        pass_1: the share of trials that passed; over several tasks the mean of their shares.
        pass_k: the probability that k trials all pass, unbiased over the trials of each task.
        low, high: Wilson's interval at 95 % of the share of all trials.
        steps, calls, tokens, cost_usd, seconds, needless: the mean of a trial.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    model: str
    tasks: int
    trials: int
    passed: int
    pass_1: float
    k: int
    pass_k: float
    low: float
    high: float
    steps: float
    calls: float
    tokens: float
    cost_usd: float
    seconds: float
    needless: float


class Report(BaseModel):
    """A suite's report; `graders_caught` of `graders_tested` bad runs failed by the grader that must catch them."""

    model_config = ConfigDict(frozen=True)

    made_at: str
    seconds: float
    rows: tuple[Row, ...]
    areas: tuple[Row, ...]
    models: tuple[Row, ...]
    graders_tested: int
    graders_caught: int
    trials: tuple[Trial, ...]
    broken_gates: tuple[str, ...] = ()


def make_report(trials: Sequence[Trial], *, seconds: float, k: int | None = None) -> Report:
    """Sum up trials; k is how many must all pass for pass^k, by default as many as each task has."""
    honest = [trial for trial in trials if trial.must_catch is None]
    bad = [trial for trial in trials if trial.must_catch is not None]
    models = dict.fromkeys(trial.model for trial in honest)
    variants = dict.fromkeys((trial.variant, trial.model) for trial in honest)
    areas = dict.fromkeys((trial.area, trial.model) for trial in honest)
    return Report(
        made_at=stamp(),
        seconds=round(seconds, 1),
        rows=tuple(
            total(name, [each for each in honest if (each.variant, each.model) == (name, model)], k=k)
            for name, model in variants
        ),
        areas=tuple(
            total(name, [each for each in honest if (each.area, each.model) == (name, model)], k=k)
            for name, model in sorted(areas)
        ),
        models=tuple(total("all", [each for each in honest if each.model == model], k=k) for model in models),
        graders_tested=len(bad),
        graders_caught=sum(trial.passed for trial in bad),
        trials=tuple(trials),
    )


def total(name: str, trials: Sequence[Trial], *, k: int | None = None) -> Row:
    """Sum up the trials of one model."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.variant, []).append(trial)
    k = min(len(group) for group in groups.values()) if k is None else k
    passed = sum(trial.passed for trial in trials)
    interval = wilson_interval(passed, len(trials))
    return Row(
        name=name,
        model=trials[0].model,
        tasks=len(groups),
        trials=len(trials),
        passed=passed,
        pass_1=mean(sum(trial.passed for trial in group) / len(group) for group in groups.values()),
        k=k,
        pass_k=mean(pass_hat_k(sum(trial.passed for trial in group), len(group), k) for group in groups.values()),
        low=interval.low,
        high=interval.high,
        steps=mean(trial.steps for trial in trials),
        calls=mean(trial.calls for trial in trials),
        tokens=mean(trial.tokens for trial in trials),
        cost_usd=mean(trial.cost_usd for trial in trials),
        seconds=mean(trial.seconds for trial in trials),
        needless=mean(trial.needless for trial in trials),
    )


def mean(values: Iterable[float]) -> float:
    """Return the mean."""
    listed = list(values)
    return sum(listed) / len(listed)


def write_text(report: Report) -> str:
    """Write a report for people."""
    parts = [_table("task", report.rows), _table("area", report.areas), _table("model", report.models)]
    parts += [_failures(report.trials), _bad_runs(report)]
    told = [f"{len(report.trials)} trials in {report.seconds:g} s"]
    parts.append("\n".join(told + [f"gate broken: {gate}" for gate in report.broken_gates]))
    return "\n\n".join(part for part in parts if part)


def _table(what: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    k = max(row.k for row in rows)
    headers = [what, "model", "passed", "of", "pass^1", f"pass^{k}", "95 %", "steps", "calls", "tokens", "USD", "s"]
    return table([*headers, "needless"], [_cells(row) for row in rows])


def _cells(row: Row) -> list[object]:
    interval = f"{row.low:.2f} to {row.high:.2f}"
    shares = (row.passed, row.trials, round(row.pass_1, 3), round(row.pass_k, 3), interval)
    means = (round(row.steps, 1), round(row.calls, 1), round(row.tokens), round(row.cost_usd, 4))
    return [row.name, row.model, *shares, *means, round(row.seconds, 2), round(row.needless, 2)]


def _failures(trials: Sequence[Trial]) -> str:
    lines = [
        f"  {trial.variant} ({trial.model}, trial {trial.number}){', known' * trial.known_failure}: {grader}: {found}"
        for trial in trials
        if not trial.passed and trial.must_catch is None
        for grader, problems in trial.wrong.items()
        for found in _first(problems)
    ]
    more = len(lines) - _LINES
    lines = lines[:_LINES] + [f"  and {more} more; --json FILE keeps all"] * (more > 0)
    lines = ["what was wrong:", *lines] if lines else []
    better = dict.fromkeys(trial.variant for trial in trials if trial.known_failure and trial.passed)
    return "\n".join(lines + [f"{name} is known to fail, and passed: take it off its task" for name in better])


def _first(problems: Sequence[str]) -> list[str]:
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _bad_runs(report: Report) -> str:
    if not report.graders_tested:
        return ""
    missed = [
        f"  {trial.variant} ({trial.model}) was to be caught by {trial.must_catch}, and was by {sorted(trial.wrong)}"
        for trial in report.trials
        if trial.must_catch and not trial.passed
    ]
    told = f"graders: {report.graders_caught} of {report.graders_tested} bad runs caught as they must be"
    return "\n".join([told, *missed])
