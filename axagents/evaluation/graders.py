"""The graders: small files in evals/graders, each with what it is told, and how it judges."""

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from axagents.errors import NotFound, UserError
from axagents.evaluation.evidence import Evidence
from axagents.evaluation.task import Task


@dataclass(frozen=True)
class Grader:
    """One grader.

    Attributes:
        expected: the type of what a task tells it.
        judge: returns what is wrong, a line each; nothing when all holds.
        observe: looks at a project before and after, for those that compare.
    """

    name: str
    expected: TypeAdapter[Any]
    judge: Callable[[Any, Evidence], list[str]]
    observe: Callable[[Path], Any] | None


@cache
def load_graders(folder: Path) -> dict[str, Grader]:
    """Load the graders of a folder, by name; a file has `Expected`, `judge` and maybe `observe`."""
    return {path.stem: _load(path) for path in sorted(folder.glob("*.py"))}


def _load(path: Path) -> Grader:
    held = runpy.run_path(str(path))
    if not {"Expected", "judge"} <= held.keys():
        raise UserError(f"{path.name}: a grader has Expected and judge(expected, evidence)")
    return Grader(path.stem, TypeAdapter(held["Expected"]), held["judge"], held.get("observe"))


def check_grades(task: Task, graders: dict[str, Grader]) -> None:
    """Hold what a task tells its graders against what they take.

    Raises:
        UserError: the file, the grader and the field that is wrong.
    """
    place = f"tasks/{task.area}/{task.id}.yaml"
    for number, each in enumerate(task.grade):
        for name, told in each.items():
            if name not in graders:
                raise NotFound("grader", name, graders, field=f"{place}: grade.{number}")
            try:
                graders[name].expected.validate_python(told)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(["grade", str(number), name, *(str(part) for part in first["loc"])])
                raise UserError(f"{place}: {where}: {first['msg']}", field=where) from None
    for bad in task.bad:
        if bad.caught_by not in {*task.graders, "budget"}:
            told = f"{place}: bad: {bad.script} is to be caught by {bad.caught_by!r}, which does not grade this task"
            raise UserError(told, field="bad")


def judge(task: Task, graders: dict[str, Grader], evidence: Evidence) -> dict[str, list[str]]:
    """Return what is wrong, by grader; the budget is one more of them."""
    wrong: dict[str, list[str]] = {}
    for each in task.grade:
        for name, told in each.items():
            grader = graders[name]
            found = grader.judge(grader.expected.validate_python(told), evidence)
            wrong.setdefault(name, []).extend(found)
    wrong["budget"] = over_budget(task, evidence)
    return {name: found for name, found in wrong.items() if found}


def over_budget(task: Task, evidence: Evidence) -> list[str]:
    """Say where a trial used more than it may; time is held by the agent's own deadline."""
    budget = task.budget
    used = {
        "steps": (sum(each.steps for each in evidence.played), budget.steps),
        "calls": (len(evidence.calls), budget.tool_calls),
        "US dollars": (sum(each.cost_usd for each in evidence.played), budget.usd),
    }
    return [f"{value} {what}, at most {most}" for what, (value, most) in used.items() if value > most]


def observe(task: Task, graders: dict[str, Grader], root: Path) -> dict[str, Any]:
    """Let the task's graders look at a project."""
    looking = {name: graders[name].observe for name in dict.fromkeys(task.graders)}
    return {name: look(root) for name, look in looking.items() if look is not None}
