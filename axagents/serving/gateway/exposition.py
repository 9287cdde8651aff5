"""The counters as Prometheus reads them (text format 0.0.4)."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import accumulate

from axagents.ml.bins import EDGES
from axagents.serving.gateway.counters import Counters, VariantCounters
from axagents.serving.routing import Routing

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_TOTALS = {
    "requests": "requests",
    "failed": "requests that failed: 5xx, or no answer",
    "refused": "requests refused with 4xx",
    "rescued": "failed requests that the stable version answered instead",
    "rows": "rows answered",
    "positive": "rows answered with the positive class",
}
_MIRRORED = {
    "sent": "copies sent",
    "dropped": "copies dropped because the queue was full",
    "failed": "copies that failed",
    "compared": "rows compared with the live answer",
    "differed": "rows with another label than the live answer",
}


def expose(routing: Routing, counters: Counters) -> str:
    """Return the text of `/metrics`."""
    return "\n".join(_lines(routing, counters)) + "\n"


def _lines(routing: Routing, counters: Counters) -> Iterator[str]:
    labels = {each.name: f'deployment="{routing.deployment}",variant="{each.name}"' for each in routing.variants}
    of = {name: labels.get(name, f'deployment="{routing.deployment}",variant="{name}"') for name in counters.variants}
    yield from _head("ax_routing_revision", "gauge", "the revision of the shares in force")
    yield f'ax_routing_revision{{deployment="{routing.deployment}"}} {routing.revision}'
    yield from _head("ax_share_percent", "gauge", "share of the traffic")
    for each in routing.variants:
        yield f'ax_share_percent{{{labels[each.name]},version="{each.version}"}} {each.share:g}'
    for key, told in _TOTALS.items():
        yield from _head(f"ax_{key}_total", "counter", told)
        for name, each in counters.variants.items():
            yield f"ax_{key}_total{{{of[name]}}} {getattr(each, key)}"
    yield from _head("ax_failures_in_a_row", "gauge", "the newest requests that failed, one after the other")
    for name, each in counters.variants.items():
        yield f"ax_failures_in_a_row{{{of[name]}}} {each.failures_in_a_row}"
    yield from _head("ax_latency_milliseconds", "histogram", "latency of answered requests")
    for name, each in counters.variants.items():
        yield from _histogram(of[name], each)
    for key, told in _MIRRORED.items():
        yield from _head(f"ax_mirror_{key}_total", "counter", told)
        for name, mirror in counters.mirrors.items():
            labelled = f'deployment="{routing.deployment}",variant="{name}"'
            yield f"ax_mirror_{key}_total{{{labelled}}} {asdict(mirror)[key]}"
    yield from _head("ax_log_dropped_total", "counter", "requests that the inference log could not take")
    yield f'ax_log_dropped_total{{deployment="{routing.deployment}"}} {counters.log_dropped}'


def _head(name: str, kind: str, told: str) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"


def _histogram(labels: str, counted: VariantCounters) -> Iterator[str]:
    for edge, so_far in zip((*EDGES, None), accumulate(counted.latencies), strict=True):
        end = "+Inf" if edge is None else f"{edge:.6g}"
        yield f'ax_latency_milliseconds_bucket{{{labels},le="{end}"}} {so_far}'
    yield f"ax_latency_milliseconds_sum{{{labels}}} {counted.milliseconds:.6g}"
    yield f"ax_latency_milliseconds_count{{{labels}}} {sum(counted.latencies)}"
