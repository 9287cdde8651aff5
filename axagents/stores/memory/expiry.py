"""Forget the values of records whose time is over; that they were there stays known, as of deleted ones."""

from axagents.clock import stamp
from axagents.project import Project
from axagents.stores.database import open_database

_EXPIRED = "FROM memory_versions WHERE value IS NOT NULL AND expires_at IS NOT NULL AND expires_at <= ?"


def count_expired(project: Project) -> int:
    """Return how many versions hold a value although their time is over."""
    with open_database(project).read() as connection:
        return int(connection.execute(f"SELECT count(*) {_EXPIRED}", (stamp(),)).fetchone()[0])


def forget_expired(project: Project) -> int:
    """Remove the values of versions whose time is over and return how many; readers did not see them any more."""
    with open_database(project).write() as connection:
        done = connection.execute(
            f"UPDATE memory_versions SET value = NULL WHERE change IN (SELECT change {_EXPIRED})", (stamp(),)
        )
        return done.rowcount
