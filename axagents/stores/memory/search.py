"""Search in memory: keys first, then words and vectors fused by reciprocal rank."""

from collections import defaultdict
from dataclasses import dataclass

from axagents.clock import stamp
from axagents.errors import UserError
from axagents.fields import parse_version
from axagents.progress import note
from axagents.project import Project
from axagents.stores.database import Database, open_database
from axagents.stores.memory.embedders import choose_embedder
from axagents.stores.memory.hit import Hit
from axagents.stores.memory.namespaces import Namespaces
from axagents.stores.memory.terms import stems
from axagents.stores.memory.values import read_value
from axagents.stores.memory.vectors import Reader, open_vectors
from axagents.stores.memory.words import Words

DEFAULT_LIMIT = 10
MOST_LIMIT = 1_000
# Reciprocal rank fusion with its published constant (Cormack, Clarke and Buettcher 2009).
_FUSION = 60
_DEPTH = 100
_MOST_KEYS = 1_000
_READ = 40
# What a key that fits the query scores; fused scores stay far below 1.
_EXACT, _INSIDE, _BEGINS = 3.0, 2.0, 1.0

Scores = dict[int, float]


@dataclass(frozen=True)
class Search:
    """What to look for, in which namespaces, and how many to return at most."""

    query: str
    namespaces: tuple[str, ...]
    limit: int | None = None


def search(project: Project, declared: Namespaces, asked: Search) -> list[Hit]:
    """Return the records that fit a query best.

    The record of that very key comes first, then those whose key lies under it (`query/...`, newest version first),
    then those whose key begins with it, then what words and vectors find. Without a limit that is 10, or every key
    under the query where these are more.

    Raises:
        UserError: an empty query, a limit that is not legal, or an embedder that is not there.
    """
    _check(asked)
    database = open_database(project)
    embedder = choose_embedder(project.settings.memory.embedder)
    if embedder.caveat:
        note(embedder.caveat)
    scores = _score_keys(database, asked)
    under = sum(score >= _INSIDE for score in scores.values())
    readers = [Reader(name, declared.get(name), embedder) for name in asked.namespaces]
    for record, score in _fuse(_rank_all(project, readers, asked.query)).items():
        scores.setdefault(record, score)
    most = asked.limit if asked.limit is not None else max(DEFAULT_LIMIT, under)
    return _read(database, scores, most)


def _check(asked: Search) -> None:
    if asked.query.strip() in {"", "...", "…"}:
        raise UserError("query: say what to look for (it is empty or a placeholder)", field="query")
    if asked.limit is not None and not 1 <= asked.limit <= MOST_LIMIT:
        raise UserError(f"limit: must be from 1 to {MOST_LIMIT} (got {asked.limit})", field="limit")


def _score_keys(database: Database, asked: Search) -> Scores:
    """Score the records whose key is the query or begins with it."""
    query = asked.query.strip()
    with database.read() as connection:
        found = [
            (key, record)
            for namespace in asked.namespaces
            for record, key in connection.execute(
                "SELECT record, key FROM memory_heads WHERE namespace = ? AND key >= ? AND key < ? AND live = 1"
                " ORDER BY key LIMIT ?",
                (namespace, query, query + "\U0010ffff", _MOST_KEYS),
            )
        ]
    ordered = _newest_versions_first(found)
    return {record: _tier(key, query) + 0.5 * (1 - place / len(ordered)) for place, (key, record) in enumerate(ordered)}


def _tier(key: str, query: str) -> float:
    if key == query:
        return _EXACT
    return _INSIDE if key.startswith(query.rstrip("/") + "/") else _BEGINS


def _newest_versions_first(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    versioned = [each for each in found if _version(each[0]) is not None]
    versioned.sort(key=lambda each: (each[0].rpartition("/")[0], _version(each[0])), reverse=True)
    return versioned + sorted(each for each in found if _version(each[0]) is None)


def _version(key: str) -> tuple[object, ...] | None:
    try:
        return parse_version(key.rpartition("/")[2])
    except ValueError:
        return None


def _rank_all(project: Project, readers: list[Reader], query: str) -> list[list[int]]:
    """Rank the records by words and by vectors, all namespaces together."""
    database = open_database(project)
    words, vectors = Words(database), open_vectors(project, database)
    by_words: list[tuple[int, float]] = []
    by_vectors: list[tuple[int, float]] = []
    terms = stems(query)
    for reader in readers:
        words.catch_up(reader.namespace, reader.declaration)
        by_words += words.rank(reader.namespace, terms)
        by_vectors += vectors.rank(reader, query, most=_DEPTH)
    return [_order(by_words), _order(by_vectors)]


def _order(scored: list[tuple[int, float]]) -> list[int]:
    return [record for record, _score in sorted(scored, key=lambda each: (-each[1], each[0]))[:_DEPTH]]


def _fuse(rankings: list[list[int]]) -> Scores:
    fused: Scores = defaultdict(float)
    for ranking in rankings:
        for place, record in enumerate(ranking, start=1):
            fused[record] += 1 / (_FUSION + place)
    return fused


def _read(database: Database, scores: Scores, most: int) -> list[Hit]:
    """Return the best `most` of the records scored that are live, best first."""
    best = sorted(scores, key=lambda record: (-scores[record], record))
    hits: list[Hit] = []
    for at in range(0, len(best), _READ):
        hits += _read_live(database, {record: scores[record] for record in best[at : at + _READ]})
        if len(hits) >= most:
            break
    return sorted(hits, key=lambda hit: (-hit.score, hit.namespace, hit.key))[:most]


def _read_live(database: Database, scores: Scores) -> list[Hit]:
    marks = ", ".join("?" * len(scores))
    with database.read() as connection:
        rows = connection.execute(
            "SELECT h.record, v.* FROM memory_heads h JOIN memory_versions v ON v.change = h.change"
            f" WHERE h.record IN ({marks}) AND v.value IS NOT NULL AND (v.expires_at IS NULL OR v.expires_at > ?)",
            (*scores, stamp()),
        )
        return [
            Hit(row["namespace"], row["key"], read_value(row["value"]), row["version"], round(scores[row["record"]], 6))
            for row in rows
        ]
