"""Group the parts of a sentence into steps, each with the tools that may be meant by it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from axagents.llm.offline.examples import DECLINED
from axagents.llm.offline.handing import ASK
from axagents.llm.offline.parts import Part
from axagents.llm.offline.ranking import Ranked, Ranker
from axagents.llm.offline.reading import Reading

OWN_STEP, OWN_STEP_MARGIN = 0.42, 0.15
_BACK = frozenset("it this that results result run everything them all these metrics".split())
_FIGURES = ("number", "percent", "dataset")
_CERTAIN = 2.0


@dataclass(frozen=True)
class Chosen:
    """The parts of one step, and the tools for it, best first; `asking` is the part that asks for the best one."""

    parts: list[Part]
    ranking: list[Ranked]
    asking: Part | None = None

    @property
    def top(self) -> Ranked:
        return self.ranking[0]


@dataclass(frozen=True)
class Chooser:
    """Groups the parts of one sentence."""

    ranker: Ranker
    reading: Reading

    def choose(self, parts: list[Part], forced: str | None = None) -> list[Chosen]:
        """Return the steps: one of its own where a part alone is surely another tool's.

        Args:
            forced: the tool that the user said is meant by the one step.
        """
        if forced is not None:
            return [Chosen(parts, [self._certainly(forced), *self._rank(parts)])]
        if len(parts) == 1:
            return [Chosen(parts, self._rank(parts))]
        alone = [self._rank([part]) for part in parts]
        groups = self._grouped(parts, alone)
        if len(groups) <= 1:
            return [self._whole(parts, alone)]
        return [self._group(group, tool) for tool, group in groups]

    def _rank(self, parts: Sequence[Part]) -> list[Ranked]:
        if parts[0].handed_to is not None:
            return [self._certainly(f"{ASK}{parts[0].handed_to}"), Ranked(DECLINED, 0.0, 0.0, (), asked=False)]
        return self.ranker.rank(self.reading, parts)

    def _certainly(self, tool: str) -> Ranked:
        return Ranked(tool, _CERTAIN, 1.0, (), asked=True)

    def _grouped(self, parts: list[Part], alone: list[list[Ranked]]) -> list[tuple[str, list[Part]]]:
        groups: list[tuple[str, list[Part]]] = []
        waiting: list[Part] = []
        for part, ranking in zip(parts, alone, strict=True):
            tool = ranking[0].tool if self._is_own_step(ranking, part) else ""
            open_group = bool(groups) and groups[-1][1][-1].handed_to is None
            if not tool and open_group and groups[-1][1][-1].swallowed and self._asks_itself(part):
                tool = ranking[0].tool
            if open_group and (not tool or self._goes_with(groups[-1][0], tool, part)):
                groups[-1][1].append(part)
            elif not tool:
                waiting.append(part)
            elif open_group and self._is_taken_over(groups[-1], tool):
                groups[-1] = (tool, [*groups[-1][1], *waiting, part])
                waiting = []
            else:
                groups.append((tool, [*waiting, part]))
                waiting = []
        return groups

    def _asks_itself(self, part: Part) -> bool:
        """Tell whether a part behind a text begins with a verb of some tool, and so is no more of that text."""
        token = self.reading.tokens[part.opening.head] if part.opening.head <= part.last else None
        return token is not None and part.text_from is None and token.stem in self.ranker.verbs

    def _goes_with(self, tool: str, other: str, part: Part) -> bool:
        """Tell whether a part is the step before it gone on with: the same tool, or one whose part that step does."""
        if tool == other:
            return part.handed_to is None
        content = self.ranker.content(tool)
        points_back = any(self.reading.word(at) in _BACK for at in range(part.first, part.last + 1))
        return content is not None and other in content.takes_over and points_back and not self._has_figures(part)

    def _is_taken_over(self, group: tuple[str, list[Part]], tool: str) -> bool:
        """Tell whether the step before a part is one that this part's tool does along: "open X and train in it"."""
        content = self.ranker.content(tool)
        took = content is not None and group[0] in content.takes_over
        return took and not any(self._has_figures(part) for part in group[1])

    def _has_figures(self, part: Part) -> bool:
        return any(each.kind in _FIGURES and each.sure for each in self.reading.within(part.first, part.last))

    def _is_own_step(self, ranking: list[Ranked], part: Part) -> bool:
        if part.handed_to is not None:
            return True
        top = ranking[0]
        token = self.reading.tokens[part.opening.head] if part.opening.head <= part.last else None
        if part.opening.mood == "statement" and (
            token is None or token.stem not in self.ranker.verbs or token.word.endswith("ed")
        ):
            return False
        if top.tool == DECLINED or top.score < OWN_STEP or top.score - ranking[1].score < OWN_STEP_MARGIN:
            return False
        return not self.ranker.is_effect(top.tool) or top.asked or part.condition is not None

    def _whole(self, parts: list[Part], alone: list[list[Ranked]]) -> Chosen:
        """Rank the parts together; where one alone is clearer than all together, take what it says."""
        together = self._rank(parts)
        best = max(alone, key=lambda ranking: ranking[0].score)
        asking = parts[alone.index(best)]
        if best[0].score > together[0].score and best[0].tool != DECLINED:
            return Chosen(parts, best, asking)
        return Chosen(parts, together, asking if best[0].tool == together[0].tool else None)

    def _group(self, parts: list[Part], tool: str) -> Chosen:
        rankings = [(self._rank([part]), part) for part in parts]
        best, asking = max((each for each in rankings if each[0][0].tool == tool), key=lambda each: each[0][0].score)
        return Chosen(parts, best, asking)


def is_refused(reading: Reading, part: Part) -> bool:
    """Tell whether all that a part says stands under a negation."""
    if part.text_from is not None:
        return False
    said = [at for at in range(part.opening.head, part.last + 1) if reading.tokens[at].shape == "word"]
    return bool(said) and all(at in reading.negated for at in said)


def restricts(reading: Reading, part: Part) -> bool:
    """Tell whether a refused part says what another is to do without: "but don't use gender", "nothing after ..."."""
    moments = [each for each in reading.mentions if each.kind == "moment"]
    return any(part.first <= each.first <= part.last for each in (*reading.columns, *moments))


def with_condition_back(parts: list[Part], *, events: bool, effect: bool) -> list[Part]:
    """Give an if-clause back to the request where it is no condition of the step.

    That is so for a tool that sets up what happens on events, and for one without effects where code cannot check it.
    """
    return [
        replace(part, condition=None, left_out=frozenset())
        if part.condition and part.handed_to is None and (events or (part.condition.text is None and not effect))
        else part
        for part in parts
    ]
