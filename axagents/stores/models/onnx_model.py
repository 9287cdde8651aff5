"""ONNX models: refused with external data or custom operators, run by onnxruntime on one thread."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from axagents.errors import Refused, UserError
from axagents.stores.models.folder import ModelFolder

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_EXTERNAL = 1


class OnnxModel:
    """An ONNX graph behind the calls of a scikit-learn estimator.

    Columns go in by name when the graph has an input for each, else as one float32 matrix.
    """

    def __init__(self, session: Any, classes: tuple[int | str, ...] | None) -> None:
        self._session = session
        self._inputs: dict[str, str] = {each.name: each.type for each in session.get_inputs()}
        self._outputs: list[str] = [each.name for each in session.get_outputs()]
        if classes is not None:
            self.classes_ = np.asarray(classes)
            self.predict_proba = self._probabilities

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Return labels or values (n,)."""
        return np.asarray(self._run(frame, self._outputs[0])).reshape(len(frame), -1)[:, 0]

    def _probabilities(self, frame: pd.DataFrame) -> np.ndarray:
        found = self._run(frame, self._outputs[1])
        if isinstance(found, list):
            return np.array([[row[label] for label in self.classes_.tolist()] for row in found])
        return np.asarray(found)

    def _run(self, frame: pd.DataFrame, output: str) -> Any:
        return self._session.run([output], self._feed(frame))[0]

    def _feed(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        if len(self._inputs) == 1 and len(frame.columns) > 1:
            (name,) = self._inputs
            return {name: frame.to_numpy(dtype=np.float32)}
        return {name: frame[[name]].to_numpy(dtype=_NUMPY.get(kind, np.float32)) for name, kind in self._inputs.items()}


_NUMPY: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


def read_onnx(opened: ModelFolder) -> OnnxModel:
    """Check an ONNX file and open it.

    Raises:
        UserError: the onnx extra is not installed, or the file cannot be read.
        Refused: it keeps data outside its file, or asks for operators of nobody's standard.
    """
    onnx, runtime, undecodable = _libraries()
    try:
        model = onnx.load_model_from_string(opened.model_file.read_bytes())
        _check(opened, model)
        session = _open_session(runtime, model.SerializeToString())
    except (undecodable, ValueError, RuntimeError, TypeError) as error:
        told = " ".join(str(error).split())[:200]
        raise UserError(f"{opened.model_file} cannot be read: {told}", field="model_path") from error
    return OnnxModel(session, _classes(model, session))


def _libraries() -> tuple[Any, Any, type[Exception]]:
    # An optional extra, so it is looked for only when somebody brings an ONNX model.
    try:
        messages = import_module("google.protobuf.message")
        return import_module("onnx"), import_module("onnxruntime"), messages.DecodeError
    except ImportError:
        raise UserError(
            "an ONNX model needs the onnx extra, which is not installed",
            field="model_path",
            hint="pip install 'axagents[onnx]'",
        ) from None


def _open_session(runtime: Any, content: bytes) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _check(opened: ModelFolder, model: Any) -> None:
    domains = {each.domain for each in model.opset_import}
    for graph in _graphs(model):
        for tensor in _tensors(graph):
            if tensor.data_location == _EXTERNAL or tensor.external_data:
                raise Refused(
                    f"{opened.model_file} keeps the tensor {tensor.name!r} outside its file",
                    field="model_path",
                    hint="save it again with its data inside (onnx.save_model: save_as_external_data=False)",
                )
        domains |= {node.domain for node in graph.node}
    foreign = sorted(domains - STANDARD_DOMAINS)
    if foreign:
        raise Refused(
            f"{opened.model_file} asks for custom operators ({', '.join(foreign)}); only ONNX's own are run",
            field="model_path",
            legal=("ai.onnx", "ai.onnx.ml"),
        )


def _graphs(model: Any) -> Iterator[Any]:
    """Yield the graph, its functions, and every graph inside their nodes' attributes."""
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]


def _tensors(graph: Any) -> Iterator[Any]:
    yield from getattr(graph, "initializer", ())
    for sparse in getattr(graph, "sparse_initializer", ()):
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t


def _classes(model: Any, session: Any) -> tuple[int | str, ...] | None:
    """Return the labels of a classifier's last node; None when the graph is none or says nothing of them."""
    if len(session.get_outputs()) < 2:
        return None
    for node in reversed(model.graph.node):
        for attribute in node.attribute:
            if attribute.name == "classlabels_int64s" and attribute.ints:
                return tuple(int(each) for each in attribute.ints)
            if attribute.name in {"classlabels_strings", "cats_strings"} and attribute.strings:
                return tuple(each.decode() for each in attribute.strings)
    return None
