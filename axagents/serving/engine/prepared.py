"""What preparing a version leaves behind: everything that opening it needs, as plain JSON and arrays."""

import json
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from axagents.serving.engine.fields import Field

FORMAT = 1
_CARD = "prepared.json"
_ARRAYS = "arrays.npz"
GRAPH = "model.onnx"
_LIBRARIES = ("numpy", "scikit-learn", "xgboost", "xgboost-cpu", "onnxruntime", "skl2onnx", "onnxmltools")


@dataclass(frozen=True)
class Prepared:
    """A version that the guarded loader has opened and asked.

    Attributes:
        sha256: of the model folder.
        libraries: versions that were there; with others the version is prepared again.
        labels: what a class is called in an answer, in the order of the codes.
        encoder, scorer: plans of `compiling`; no scorer where the model could not be taken apart.
        graph: the file of the ONNX graph relative to the prepared folder; `whole_graph` is the model's own file, when
            the version is itself a graph that reads columns.
        absent: why a rung of the ladder is not there, by its name.
        probe: rows as requests bring them, a list of tables of columns.
        scores: what the model's own library answered to all of them, in order.
        by_pickle: whether the folder was opened as a pickle that somebody allowed.
    """

    sha256: str
    libraries: dict[str, str]
    task: str
    classes: tuple[str, ...]
    labels: tuple[Any, ...]
    threshold: float | None
    calibrator: dict[str, Any] | None
    schema: tuple[Field, ...]
    encoder: dict[str, Any] | None
    scorer: dict[str, Any] | None
    graph: str | None
    whole_graph: str | None
    absent: dict[str, str]
    probe: list[dict[str, list[Any]]]
    scores: np.ndarray
    by_pickle: bool = False
    format: int = FORMAT


def libraries() -> dict[str, str]:
    """Return the versions here of what answers may depend on."""
    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_prepared(folder: Path, prepared: Prepared, arrays: dict[str, np.ndarray]) -> None:
    """Write it into an existing folder."""
    plain = {each.name: getattr(prepared, each.name) for each in fields(prepared)}
    plain["schema"] = [asdict(field) for field in prepared.schema]
    plain["scores"] = prepared.scores.tolist()
    np.savez(folder / _ARRAYS, allow_pickle=False, **arrays)
    (folder / _CARD).write_text(json.dumps(plain, allow_nan=False), encoding="utf-8")


def read_prepared(folder: Path, sha256: str) -> Prepared | None:
    """Read what was prepared of the version `sha256`; None when there is nothing that fits it and the libraries."""
    try:
        plain: dict[str, Any] = json.loads((folder / _CARD).read_bytes())
        if plain.get("format") != FORMAT or plain["sha256"] != sha256 or plain["libraries"] != libraries():
            return None
        plain["schema"] = tuple(_field(each) for each in plain["schema"])
        plain["scores"] = np.array(plain["scores"], dtype=np.float64)
        return Prepared(**plain)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Read the arrays that the plans name."""
    with np.load(folder / _ARRAYS, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _field(plain: dict[str, Any]) -> Field:
    made: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Field(**made)
