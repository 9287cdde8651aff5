"""ONNX models answer as what they were made from; data elsewhere and operators of nobody's standard are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from axagents.errors import Refused, UserError
from axagents.stores.models.load import load_model
from tests.stores.models.folders import frame

onnx = pytest.importorskip("onnx")
skl2onnx = pytest.importorskip("skl2onnx")


def converted() -> tuple[LogisticRegression, Any]:
    rows = frame()[["tenure", "charges"]].fillna(0)
    estimator = LogisticRegression().fit(rows, frame()["churned"])
    kind = skl2onnx.common.data_types.FloatTensorType([None, 2])
    options = {id(estimator): {"zipmap": False}}
    return estimator, skl2onnx.to_onnx(estimator, initial_types=[("rows", kind)], options=options)


def write_folder(folder: Path, model: Any) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    columns = '[{"name": "tenure", "type": "double"}, {"name": "charges", "type": "double"}]'
    (folder / "MLmodel").write_text(
        "flavors:\n  onnx: {data: model.onnx}\n  python_function: {loader_module: mlflow.onnx}\n"
        f"signature: {{inputs: '{columns}'}}\n"
    )
    return folder


def test_an_onnx_model_answers_as_the_model_it_was_made_from(tmp_path: Path) -> None:
    estimator, model = converted()
    loaded, rows = load_model(write_folder(tmp_path / "model", model)), frame()[["tenure", "charges"]].fillna(0)
    assert (loaded.task, loaded.classes) == ("binary", ("No", "Yes"))
    np.testing.assert_allclose(loaded.scores(rows), estimator.predict_proba(rows)[:, 1], atol=1e-6)


def test_data_outside_the_file_are_refused(tmp_path: Path) -> None:
    _, model = converted()
    tensor = onnx.numpy_helper.from_array(np.ones(3, dtype=np.float32), "stolen")
    onnx.external_data_helper.set_external_data(tensor, location="../../etc/passwd")
    model.graph.initializer.append(tensor)
    with pytest.raises(Refused, match="keeps the tensor 'stolen' outside its file"):
        load_model(write_folder(tmp_path / "model", model))


def test_custom_operators_are_refused(tmp_path: Path) -> None:
    _, model = converted()
    model.graph.node.append(onnx.helper.make_node("Run", [], ["out"], domain="com.evil"))
    with pytest.raises(Refused, match=r"custom operators \(com\.evil\)"):
        load_model(write_folder(tmp_path / "model", model))


def test_custom_operators_inside_a_branch_are_refused(tmp_path: Path) -> None:
    _, model = converted()
    inner = onnx.helper.make_graph([onnx.helper.make_node("Run", [], ["out"], domain="com.evil")], "inner", [], [])
    model.graph.node.append(onnx.helper.make_node("If", ["condition"], ["out"], then_branch=inner, else_branch=inner))
    with pytest.raises(Refused, match=r"custom operators \(com\.evil\)"):
        load_model(write_folder(tmp_path / "model", model))


def test_a_broken_onnx_file_is_one_line(tmp_path: Path) -> None:
    _, model = converted()
    folder = write_folder(tmp_path / "model", model)
    (folder / "model.onnx").write_bytes(b"\x08\x01 this is no model")
    with pytest.raises(UserError, match="cannot be read"):
        load_model(folder)
