"""The project's database, opened by several at once."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from axagents.stores.database import Database


def test_a_new_file_is_opened_while_another_writes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "ax.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE parcels (name TEXT)")

        def commit() -> None:
            time.sleep(0.2)
            other.commit()

        committing = threading.Thread(target=commit)
        committing.start()
        database = Database(path)
        committing.join()
    with database.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    database.close()
