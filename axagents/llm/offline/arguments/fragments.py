"""Understand a part of a name ("the churn model", "the q4 holdout"), and notice a word that may be an unknown one."""

import re
from collections.abc import Mapping, Sequence

from axagents.llm.offline.arguments.sources import Setting
from axagents.llm.offline.names import parts_of
from axagents.llm.offline.text import stem

_ENDING = {
    "and",
    "or",
    "to",
    "for",
    "with",
    "then",
    "please",
    "dataset",
    "data",
    "table",
    "file",
    "on",
    "in",
    "using",
    "as",
}
_GENERIC = frozenset("data dataset table file set model models version versions test experiment one csv".split())
_ARTICLES = {"the", "my", "our", "a", "an", "this", "that", "these", "all", "some", "your"}


def by_fragment(setting: Setting, names: Mapping[str, str], *, nouns: Sequence[str]) -> str | None:
    """Return the one name that bears the words just before one of the nouns, as in "the churn model"."""
    for at in setting.indexes():
        if setting.word(at) not in nouns:
            continue
        words = [setting.word(at - back) for back in (2, 1) if at - back in setting.indexes()]
        found = _match(words, names) or _match(words[-1:], names)
        if found:
            return found
    return None


def by_phrase(setting: Setting, names: Mapping[str, str], *, cues: Sequence[str]) -> str | None:
    """Return the one name that bears the words behind one of the cues, as in "from the transactions"."""
    indexes = setting.indexes()
    for at in indexes:
        if setting.word(at) not in cues:
            continue
        words = _following(setting, at, indexes)
        for size in range(len(words), 0, -1):
            found = _match(words[:size], names)
            if found:
                return found
    return None


def _following(setting: Setting, at: int, indexes: Sequence[int]) -> list[str]:
    words: list[str] = []
    for index in range(at + 1, at + 6):
        word = setting.word(index)
        if word in _ARTICLES and not words:
            continue
        if index not in indexes or not re.match(r"\w", word) or len(words) == 3:
            break
        words.append(word)
    return words


def _match(words: Sequence[str], names: Mapping[str, str]) -> str | None:
    wanted = [word for word in words if word and word not in _ARTICLES]
    if all(word in _GENERIC for word in wanted):
        return None
    if not wanted:
        return None
    exact = [value for shown, value in names.items() if parts_of(shown) == tuple(wanted)]
    if exact:
        return exact[0]
    found = {value for shown, value in names.items() if all(_borne(word, parts_of(shown)) for word in wanted)}
    return found.pop() if len(found) == 1 else None


def _borne(word: str, parts: Sequence[str]) -> bool:
    """Tell whether a word is a part of a name; q4 counts as one of 2024q4."""
    for part in parts:
        bare = part.partition(".")[0]
        if stem(bare) == stem(word) or (re.search(r"\d", word) and len(word) > 1 and bare.endswith(word)):
            return True
        if len(word) >= 4 and bare.isalpha() and stem(bare).startswith(stem(word)):
            return True
    return False


def fits(word: str, name: str) -> bool:
    """Tell whether a word is a part of one name, such as churn of is_churned."""
    return _borne(word, parts_of(name))


def unknown_word(
    setting: Setting, *, nouns: Sequence[str] = (), cues: Sequence[str] = (), before_version: bool = False
) -> str | None:
    """Return a word that stands where a name would and that nobody has heard of, as `orders` in "profile orders"."""
    tokens = setting.reading.tokens
    versions = {each.first for each in setting.reading.mentions if each.kind == "version"}
    covered = {at for each in setting.reading.mentions for at in range(each.first, each.last + 1) if each.sure}
    covered |= {each.first for each in setting.reading.columns}
    for at in setting.indexes():
        token = tokens[at]
        if at in covered or token.shape != "word" or token.stem in setting.common or token.word in _ARTICLES:
            continue
        before_noun = setting.word(at + 1) in nouns
        behind_cue = _behind(setting, at) in cues and not _is_modifier(setting, at)
        if before_noun or behind_cue or (before_version and at + 1 in versions):
            return token.text
    return None


def _behind(setting: Setting, at: int) -> str:
    before = at - 1
    while before >= 0 and setting.word(before) in _ARTICLES:
        before -= 1
    return setting.word(before)


def _is_modifier(setting: Setting, at: int) -> bool:
    following = setting.word(at + 1)
    return bool(re.match(r"[a-z]", following)) and following not in _ENDING
