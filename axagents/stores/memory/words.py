"""Search by words: an FTS5 index beside the records, asked for a query's words and for those that mean the same."""

import math
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter

from axagents.clock import stamp
from axagents.stores.database import Database
from axagents.stores.memory.feed import Pending, Position, newest_change, read_expired, read_pending
from axagents.stores.memory.namespaces import Declaration
from axagents.stores.memory.terms import stems, synonyms

# Bumped when texts are cut into words in another way; an index of another format is made anew.
FORMAT = 1
BATCH = 500
# A synonym counts a little less than the word itself.
SYNONYM_WEIGHT = 0.7
# So many postings are read for one query at most, those of the rarest words first.
MOST_POSTINGS = 20_000
_SPACE_BITS = 40
_CANDIDATES = 200
# The usual constants of Okapi BM25 (Robertson and Zaragoza 2009, section 3).
_K1, _B = 1.2, 0.75


@dataclass(frozen=True)
class _State:
    space: int
    position: Position

    def row(self, record: int) -> int:
        return (self.space << _SPACE_BITS) + record


@dataclass(frozen=True)
class _Term:
    """A term to look for, what finding it counts, and how many postings of it may be read."""

    text: str
    weight: float
    most: int


class Words:
    """The word index of one project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def catch_up(self, namespace: str, declaration: Declaration | None) -> None:
        """Take in every record of a namespace that was stored before this call."""
        with self._database.read() as connection:
            goal = newest_change(connection, namespace)
            state = _read_state(connection, namespace)
        state = state or self._begin(namespace)
        while state.position.change < goal:
            state = self._take_batch(namespace, state, declaration)
        self._drop_expired(namespace, state)

    def rank(self, namespace: str, query: list[str]) -> list[tuple[int, float]]:
        """Return the records that hold words of the query (stems), with their scores, best first.

        The score is Okapi BM25 with term frequencies counted once; of a query word and its synonyms the best counts.
        """
        with self._database.read() as connection:
            state = _read_state(connection, namespace)
            if state is None or not query:
                return []
            weights = _weigh(connection, query)
            scores: dict[int, float] = defaultdict(float)
            for word in dict.fromkeys(query):
                best: dict[int, float] = {}
                for term in weights.get(word, ()):
                    for row in _rows(connection, state, term):
                        if term.weight > best.get(row, 0.0):
                            best[row] = term.weight
                for row, weight in best.items():
                    scores[row] += weight
            return _shorten(connection, state, nlargest(_CANDIDATES, scores.items(), key=itemgetter(1)))

    def forget(self, namespace: str, records: list[int]) -> None:
        """Drop records from the index; they may be gone from the database already."""
        with self._database.write() as connection:
            state = _read_state(connection, namespace)
            if state:
                _drop(connection, state, records)

    def _begin(self, namespace: str) -> _State:
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT space FROM memory_words_state WHERE namespace = ?", (namespace,)
            ).fetchone()
            if row:
                low = row[0] << _SPACE_BITS
                connection.execute(
                    "DELETE FROM memory_words WHERE rowid BETWEEN ? AND ?", (low, low + (1 << _SPACE_BITS) - 1)
                )
            connection.execute(
                "INSERT INTO memory_words_state (namespace, change, expired_until, format) VALUES (?, 0, '', ?)"
                " ON CONFLICT (namespace) DO UPDATE SET change = 0, expired_until = '', format = excluded.format",
                (namespace, FORMAT),
            )
            state = _read_state(connection, namespace)
            assert state is not None
            return state

    def _take_batch(self, namespace: str, state: _State, declaration: Declaration | None) -> _State:
        with self._database.read() as connection:
            pending = read_pending(
                connection, namespace, state.position, now=stamp(), most=BATCH, declaration=declaration
            )
        prepared = [(each, " ".join(stems(each.text)) if each.text is not None else None) for each in pending]
        with self._database.write() as connection:
            present = _read_state(connection, namespace)
            if present != state:
                return present or state
            _write(connection, state, prepared)
            connection.execute(
                "UPDATE memory_words_state SET change = ? WHERE space = ?", (pending[-1].change, state.space)
            )
        return _State(state.space, Position(pending[-1].change, state.position.expired_until))

    def _drop_expired(self, namespace: str, state: _State) -> None:
        now = stamp()
        with self._database.read() as connection:
            expired = read_expired(connection, namespace, state.position, now=now)
        if not expired:
            return
        with self._database.write() as connection:
            _drop(connection, state, expired)
            connection.execute("UPDATE memory_words_state SET expired_until = ? WHERE space = ?", (now, state.space))


def _read_state(connection: sqlite3.Connection, namespace: str) -> _State | None:
    row = connection.execute(
        "SELECT space, change, expired_until FROM memory_words_state WHERE namespace = ? AND format = ?",
        (namespace, FORMAT),
    ).fetchone()
    return None if row is None else _State(row[0], Position(row[1], row[2]))


def _write(connection: sqlite3.Connection, state: _State, prepared: list[tuple[Pending, str | None]]) -> None:
    _drop(connection, state, [each.record for each, _words in prepared])
    connection.executemany(
        "INSERT INTO memory_words (rowid, words) VALUES (?, ?)",
        [(state.row(each.record), words) for each, words in prepared if words is not None],
    )


def _drop(connection: sqlite3.Connection, state: _State, records: list[int]) -> None:
    connection.executemany("DELETE FROM memory_words WHERE rowid = ?", [(state.row(record),) for record in records])


def _weigh(connection: sqlite3.Connection, query: list[str]) -> dict[str, list[_Term]]:
    """Return for each query word the terms to look for, within the budget of postings: own words, rarest first."""
    alike = synonyms().alike
    wanted = {(word, word): 1.0 for word in query}
    wanted |= {(word, other): SYNONYM_WEIGHT for word in query for other in alike.get(word, ())}
    count = {term: _document_count(connection, term) for term in {term for _word, term in wanted}}
    # Record numbers are never given twice, so the last one bounds how many there are.
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'memory_heads'").fetchone()
    total = max(row[0] if row else 0, *count.values())
    kept: dict[str, list[_Term]] = {}
    left = MOST_POSTINGS
    for (word, term), weight in sorted(wanted.items(), key=lambda each: (-each[1], count[each[0][1]], each[0])):
        if count[term] and left > 0:
            rarity = math.log(1 + (total - count[term] + 0.5) / (count[term] + 0.5))
            kept.setdefault(word, []).append(_Term(term, weight * rarity, left))
            left -= count[term]
    return kept


def _document_count(connection: sqlite3.Connection, term: str) -> int:
    row = connection.execute("SELECT doc FROM memory_terms WHERE term = ?", (term,)).fetchone()
    return row[0] if row else 0


def _rows(connection: sqlite3.Connection, state: _State, term: _Term) -> list[int]:
    low = state.space << _SPACE_BITS
    rows = connection.execute(
        "SELECT rowid FROM memory_words WHERE memory_words MATCH ? AND rowid BETWEEN ? AND ?"
        " ORDER BY rowid DESC LIMIT ?",
        (f'"{term.text}"', low, low + (1 << _SPACE_BITS) - 1, term.most),
    )
    return [row for (row,) in rows]


def _shorten(connection: sqlite3.Connection, state: _State, scores: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return records with their scores, those of long texts lowered as BM25 does, best first."""
    lengths = {row: _length(connection, row) for row, _score in scores}
    mean = sum(lengths.values()) / max(1, len(lengths))
    lowered = [
        (row - (state.space << _SPACE_BITS), score * (_K1 + 1) / (1 + _K1 * (1 - _B + _B * lengths[row] / mean)))
        for row, score in scores
    ]
    return sorted(lowered, key=lambda each: (-each[1], each[0]))


def _length(connection: sqlite3.Connection, row: int) -> int:
    (words,) = connection.execute("SELECT words FROM memory_words WHERE rowid = ?", (row,)).fetchone()
    return len(words.split())
