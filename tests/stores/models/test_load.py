"""A model folder is data: whatever else it brings is refused before it is read."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import mlflow.sklearn
import mlflow.xgboost
import numpy as np
import pytest
import skops.io
import xgboost
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from axagents.errors import AxError, Refused, UserError
from axagents.stores.models.digest import digest
from axagents.stores.models.folder import open_folder
from axagents.stores.models.load import load_model
from tests.stores.models.folders import change_mlmodel, frame


class Touches:
    """A pickle that leaves a mark when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (self.mark,))


def bring_code(folder: Path) -> None:
    change_mlmodel(folder, code="code")


def hide_code(folder: Path) -> None:
    (folder / "code").mkdir()


def bring_script(folder: Path) -> None:
    (folder / "extra.py").write_text("raise SystemExit")


def foreign_loader(folder: Path) -> None:
    content = yaml.safe_load((folder / "MLmodel").read_text())
    content["flavors"]["python_function"]["loader_module"] = "evil"
    (folder / "MLmodel").write_text(yaml.safe_dump(content))


def only_pyfunc(folder: Path) -> None:
    content = yaml.safe_load((folder / "MLmodel").read_text())
    del content["flavors"]["xgboost"]
    (folder / "MLmodel").write_text(yaml.safe_dump(content))


def python_model(folder: Path) -> None:
    change_mlmodel(folder, python_model="python_model.pkl")


def absolute_path(folder: Path) -> None:
    change_mlmodel(folder, data="/etc/passwd")


def windows_path(folder: Path) -> None:
    change_mlmodel(folder, data="C:\\model.ubj")


def climbing_path(folder: Path) -> None:
    shutil.copy(folder / "model.ubj", folder.parent / "model.ubj")
    change_mlmodel(folder, data="../model.ubj")


def climbing_example(folder: Path) -> None:
    content = yaml.safe_load((folder / "MLmodel").read_text())
    content["saved_input_example_info"]["artifact_path"] = "../../secret.json"
    (folder / "MLmodel").write_text(yaml.safe_dump(content))


def address(folder: Path) -> None:
    change_mlmodel(folder, data="s3://bucket/model.ubj")


def linked_model(folder: Path) -> None:
    shutil.move(folder / "model.ubj", folder.parent / "model.ubj")
    (folder / "model.ubj").symlink_to(folder.parent / "model.ubj")


def linked_folder(folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent)


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def yaml_object(folder: Path) -> None:
    path = folder / "MLmodel"
    path.write_text(path.read_text() + "\nrun: !!python/object/apply:os.system ['true']\n")


def pickle_as_model(folder: Path) -> None:
    (folder / "model.ubj").write_bytes(pickle.dumps(Touches(folder.parent / "mark")))


def pickle_beside(folder: Path) -> None:
    (folder / "preprocessing.pkl").write_bytes(pickle.dumps({}))


def pickle_by_name(folder: Path) -> None:
    shutil.move(folder / "model.ubj", folder / "model.pkl")
    change_mlmodel(folder, data="model.pkl")


REFUSED = {
    bring_code: "brings code of its own",
    hide_code: r"holds code \(code\)",
    bring_script: r"holds code \(extra.py\)",
    foreign_loader: "names the loader 'evil'",
    only_pyfunc: "has only the flavors python_function",
    python_model: "brings code of its own",
    absolute_path: "absolute path '/etc/passwd'",
    windows_path: "absolute path",
    climbing_path: "'../model.ubj', which leaves the model's folder",
    climbing_example: "leaves the model's folder",
    address: "absolute path 's3://bucket/model.ubj'",
    linked_model: "holds the link model.ubj",
    linked_folder: "holds the link more",
    pipe: "neither file nor folder",
    yaml_object: "asks YAML to make an object",
    pickle_as_model: "is a pickle: which can run any code when loaded",
    pickle_by_name: "is a pickle",
    pickle_beside: "holds a pickle",
}


@pytest.mark.parametrize(("spoil", "told"), REFUSED.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_what_could_run_or_leave_the_folder_is_refused(copied: Path, spoil: Callable[[Path], None], told: str) -> None:
    spoil(copied)
    with pytest.raises(Refused, match=told):
        load_model(copied)
    assert not (copied.parent / "mark").exists()


def cut_short(folder: Path) -> None:
    path = folder / "model.ubj"
    path.write_bytes(path.read_bytes()[:200])


def lose_model(folder: Path) -> None:
    (folder / "model.ubj").unlink()


def lose_mlmodel(folder: Path) -> None:
    (folder / "MLmodel").unlink()


def broken_yaml(folder: Path) -> None:
    (folder / "MLmodel").write_text("flavors: [")


def no_flavours(folder: Path) -> None:
    (folder / "MLmodel").write_text("flavors: {}")


def broken_card(folder: Path) -> None:
    (folder / "axagents.json").write_text("{")


WRONG = {
    cut_short: "model.ubj cannot be read",
    lose_model: "names model.ubj, which is not there",
    lose_mlmodel: "no model folder: it has no MLmodel file",
    broken_yaml: "not valid YAML",
    no_flavours: "names no flavors",
    broken_card: "axagents.json",
}


@pytest.mark.parametrize(("spoil", "told"), WRONG.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_what_is_broken_is_one_clear_line(copied: Path, spoil: Callable[[Path], None], told: str) -> None:
    spoil(copied)
    with pytest.raises(UserError, match=told) as raised:
        load_model(copied)
    assert "\n" not in str(raised.value)


def test_a_folder_that_is_not_there_names_its_neighbours(copied: Path) -> None:
    with pytest.raises(UserError, match="no model folder at") as raised:
        load_model(copied.parent / "modle")
    assert raised.value.hint == f"there is model in {copied.parent}"


@pytest.mark.parametrize("content", [b"flavors: {}", pickle.dumps({})])
def test_a_file_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(AxError, match="is a"):
        load_model(path)


def test_a_link_to_a_model_folder_is_refused(copied: Path) -> None:
    link = copied.parent / "link"
    link.symlink_to(copied)
    with pytest.raises(Refused, match="is a link"):
        load_model(link)


def test_a_skops_file_may_hold_only_types_that_we_trust(copied_pipeline: Path) -> None:
    skops.io.dump(FunctionTransformer(os.system), copied_pipeline / "model.skops")
    change_mlmodel(copied_pipeline, skops_trusted_types=["posix.system"])
    with pytest.raises(Refused, match=r"types that nobody here vetted: posix\.system"):
        load_model(copied_pipeline)


def test_a_pickle_called_skops_is_refused(copied_pipeline: Path) -> None:
    mark = copied_pipeline.parent / "mark"
    (copied_pipeline / "model.skops").write_bytes(pickle.dumps(Touches(mark), protocol=0))
    with pytest.raises(Refused, match="is not a skops file"):
        load_model(copied_pipeline)
    assert not mark.exists()


@pytest.fixture
def pickled(tmp_path: Path) -> Path:
    data = frame()
    estimator = LogisticRegression().fit(data[["tenure"]], data["churned"])
    folder = tmp_path / "pickled"
    mlflow.sklearn.save_model(
        estimator, str(folder), serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )
    return folder


def test_a_pickle_needs_leave_and_its_sha256_in_the_registry(pickled: Path) -> None:
    with pytest.raises(Refused, match="can run any code"):
        load_model(pickled)
    with pytest.raises(Refused, match="registry does not hold its SHA-256"):
        load_model(pickled, allow_pickle=True)
    with pytest.raises(Refused, match="can run any code"):
        load_model(pickled, held={digest(pickled)})
    loaded = load_model(pickled, allow_pickle=True, held={digest(pickled)})
    assert (loaded.task, loaded.classes, [each.name for each in loaded.columns]) == (
        "binary",
        ("No", "Yes"),
        ["tenure"],
    )


def test_a_folder_that_mlflow_wrote_is_loaded_by_its_signature(tmp_path: Path) -> None:
    data = frame()
    rows = data[["tenure", "charges"]]
    for place, labels in (("two", data["churned"] == "Yes"), ("three", np.arange(len(data)) % 3)):
        estimator = xgboost.XGBClassifier(n_estimators=3).fit(rows, np.asarray(labels, dtype=int))
        mlflow.xgboost.save_model(estimator, str(tmp_path / place), pip_requirements=["xgboost"])
        loaded = load_model(tmp_path / place)
        expected = estimator.predict_proba(rows)
        np.testing.assert_allclose(loaded.scores(rows), expected[:, 1] if place == "two" else expected, rtol=1e-12)
        assert [each.name for each in loaded.columns] == ["tenure", "charges"]
    assert load_model(tmp_path / "three").classes == ("0", "1", "2")


def test_a_booster_is_loaded_as_what_its_objective_asks_for(tmp_path: Path) -> None:
    data = frame()
    matrix = xgboost.DMatrix(data[["tenure"]], label=data["charges"].fillna(0))
    booster = xgboost.train({"objective": "reg:squarederror"}, matrix, num_boost_round=3)
    mlflow.xgboost.save_model(booster, str(tmp_path / "booster"), pip_requirements=["xgboost"])
    loaded = load_model(tmp_path / "booster")
    assert loaded.task == "regression"
    np.testing.assert_allclose(loaded.scores(data), booster.predict(matrix), rtol=1e-6)


def test_a_model_without_columns_is_told_to_be_saved_with_a_signature(tmp_path: Path) -> None:
    data = frame()
    estimator = xgboost.XGBClassifier(n_estimators=2).fit(data[["tenure"]].to_numpy(), data["churned"] == "Yes")
    mlflow.xgboost.save_model(estimator, str(tmp_path / "bare"), pip_requirements=["xgboost"])
    with pytest.raises(UserError, match="has no signature"):
        load_model(tmp_path / "bare")


def test_looking_loads_nothing(copied: Path) -> None:
    (copied / "model.ubj").write_bytes(b"{not a model")
    assert open_folder(copied).sha256 == digest(copied)
