"""Rank the personas for a task: by the tools that the task is about, and by the words each is known for."""

from dataclasses import dataclass

from axagents.agents.dry import plan_once
from axagents.agents.opening import CALL, open_desk
from axagents.agents.persona import Persona, list_personas
from axagents.agents.request import Request
from axagents.llm.offline.text import stem
from axagents.project import Project

_WORD = 0.1
_MOST_WORDS = 3
STANDS_OUT = 0.1
"""The score that one word which a persona is known for gives; below it nothing speaks for anybody."""
_CLEARLY = 0.5
"""By how much another persona must fit better to be given what one is at work on."""


@dataclass(frozen=True)
class Recommendation:
    """How well a persona fits: the score of its best tool for the task, and .1 for each of its words in it, three at
    most."""

    persona: Persona
    score: float
    tools: tuple[str, ...]
    words: tuple[str, ...]


def recommend_personas(project: Project, task: str) -> list[Recommendation]:
    """Return the personas, the best for a task first; a persona that nothing speaks for scores 0."""
    request = Request(CALL, task, "offline")
    desk = open_desk(project, request)
    ranking = plan_once(desk, request).ranking
    here = desk.catalog.files("tools")
    scores = {str(each["tool"]): float(each["score"]) for each in ranking if each["tool"] in here and each["score"] > 0}
    said = _stems(task)
    found = [_weigh(persona, scores, said) for persona in list_personas(desk.catalog)]
    return sorted(found, key=lambda each: (-each.score, each.persona.id))


def clearly_for(project: Project, task: str, *, present: str) -> Recommendation | None:
    """Return whom a task is clearly for in place of the persona `present`, by a tool; None where nobody is."""
    found = recommend_personas(project, task)
    best, mine = found[0], next((each.score for each in found if each.persona.id == present), 0.0)
    return best if best.persona.id != present and best.tools and best.score - mine >= _CLEARLY else None


def _weigh(persona: Persona, scores: dict[str, float], said: set[str]) -> Recommendation:
    tools = sorted((name for name in persona.tools if name in scores), key=lambda name: -scores[name])
    words = tuple(word for word in persona.words if _stems(word) <= said)
    score = (scores[tools[0]] if tools else 0.0) + _WORD * min(_MOST_WORDS, len(words))
    return Recommendation(persona, round(score, 3), tuple(tools[:3]), words)


def _stems(text: str) -> set[str]:
    return {stem(word.strip(".,;:!?\"'").lower()) for word in text.split()} - {""}
