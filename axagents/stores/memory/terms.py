"""Words, their stems, and the words that mean the same."""

import re
import sqlite3
import threading
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# The closed classes of English: they say nothing of what a record is about.
FUNCTION_WORDS = frozenset(
    """
    a about above after again against all also am among an and another any are as at be because been before being
    below between both but by can cannot could did do does doing down during each either every few for from further
    had has have having he her here hers herself him himself his how i if in into is it its itself just may me might
    more most must my myself neither no nobody nor not nothing of off on once one only onto or other otherwise ought
    our ours ourselves out over own same shall she should since so some such than that the their theirs them
    themselves then there these they this those though through to too under until up upon us very was we were what
    when whenever where whether which while who whoever whom whose why will with within without would yet you your
    yours yourself s t
    """.split()
)
_WORD = re.compile(r"[^\W_]+")
_MOST_STEMS_KEPT = 200_000


class Stemmer:
    """The Porter stemmer that SQLite brings with FTS5, asked a word at a time and remembered."""

    def __init__(self) -> None:
        self._stems: dict[str, str] = {}
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("CREATE VIRTUAL TABLE memory_word USING fts5 (body, tokenize = 'porter unicode61')")
        self._connection.execute("CREATE VIRTUAL TABLE stem USING fts5vocab (memory_word, row)")

    def __call__(self, word: str) -> str:
        """Return the stem of one lower-case word."""
        known = self._stems.get(word)
        if known is not None:
            return known
        with self._lock:
            if len(self._stems) >= _MOST_STEMS_KEPT:
                self._stems.clear()
            self._connection.execute("DELETE FROM memory_word")
            self._connection.execute("INSERT INTO memory_word VALUES (?)", (word,))
            row = self._connection.execute("SELECT term FROM stem").fetchone()
            self._stems[word] = row[0] if row else word
            return self._stems[word]


stem = Stemmer()


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, in their order."""
    return _WORD.findall(text.lower())


def stems(text: str) -> list[str]:
    """Return the stems of a text's content words, in their order; of all its words when it has no content word."""
    found = words(text)
    content = [word for word in found if word not in FUNCTION_WORDS]
    return [stem(word) for word in content or found]


@dataclass(frozen=True)
class Synonyms:
    """Groups of stems that mean the same.

    Attributes:
        groups: for each stem the numbers of the groups it stands in.
        alike: for each stem the others of these groups.
    """

    groups: dict[str, tuple[int, ...]]
    alike: dict[str, frozenset[str]]


@cache
def synonyms() -> Synonyms:
    """Read the shipped groups of synonyms."""
    text = (files("axagents.stores.memory") / "synonyms.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    members = [[stem(word) for word in line] for line in lines]
    groups: dict[str, list[int]] = {}
    for number, group in enumerate(members):
        for each in group:
            groups.setdefault(each, []).append(number)
    alike = {
        each: frozenset(other for number in numbers for other in members[number]) - {each}
        for each, numbers in groups.items()
    }
    return Synonyms({each: tuple(sorted(set(numbers))) for each, numbers in groups.items()}, alike)
