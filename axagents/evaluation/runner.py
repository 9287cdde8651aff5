"""Run a suite: worlds built, trials made two at a time in processes of their own."""

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from axagents.errors import NotFound, UserError
from axagents.evaluation.evidence import Play
from axagents.evaluation.graders import check_grades, load_graders
from axagents.evaluation.task import LIVE, OFFLINE, SCRIPT, Task, read_tasks
from axagents.evaluation.trial import Cell, Trial, crashed, run_trial, script_path
from axagents.evaluation.worlds import Shelf, World, build_world
from axagents.progress import advance, note

PROCESSES = 2


@dataclass(frozen=True)
class Suite:
    """A folder of evals, read and checked."""

    folder: Path
    tasks: dict[str, Task]


@dataclass(frozen=True)
class Wanted:
    """What is to be run.

    Attributes:
        models: by default everything that needs no network: offline, the scripts, and the bad runs.
    """

    tasks: Sequence[Task]
    models: Sequence[str] = ()
    trials: int = 1
    attacks: bool = True


def find_evals(named: Path | None = None) -> Path:
    """Return the folder of evals: the one that is named, else the checkout's.

    Raises:
        UserError: an installed package has none.
    """
    folder = (named or Path(__file__).resolve().parents[2] / "evals").resolve()
    if not (folder / "tasks").is_dir():
        raise UserError(f"{folder} holds no evals; they live in a checkout", field="--evals", hint="--evals DIR")
    return folder


def read_suite(folder: Path) -> Suite:
    """Read every task and check its graders and scripts.

    Raises:
        UserError, NotFound: what is wrong, with file and field.
    """
    tasks = read_tasks(folder / "tasks")
    graders = load_graders(folder / "graders")
    for task in tasks.values():
        check_grades(task, graders)
        for name in (*task.model, *(SCRIPT + bad.script for bad in task.bad)):
            if name.startswith(SCRIPT):
                script_path(folder, task.id, name.removeprefix(SCRIPT))
    return Suite(folder, tasks)


def plan_cells(wanted: Wanted) -> list[Cell]:
    """Return the trials to be made, those of one world together.

    Raises:
        NotFound: a model that none of the tasks may be played by.
    """
    cells = [cell for task in wanted.tasks for cell in _cells_of(task, wanted)]
    known = {cell.model for cell in cells}
    for model in wanted.models:
        if model not in known:
            names = sorted({each for task in wanted.tasks for each in _own_models(task)})
            raise NotFound("model for these tasks", model, names, field="--model")
    return sorted(cells, key=lambda cell: cell.task.world)


def _cells_of(task: Task, wanted: Wanted) -> Iterable[Cell]:
    numbers = range(1, wanted.trials + 1)
    for model in _models(task, wanted.models):
        for attack in (None, *(task.attacks if wanted.attacks else ())):
            yield from (Cell(task, model, number, attack) for number in numbers)
    for bad in task.bad:
        model = SCRIPT + bad.script
        if not wanted.models or model in wanted.models:
            yield Cell(task, model, 1, bad.under, must_catch=bad.caught_by)


def _models(task: Task, asked: Sequence[str]) -> list[str]:
    if not asked:
        return [model for model in task.model if model != LIVE]
    return [model for model in asked if model in task.model or (_is_live(model) and LIVE in task.model)]


def _is_live(model: str) -> bool:
    return model not in (OFFLINE, LIVE) and not model.startswith(SCRIPT)


def _own_models(task: Task) -> list[str]:
    return [*task.model, *(SCRIPT + bad.script for bad in task.bad)]


def run_cells(suite: Suite, cells: Sequence[Cell], *, play: Play, shelf: Shelf) -> list[Trial]:
    """Make the trials and return them in the order of `cells`; worlds are built first.

    A bug that ends a trial is a failed trial, and the others go on.
    """
    names = list(dict.fromkeys(cell.task.world for cell in cells))
    # Started afresh, not forked: a thread of this process would be missing in the child.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        note(f"worlds: {', '.join(names)}")
        waiting = {name: pool.submit(build_world, suite.folder, name, shelf) for name in names}
        worlds: dict[str, World] = {name: future.result() for name, future in waiting.items()}
        futures = [pool.submit(run_trial, suite.folder, worlds[cell.task.world], cell, play=play) for cell in cells]
        for count, _ in enumerate(as_completed(futures), start=1):
            advance(count, len(futures), f"trials, {count} of {len(futures)}")
        return [_result(cell, future) for cell, future in zip(cells, futures, strict=True)]


def _result(cell: Cell, future: "Future[Trial]") -> Trial:
    error = future.exception()
    return future.result() if error is None else crashed(cell, error)
