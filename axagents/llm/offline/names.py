"""Find the names that a project knows in a sentence, and words that look like names and are not known."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.text import Token, stem
from axagents.llm.offline.world import World

Parts = tuple[str, ...]

_VERSION_TAIL = re.compile(r"^v\d+(?:\.\d+){0,2}$|^\d+\.\d+\.\d+$")
_ALIASES = {"prod", "production", "staging", "staged", "canary", "latest", "live"}
_DATA_NOUNS = {"dataset", "datasets", "table", "data", "file", "csv", "parquet", "dataframe", "frame", "set"}
_BEFORE_DATA = {
    "from", "on", "in", "with", "using", "over", "into", "against", "profile", "describe", "explore", "inspect",
    "examine", "at", "use", "check", "show", "open", "load", "train", "fit", "take", "read", "view", "see", "validate",
    "analyse", "analyze", "audit", "summarise", "summarize", "explored", "profiling",
}  # fmt: skip
_ARTICLES = {"the", "my", "our", "that", "this", "your", "whole", "entire", "full"}
_STOP_AFTER = frozenset(
    """
    and or to for with then by so please is as at in on using of if but before after against from when until again now
    first only too without except excluding minus ignoring dropping omitting leaving while because since like via also
    plus where which that who whose do does did has have was were are can could should would will may must today tonight
    tomorrow asap once just soon later over within under per every each up down thanks thx cheers instead rather also
    target targeting predicting predict max maximum about versus vs tagged into some any looks look seems contains
    """.split()
)
_MODEL_NOUNS = {
    "model", "classifier", "detector", "predictor", "scorer", "filter", "ranker", "recommender", "regressor", "prod",
    "forecaster", "estimator", "service", "api", "endpoint", "staging",
}  # fmt: skip
_DATA_FILE = re.compile(r"\.(csv|tsv|parquet|json|jsonl|xlsx|feather|arrow|txt)$")


@dataclass(frozen=True)
class Names:
    """The names of one world, by their parts: `churn-classifier` is also found as "churn classifier".

    Attributes:
        ordinary: stems of words that a sentence may hold without meaning the dataset of that name.
    """

    world: World
    ordinary: frozenset[str]

    @cached_property
    def known(self) -> Mapping[Parts, Mention]:
        """Return every known name by its parts; of equal names the one found first in this order counts."""
        found: dict[Parts, Mention] = {}
        for kind, names in self._by_kind():
            for shown, name in names:
                found.setdefault(parts_of(shown), Mention(kind, name, shown, 0, 0))
        return found

    @cached_property
    def longest(self) -> int:
        return max((len(parts) for parts in self.known), default=0)

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Return every column of the catalog's datasets by its folded name."""
        known = (column for fact in self.world.datasets() for column in self.world.columns(fact.name))
        return {column.lower(): column for column in known}

    def _by_kind(self) -> Iterable[tuple[str, list[tuple[str, str]]]]:
        world = self.world
        # A deployment that bears its model's name is found as the model: a version may stand beside that.
        yield "model", [(fact.name, fact.name) for fact in world.models()]
        yield "deployment", [(fact.name, fact.name) for fact in world.deployments()]
        yield "experiment", [(name, name) for name in world.experiments()]
        yield "test", [(name, name) for name in world.tests()]
        datasets = [(shown, shown) for fact in world.datasets() for shown in (fact.name, *fact.aliases)]
        yield "dataset", datasets

    def find(self, tokens: Sequence[Token]) -> list[Mention]:
        """Return the known names in a sentence, the longest first where several begin at one token."""
        found: list[Mention] = []
        at = 0
        while at < len(tokens):
            mention = self._at(tokens, at)
            if mention is not None:
                found.append(mention)
            at = at + 1 if mention is None else mention.last + 1
        return found

    def _at(self, tokens: Sequence[Token], first: int) -> Mention | None:
        parts: Parts = ()
        best: Mention | None = None
        for last in range(first, min(first + self.longest, len(tokens))):
            token = tokens[last]
            if token.shape == "mark":
                break
            parts += parts_of(token.word)
            known = self.known.get(parts)
            if known is not None:
                best = Mention(known.kind, known.value, _text(tokens, first, last), first, last)
        if best is None and tokens[first].shape in ("name", "quoted"):
            return self._compound(tokens[first], first)
        return self._weighed(best, tokens) if best is not None else None

    def _compound(self, token: Token, at: int) -> Mention | None:
        """Read `name-v2`, `name-2.1.0`, `name@production` and `name-staging`."""
        parts = parts_of(token.word.replace("@", "-"))
        known = self.known.get(parts[:-1])
        if known is None or known.kind != "model":
            return None
        if _VERSION_TAIL.match(parts[-1]) or parts[-1] in _ALIASES:
            return Mention("model-version", (known.value, parts[-1], token.text), token.text, at, at)
        return None

    def _weighed(self, mention: Mention, tokens: Sequence[Token]) -> Mention:
        plain = mention.first == mention.last and tokens[mention.first].shape == "word"
        unmistakable = plain and tokens[mention.first].stem not in self.ordinary
        if mention.kind != "dataset" or not plain or unmistakable or _stands_as_data(tokens, mention.first):
            return mention
        return Mention(mention.kind, mention.value, mention.text, mention.first, mention.last, sure=False)

    def find_columns(self, tokens: Sequence[Token]) -> list[Mention]:
        """Return the columns named in a sentence, in the singular or plural."""
        folded = {**{stem(name): column for name, column in self.columns.items()}, **self.columns}
        found: list[Mention] = []
        for at, token in enumerate(tokens):
            column = folded.get(token.word) or (folded.get(token.stem) if token.shape == "word" else None)
            if column is not None and token.shape in ("word", "name", "quoted"):
                found.append(Mention("column", column, token.text, at, at, sure=token.shape != "word"))
        return found


def parts_of(name: str) -> Parts:
    """Split a name at hyphens, underscores and blanks."""
    return tuple(part for part in re.split(r"[-_\s]+", name.lower()) if part)


def looks_like_name(token: Token, ordinary: frozenset[str]) -> bool:
    """Tell whether a token that nothing knows looks like the name of something."""
    if token.shape == "quoted":
        return True
    if token.shape != "name" or token.word in ordinary:
        return False
    if _DATA_FILE.search(token.word) or "_" in token.word:
        return True
    parts = parts_of(token.word)
    if len(parts) == 1:
        return bool(re.search(r"[a-z]{3,}\d", token.word))
    return parts[-1] in _MODEL_NOUNS or not all(part in ordinary or stem(part) in ordinary for part in parts)


def is_data_file(word: str) -> bool:
    """Tell whether a word is a file name of a kind that holds data."""
    return bool(_DATA_FILE.search(word))


def _stands_as_data(tokens: Sequence[Token], at: int) -> bool:
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    before = at - 1
    if before >= 0 and tokens[before].word in _DATA_NOUNS:
        return True
    if after in _DATA_NOUNS or (before >= 0 and tokens[before].word in ("vs", "versus")):
        return True
    if before < 0 and after in (":", ",", "-", "–", "—"):
        return True
    while before >= 0 and tokens[before].word in _ARTICLES:
        before -= 1
    return before >= 0 and tokens[before].word in _BEFORE_DATA and ends_there(tokens, at)


def ends_there(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether no noun follows that the word at `at` would only be a part of."""
    if at + 1 >= len(tokens):
        return True
    return tokens[at + 1].shape in ("mark", "number") or tokens[at + 1].word in _STOP_AFTER


def _text(tokens: Sequence[Token], first: int, last: int) -> str:
    return " ".join(token.text for token in tokens[first : last + 1])
