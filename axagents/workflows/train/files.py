"""What the steps of a training leave in the run's folder for the steps after them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter

from axagents.filesystem import write_whole
from axagents.ml.search import CandidateRun, pack_runs, unpack_runs

Value = TypeVar("Value")


def save_runs(folder: Path, name: str, runs: Sequence[CandidateRun]) -> None:
    """Write candidate runs as `name.npz` and `name.json`, each whole or not at all."""
    arrays, facts = pack_runs(runs)
    fresh = folder / f"{name}.new.npz"
    np.savez_compressed(fresh, allow_pickle=False, **arrays)
    fresh.replace(folder / f"{name}.npz")
    write_whole(folder / f"{name}.json", json.dumps(facts))


def load_runs(folder: Path, *names: str) -> list[CandidateRun]:
    """Read the candidate runs that `save_runs` wrote under these names."""
    runs: list[CandidateRun] = []
    for name in names:
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            facts: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            runs += unpack_runs(dict(arrays), facts)
    return runs


def to_json(kind: type[Value], value: Value) -> Any:
    """Return a dataclass or model as plain JSON values."""
    return TypeAdapter(kind).dump_python(value, mode="json")


def from_json(kind: type[Value], plain: Any) -> Value:
    """Return the dataclass or model that `to_json` took apart."""
    return TypeAdapter(kind).validate_python(plain)
