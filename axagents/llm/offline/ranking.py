"""Rank the tools for a part of a sentence: likeness to examples, signs, verbs, and whether an effect is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from axagents.llm.offline.examples import DECLINED
from axagents.llm.offline.opening import HAPPENED
from axagents.llm.offline.parts import Part
from axagents.llm.offline.placing import stems_in
from axagents.llm.offline.reading import Reading
from axagents.llm.offline.text import Token, stem
from axagents.llm.offline.vocabulary import KIND_OF, Vocabulary

_SIGN, _MOST_SIGNS = 0.16, 0.36
_NOT_SIGN, _MOST_NOT_SIGNS = 0.16, 0.34
_VERB = 0.06
_STRONG_VERB = 0.14
_EFFECT_QUESTIONED = 0.5
_KIND, _KIND_MOST = 0.16, 0.16
_NAMED_BY = {
    "model": ("model", "deployment", "model-version", "version"),
    "model_name": ("model", "deployment", "model-version", "version"),
    "variant": ("model", "deployment", "model-version", "version"),
    "dataset": ("dataset",),
    "experiments": ("experiment",),
    "test": ("test",),
    "new_name": ("unknown", "experiment"),
}
"""Kinds of arguments, and the kinds of names that stand for them."""
_COMMAND_KINDS = {
    "{model}": ("model", "deployment", "model-version"), "{version}": ("version",), "{dataset}": ("dataset",),
    "{experiment}": ("experiment",), "{test}": ("test",),
}  # fmt: skip
_UNUSED_BY_COMMAND = 0.2
_DESTROYS = 0.4
_SWALLOWED = 0.3
_LIKE_ENOUGH = 0.6
_PHRASE, _PHRASE_MOST = 0.85, 5
"""How like an example a request without a verb must be, and how short."""
_NEVER_ASKED = 0.12
_UNHEARD_OF, _MOST_UNHEARD = 0.06, 0.18
_UNUSED_NAME = 0.06


@dataclass(frozen=True, slots=True)
class Ranked:
    """One tool's score for a part of a sentence, and what it rests on.

    Attributes:
        likeness: to the nearest example sentences, in 0-1.
        asked: for an effect, whether the part really asks for it.
        grounded: whether a thing that the tool needs is named, beside a word that its examples have.
        heard: whether anything but everyday words speaks for the tool.
        named: whether a thing that the tool needs is named; headed: whether its own verb begins the request.
    """

    tool: str
    score: float
    likeness: float
    signs: tuple[str, ...]
    asked: bool
    grounded: bool = False
    heard: bool = True
    named: bool = False
    headed: bool = False


class Ranker(Vocabulary):
    """Ranks the tools and commands that it knows for the parts of a sentence."""

    def rank(self, reading: Reading, parts: Sequence[Part]) -> list[Ranked]:
        """Return all tools and commands, best first; the parts are taken together. Name order breaks ties."""
        stems = [one for part in parts for one in stems_in(reading, part, self.examples.vocabulary)]
        likeness = self.examples.likeness(stems)
        said = Said(reading, parts, tuple(one for one in stems if not one.startswith("{")))
        ranked = [self._ranked(name, likeness.get(name, 0.0), said) for name in self.tools]
        if any(part.condition is not None for part in parts):
            ranked = self._with_events(ranked, said)
        ranked += [self._ranked_command(name, likeness.get(name, 0.0), said) for name in self.commands]
        declined = Ranked(DECLINED, likeness.get(DECLINED, 0.0), likeness.get(DECLINED, 0.0), (), asked=False)
        return sorted([*ranked, declined], key=lambda each: (-each.score, each.tool))

    def _with_events(self, ranked: list[Ranked], said: "Said") -> list[Ranked]:
        """Rank the tools that set up what happens on events again, the if-clause as a part of the request."""
        whole = [replace(part, condition=None, left_out=frozenset[int]()) for part in said.parts]
        stems = [one for part in whole for one in stems_in(said.reading, part, self.examples.vocabulary)]
        likeness = self.examples.likeness(stems)
        full = Said(said.reading, whole, tuple(one for one in stems if not one.startswith("{")))
        return [
            max(each, self._ranked(each.tool, likeness.get(each.tool, 0.0), full), key=lambda one: one.score)
            if self.tools[each.tool].events
            else each
            for each in ranked
        ]

    def _ranked(self, name: str, likeness: float, said: "Said") -> Ranked:
        questioned = any(part.opening.mood == "question" for part in said.parts)
        never = questioned and name in self._never_asked
        signs = () if never else tuple(value for _, _, value in self._signs[name].find(said.words))
        against = len(self._not_signs[name].find(said.words))
        heads = [self._head(name, said.reading, part) for part in said.parts]
        score = likeness + min(_SIGN * len(signs), _MOST_SIGNS) - min(_NOT_SIGN * against, _MOST_NOT_SIGNS)
        score += self._kinds(name, said.reading, said.parts)
        score += _STRONG_VERB if "strong" in heads else _VERB if "verb" in heads else 0.0
        score += _SWALLOWED if any(part.swallowed == name for part in said.parts) else 0.0
        score -= self._strange(name, said)
        named = likeness >= _PHRASE and len(said.words) <= _PHRASE_MOST and bool(signs)
        asked = "strong" in heads or ("verb" in heads and bool(signs)) or (named and _names_it(said))
        if self.tools[name].is_effect and not asked:
            score -= _EFFECT_QUESTIONED if any(part.opening.mood != "request" for part in said.parts) else 0.0
        heard = self._is_heard(name, said)
        named = self._is_named(name, said)
        about = heard or named or bool(signs) or any(heads) or likeness >= _LIKE_ENOUGH
        return Ranked(name, score, likeness, signs, asked, heard and named, about, named, any(heads))

    def _is_heard(self, name: str, said: "Said") -> bool:
        generic = {stem(word) for word in self.tools[name].generic_verbs}
        return any(
            word not in generic and word not in self.functional and name in self.examples.users(word)
            for word in said.words
        )

    def _is_named(self, name: str, said: "Said") -> bool:
        found = {each.kind for part in said.parts for each in said.reading.within(part.first, part.last) if each.sure}
        wanted = {kind for argument in self._required[name] for kind in _NAMED_BY.get(argument, ())}
        return bool(found & wanted)

    def _strange(self, name: str, said: "Said") -> float:
        """Return what speaks against a tool: words that no tool has heard of, a question where none is put to it."""
        unheard = sum(word not in self.common and word.isalpha() and len(word) > 3 for word in said.words)
        against = 0.0 if name in self._free else min(_UNHEARD_OF * unheard, _MOST_UNHEARD)
        questioned = any(part.opening.mood == "question" for part in said.parts)
        against += _DESTROYS if any(self._destroys(name, said.reading, part) for part in said.parts) else 0.0
        return against + (_NEVER_ASKED if questioned and name in self._never_asked else 0.0)

    def _destroys(self, name: str, reading: Reading, part: Part) -> bool:
        """Tell whether a part begins with a verb that takes something away, which no tool of that name does."""
        token = reading.tokens[part.opening.head] if part.opening.head <= part.last else None
        if token is None or part.opening.mood == "question" or token.word not in self._destructive:
            return False
        return (
            token.stem not in {stems[0] for stems in self._verb_phrases[name]}
            and part.opening.head not in reading.negated
        )

    def _ranked_command(self, name: str, likeness: float, said: "Said") -> Ranked:
        signs = tuple(value for _, _, value in self._signs[name].find(said.words))
        found = {each.kind for part in said.parts for each in said.reading.within(part.first, part.last) if each.sure}
        unused = sum(
            bool(found & set(kinds)) and not any(place in text for text in (self._command_texts[name],))
            for place, kinds in _COMMAND_KINDS.items()
        )
        if any(part.opening.mood == "question" for part in said.parts) and name in self._never_asked:
            return Ranked(name, likeness - _NEVER_ASKED, likeness, (), asked=False)
        score = likeness + min(_SIGN * len(signs), _MOST_SIGNS) - _UNUSED_BY_COMMAND * unused
        return Ranked(name, score, likeness, signs, asked=False)

    def _kinds(self, name: str, reading: Reading, parts: Sequence[Part]) -> float:
        """Return what the kinds of names in the parts say for a tool: the fewer tools take one, the more."""
        found = {each.kind for part in parts for each in reading.within(part.first, part.asks_until) if each.sure}
        score = 0.0
        for kind in found & KIND_OF.keys():
            takers = self._takers[kind]
            score += _KIND / len(takers) if name in takers else -_UNUSED_NAME
        return min(score, _KIND_MOST)

    def _head(self, name: str, reading: Reading, part: Part) -> str:
        """Tell whether a part begins with one of the tool's verbs, as a request: strong, verb, or not at all."""
        if part.opening.mood in ("question", "hypothetical"):
            return ""
        at = self._behind_preposition(reading, part, effect=self.tools[name].is_effect)
        window = [token for token in self._verb_tokens(reading, at) if token.shape != "mark"]
        if not window or at in reading.negated:
            return ""
        gerund = part.opening.wish or not self.tools[name].is_effect
        if _told_in_past(window[0].word, window[0].stem) and not (gerund and window[0].word.endswith("ing")):
            return ""
        if any(token.word in HAPPENED for token in window[1:2]):
            return ""
        stems = tuple(token.stem for token in window)
        heads = {stems[:size] for size in range(1, 4)}
        if heads & self.strong_verbs[name]:
            return "strong"
        return "verb" if heads & self._verb_phrases[name] or part.opening.wish else ""

    def _verb_tokens(self, reading: Reading, at: int) -> list[Token]:
        """Return the tokens a verb may be made of, names and values left out: "put 2.1.0 live"."""
        covered = {place for each in reading.mentions for place in range(each.first, each.last + 1)}
        places = [place for place in range(at, min(at + 6, len(reading.tokens))) if place == at or place not in covered]
        return [reading.tokens[place] for place in places[:4]]

    def _behind_preposition(self, reading: Reading, part: Part, *, effect: bool) -> int:
        """Return where a request begins; "for telco, fit ..." and "every monday retrain ..." begin with their verb."""
        head = part.opening.head
        before = ("every", "each") if effect else ("every", "each", "for", "with", "on", "using", "from", "in")
        if reading.word(head) not in before:
            return head
        covered = {at for each in reading.mentions for at in range(each.first, each.last + 1)}
        verbs = (at for at in range(head + 1, min(head + 7, part.last + 1)) if reading.tokens[at].stem in self.verbs)
        return next((at for at in verbs if at not in covered and reading.word(at) not in ("for", "use")), head)


@dataclass(frozen=True)
class Said:
    """The parts of a step as they are ranked; `words` are their stems without names and values."""

    reading: Reading
    parts: Sequence[Part]
    words: tuple[str, ...]


def _names_it(said: Said) -> bool:
    """Tell whether a request is only named: "automatic retraining please"."""
    return all(part.opening.mood == "statement" for part in said.parts) and not any(
        token.word.endswith("ed") or token.word in ("was", "were", "is", "are", "has", "had", "went", "we", "they", "i")
        for token in said.reading.tokens
    )


def _told_in_past(word: str, base: str) -> bool:
    """Tell "deployed" and "deploying" from verbs such as "ping" that only end alike."""
    return word != base and word.endswith(("ed", "ing"))
