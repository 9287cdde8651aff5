"""Plan what to do about a sentence: which tools, with which arguments, or what to ask, or why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from axagents.llm.offline.arguments.datasets import further_datasets, several_models
from axagents.llm.offline.arguments.filling import fill_arguments, nested
from axagents.llm.offline.arguments.leftovers import left_over
from axagents.llm.offline.arguments.limits import find_limits
from axagents.llm.offline.arguments.sources import Missing, Setting, Sheet, Value
from axagents.llm.offline.choosing import Chooser, Chosen, is_refused, restricts, with_condition_back
from axagents.llm.offline.commands import spell_command, spell_whole
from axagents.llm.offline.content import CommandContent, ToolContent
from axagents.llm.offline.doubts import Doubts, is_arithmetic, is_knowledge
from axagents.llm.offline.examples import DECLINED
from axagents.llm.offline.followups import goes_on, on_record
from axagents.llm.offline.names import Names
from axagents.llm.offline.opening import Opening
from axagents.llm.offline.parts import Part, split_parts
from axagents.llm.offline.persons import find_stranger
from axagents.llm.offline.ranking import Ranked, Ranker
from axagents.llm.offline.reading import Reading, mend, read
from axagents.llm.offline.text import stem
from axagents.llm.offline.world import World

Outcome = Literal["run", "confirm", "ask", "decline"]

SURE, SURE_EFFECT = 0.5, 0.55
"""The score from which a tool is taken, if it leads by the margin."""
MARGIN, MARGIN_EFFECT, MARGIN_COMMAND = 0.07, 0.1, 0.03
ALONE, ALONE_EFFECT = 0.33, 0.42
"""The score from which a tool is taken that leads all others by a wide margin."""
WIDE = 0.2
WORTH_ASKING = 0.24
GROUNDED, MARGIN_GROUNDED = 0.3, 0.1
"""The score from which a tool without effects is taken when what it needs is named."""
COMMAND = 0.45
"""The score from which a command is taken for what is meant."""
NARRATED = 0.75
"""The score that a tool needs where the sentence tells what somebody did."""
_NEAR_TOP = 0.2
_RIVAL = 0.25
_VAGUE, _SHORT = 3, 3
_NAMES = ("model", "model-version", "deployment", "version", "dataset", "experiment", "test")


@dataclass(frozen=True)
class Step:
    """One call of a plan.

    Attributes:
        sources: where each argument's value comes from, by its dotted name.
        condition: what must hold before, in canonical form; `typed_condition` as the user wrote it.
        ignored: words of its part of the sentence that no argument took up.
    """

    tool: str
    arguments: dict[str, Any]
    sources: dict[str, Value]
    condition: str | None = None
    typed_condition: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What the planner makes of a sentence.

    Attributes:
        steps: the calls in order; where something is missing, those it would make.
        missing: what must be known before anything is called.
        candidates: tools the user may have meant.
        reason: why it asks or declines, as one word for programs: missing, unknown, ambiguous, unsure, question,
            negated, condition, nothing, command.
        command: what the user can type instead, with the reason `command`, or `nearest` where it is not quite that;
            `by_hand`, where the tool is not there.
        ranking: the tools considered for each step, best first.
    """

    outcome: Outcome
    steps: tuple[Step, ...] = ()
    missing: tuple[Missing, ...] = ()
    candidates: tuple[str, ...] = ()
    reason: str = ""
    ranking: tuple[tuple[Ranked, ...], ...] = ()
    command: str = ""
    by_hand: str = ""


@dataclass(frozen=True)
class Given:
    """What the user said when they were asked: the tool that is meant, and its arguments."""

    tool: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])


NOTHING_GIVEN = Given()


@dataclass(frozen=True)
class Planner:
    """Plans sentences about one world.

    Attributes:
        past: arguments of earlier calls of the conversation, newest first.
        last: the tool of the newest of them.
    """

    ranker: Ranker
    world: World
    past: Sequence[Mapping[str, Any]] = field(default=())
    last: str = ""

    def plan(self, sentence: str, given: Given = NOTHING_GIVEN) -> Plan:
        """Return what to do about a sentence; the same sentence in the same world gives the same plan.

        Args:
            given: what the user answered when they were asked about this sentence.
        """
        reading = self.read(sentence)
        ranker = self.ranker
        parts = split_parts(reading, ranker.verbs, ranker.swallows, personas=ranker.personas, reads=ranker.reads)
        refused = [part for part in parts if is_refused(reading, part)]
        if not parts:
            return Plan("decline", reason="nothing")
        if len(refused) == len(parts):
            return Plan("decline", reason="negated")
        asking = [part for part in parts if part not in refused or restricts(reading, part)]
        stranger = find_stranger(reading, asking, ranker.personas, verbs=ranker.verbs, ordinary=ranker.plain)
        if stranger is not None:
            return Plan("ask", missing=(stranger,), reason=stranger.why)
        follows = given.tool is None and goes_on(ranker, reading, self.last)
        chosen = Chooser(ranker, reading).choose(asking, self.last if follows else given.tool)
        chosen = [on_record(ranker, reading, each) for each in chosen]
        content = ranker.content(chosen[0].top.tool)
        by_hand = spell_whole(content.by_hand, reading) if content else ""
        return replace(self._plan_steps(reading, chosen, given), by_hand=by_hand)

    @cached_property
    def names(self) -> Names:
        """Return the names of the world."""
        return Names(self.world, self.ranker.common)

    def read(self, sentence: str) -> Reading:
        """Read a sentence with the names of the world."""
        ranker = self.ranker
        return mend(read(sentence, self.names, ranker.ordinary), ranker.harmless_verbs, ranker.common)

    def fill(self, tool: str, sentence: str) -> Sheet:
        """Return the arguments of a tool that a sentence holds which is an answer and no request."""
        reading = self.read(sentence)
        every = Part(0, len(reading.tokens) - 1, Opening("request", 0))
        setting = Setting(reading, self.names, [every], [], [], self.ranker.needed(tool), (), self.ranker.common)
        return fill_arguments(setting)

    def _plan_steps(self, reading: Reading, chosen: list[Chosen], given: Given) -> Plan:
        rankings = tuple(tuple(each.ranking[:5]) for each in chosen)
        for each in chosen:
            unsure = self._unsure(reading, each)
            if unsure is not None:
                return replace(unsure, ranking=rankings)
        steps: list[tuple[Step, Chosen]] = []
        missing: list[Missing] = []
        for each in chosen:
            setting = self._setting(reading, chosen, each, steps=[step for step, _ in steps])
            made, lacking = self._make(setting, each, given, first=not steps)
            missing += [replace(one, tool=setting.tool.tool) for one in lacking]
            steps += [(step, each) for step in made]
        every = tuple(step for step, _ in steps)
        if missing:
            return Plan("ask", every, tuple(missing), reason=missing[0].why, ranking=rankings)
        for step, each in steps:
            if Doubts(self.ranker, reading, each).leaves_strangers(step.sources, step.ignored):
                return Plan("ask", candidates=(step.tool,), reason="unsure", ranking=rankings)
        effect = any(self.ranker.is_effect(step.tool) for step in every)
        return Plan("confirm" if effect else "run", every, ranking=rankings)

    def _setting(self, reading: Reading, chosen: Sequence[Chosen], each: Chosen, *, steps: Sequence[Step]) -> Setting:
        """Return what a step's arguments may be filled from."""
        position = chosen.index(each)
        earlier = [part for one in chosen[:position] for part in one.parts]
        later = [part for one in chosen[position + 1 :] for part in one.parts]
        past = [*(step.arguments for step in reversed(steps)), *self.past]
        content = self.ranker.needed(each.top.tool)
        parts = with_condition_back(each.parts, events=content.events, effect=content.is_effect)
        left = self.ranker.needed(steps[-1].tool).left_by(steps[-1].arguments) if steps else ""
        common = self.ranker.common
        return Setting(reading, self.names, parts, earlier, later, content, past, common, each.asking, left)

    def _make(self, setting: Setting, each: Chosen, given: Given, *, first: bool) -> tuple[list[Step], list[Missing]]:
        """Return the calls of a step, one for each of several datasets that are only read, and what is missing."""
        content, parts = setting.tool, list(setting.own)
        values = {name: value for name, value in given.values.items() if name in content.arguments}
        sheet = fill_arguments(setting, values)
        several = further_datasets(setting, sheet)
        also = [] if isinstance(several, Missing) else several
        sheets = [sheet, *(fill_arguments(setting, {**values, name: value}) for name, value in also)]
        limits = find_limits(setting, sheet)
        late = Doubts(self.ranker, setting.reading, each).when(sheet.used)
        missing = [one for made in sheets for one in made.missing]
        one = several_models(setting, sheet)
        missing += [one] if one is not None and one.argument not in given.values else []
        missing += [one for one in (*limits, late) if one is not None and one.argument not in given.values]
        missing += [several] if isinstance(several, Missing) and not missing else []
        ignored = left_over(setting, sheet)
        steps = [replace(_step(content, parts, made), ignored=ignored) for made in sheets]
        return steps, [*missing, *_unchecked(steps[0], first=first)]

    def _unsure(self, reading: Reading, chosen: Chosen) -> Plan | None:
        """Return the question or the refusal where a step is not sure enough to be taken."""
        top, second = chosen.ranking[0], chosen.ranking[1]
        effect = self.ranker.is_effect(top.tool)
        supposed = any(part.opening.mood == "hypothetical" for part in chosen.parts)
        if supposed or top.tool == DECLINED or is_knowledge(reading):
            return Plan("decline", candidates=self._next_steps(chosen, reading), reason="question")
        if top.tool in self.ranker.commands and top.score >= COMMAND:
            return self._commanded(self.ranker.commands[top.tool], reading)
        if top.score < WORTH_ASKING and not any(each.kind in _NAMES for each in reading.mentions if each.sure):
            return Plan("decline", candidates=self._next_steps(chosen, reading), reason="question")
        told = _is_told(reading, chosen.parts) and top.score < NARRATED and not (top.headed and not effect)
        unclear = told or not top.heard or _is_twofold(reading, chosen) or not _leads(top, second, effect=effect)
        refused = effect and (not top.asked or self._refuses(reading, top.tool))
        if (
            unclear
            or refused
            or Doubts(self.ranker, reading, chosen).any()
            or top.score < WORTH_ASKING
            or top.tool in self.ranker.commands
        ):
            return Plan("ask", candidates=self._candidates(chosen, reading), reason="unsure")
        return None

    def _commanded(self, meant: CommandContent, reading: Reading) -> Plan:
        """Return the refusal that names a command; one that only comes nearest is named for a name it takes."""
        if not meant.nearest:
            return Plan("decline", reason="command", command=spell_command(meant, reading))
        if not any(each.kind in _NAMES[:4] for each in reading.mentions):
            return Plan("decline", reason="question")
        return Plan("decline", reason="nearest", command=spell_command(meant, reading))

    def _refuses(self, reading: Reading, tool: str) -> bool:
        """Tell whether the sentence negates one of the effect's own verbs anywhere."""
        verbs = {stems[0] for stems in self.ranker.strong_verbs[tool] if stems}
        return any(reading.tokens[at].stem in verbs for at in reading.refused)

    def _candidates(self, chosen: Chosen, reading: Reading) -> tuple[str, ...]:
        """Return the tools within reach of the best, and those for which the words are general but fitting."""
        ranked = [each for each in chosen.ranking if each.tool in self.ranker.tools and each.score > 0.05]
        generic = [each for each in ranked if self._says_generic(reading, each.tool)]
        top = ranked[0].score if ranked else 0.0
        near = [each for each in ranked if top - each.score <= _NEAR_TOP]
        vague = len(generic) >= _VAGUE and len(reading.tokens) <= _SHORT
        found = [*generic, *near] if vague else [*near, *generic]
        return tuple(dict.fromkeys(each.tool for each in found))[:4]

    def _next_steps(self, chosen: Chosen, reading: Reading) -> tuple[str, ...]:
        """Return tools that help with an open question: those that say so, then those whose examples are like it."""
        stems = {token.stem for token in reading.tokens}
        if is_arithmetic(reading):
            return ()
        helping = [name for name, each in self.ranker.tools.items() if stems & {stem(word) for word in each.helps}]
        like = [each.tool for each in chosen.ranking if each.tool in self.ranker.tools]
        like = [each.tool for each in chosen.ranking if each.tool in like and each.likeness >= WORTH_ASKING]
        return tuple(dict.fromkeys([*helping, *like]))[:3]

    def _says_generic(self, reading: Reading, tool: str) -> bool:
        words = {token.word for token in reading.tokens}
        return bool(words & set(self.ranker.tools[tool].generic_verbs))


def _leads(top: Ranked, second: Ranked, *, effect: bool) -> bool:
    if second.tool.startswith("ax ") and top.score >= SURE_EFFECT:
        # To decline with a command what a tool would have done is the lesser wrong, but it is one.
        return top.score - second.score >= MARGIN_COMMAND
    if not effect and top.grounded and top.score >= GROUNDED and top.score - second.score >= MARGIN_GROUNDED:
        return True
    sure, margin, alone = (SURE_EFFECT, MARGIN_EFFECT, ALONE_EFFECT) if effect else (SURE, MARGIN, ALONE)
    lead = top.score - second.score
    return (top.score >= sure and lead >= margin) or (top.score >= alone and lead >= WIDE)


def _is_twofold(reading: Reading, chosen: Chosen) -> bool:
    """Tell whether two tools are named side by side in one part, as in "show drift and the health report"."""
    top, second = chosen.ranking[0], chosen.ranking[1]
    rival = second.score >= SURE and set(second.signs) - set(top.signs) and top.score - second.score < _RIVAL
    words = {reading.tokens[at].word for part in chosen.parts for at in range(part.first, part.last + 1)}
    return bool(rival) and bool(words & {"and", "&", "plus"})


_TELLERS = {"we", "i", "he", "she", "they", "somebody", "someone", "you"}


def _is_told(reading: Reading, parts: list[Part]) -> bool:
    """Tell whether the sentence reports ("we deployed 2.0.0 last week") and asks for nothing."""
    heads = [
        reading.tokens[part.opening.head].word
        for part in parts
        if part.opening.head <= part.last and part.opening.mood == "statement" and part.text_from is None
    ]
    return len(heads) == len(parts) and all(head in _TELLERS or _is_doing(head) for head in heads)


def _is_doing(word: str) -> bool:
    return word.endswith("ing") and not word.endswith("thing")


def _step(content: ToolContent, parts: list[Part], sheet: Sheet) -> Step:
    condition = next((part.condition for part in parts if part.condition is not None), None)
    text, typed = (condition.text, condition.typed) if condition else (None, None)
    return Step(content.tool, nested(sheet), sheet.values, text, typed)


def _unchecked(step: Step, *, first: bool) -> list[Missing]:
    """Return what is missing because a step's condition cannot be checked, or is not known by then."""
    typed = step.typed_condition
    if typed is None:
        return []
    if step.condition is None:
        return [Missing("condition", f"{typed!r} cannot be checked; what should hold?", "ambiguous", typed)]
    return [Missing("condition", f"what is to be done first, to know {typed!r}?", "missing", typed)] if first else []
