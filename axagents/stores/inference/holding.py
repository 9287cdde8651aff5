"""Have a log's table for oneself: folds, imports, forgetting and backups take turns."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from axagents.errors import Failed
from axagents.project import Project, make_folder
from axagents.stores.inference.places import LogPlace, every_log

_WAIT = 60.0


class Busy(Failed):
    """Somebody else is at a log's table."""


@contextmanager
def alone(place: LogPlace, *, seconds: float = _WAIT) -> Generator[None]:
    """Have a log's table for oneself.

    Raises:
        Busy: somebody else had it all that time.
    """
    make_folder(place.folder)
    lock = FileLock(place.folder / "fold.lock")
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        told = f"another ax is at the log of {place.name}; nothing was changed"
        raise Busy(told, hint="try again in a minute") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def held_still(project: Project) -> Generator[None]:
    """Let nothing take files out of any log, so that they can be copied; what is written meanwhile is appended.

    Raises:
        Busy: a fold takes too long.
    """
    with ExitStack() as stack:
        for place in every_log(project):
            stack.enter_context(alone(place))
        yield
