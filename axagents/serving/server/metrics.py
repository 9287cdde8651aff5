"""What a model server counts, as Prometheus reads it."""

import os
import time
from bisect import bisect_left
from collections.abc import Mapping

import psutil

_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one process.

    Args:
        labels: written on every sample; model, version and so on.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        self._began = time.time()
        self._statuses: dict[int, int] = {}
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0
        self._rows = 0
        self.in_flight = 0

    def count(self, status: int, seconds: float, rows: int) -> None:
        """Count one answered request to /invocations."""
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds
        self._rows += rows

    def text(self) -> str:
        """Write everything in Prometheus' text format."""
        lines = _head("ax_server_requests_total", "counter", "Requests to /invocations by status.")
        lines += [self._line("ax_server_requests_total", n, f'status="{s}"') for s, n in sorted(self._statuses.items())]
        lines += _head("ax_server_request_seconds", "histogram", "From a request's last byte to its answer.")
        total = 0
        for bound, count in zip((*map(repr, _BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(self._line("ax_server_request_seconds_bucket", total, f'le="{bound}"'))
        lines.append(self._line("ax_server_request_seconds_sum", round(self._seconds, 9)))
        lines.append(self._line("ax_server_request_seconds_count", total))
        for name, kind, told, value in (
            ("ax_server_rows_total", "counter", "Rows answered.", self._rows),
            ("ax_server_in_flight", "gauge", "Requests being answered.", self.in_flight),
            ("process_start_time_seconds", "gauge", "When the process began.", round(self._began, 3)),
            ("process_cpu_seconds_total", "counter", "CPU time, user and system.", round(time.process_time(), 3)),
            ("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes()),
        ):
            lines += [*_head(name, kind, told), self._line(name, value)]
        return "\n".join(lines) + "\n"

    def _line(self, name: str, value: float, more: str = "") -> str:
        labels = ",".join(each for each in (self._labels, more) if each)
        return f"{name}{{{labels}}} {value}"


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return psutil.Process().memory_info().rss


def _head(name: str, kind: str, told: str) -> list[str]:
    return [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
