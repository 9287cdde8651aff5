"""Which process it is: its number and when it was born, since numbers come again."""

import os

import psutil


def identity(pid: int | None = None) -> str:
    """Return the identity of a process that runs, by default of this one."""
    found = psutil.Process(os.getpid() if pid is None else pid)
    return f"{found.pid}:{found.create_time():.2f}"


def is_alive(told: str) -> bool:
    """Tell whether the process of that identity still runs; one that ended and waits for its parent does not."""
    pid, _, born = told.partition(":")
    try:
        found = psutil.Process(int(pid))
        same = abs(found.create_time() - float(born)) < 0.05
        return same and found.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return False
