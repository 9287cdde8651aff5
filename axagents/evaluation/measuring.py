"""Measure agents: read the suite, make the trials, sum up, hold against the gates."""

import time
from dataclasses import dataclass
from pathlib import Path

from axagents.errors import ProviderError, UserError
from axagents.evaluation.evidence import Play
from axagents.evaluation.gates import broken_gates, read_gates
from axagents.evaluation.report import Report, make_report
from axagents.evaluation.runner import Wanted, find_evals, plan_cells, read_suite, run_cells
from axagents.evaluation.task import choose_tasks
from axagents.evaluation.trial import NOT_REACHED, Trial
from axagents.evaluation.worlds import SEED, Shelf, cache_folder


@dataclass(frozen=True)
class Asked:
    """What somebody wants measured: tasks or areas, models, trials of each.

    Attributes:
        k: of pass^k; by default the trials.
        seed: of the worlds; their truth is counted anew for each.
    """

    names: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    trials: int = 1
    attacks: bool = True
    k: int | None = None
    seed: int = SEED


def measure(asked: Asked, *, play: Play, evals: Path | None = None, cache: Path | None = None) -> Report:
    """Run what was asked for and return the report with the gates it breaks.

    Raises:
        ProviderError: no trial got a turn from its provider.
        UserError, NotFound: something in the folder of evals is wrong, or a name is not known.
    """
    if asked.k is not None and asked.k > asked.trials:
        raise UserError(f"pass^{asked.k} takes {asked.k} trials at least, not {asked.trials}", field="-k")
    suite = read_suite(find_evals(evals))
    tasks = choose_tasks(suite.tasks, asked.names)
    cells = plan_cells(Wanted(tasks, asked.models, asked.trials, attacks=asked.attacks))
    began = time.perf_counter()
    trials = run_cells(suite, cells, play=play, shelf=Shelf(cache_folder(cache), asked.seed))
    _check_reached(trials)
    report = make_report(trials, seconds=time.perf_counter() - began, k=asked.k)
    return report.model_copy(update={"broken_gates": broken_gates(report, read_gates(suite.folder / "gates.yaml"))})


def _check_reached(trials: list[Trial]) -> None:
    told = [trial.wrong[NOT_REACHED][0] for trial in trials if NOT_REACHED in trial.wrong]
    if told and len(told) == len(trials):
        raise ProviderError(f"nothing was measured: {told[0]}", field="--model", hint="ax eval run --model offline")
