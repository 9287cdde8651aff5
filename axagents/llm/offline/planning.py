"""Plan what to do about a sentence: which tools, with which arguments, or what to ask, or why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from axagents.llm.offline.arguments.filling import fill_arguments, nested
from axagents.llm.offline.arguments.sources import Missing, Setting, Sheet, Value
from axagents.llm.offline.content import ToolContent
from axagents.llm.offline.examples import DECLINED
from axagents.llm.offline.names import Names
from axagents.llm.offline.parts import Part, split_parts
from axagents.llm.offline.ranking import Ranked, Ranker
from axagents.llm.offline.reading import Reading, read
from axagents.llm.offline.text import stem
from axagents.llm.offline.world import World

Outcome = Literal["run", "confirm", "ask", "decline"]

SURE, SURE_EFFECT = 0.5, 0.55
"""The score from which a tool is taken, if it leads by the margin."""
MARGIN, MARGIN_EFFECT = 0.07, 0.1
ALONE, ALONE_EFFECT = 0.33, 0.42
"""The score from which a tool is taken that leads all others by a wide margin."""
WIDE = 0.2
WORTH_ASKING = 0.24
OWN_STEP, OWN_STEP_MARGIN = 0.42, 0.15
NARRATED = 0.75
"""The score that a tool needs where the sentence tells what somebody did."""
_NEAR_TOP = 0.2
_RIVAL = 0.25
_NAMES = ("model", "model-version", "deployment", "version", "dataset", "experiment", "test")


@dataclass(frozen=True)
class Step:
    """One call of a plan.

    Attributes:
        sources: where each argument's value comes from, by its dotted name.
        condition: what must hold before, in canonical form; `typed_condition` as the user wrote it.
    """

    tool: str
    arguments: dict[str, Any]
    sources: dict[str, Value]
    condition: str | None = None
    typed_condition: str | None = None


@dataclass(frozen=True)
class Plan:
    """What the planner makes of a sentence.

    Attributes:
        steps: the calls in order; where something is missing, those it would make.
        missing: what must be known before anything is called.
        candidates: tools the user may have meant.
        reason: why it asks or declines, as one word for programs: missing, unknown, ambiguous, unsure, question,
            negated, condition, nothing.
        ranking: the tools considered for each step, best first.
    """

    outcome: Outcome
    steps: tuple[Step, ...] = ()
    missing: tuple[Missing, ...] = ()
    candidates: tuple[str, ...] = ()
    reason: str = ""
    ranking: tuple[tuple[Ranked, ...], ...] = ()


@dataclass(frozen=True)
class _Chosen:
    parts: list[Part]
    ranking: list[Ranked]

    @property
    def top(self) -> Ranked:
        return self.ranking[0]


@dataclass(frozen=True)
class Planner:
    """Plans sentences about one world.

    Attributes:
        past: arguments of earlier calls of the conversation, newest first.
    """

    ranker: Ranker
    world: World
    past: Sequence[Mapping[str, Any]] = field(default=())

    def plan(self, sentence: str) -> Plan:
        """Return what to do about a sentence; the same sentence in the same world gives the same plan."""
        names = Names(self.world)
        reading = read(sentence, names, self.ranker.ordinary)
        parts = split_parts(reading, self.ranker.verbs, self.ranker.swallows)
        asking = [part for part in parts if not self._is_refused(reading, part)]
        if not parts:
            return Plan("decline", reason="nothing")
        if not asking:
            return Plan("decline", reason="negated")
        chosen = self._choose(reading, asking)
        return self._plan_steps(reading, names, chosen)

    def _is_refused(self, reading: Reading, part: Part) -> bool:
        """Tell whether all that a part says stands under a negation."""
        if part.text_from is not None:
            return False
        said = [at for at in range(part.opening.head, part.last + 1) if reading.tokens[at].shape == "word"]
        return bool(said) and all(at in reading.negated for at in said)

    def _choose(self, reading: Reading, parts: list[Part]) -> list[_Chosen]:
        """Group the parts into steps: one of its own where a part alone is surely another tool's."""
        if len(parts) == 1:
            return [_Chosen(parts, self.ranker.rank(reading, parts))]
        alone = [self.ranker.rank(reading, [part]) for part in parts]
        groups: list[list[Part]] = []
        tools: list[str] = []
        waiting: list[Part] = []
        for part, ranking in zip(parts, alone, strict=True):
            tool = ranking[0].tool if self._is_own_step(reading, ranking, part) else ""
            if not tool and groups:
                groups[-1].append(part)
            elif not tool:
                waiting.append(part)
            elif tools and tools[-1] == tool:
                groups[-1].append(part)
            else:
                groups.append([*waiting, part])
                tools.append(tool)
                waiting = []
        if len(groups) <= 1:
            return [self._whole(reading, parts, alone)]
        return [self._group(reading, group, tool) for group, tool in zip(groups, tools, strict=True)]

    def _is_own_step(self, reading: Reading, ranking: list[Ranked], part: Part) -> bool:
        top = ranking[0]
        head = reading.tokens[part.opening.head].stem if part.opening.head <= part.last else ""
        if part.opening.mood == "statement" and head not in self.ranker.verbs:
            return False
        if top.tool == DECLINED or top.score < OWN_STEP or top.score - ranking[1].score < OWN_STEP_MARGIN:
            return False
        return not self.ranker.tools[top.tool].is_effect or top.asked or part.condition is not None

    def _whole(self, reading: Reading, parts: list[Part], alone: list[list[Ranked]]) -> _Chosen:
        """Rank the parts together; where one alone is clearer than all together, take what it says."""
        together = self.ranker.rank(reading, parts)
        best = max(alone, key=lambda ranking: ranking[0].score)
        if best[0].score > together[0].score and best[0].tool != DECLINED:
            return _Chosen(parts, best)
        return _Chosen(parts, together)

    def _group(self, reading: Reading, parts: list[Part], tool: str) -> _Chosen:
        rankings = [self.ranker.rank(reading, [part]) for part in parts]
        best = max((ranking for ranking in rankings if ranking[0].tool == tool), key=lambda each: each[0].score)
        return _Chosen(parts, best)

    def _plan_steps(self, reading: Reading, names: Names, chosen: list[_Chosen]) -> Plan:
        rankings = tuple(tuple(each.ranking[:5]) for each in chosen)
        for each in chosen:
            unsure = self._unsure(reading, each)
            if unsure is not None:
                return Plan(unsure[0], candidates=unsure[2], reason=unsure[1], ranking=rankings)
        steps: list[Step] = []
        missing: list[Missing] = []
        for position, each in enumerate(chosen):
            earlier = [part for one in chosen[:position] for part in one.parts]
            later = [part for one in chosen[position + 1 :] for part in one.parts]
            past = [*(step.arguments for step in reversed(steps)), *self.past]
            content = self.ranker.tools[each.top.tool]
            parts = _with_conditions(content, each.parts)
            setting = Setting(reading, names, parts, earlier, later, content, past, self.ranker.common)
            sheet = fill_arguments(setting)
            step = _step(content, parts, sheet)
            missing += [*sheet.missing, *_unchecked(step, first=not steps)]
            steps.append(step)
        if missing:
            return Plan("ask", tuple(steps), tuple(missing), reason=missing[0].why, ranking=rankings)
        effect = any(self.ranker.tools[step.tool].is_effect for step in steps)
        return Plan("confirm" if effect else "run", tuple(steps), ranking=rankings)

    def _unsure(self, reading: Reading, chosen: _Chosen) -> tuple[Outcome, str, tuple[str, ...]] | None:
        """Return outcome, reason and candidates where a step is not sure enough to be taken."""
        top, second = chosen.ranking[0], chosen.ranking[1]
        effect = top.tool != DECLINED and self.ranker.tools[top.tool].is_effect
        supposed = any(part.opening.mood == "hypothetical" for part in chosen.parts)
        if supposed or top.tool == DECLINED:
            return "decline", "question", self._next_steps(chosen, reading)
        if top.score < WORTH_ASKING:
            named = any(each.kind in _NAMES for each in reading.mentions if each.sure)
            if named:
                return "ask", "unsure", self._candidates(chosen, reading)
            return "decline", "question", self._next_steps(chosen, reading)
        if _is_twofold(reading, chosen):
            return "ask", "unsure", self._candidates(chosen, reading)
        if not _leads(top, second, effect=effect) or (_is_told(reading, chosen.parts) and top.score < NARRATED):
            return "ask", "unsure", self._candidates(chosen, reading)
        if effect and (not top.asked or self._refuses(reading, top.tool)):
            return "ask", "unsure", self._candidates(chosen, reading)
        return None

    def _refuses(self, reading: Reading, tool: str) -> bool:
        """Tell whether the sentence negates one of the effect's own verbs anywhere."""
        verbs = {stems[0] for stems in self.ranker.strong_verbs[tool] if stems}
        return any(reading.tokens[at].stem in verbs for at in reading.refused)

    def _candidates(self, chosen: _Chosen, reading: Reading) -> tuple[str, ...]:
        """Return the tools within reach of the best, and those for which the words are general but fitting."""
        ranked = [each for each in chosen.ranking if each.tool != DECLINED and each.score > 0.05]
        generic = [each for each in ranked if self._says_generic(reading, each.tool)]
        top = ranked[0].score if ranked else 0.0
        near = [each for each in ranked if top - each.score <= _NEAR_TOP]
        return tuple(dict.fromkeys(each.tool for each in [*near, *generic]))[:4]

    def _next_steps(self, chosen: _Chosen, reading: Reading) -> tuple[str, ...]:
        """Return tools that help with an open question: those that say so, then those whose examples are like it."""
        stems = {token.stem for token in reading.tokens}
        helping = [name for name, each in self.ranker.tools.items() if stems & {stem(word) for word in each.helps}]
        like = [each.tool for each in chosen.ranking if each.tool != DECLINED and each.likeness >= WORTH_ASKING]
        return tuple(dict.fromkeys([*helping, *like]))[:3]

    def _says_generic(self, reading: Reading, tool: str) -> bool:
        words = {token.word for token in reading.tokens}
        return bool(words & set(self.ranker.tools[tool].generic_verbs))


def _leads(top: Ranked, second: Ranked, *, effect: bool) -> bool:
    sure, margin, alone = (SURE_EFFECT, MARGIN_EFFECT, ALONE_EFFECT) if effect else (SURE, MARGIN, ALONE)
    lead = top.score - second.score
    return (top.score >= sure and lead >= margin) or (top.score >= alone and lead >= WIDE)


def _is_twofold(reading: Reading, chosen: _Chosen) -> bool:
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
    return len(heads) == len(parts) and all(head in _TELLERS or head.endswith("ing") for head in heads)


def _with_conditions(content: ToolContent, parts: list[Part]) -> list[Part]:
    """Give an if-clause back to the request where it is no condition of the step.

    That is so for a tool that sets up what happens on events, and for one without effects where code cannot check it.
    """
    return [
        replace(part, condition=None, left_out=frozenset())
        if part.condition and (content.events or (part.condition.text is None and not content.is_effect))
        else part
        for part in parts
    ]


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
