"""Rank the tools for a part of a sentence: likeness to examples, signs, verbs, and whether an effect is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from axagents.llm.offline.content import Synonyms, ToolContent
from axagents.llm.offline.examples import DECLINED, Examples, Phrases, stems_of
from axagents.llm.offline.parts import Part, stems_in
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import stem

_SIGN, _MOST_SIGNS = 0.16, 0.36
_NOT_SIGN, _MOST_NOT_SIGNS = 0.16, 0.34
_VERB = 0.06
_STRONG_VERB = 0.14
_EFFECT_QUESTIONED = 0.5
_KIND, _KIND_MOST = 0.16, 0.16
_KIND_OF = {
    "test": ("test",),
    "experiment": ("experiment", "experiments"),
    "path": ("path",),
    "dataset": ("dataset",),
}
"""Kinds of names, and the kinds of arguments that take them."""
_UNUSED_NAME = 0.06


@dataclass(frozen=True, slots=True)
class Ranked:
    """One tool's score for a part of a sentence, and what it rests on.

    Attributes:
        likeness: to the nearest example sentences, in 0-1.
        asked: for an effect, whether the part really asks for it.
    """

    tool: str
    score: float
    likeness: float
    signs: tuple[str, ...]
    asked: bool


@dataclass(frozen=True)
class Ranker:
    """Everything the planner knows of tools, ready to rank."""

    tools: Mapping[str, ToolContent]
    synonyms: Synonyms

    @cached_property
    def examples(self) -> Examples:
        return Examples(tuple(self.tools.values()), self.synonyms)

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """Return words that are no name although they have hyphens or digits."""
        phrases = [phrase for group in self.synonyms.groups.values() for phrase in group]
        phrases += [phrase for content in self.tools.values() for phrase in self._phrases(content)]
        words = {word for phrase in phrases for word in phrase.lower().split()}
        return frozenset(words | set(self.synonyms.ordinary.split())) | self.examples.vocabulary

    @cached_property
    def common(self) -> frozenset[str]:
        """Return stems that are never the unknown name of something."""
        return self.examples.vocabulary | {stem(word) for word in self.synonyms.common.split()}

    def _phrases(self, content: ToolContent) -> list[str]:
        found = [*content.signs, *content.verbs, *content.not_signs]
        for argument in content.arguments.values():
            found += [*argument.cues, *argument.near, *argument.phrases]
            found += [phrase for phrases in argument.choices.values() for phrase in phrases]
        return found

    @cached_property
    def verbs(self) -> frozenset[str]:
        """Return the stems with which a request may begin."""
        first = {stems_of(verb)[0] for content in self.tools.values() for verb in content.verbs if stems_of(verb)}
        return frozenset(first) | {stem(word) for word in ("show", "tell", "give", "list", "check", "run", "use")}

    @cached_property
    def swallows(self) -> Phrases:
        """Return the openings behind which the rest of a sentence is a text."""
        return Phrases.of({phrase: [phrase] for content in self.tools.values() for phrase in content.swallows})

    @cached_property
    def _signs(self) -> Mapping[str, Phrases]:
        return {name: Phrases.of({phrase: [phrase] for phrase in each.signs}) for name, each in self.tools.items()}

    @cached_property
    def _not_signs(self) -> Mapping[str, Phrases]:
        return {name: Phrases.of({phrase: [phrase] for phrase in each.not_signs}) for name, each in self.tools.items()}

    @cached_property
    def _verb_phrases(self) -> Mapping[str, frozenset[tuple[str, ...]]]:
        return {name: frozenset(stems_of(verb) for verb in each.verbs) for name, each in self.tools.items()}

    @cached_property
    def strong_verbs(self) -> Mapping[str, frozenset[tuple[str, ...]]]:
        return {name: frozenset(stems_of(verb) for verb in each.strong_verbs) for name, each in self.tools.items()}

    def rank(self, reading: Reading, parts: Sequence[Part]) -> list[Ranked]:
        """Return all tools, best first; the parts are taken together. Name order breaks ties."""
        stems = [one for part in parts for one in stems_in(reading, part, self.examples.vocabulary)]
        likeness = self.examples.likeness(stems)
        words = [one for one in stems if not one.startswith("{")]
        ranked = [
            self._ranked(name, likeness.get(name, 0.0), reading=reading, parts=parts, words=words)
            for name in self.tools
        ]
        declined = Ranked(DECLINED, likeness.get(DECLINED, 0.0), likeness.get(DECLINED, 0.0), (), asked=False)
        return sorted([*ranked, declined], key=lambda each: (-each.score, each.tool))

    def _ranked(
        self, name: str, likeness: float, *, reading: Reading, parts: Sequence[Part], words: Sequence[str]
    ) -> Ranked:
        signs = tuple(value for _, _, value in self._signs[name].find(words))
        against = len(self._not_signs[name].find(words))
        heads = [self._head(name, reading, part) for part in parts]
        score = likeness + min(_SIGN * len(signs), _MOST_SIGNS) - min(_NOT_SIGN * against, _MOST_NOT_SIGNS)
        score += self._kinds(name, reading, parts)
        score += _STRONG_VERB if "strong" in heads else _VERB if "verb" in heads else 0.0
        asked = "strong" in heads or ("verb" in heads and bool(signs))
        if self.tools[name].is_effect and not asked:
            score -= _EFFECT_QUESTIONED if any(part.opening.mood != "request" for part in parts) else 0.0
        return Ranked(name, score, likeness, signs, asked)

    def _kinds(self, name: str, reading: Reading, parts: Sequence[Part]) -> float:
        """Return what the kinds of names in the parts say for a tool: the fewer tools take one, the more."""
        found = {each.kind for part in parts for each in reading.within(part.first, part.asks_until) if each.sure}
        score = 0.0
        for kind in found & _KIND_OF.keys():
            takers = self._takers[kind]
            score += _KIND / len(takers) if name in takers else -_UNUSED_NAME
        return min(score, _KIND_MOST)

    @cached_property
    def _takers(self) -> Mapping[str, frozenset[str]]:
        """Return for each kind of name the tools that have an argument for it."""
        return {
            kind: frozenset(
                name
                for name, content in self.tools.items()
                if any(argument.kind in kinds for argument in content.arguments.values())
            )
            for kind, kinds in _KIND_OF.items()
        }

    def _head(self, name: str, reading: Reading, part: Part) -> str:
        """Tell whether a part begins with one of the tool's verbs, as a request: strong, verb, or not at all."""
        if part.opening.mood in ("question", "hypothetical"):
            return ""
        at = part.opening.head
        if part.opening.wish:
            return "verb"
        window = [token for token in reading.tokens[at : at + 4] if token.shape != "mark"]
        if not window or at in reading.negated or window[0].word.endswith(("ed", "ing")):
            return ""
        stems = tuple(token.stem for token in window)
        heads = {stems[:size] for size in range(1, 4)}
        if heads & self.strong_verbs[name]:
            return "strong"
        return "verb" if heads & self._verb_phrases[name] else ""
