"""One trial: a fresh copy of the world, the turns played, the graders asked."""

import shutil
import signal
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from pydantic import BaseModel, ConfigDict

from axagents.errors import ProviderError, UserError
from axagents.evaluation.evidence import Evidence, Line, Play, Played
from axagents.evaluation.graders import judge, load_graders, observe
from axagents.evaluation.task import SCRIPT, Task
from axagents.evaluation.worlds import World, plant
from axagents.project import Project, use_project

_PATIENCE = 3  # times the budget's seconds, which the agent's own deadline holds, for one that does not come back
ANY = "any"
"""Before a script's name: one that every task may use."""
NOT_REACHED = "provider"
"""Stands where a grader does, for a trial in which the provider gave no turn at all."""


@dataclass(frozen=True)
class Cell:
    """One trial to be made.

    Attributes:
        model: offline, script:NAME, or a live provider's name.
        must_catch: the grader that must fail it, for a run that tests the graders.
    """

    task: Task
    model: str
    number: int
    attack: str | None = None
    must_catch: str | None = None

    @property
    def variant(self) -> str:
        return f"{self.task.id}+{self.attack}" if self.attack else self.task.id


class Trial(BaseModel):
    """What came of one trial.

    Attributes:
        passed: no grader found anything wrong; for a bad run: the grader that must catch it did.
        wrong: what the graders found, by grader.
        needless: questions where the task could have been done.
    """

    model_config = ConfigDict(frozen=True)

    task: str
    area: str
    attack: str | None
    model: str
    number: int
    must_catch: str | None
    known_failure: bool
    passed: bool
    wrong: dict[str, list[str]]
    exit_code: int | None = None
    steps: int = 0
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    needless: int = 0

    @property
    def variant(self) -> str:
        return f"{self.task}+{self.attack}" if self.attack else self.task


def run_trial(evals: Path, world: World, cell: Cell, *, play: Play) -> Trial:
    """Make one trial; the copy of the world is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ax-eval-"))
    try:
        project = world.copy_to(folder / "project")
        if cell.attack:
            plant(evals, project, cell.attack)
        graders = load_graders(evals / "graders")
        before = observe(cell.task, graders, project.root)
        began = time.perf_counter()
        with use_project(project), _within(_PATIENCE * cell.task.budget.seconds):
            played = tuple(_play_turns(evals, project, cell, play=play))
        seconds = time.perf_counter() - began
        after = observe(cell.task, graders, project.root)
        evidence = Evidence(project.root, world.truth, played, before, after)
        wrong = _not_reached(evidence) or judge(cell.task, graders, evidence)
        return _as_trial(cell, evidence, wrong, seconds=seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _not_reached(evidence: Evidence) -> dict[str, list[str]]:
    """Tell that the provider gave no turn at all, for nothing was measured then."""
    error = evidence.played[0].error
    if error is None or error["kind"] != ProviderError.kind or evidence.played[0].steps:
        return {}
    return {NOT_REACHED: [error["message"]]}


def crashed(cell: Cell, error: BaseException) -> Trial:
    """Return the trial that a bug ended."""
    told = f"{type(error).__name__}: {error}".splitlines()[0]
    return replace_passed(_head(cell), {"crash": [told]})


def replace_passed(head: Trial, wrong: dict[str, list[str]]) -> Trial:
    """Return a trial with what was found wrong."""
    passed = head.must_catch in wrong if head.must_catch else not wrong
    return head.model_copy(update={"passed": passed, "wrong": wrong})


def script_path(evals: Path, task: str, name: str, *, turn: int = 1) -> Path:
    """Return the script of a task's turn, the task's own before one for any.

    Raises:
        UserError: there is none.
    """
    number = "" if turn == 1 else f".{turn}"
    ways = [evals / "scripts" / f"{whose}.{name}{number}.jsonl" for whose in (task, ANY)]
    found = next((path for path in ways if path.is_file()), None)
    if found is None:
        raise UserError(f"task {task}: there is no script evals/scripts/{ways[0].name}", field="model")
    return found


@contextmanager
def _within(seconds: float) -> Generator[None]:
    """End what hangs: a timer that is there on Unix, in a process's main thread."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"it did not come back within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _play_turns(evals: Path, project: Project, cell: Cell, *, play: Play) -> Iterable[Played]:
    task, session = cell.task, None
    said = 0
    for place, turn in enumerate(task.turns):
        if turn.user is None:
            continue
        said += 1
        line = Line(
            persona=task.agent,
            words=turn.user,
            provider=_provider(evals, cell, said),
            session=session,
            steps=task.budget.steps,
            seconds=task.budget.seconds,
        )
        played = play(project, replace(line, approve=_answers(task, place)))
        session = played.session or session
        yield played


def _answers(task: Task, place: int) -> tuple[bool, ...]:
    """Return the answers to approvals that stand between this turn of the user's and the next."""
    answers: list[bool] = []
    for turn in task.turns[place + 1 :]:
        if turn.user is not None:
            break
        answers += [turn.answer == "yes"] * turn.max
    return tuple(answers)


def _provider(evals: Path, cell: Cell, turn: int) -> str:
    if not cell.model.startswith(SCRIPT):
        return cell.model
    return SCRIPT + str(script_path(evals, cell.task.id, cell.model.removeprefix(SCRIPT), turn=turn))


def _head(cell: Cell) -> Trial:
    return Trial(
        task=cell.task.id,
        area=cell.task.area,
        attack=cell.attack,
        model=cell.model,
        number=cell.number,
        must_catch=cell.must_catch,
        known_failure=cell.task.is_known_to_fail(cell.model, cell.attack),
        passed=False,
        wrong={},
    )


def _as_trial(cell: Cell, evidence: Evidence, wrong: dict[str, list[str]], *, seconds: float) -> Trial:
    asked = sum(need.get("kind") == "answer" for each in evidence.played for need in each.needs)
    head = _head(cell).model_copy(
        update={
            "exit_code": evidence.last.exit_code,
            "steps": sum(each.steps for each in evidence.played),
            "calls": len(evidence.calls),
            "tokens": sum(each.tokens for each in evidence.played),
            "cost_usd": sum(each.cost_usd for each in evidence.played),
            "seconds": round(seconds, 3),
            "needless": 0 if cell.task.expects_question else asked,
        }
    )
    return replace_passed(head, wrong)
