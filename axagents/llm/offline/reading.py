"""Read a sentence: its tokens, the names and values in it, what is negated, and what is asked for."""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from axagents.llm.offline.mentions import Mention, find_values
from axagents.llm.offline.names import Names, looks_like_name
from axagents.llm.offline.text import Token, tokenise


@dataclass(frozen=True)
class Reading:
    """A sentence as far as code can tell what is in it.

    Attributes:
        mentions: names and values, left to right; none overlaps another.
        columns: columns of the catalog's datasets; a plain word may be one by accident.
        negated: the tokens under a negation.
        refused: those of them that a verb negates ("do not deploy"), not only a noun ("no canary").
    """

    sentence: str
    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...]
    columns: tuple[Mention, ...]
    negated: frozenset[int]
    refused: frozenset[int]

    def word(self, at: int) -> str:
        """Return the word of a token, or nothing outside the sentence."""
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def within(self, first: int, last: int) -> list[Mention]:
        """Return the mentions that lie on the tokens `first` to `last` inclusive."""
        return [each for each in self.mentions if first <= each.first and each.last <= last]


def read(sentence: str, names: Names, ordinary: frozenset[str]) -> Reading:
    """Read a sentence; `ordinary` are the words that are no name although they look like one."""
    tokens = tokenise(sentence)
    found = names.find(tokens)
    found = _merge(found, [each for each in find_values(tokens) if not _is_word_of_name(each, tokens)])
    found = _merge(found, _unknown(tokens, ordinary))
    found = _versions(found, tokens)
    refused, negated = _negated(tokens)
    columns = names.find_columns(tokens)
    return Reading(sentence, tuple(tokens), tuple(found), tuple(columns), negated, refused)


def _is_word_of_name(mention: Mention, tokens: Sequence[Token]) -> bool:
    small = mention.kind == "number" and tokens[mention.first].shape == "word" and mention.value <= 1
    counts = mention.last + 1 < len(tokens) and tokens[mention.last + 1].word in _COUNTED
    return small and not counts


_COUNTED = {"fold", "trial", "repeat", "repetition", "feature", "replica"}


def _merge(first: list[Mention], second: list[Mention]) -> list[Mention]:
    """Add the mentions of `second` that overlap none of `first`."""
    taken = {at for each in first for at in range(each.first, each.last + 1)}
    free = [each for each in second if not taken & set(range(each.first, each.last + 1))]
    return sorted([*first, *free], key=lambda each: each.first)


def _unknown(tokens: Sequence[Token], ordinary: frozenset[str]) -> list[Mention]:
    found: list[Mention] = []
    for at, token in enumerate(tokens):
        if looks_like_name(token, ordinary):
            kind = "quoted" if token.shape == "quoted" else "unknown"
            found.append(Mention(kind, token.text, token.text, at, at))
    return found


_LEAST_LETTERS, _ALIKE = 6, 0.85


def mend(reading: Reading, verbs: Iterable[str], known: Container[str]) -> Reading:
    """Read a misspelt verb as the verb it is nearly, such as "evalute"; names and known words stay as they are.

    Args:
        verbs: the stems that may be meant.
        known: the stems that are no misspelling.
    """
    named = {at for each in (*reading.mentions, *reading.columns) for at in range(each.first, each.last + 1)}
    strange = {
        at
        for at, token in enumerate(reading.tokens)
        if token.shape == "word" and len(token.word) >= _LEAST_LETTERS and at not in named and token.stem not in known
    }
    if not strange:
        return reading
    among = sorted(verbs)
    tokens = (
        replace(token, stem=_meant(token.stem, among)) if at in strange else token
        for at, token in enumerate(reading.tokens)
    )
    return replace(reading, tokens=tuple(tokens))


def _meant(typed: str, verbs: Sequence[str]) -> str:
    """Return the verb of the same letters in another order, else the one nearly the same, else what is typed."""
    swapped = [each for each in verbs if each[0] == typed[0] and sorted(each) == sorted(typed)]
    return next(iter(swapped or get_close_matches(typed, verbs, n=1, cutoff=_ALIKE)), typed)


_VERSION_NOUNS = {"version", "versions", "release", "v", "ver"}


def _versions(mentions: list[Mention], tokens: Sequence[Token]) -> list[Mention]:
    """Take a plain number for a version where it follows a model's name or the word version."""
    return [_as_version(each, mentions, tokens) for each in mentions]


def _as_version(mention: Mention, mentions: list[Mention], tokens: Sequence[Token]) -> Mention:
    before = mention.first - 1
    word = tokens[before].word if before >= 0 else ""
    if mention.kind == "number" and word in _VERSION_NOUNS and tokens[mention.first].shape == "word":
        return Mention("version", f"{mention.value:g}", mention.text, mention.first, mention.last)
    if mention.kind != "number" or tokens[mention.first].shape != "number" or "," in mention.text:
        return mention
    named = any(each.last == before and each.kind in ("model", "unknown") for each in mentions)
    dotted = bool(re.fullmatch(r"\d+\.\d+", mention.text))
    if word in _VERSION_NOUNS or (named and dotted):
        return Mention("version", mention.text, mention.text, mention.first, mention.last)
    return mention


_NOT = {"not", "never", "avoid", "without", "skip", "nor"}
_NO = {"no", "neither"}
_STOPPING = {"stop", "cease", "quit", "avoid", "postpone", "delay"}
_ENDS = {".", ",", ";", ":", "?", "!", "(", ")", "—", "–"}
_TURNS = {"but", "just", "instead", "rather", "only", "however"}
_AFTER_AND = {"tell", "show", "give", "list", "just", "check", "only", "please", "report", "explain", "say", "instead"}
_KEPT = {"forget", "hesitate", "only", "sure", "later", "wait", "yet"}
_AUXILIARIES = frozenset("is are was were do does did has have can could should would will".split())
_BEFORE_NOT = _AUXILIARIES | frozenset("must may need you we i please said better".split())


def _negated(tokens: Sequence[Token]) -> tuple[frozenset[int], frozenset[int]]:
    refused: set[int] = set()
    negated: set[int] = set()
    for at, token in enumerate(tokens):
        if token.word in _NOT and not _rhetorical(tokens, at) and not _compares(tokens, at):
            refused |= _scope(tokens, at, until_and=token.word in ("skip", "avoid", "without"))
            refused |= _said_before(tokens, at)
        elif token.word in _NO and not _compares(tokens, at):
            scope = _scope(tokens, at, until_and=True)
            never = at > 0 and tokens[at - 1].word in ("under", "in", "on", "by", "at")
            scope |= {at - 1} if never else set()
            needless = never or (at + 1 < len(tokens) and tokens[at + 1].word in ("need", "reason"))
            (refused if needless else negated).update(scope)
        elif token.word in _STOPPING and at + 1 < len(tokens) and tokens[at + 1].word.endswith("ing"):
            refused |= _scope(tokens, at, until_and=True)
        elif token.word in ("instead", "rather") and at + 1 < len(tokens) and tokens[at + 1].word in ("of", "than"):
            refused |= _scope(tokens, at + 1, until_and=False)
    return frozenset(refused), frozenset(refused | negated)


def _said_before(tokens: Sequence[Token], at: int) -> set[int]:
    """Return the words that belong to a "not" and stand before it: "you should" not, "please do" not."""
    before: set[int] = set()
    while at > 0 and tokens[at - 1].word in _BEFORE_NOT:
        at -= 1
        before.add(at)
    return before


def _compares(tokens: Sequence[Token], at: int) -> bool:
    """Tell "no more than 30", "not over" and "no longer" from a negation."""
    return at + 1 < len(tokens) and tokens[at + 1].word in (
        "more",
        "less",
        "later",
        "fewer",
        "longer",
        "matter",
        "worse",
    )


def _rhetorical(tokens: Sequence[Token], at: int) -> bool:
    """Tell "isn't it ready?", "why not ..." and "don't forget ..." from a true negation."""
    following = tokens[at + 1].word if at + 1 < len(tokens) else ""
    if following in _KEPT or (at > 0 and tokens[at - 1].word == "why"):
        return True
    asked = tokens[-1].word == "?" and at == 1 and tokens[0].word in _AUXILIARIES
    return asked and tokens[0].word != "do"


def _scope(tokens: Sequence[Token], at: int, *, until_and: bool) -> set[int]:
    """Return the tokens a negation reaches: to the clause's end, where the sentence turns, or to the next "and"."""
    scope: set[int] = {at}
    for index in range(at + 1, len(tokens)):
        word = tokens[index].word
        if word in _ENDS or word in _TURNS:
            break
        if until_and and word in ("and", "then"):
            break
        if word in ("and", "then") and index + 1 < len(tokens) and tokens[index + 1].word in _AFTER_AND:
            break
        scope.add(index)
    return scope
