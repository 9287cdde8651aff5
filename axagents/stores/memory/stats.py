"""How much memory holds, and how far its indexes have come."""

from dataclasses import dataclass

from axagents.clock import stamp
from axagents.stores.memory.feed import Position, count_behind
from axagents.stores.memory.marker import read_marker
from axagents.stores.memory.memory import Memory


@dataclass(frozen=True)
class NamespaceStats:
    """What one namespace holds.

    Attributes:
        bytes: of the values of all versions, as JSON.
        unindexed: records and tombstones that the next search takes in first.
    """

    namespace: str
    declared: bool
    retention_days: float | None
    records: int
    versions: int
    deleted: int
    expired: int
    bytes: int
    newest: str | None
    unindexed: int


@dataclass(frozen=True)
class MemoryStats:
    """What the whole memory holds; `embedder` made the vectors, or None when nothing is indexed."""

    namespaces: tuple[NamespaceStats, ...]
    embedder: str | None
    vectors: int


def measure(memory: Memory) -> MemoryStats:
    """Count records, versions and what is not indexed, of every namespace that is declared or holds something."""
    marker = read_marker(memory.project.chroma_path)
    found: list[NamespaceStats] = []
    with memory.records.database.read() as connection:
        heads = connection.execute(
            "SELECT namespace, sum(live AND (expires_at IS NULL OR expires_at > :now)), sum(NOT live),"
            " sum(live AND expires_at <= :now) FROM memory_heads GROUP BY namespace",
            {"now": stamp()},
        )
        by_name = {name: counts for name, *counts in heads}
        versions = connection.execute(
            "SELECT namespace, count(*), coalesce(sum(length(CAST(value AS BLOB))), 0), max(stored_at)"
            " FROM memory_versions GROUP BY namespace"
        )
        sizes = {name: sums for name, *sums in versions}
        for name in sorted({*by_name, *memory.declared.declarations}):
            declaration = memory.declared.get(name)
            records, deleted, expired = by_name.get(name, (0, 0, 0))
            count, size, newest = sizes.get(name, (0, 0, None))
            position = marker.at(name).position if marker else Position()
            found.append(
                NamespaceStats(
                    namespace=name,
                    declared=declaration is not None,
                    retention_days=declaration.retention_days if declaration else None,
                    records=records,
                    versions=count,
                    deleted=deleted,
                    expired=expired or 0,
                    bytes=size,
                    newest=newest,
                    unindexed=count_behind(connection, name, position),
                )
            )
    vectors = sum(space.count for space in marker.spaces.values()) if marker else 0
    return MemoryStats(tuple(found), marker.embedder if marker else None, vectors)
