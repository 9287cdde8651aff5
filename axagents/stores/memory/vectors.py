"""The vector index: Chroma collections beside the records, written by one process at a time, made anew when in doubt.

Chroma loses vectors when two processes write, and a client that stays open does not see what another wrote; damaged
files it may answer from, or die of. So: a file lock around every write and every opening, a generation that moves
with each write, and a marker that tells how the files lay after the last one.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

import chromadb
from chromadb.config import Settings
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout

from axagents.clock import stamp
from axagents.errors import AxError, Failed, UserError
from axagents.faults import fault_point
from axagents.progress import advance
from axagents.project import Project
from axagents.stores.database import Database
from axagents.stores.memory.embedders import Embedder
from axagents.stores.memory.feed import Pending, Position, count_behind, newest_change, read_expired, read_pending
from axagents.stores.memory.marker import Marker, Space, read_marker, write_marker
from axagents.stores.memory.namespaces import Declaration

BATCH = 500
_LOCK_SECONDS = 600
# With Chroma's own 16 neighbours 4 of 1,000 records of everyday words were not found among 5,000; with 32 all were.
# Of the ten nearest among 40,000, 99.2 % are found; with Chroma's own ef_construction of 100, 99.5 % in 1.5 x the time.
_GRAPH = {"space": "cosine", "max_neighbors": 32, "ef_construction": 60, "ef_search": 200}
_PROBES = 8
# A stored vector asked for itself answers with this cosine distance at most.
_SAME = 1e-3


class Damaged(Exception):
    """The index does not hold what its marker says."""


@dataclass(frozen=True)
class Reader:
    """How one namespace is read into the index."""

    namespace: str
    declaration: Declaration | None
    embedder: Embedder


class VectorIndex:
    """The collections of one project, as one process sees them.

    Args:
        folder: where Chroma keeps them.
        database: the records that they are made of.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._lock = FileLock(f"{folder}.lock", timeout=_LOCK_SECONDS)
        self._threads = RLock()
        self._client: Any = None
        self._generation = 0
        self._collections: dict[str, Any] = {}

    def rank(self, reader: Reader, query: str, *, most: int) -> list[tuple[int, float]]:
        """Take in every record stored before this call, and return those nearest to a text.

        Returns:
            Record numbers with their cosine similarity above the embedder's floor, best first.

        Raises:
            Failed: the index cannot be made.
            UserError: its place cannot be written.
        """
        with self._threads:
            for heal in (self._close, lambda: self._reset(reader.embedder), None):
                try:
                    goal = self._catch_up(reader)
                    return self._nearest(self._sound(reader, goal), reader, query, most=most)
                except (ChromaError, Damaged) as error:
                    _refuse_unwritable(self._folder, error)
                    if heal is None:
                        told = f"the vector index {self._folder} cannot be made: {error}"
                        raise Failed(told, hint="ax doctor") from error
                    heal()
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the files."""
        with self._threads:
            self._close()

    def _catch_up(self, reader: Reader) -> int:
        """Take in what is pending and return the change that the index has reached."""
        with self._database.read() as connection:
            position = self._reached(reader)
            goal = newest_change(connection, reader.namespace)
            if position.change > goal:
                raise Damaged("it is ahead of the records, which were restored from earlier")
            total = count_behind(connection, reader.namespace, position) if position.change < goal else 0
            done = 0
            while position.change < goal or read_expired(connection, reader.namespace, position, now=stamp()):
                with self._locked():
                    position, taken = self._take_batch(self._open(reader.embedder), reader, connection)
                done += taken
                if total > BATCH:
                    advance(min(done, total), total, f"indexing {reader.namespace}")
            return goal

    def _reached(self, reader: Reader) -> Position:
        marker = read_marker(self._folder)
        if marker is None or marker.state != "clean" or marker.embedder != reader.embedder.identity:
            return Position()
        return marker.at(reader.namespace).position

    def _take_batch(self, marker: Marker, reader: Reader, connection: sqlite3.Connection) -> tuple[Position, int]:
        now, name, position = stamp(), reader.namespace, marker.at(reader.namespace).position
        pending = read_pending(connection, name, position, now=now, most=BATCH, declaration=reader.declaration)
        expired = read_expired(connection, name, position, now=now)
        if not pending and not expired:
            return position, 0
        marker = marker.writing()
        write_marker(self._folder, marker)
        fault_point("memory.index.writing")
        collection = self._collection(marker, name)
        _upsert(collection, reader, [each for each in pending if each.text is not None])
        gone = {each.record for each in pending if each.text is None} | set(expired)
        if gone:
            collection.delete(ids=[str(record) for record in sorted(gone)])
        fault_point("memory.index.written")
        position = Position(pending[-1].change if pending else position.change, now)
        marker = marker.written(self._folder, {name: Space(position, collection.count())})
        write_marker(self._folder, marker)
        self._generation = marker.generation
        return position, len(pending)

    def _sound(self, reader: Reader, goal: int) -> Marker:
        """Return the marker with the client open at its generation.

        Raises:
            Damaged: on opening, the index was found unsound and emptied.
        """
        marker = read_marker(self._folder)
        if marker is None or marker.state != "clean" or marker.generation != self._generation or not self._client:
            with self._locked():
                marker = self._open(reader.embedder)
            if marker.at(reader.namespace).position.change < goal:
                raise Damaged("it was made anew")
        return marker

    def _nearest(self, marker: Marker, reader: Reader, query: str, *, most: int) -> list[tuple[int, float]]:
        held = marker.at(reader.namespace).count
        if not held:
            return []
        vector = reader.embedder.embed([query])[0]
        found = self._collection(marker, reader.namespace).query(
            query_embeddings=[vector], n_results=min(most, held), include=["distances"]
        )
        near = [(int(record), 1.0 - far) for record, far in zip(found["ids"][0], found["distances"][0], strict=True)]
        return [(record, likeness) for record, likeness in near if likeness > reader.embedder.floor]

    def _open(self, embedder: Embedder) -> Marker:
        """Return the marker with the client open at its generation; the lock is held. What is unsound is emptied."""
        marker = read_marker(self._folder)
        if marker is None or marker.embedder != embedder.identity or marker.state == "suspect":
            return self._empty(embedder)
        if marker.state == "writing":
            return self._examine(marker)
        if marker.generation != self._generation or not self._client:
            if marker.files != marker.list_files(self._folder):
                return self._empty(embedder)
            self._connect(marker)
        return marker

    def _examine(self, marker: Marker) -> Marker:
        """Look at an index whose writer died in a batch: keep it when every vector asked for is found.

        Damaged files can take the process down with them, so the index is called suspect first; who finds it so
        does not look again.
        """
        write_marker(self._folder, replace(marker.writing(), state="suspect"))
        self._close()
        self._connect(marker)
        known = {_collection_name(name): name for name in marker.spaces}
        for collection in self._client.list_collections():
            if collection.name not in known:
                self._client.delete_collection(collection.name)
        spaces: dict[str, Space] = {}
        for called, name in known.items():
            collection = self._client.get_collection(name=called, embedding_function=None)
            _probe(collection, name)
            spaces[name] = Space(marker.at(name).position, collection.count())
        marker = marker.writing().written(self._folder, spaces)
        write_marker(self._folder, marker)
        self._generation = marker.generation
        return marker

    def _reset(self, embedder: Embedder) -> None:
        with self._locked():
            self._empty(embedder)

    def _empty(self, embedder: Embedder) -> Marker:
        self._close()
        draft = Marker(embedder.identity, folder="").writing()
        marker = replace(draft, folder=f"made-{draft.generation}", state="clean")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / marker.folder).mkdir(mode=0o700)
            write_marker(self._folder, marker)
        except OSError as error:
            raise _told(self._folder, error) from None
        for old in self._folder.iterdir():
            if old.is_dir() and old.name != marker.folder:
                shutil.rmtree(old, ignore_errors=True)
        self._connect(marker)
        return marker

    def _connect(self, marker: Marker) -> None:
        self._close()
        place = self._folder / marker.folder
        try:
            self._client = chromadb.PersistentClient(str(place), Settings(anonymized_telemetry=False))
        # Chroma keeps a client that could not start, and the next one of the same folder trips over it.
        except (ValueError, AttributeError) as error:
            raise Damaged(f"{place} cannot be opened: {error}") from error
        self._generation = marker.generation

    def _collection(self, marker: Marker, namespace: str) -> Any:
        known = self._collections.get(namespace)
        if known is None:
            known = self._client.get_or_create_collection(
                name=_collection_name(namespace),
                embedding_function=None,
                metadata={"namespace": namespace},
                configuration={"hnsw": _GRAPH},
            )
            if known.count() != marker.at(namespace).count:
                raise Damaged(f"{namespace} holds {known.count()} vectors, not {marker.at(namespace).count}")
            self._collections[namespace] = known
        return known

    def _close(self) -> None:
        self._collections = {}
        if self._client is not None:
            self._client.close()
            self._client = None

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            with self._lock:
                yield
        except Timeout:
            told = f"another ax has been writing {self._folder} for {_LOCK_SECONDS} s"
            raise Failed(told, hint="try again") from None
        except OSError as error:
            raise _told(self._folder, error) from None


def _upsert(collection: Any, reader: Reader, pending: list[Pending]) -> None:
    if pending:
        texts = [each.text or "" for each in pending]
        collection.upsert(
            ids=[str(each.record) for each in pending],
            embeddings=reader.embedder.embed(texts),
            documents=texts,
            metadatas=[{"key": each.key, "namespace": reader.namespace, "change": each.change} for each in pending],
        )


def _probe(collection: Any, namespace: str) -> None:
    """Ask a collection for some of its own vectors.

    Raises:
        Damaged: one is not found.
    """
    some = collection.get(limit=_PROBES, include=["embeddings"])
    if not some["ids"]:
        return
    found = collection.query(query_embeddings=some["embeddings"], n_results=1, include=["distances"])
    if any(not near or near[0] > _SAME for near in found["distances"]):
        raise Damaged(f"{namespace} does not find its own vectors")


def _collection_name(namespace: str) -> str:
    return f"memory.{namespace}"


def _refuse_unwritable(folder: Path, error: Exception) -> None:
    """Tell a full or read-only disk from a damaged index, which would be made anew."""
    told = str(error).lower()
    if "disk is full" in told or "no space" in told:
        raise Failed(f"cannot write {folder}: the disk is full", hint="ax gc --dry-run") from None
    if "readonly" in told or "read-only" in told or "permission" in told:
        raise UserError(f"cannot write {folder}: it is read-only", hint="check its permissions") from None


def _told(folder: Path, error: OSError) -> AxError:
    if error.errno == errno.ENOSPC:
        return Failed(f"cannot write {folder}: the disk is full", hint="ax gc --dry-run")
    return UserError(f"cannot write {error.filename or folder}: {error.strerror}", hint="check its permissions")


@lru_cache(maxsize=4)
def _opened(folder: Path, database: Database, _process: int) -> VectorIndex:
    return VectorIndex(folder, database)


def open_vectors(project: Project, database: Database) -> VectorIndex:
    """Return this process's one index of a project; Chroma's clients of one folder share their state."""
    return _opened(project.chroma_path, database, os.getpid())
