"""The fingerprint of a dataset: the SHA-256 of its file, or of a table's rows in any order."""

import hashlib
from pathlib import Path

from axagents.ml.table import Table
from axagents.stores.datasets.encoding import hash_file
from axagents.stores.datasets.record import Fingerprint

# A file of this size is read again at each use; a larger one only when its size or one of its times moved.
ALWAYS_READ_BYTES = 64_000_000


def take_fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file."""
    facts = path.stat()
    return Fingerprint(
        sha256=hash_file(path), size=facts.st_size, modified_ns=facts.st_mtime_ns, changed_ns=facts.st_ctime_ns
    )


def take_table_fingerprint(table: Table, rows: int) -> Fingerprint:
    """Return the fingerprint of a table's content; the order of its rows does not matter."""
    cells = ", ".join(f"coalesce(CAST(c{place} AS VARCHAR), chr(30))" for place in range(len(table.names)))
    digest = f"md5_number_lower(concat_ws(chr(31), {cells}))"
    (sums,) = table.query(f"SELECT bit_xor({digest}), sum(CAST({digest} AS HUGEINT)) FROM {table.view}")
    text = "\x1f".join([*table.names, str(rows), str(sums[0]), str(sums[1])])
    return Fingerprint(sha256=hashlib.sha256(text.encode()).hexdigest(), size=rows)


def is_same_file(path: Path, known: Fingerprint) -> bool:
    """Say whether a file still has its fingerprint."""
    facts = path.stat()
    if facts.st_size != known.size:
        return False
    untouched = (facts.st_mtime_ns, facts.st_ctime_ns) == (known.modified_ns, known.changed_ns)
    if untouched and facts.st_size > ALWAYS_READ_BYTES:
        return True
    return hash_file(path) == known.sha256
