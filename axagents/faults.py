"""Places where tests make the process die or fail: `AX_FAULT=point:n:kill|raise` strikes at the n-th passing."""

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


class InjectedFault(RuntimeError):
    """The fault that `AX_FAULT=...:raise` asked for."""


def fault_point(name: str) -> None:
    """Die or raise here when `AX_FAULT` says so; else do nothing."""
    asked = os.environ.get("AX_FAULT")
    if not asked:
        return
    point, _, rest = asked.partition(":")
    if point != name:
        return
    _passed[name] += 1
    number, _, manner = rest.partition(":")
    if _passed[name] != int(number or 1):
        return
    if manner == "raise":
        raise InjectedFault(name)
    os.kill(os.getpid(), signal.SIGKILL)
