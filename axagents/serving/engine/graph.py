"""An ONNX graph run by onnxruntime on one thread; the graph was vetted when its version was prepared."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from axagents.serving.engine.columns import Columns

_NUMPY: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


_ERRORS: tuple[Any, ...] = tuple(
    getattr(import_module("onnxruntime.capi.onnxruntime_pybind11_state"), name)
    for name in ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
)


class GraphError(ValueError):
    """onnxruntime refused; the message is its own."""


class Graph:
    """A graph that gives a value, or labels and probabilities.

    Args:
        classes: the labels in the order of their probabilities; empty for a regression.
    """

    def __init__(self, path: Path, classes: Sequence[Any] = ()) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session: Any = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        except _ERRORS as error:
            raise GraphError(str(error)) from error
        self._session = session
        self._inputs: dict[str, Any] = {
            each.name: _NUMPY.get(each.type, np.float32) for each in self._session.get_inputs()
        }
        self._output: list[str] = [self._session.get_outputs()[1 if classes else 0].name]
        self._classes = list(classes)

    def score(self, matrix: np.ndarray) -> np.ndarray:
        """Return the scores of an encoded matrix (n, m)."""
        ((name, kind),) = self._inputs.items()
        return self._run({name: np.ascontiguousarray(matrix, dtype=kind)})

    def score_columns(self, columns: Columns, names: Mapping[str, Sequence[str]]) -> np.ndarray:
        """Return the scores of columns; `names` are those of the numbers and of the texts."""
        if len(self._inputs) == 1 and len(names["numbers"]) + len(names["texts"]) > 1:
            return self.score(columns.numbers)
        feed = {name: self._column(columns, names, name=name) for name in self._inputs}
        return self._run(feed)

    def _column(self, columns: Columns, names: Mapping[str, Sequence[str]], *, name: str) -> np.ndarray:
        if name in names["texts"]:
            return np.array(columns.texts[names["texts"].index(name)], dtype=object).reshape(-1, 1)
        return columns.numbers[:, [names["numbers"].index(name)]].astype(self._inputs[name])

    def _run(self, feed: dict[str, np.ndarray]) -> np.ndarray:
        try:
            found: Any = self._session.run(self._output, feed)[0]
        except _ERRORS as error:
            raise GraphError(str(error)) from error
        if isinstance(found, list):
            found = [[row[label] for label in self._classes] for row in found]
        scores = np.asarray(found, dtype=np.float64)
        if len(self._classes) == 2:
            return np.ascontiguousarray(scores[:, 1])
        return scores if self._classes else scores.reshape(len(scores), -1)[:, 0]
