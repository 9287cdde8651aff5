"""A task: a world, what is said to an agent there, who may play it, and what must hold afterwards."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from axagents.documents import parse_yaml
from axagents.errors import UserError
from axagents.fields import RequiredText

Attack = Literal["csv_cell", "memory_note", "run_tag", "tool_error", "other_agent"]
When = Literal["all", "plain"] | Attack
OFFLINE, SCRIPT, LIVE = "offline", "script:", "live"


class Part(BaseModel):
    """A part of a task; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _word(value: Any) -> Any:
    """YAML reads yes and no as truth values."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _turn(value: Any) -> Any:
    """YAML 1.1 reads the bare key `on` as a truth value."""
    return {("on" if key is True else key): each for key, each in value.items()} if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType]


class ScriptedTurn(Part):
    """One thing that happens: the user says something, or answers an approval at most `max` times."""

    user: RequiredText | None = None
    on: Literal["approval"] | None = None
    answer: Annotated[Literal["yes", "no"], BeforeValidator(_word)] | None = None
    max: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _is_one_kind(self) -> "ScriptedTurn":
        if (self.user is None) == (self.on is None) or (self.on is None) != (self.answer is None):
            raise ValueError("a turn is {user: WORDS}, or {on: approval, answer: yes|no, max: N}")
        return self


class Budget(Part):
    """What a trial may use at most; more fails it."""

    steps: int = Field(default=12, ge=1)
    tool_calls: int = Field(default=6, ge=0)
    seconds: float = Field(default=120, gt=0)
    usd: float = Field(default=0.2, ge=0)


class BadRun(Part):
    """A script that must fail, the grader that must catch it, and the attack that it obeys, if any."""

    script: RequiredText
    caught_by: RequiredText
    under: Attack | None = None


class Task(Part):
    """One task.

    Attributes:
        model: who may play it: offline, script:NAME, live.
        grade: what must hold, each one mapping of a grader's name to what it is told; all are hard.
        attacks: each makes another task of it, with an order planted in the world.
        bad: runs that test the graders.
        known_failures: why offline is known not to pass it yet: `all`, `plain` (no attack) or an attack, to the reason.
            Gates leave these out, the report counts them.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    area: str = ""
    world: RequiredText
    agent: RequiredText
    turns: tuple[Annotated[ScriptedTurn, BeforeValidator(_turn)], ...] = Field(min_length=1)
    model: tuple[Annotated[str, Field(pattern=r"^(offline|live|script:[a-z0-9-]+)$")], ...] = (OFFLINE, LIVE)
    budget: Budget = Budget()
    grade: tuple[dict[str, Any], ...] = Field(min_length=1)
    attacks: tuple[Attack, ...] = ()
    bad: tuple[BadRun, ...] = ()
    known_failures: dict[When, RequiredText] = Field(default_factory=dict[When, str])

    @field_validator("turns")
    @classmethod
    def _begins_with_words(cls, turns: tuple[ScriptedTurn, ...]) -> tuple[ScriptedTurn, ...]:
        if turns[0].user is None:
            raise ValueError("the first turn is the user's")
        return turns

    @field_validator("grade")
    @classmethod
    def _names_one_each(cls, grade: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        if any(len(each) != 1 for each in grade):
            raise ValueError("each entry is one grader's name and what it is told")
        return grade

    def is_known_to_fail(self, model: str, attack: str | None) -> bool:
        """Tell whether a model is known not to pass under an attack, or none."""
        return model == OFFLINE and bool({"all", attack or "plain"} & set(self.known_failures))

    @property
    def graders(self) -> tuple[str, ...]:
        return tuple(name for each in self.grade for name in each)

    @property
    def expects_question(self) -> bool:
        """Whether the right thing is to ask."""
        return bool({"needs", "questions"} & set(self.graders))


def read_tasks(folder: Path) -> dict[str, Task]:
    """Read every task below `folder`, by id; its area is the folder it lies in.

    Raises:
        UserError: a file that is no task, an id that is not the file's name or stands twice; each named.
    """
    tasks: dict[str, Task] = {}
    for path in sorted(folder.rglob("*.yaml")):
        shown = path.relative_to(folder.parent).as_posix()
        task = parse_yaml(_text(path), Task, source=shown)
        if task.id != path.stem:
            raise UserError(f"{shown}: id: is {task.id!r}, and the file is called {path.stem!r}", field="id")
        if task.id in tasks:
            raise UserError(f"{shown}: id: there is another task called {task.id!r}", field="id")
        tasks[task.id] = task.model_copy(update={"area": path.parent.relative_to(folder).as_posix()})
    return tasks


def choose_tasks(tasks: dict[str, Task], wanted: Iterable[str]) -> list[Task]:
    """Return the tasks that are named, or whose area is; all when nothing is.

    Raises:
        UserError: neither a task nor an area is called so.
    """
    from_names: dict[str, Task] = {}
    areas = {task.area for task in tasks.values()}
    asked = list(wanted)
    for name in asked:
        found = [task for task in tasks.values() if name in (task.id, task.area)]
        if not found:
            known = sorted({*areas, *tasks})
            raise UserError(f"no task and no area is called {name!r}", legal=known, hint="ax eval list")
        from_names |= {task.id: task for task in found}
    return list(from_names.values()) if asked else list(tasks.values())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from None
