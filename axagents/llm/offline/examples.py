"""Rank tools by how like their example sentences a part of a sentence is."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from axagents.llm.offline.content import CommandContent, Synonyms, ToolContent
from axagents.llm.offline.opening import REQUESTING, opening
from axagents.llm.offline.text import COURTESY, Token, stem, tokenise

DECLINED = ""
"""The name under which sentences that no tool can answer are kept."""

Features = dict[str, float]
_PLACEHOLDER_WEIGHT = 0.6
_PAIR_WEIGHT = 0.7
_GROUP_WEIGHT = 1.0
_UNHEARD, _EVERYDAY = 0.6, 0.2
"""How much a word that no example has weighs against likeness, as a share of the rarest word's weight."""


@dataclass(frozen=True)
class Phrases:
    """Phrases by their stems; finds those that stand in a sentence."""

    by_stems: Mapping[tuple[str, ...], str]

    @classmethod
    def of(cls, phrases: Mapping[str, Iterable[str]]) -> "Phrases":
        """Return the phrases of each value, as `{value: phrases}`."""
        return cls({stems_of(phrase): value for value, each in phrases.items() for phrase in each})

    @cached_property
    def longest(self) -> int:
        return max((len(stems) for stems in self.by_stems), default=0)

    def find(self, stems: Sequence[str]) -> list[tuple[int, int, str]]:
        """Return (first, last, value) of each phrase in the sentence, the longest first at each place."""
        found: list[tuple[int, int, str]] = []
        at = 0
        while at < len(stems):
            length = next(
                (size for size in range(self.longest, 0, -1) if tuple(stems[at : at + size]) in self.by_stems), 0
            )
            if length:
                found.append((at, at + length - 1, self.by_stems[tuple(stems[at : at + length])]))
            at += max(length, 1)
        return found


def stems_of(phrase: str) -> tuple[str, ...]:
    """Return the stems of a phrase's words, its hyphens taken for blanks."""
    words = phrase if phrase.startswith("a/b") else phrase.replace("-", " ")
    return tuple(token.stem for word in words.split() for token in _tokens_of_word(word) if token.shape != "mark")


@dataclass(frozen=True)
class Examples:
    """The example sentences of all tools and commands, as vectors.

    The weight of a word is higher the fewer tools use it (inverse tool frequency); all commands count as one.
    """

    tools: tuple[ToolContent, ...]
    commands: tuple[CommandContent, ...]
    synonyms: Synonyms

    @cached_property
    def _counted(self) -> list[tuple[str, Features]]:
        return [(tool, self.features(_stems_with_kinds(line))) for tool, line in self._lines()]

    @cached_property
    def _vectors(self) -> list[tuple[str, Features]]:
        return [(tool, self._weigh(features)) for tool, features in self._counted]

    def _lines(self) -> Iterable[tuple[str, str]]:
        for content in self.tools:
            for line in content.examples:
                yield content.tool, line
        for command in self.commands:
            for line in command.examples:
                yield command.name, line
        for line in self.synonyms.declined.splitlines():
            if line.strip():
                yield DECLINED, line

    @cached_property
    def _groups(self) -> Phrases:
        return Phrases.of(self.synonyms.groups)

    def features(self, stems: Sequence[str]) -> Features:
        """Return what is counted of a sentence: words, pairs of words, kinds of names, groups of like meaning."""
        counted: defaultdict[str, float] = defaultdict(float)
        for one in stems:
            counted[one] += _PLACEHOLDER_WEIGHT if one.startswith("{") else 1.0
        for pair in itertools.pairwise(stems):
            counted[" ".join(pair)] += _PAIR_WEIGHT
        for _, _, group in self._groups.find(stems):
            counted[f"~{group}"] += _GROUP_WEIGHT
        return counted

    @cached_property
    def _users(self) -> Mapping[str, set[str]]:
        """Return the tools whose examples have each feature; all commands count as one."""
        used: defaultdict[str, set[str]] = defaultdict(set)
        for tool, features in self._counted:
            for feature in features:
                used[feature].add("ax" if tool.startswith("ax ") else tool)
        return used

    @property
    def stems(self) -> Iterable[str]:
        """Return every stem that an example has."""
        return (feature for feature in self._users if " " not in feature and feature[:1] not in "~{")

    def users(self, word: str) -> set[str]:
        """Return the tools whose examples have a stem."""
        return self._users.get(word, set())

    @cached_property
    def _rarity(self) -> Mapping[str, float]:
        """Return the inverse tool frequency of every feature."""
        every = len(self.tools) + 1
        return {feature: math.log((every + 1) / (len(tools) + 0.5)) for feature, tools in self._users.items()}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Return every word stem that an example uses, but for those of what somebody wants to be remembered."""
        texts = {content.tool for content in self.tools if content.swallows}
        plain = (feature for feature, tools in self._users.items() if tools - texts)
        return frozenset(feature for feature in plain if " " not in feature and feature[:1] not in "~{")

    @cached_property
    def _everyday(self) -> frozenset[str]:
        return frozenset(stem(word) for word in self.synonyms.common.split())

    def _unknown(self, feature: str) -> float:
        """Return the weight of a feature that no example has: of a word, less of an everyday one, of a pair none."""
        if " " in feature:
            return 0.0
        return math.log(len(self.tools) + 2) * (_EVERYDAY if feature in self._everyday else _UNHEARD)

    def _weigh(self, features: Features) -> Features:
        weighed = {
            one: count * (self._rarity[one] if one in self._rarity else self._unknown(one))
            for one, count in features.items()
        }
        norm = math.sqrt(sum(value * value for value in weighed.values())) or 1.0
        return {one: value / norm for one, value in weighed.items()}

    @cached_property
    def _places(self) -> Mapping[str, list[tuple[int, float]]]:
        places: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, (_, vector) in enumerate(self._vectors):
            for feature, value in vector.items():
                places[feature].append((index, value))
        return places

    def likeness(self, stems: Sequence[str]) -> dict[str, float]:
        """Return for each tool how like its nearest examples the sentence is, in 0-1 (cosine)."""
        scores: defaultdict[int, float] = defaultdict(float)
        for feature, value in self._weigh(self.features(stems)).items():
            for index, other in self._places.get(feature, ()):
                scores[index] += value * other
        nearest: defaultdict[str, list[float]] = defaultdict(list)
        for index, score in scores.items():
            nearest[self._vectors[index][0]].append(score)
        return {tool: _blend(sorted(found, reverse=True)) for tool, found in nearest.items()}


def _blend(found: list[float]) -> float:
    top = found[:3]
    return 0.6 * top[0] + 0.4 * sum(top) / 3


def _stems_with_kinds(line: str) -> list[str]:
    """Return an example's stems, its {kind} places kept whole, without the frame of a polite request."""
    words = line.replace("{", " {").replace("}", "} ").split()
    framed = 0
    if words and words[0].lower() in REQUESTING:
        tokens = [token for word in words for token in _tokens_of_word(word)]
        begin = opening(tokens, 0, len(tokens) - 1)
        framed = sum(token.shape != "mark" for token in tokens[: begin.head]) if begin.mood == "request" else 0
    stems = [token.stem for word in words for token in _tokens_of_word(word) if token.shape != "mark"]
    return [one for one in stems[framed:] if one not in COURTESY]


@lru_cache(maxsize=16_384)
def _tokens_of_word(word: str) -> tuple[Token, ...]:
    """Return the tokens of one word of an example; a {kind} place is a token of its own."""
    if word.startswith("{"):
        return (Token(word, word, word, 0, len(word), "name"),)
    return tuple(tokenise(word))
