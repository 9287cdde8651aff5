"""Compare two reports on the trials that both made."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from axagents.errors import UserError
from axagents.evaluation.estimates import bootstrap_interval, mcnemar
from axagents.evaluation.report import Report
from axagents.evaluation.trial import Trial


class Compared(BaseModel):
    """Second minus first on the trials that both made, paired by task, attack and trial.

    Attributes:
        low, high: the bootstrap's interval (BCa) of the difference of pass^1, drawn over tasks, since trials of one
            task resemble each other; null with fewer than two tasks, or where every task differs alike.
        p_value: McNemar's exact test on the trials of which one passed and the other did not.
    """

    model_config = ConfigDict(frozen=True)

    first_model: str
    second_model: str
    pairs: int
    tasks: int
    first_pass: float
    second_pass: float
    difference: float
    low: float | None
    high: float | None
    only_first: int
    only_second: int
    p_value: float
    lost: tuple[str, ...]
    won: tuple[str, ...]


def read_report(path: Path) -> Report:
    """Read a report that was written as JSON.

    Raises:
        UserError: it cannot be read, or is none.
    """
    try:
        return Report.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", hint="ax eval run --json FILE") from None
    except (UnicodeDecodeError, ValidationError) as error:
        told = str(error).splitlines()[0]
        raise UserError(f"{path} is no report of ax eval run: {told}", hint="ax eval run --json FILE") from None


def compare_reports(first: Report, second: Report) -> list[Compared]:
    """Compare model by model; where each report has only one model, these two with each other.

    Raises:
        UserError: the reports have no trial in common.
    """
    one, other = _models(first), _models(second)
    pairs = [(model, model) for model in one if model in other]
    if not pairs and len(one) == len(other) == 1:
        pairs = [(one[0], other[0])]
    found = [_compare(_trials(first, a), _trials(second, b), (a, b)) for a, b in pairs]
    compared = [each for each in found if each is not None]
    if not compared:
        told = f"the reports have no trial in common: {', '.join(one)} there, {', '.join(other)} here"
        raise UserError(told, hint="ax eval run --model MODEL --json FILE")
    return compared


def _models(report: Report) -> list[str]:
    return list(dict.fromkeys(trial.model for trial in report.trials if trial.must_catch is None))


def _trials(report: Report, model: str) -> dict[tuple[str, int], Trial]:
    return {
        (trial.variant, trial.number): trial
        for trial in report.trials
        if trial.must_catch is None and trial.model == model
    }


def _compare(
    first: dict[tuple[str, int], Trial], second: dict[tuple[str, int], Trial], models: tuple[str, str]
) -> Compared | None:
    keys = sorted(first.keys() & second.keys())
    if not keys:
        return None
    one = np.array([first[key].passed for key in keys], dtype=float)
    other = np.array([second[key].passed for key in keys], dtype=float)
    lost, won = int(((one == 1) & (other == 0)).sum()), int(((one == 0) & (other == 1)).sum())
    gains: dict[str, list[float]] = {}
    for key, gain in zip(keys, (other - one).tolist(), strict=True):
        gains.setdefault(key[0], []).append(gain)
    by_task = [sum(each) / len(each) for each in gains.values()]
    interval = bootstrap_interval(by_task)
    return Compared(
        first_model=models[0],
        second_model=models[1],
        pairs=len(keys),
        tasks=len(by_task),
        first_pass=float(one.mean()),
        second_pass=float(other.mean()),
        difference=float(np.mean(by_task)),
        low=interval[0],
        high=interval[1],
        only_first=lost,
        only_second=won,
        p_value=mcnemar(lost, won),
        lost=tuple(dict.fromkeys(key[0] for key, f, o in zip(keys, one, other, strict=True) if f > o)),
        won=tuple(dict.fromkeys(key[0] for key, f, o in zip(keys, one, other, strict=True) if o > f)),
    )


def write_comparison(found: Sequence[Compared]) -> str:
    """Write comparisons for people."""
    lines: list[str] = []
    for each in found:
        interval = "no interval" if each.low is None else f"{each.low:+.3f} to {each.high:+.3f}"
        lines.append(
            f"{each.second_model} against {each.first_model}: pass^1 {each.second_pass:.3f} against "
            f"{each.first_pass:.3f}, difference {each.difference:+.3f} ({interval}) over {each.tasks} tasks, "
            f"{each.pairs} pairs; McNemar p = {each.p_value:.3g} ({each.only_second} won, {each.only_first} lost)"
        )
        lines += [f"  lost: {', '.join(each.lost)}"] * bool(each.lost)
        lines += [f"  won: {', '.join(each.won)}"] * bool(each.won)
    return "\n".join(lines)
