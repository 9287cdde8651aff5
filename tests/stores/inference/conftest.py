"""A log with a writer, and records for it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from axagents.project import Project
from axagents.stores.inference import LogPlace, Record, SegmentWriter, hash_unit, predictions_log, unit_key

DEPLOYMENT = "churn-classifier-prod"
MODEL = "churn-classifier"


def a_record(**told: Any) -> Record:
    """Return a record of one answered row, as the gateway makes them."""
    known: dict[str, Any] = {
        "time": time.time_ns() // 1000,
        "request": "r1",
        "row": 0,
        "deployment": DEPLOYMENT,
        "variant": "stable",
        "role": "stable",
        "model": MODEL,
        "version": "2.0.0",
        "unit": None,
        "latency_ms": 1.25,
        "status": 200,
        "columns": {"tenure": 12, "charges": 70.5, "contract": "monthly"},
        "prediction": 1,
        "probability": 0.75,
    }
    return Record(**{**known, **told})


@pytest.fixture
def log(project: Project) -> LogPlace:
    return predictions_log(project, DEPLOYMENT)


@pytest.fixture
def writer(log: LogPlace) -> Iterator[SegmentWriter]:
    made = SegmentWriter(log.segments)
    yield made
    made.close()


@pytest.fixture
def hashed(project: Project) -> Callable[[str], str]:
    key = unit_key(project)
    return lambda unit: hash_unit(key, unit)
