"""What the planner knows of each tool: example sentences, words that point to it, and how its arguments are found."""

import re
from collections.abc import Mapping
from functools import cached_property
from itertools import takewhile
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal[
    "model", "model_name", "version", "variant",
    "dataset", "experiment", "experiments", "test", "new_name", "namespace",
    "column", "columns", "metric", "metrics", "metric_values", "business_metric",
    "percent", "percents", "fraction", "points", "number", "integer", "milliseconds", "seconds", "duration", "days",
    "choice", "choices", "flag", "trigger", "path", "url", "constant",
    "text", "topic", "words", "listing", "remembered", "searched", "slug", "lifetime",
    "params", "paths", "file", "moment", "word", "identifier", "criteria", "handed",
]  # fmt: skip

Conditions = dict[str, Any]


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Argument(_Content):
    """How one argument is found in a sentence.

    Attributes:
        cues: words before the value that tell it from others of its kind.
        near: words close to the value, before or behind, that tell it from others.
        after: phrases behind which the value stands, for texts and lists.
        words: for a choice, the phrases that mean each value.
        beyond: for a choice, phrases for values that the tool does not have.
        of: the argument that gives the context, as the dataset does for its columns.
        new: whether it may be a name that is not there yet; of a column, one that the events define.
        only, unless: other arguments' values with which this one applies, or does not.
        required: whether the tool cannot be called without it.
        world: false when nothing but the sentence may fill it; `previous` names the version before the one that serves.
        trained: phrases for the newest model that was trained, whose folder then stands for a path.
        declared: what the catalog may declare of a dataset that stands for the argument.
        asked_with: with which values of other arguments it is asked for where neither sentence nor catalog has it;
            `event` stands for a target that the events define.
        listed: columns count only behind a cue, and those joined to them.
        ask: the question to put when it is missing.
    """

    kind: Kind
    required: bool = False
    cues: list[str] = []
    near: list[str] = []
    after: list[str] = []
    words: dict[str, list[str]] | list[str] = {}
    beyond: list[str] = []
    of: str | None = None
    role: Literal["control", "treatment"] | None = None
    pair: Literal["reference", "current"] | None = None
    names: Literal["model", "experiment", "test"] | None = None
    prefer: Literal["deployment"] | None = None
    only: Conditions = {}
    unless: Conditions = {}
    needs: dict[str, str] = {}
    low: float | None = None
    high: float | None = None
    least: int = 1
    new: bool = False
    relative: bool = False
    window: bool = False
    frequency: bool = False
    only_cued: bool = False
    plural: bool = False
    listed: bool = False
    declared: str = ""
    asked_with: Conditions = {}
    trained: list[str] = []
    world: bool | Literal["previous"] = True
    value: Any = None
    default: Any = None
    when_words: list[str] = []
    default_unless_words: list[str] = []
    ask: str = ""

    @property
    def choices(self) -> Mapping[str, list[str]]:
        """Return the phrases of each legal value."""
        return self.words if isinstance(self.words, dict) else {}

    @property
    def phrases(self) -> list[str]:
        """Return the phrases that set a flag."""
        return self.words if isinstance(self.words, list) else []


class Implication(_Content):
    """A value that follows from another, such as a canary from a share below 100."""

    when: Conditions
    unless: Conditions = {}
    then: dict[str, Any]


class ToolContent(_Content):
    """One tool as the planner knows it; the file is `tools/<tool>.yaml`.

    Attributes:
        does: what it does, in the words a question to the user would use.
        touches: what it may change; where the tool itself is there, its own declaration counts.
        verbs: words that ask for it at the head of a request.
        strong_verbs: those of them that ask for nothing else; the others need a sign beside them.
        generic_verbs: words so general that alone they make it a candidate and no more.
        helps: words of open questions for which it is a next step.
        swallows: openings behind which the rest of the sentence is a text and asks for nothing further.
        events: whether an if-clause is part of what it sets up, and no condition of the step.
        takes_over: tools whose part of a sentence it does itself, when that only points back ("and log it to X").
        on_record: the tool that shows figures kept of it, for a question that names no data.
        by_hand: the command that does a part of it, for where the tool is not there.
        leaves: the name of the dataset that it leaves behind, by its arguments; the first whose arguments are known.
        signs: phrases that point to it by themselves.
        not_signs: phrases that point elsewhere.
        sentences: one example a line, names and values as {model}, {version}, {dataset} and so on.
    """

    tool: str
    does: str
    touches: Literal["read", "compute", "effect"]
    verbs: list[str]
    strong_verbs: list[str] = []
    generic_verbs: list[str] = []
    signs: list[str] = []
    not_signs: list[str] = []
    swallows: list[str] = []
    helps: list[str] = []
    events: bool = False
    takes_over: list[str] = []
    on_record: str = ""
    by_hand: str = ""
    leaves: list[str] = []
    arguments: dict[str, Argument] = {}
    implies: list[Implication] = []
    sentences: str

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Return the example sentences."""
        return tuple(line.strip() for line in self.sentences.splitlines() if line.strip())

    @property
    def is_effect(self) -> bool:
        return self.touches == "effect"

    def left_by(self, arguments: Mapping[str, Any]) -> str:
        """Return the dataset that a call leaves behind, nothing where it leaves none."""
        fitting = (each for each in self.leaves if set(re.findall(r"{(\w+)}", each)) <= arguments.keys())
        return next(fitting, "").format_map(arguments)


def _is_plain(word: str) -> bool:
    return word.isalpha() and word.islower()


class CommandContent(_Content):
    """A command that is no tool: what is declined with it, for the user to type.

    Attributes:
        command: as it is typed; {model}, {version}, {dataset}, {path} and {id} are filled from the sentence.
        nearest: whether it is not what the sentences ask for, only what comes nearest to it.
        signs: phrases that point to it by themselves.
        sentences: one example a line, as of a tool.
    """

    command: str
    nearest: bool = False
    signs: list[str] = []
    sentences: str

    @property
    def name(self) -> str:
        """Return the command's own words, without what it takes; what only comes nearest has a name of its own."""
        return " ".join(takewhile(_is_plain, self.command.split())) + " instead" * self.nearest

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Return the example sentences."""
        return tuple(line.strip() for line in self.sentences.splitlines() if line.strip())


class Commands(_Content):
    """The commands that sentences may mean."""

    commands: list[CommandContent]


class Synonyms(_Content):
    """What is known of words whatever the tool.

    Attributes:
        groups: phrases that mean the same, by a name for the group.
        declined: sentences that no tool can answer, one a line.
        ordinary: words that look like names and are none.
        common: everyday words, never the unknown name of something.
        functional: words that say nothing of what a sentence is about.
        destructive: verbs that take something away.
    """

    groups: dict[str, list[str]]
    declined: str
    ordinary: str
    common: str
    functional: str
    destructive: str
