"""Which engine answers: never one that answers otherwise than the model's own library."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnx
import pandas as pd
import pytest
import xgboost
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from axagents.errors import Failed, Refused
from axagents.ml.fitted import FittedModel
from axagents.serving.engine import opening
from axagents.serving.engine.answering import Engine, Rung
from axagents.serving.engine.graph import Graph
from axagents.serving.engine.opening import ensure_prepared, open_engine
from axagents.serving.engine.prepared import read_prepared
from axagents.serving.engine.preparing import prepare
from axagents.serving.engine.schema import Schema
from axagents.serving.engine.unfit import Unfit
from axagents.stores.models.digest import digest
from axagents.stores.models.save import save_model
from axagents.stores.models.trusted import TRUSTED_TYPES
from tests.serving.engine.models import encoded, rows
from tests.stores.models.folders import boosted, frame

Open = Callable[[Path], Engine]
Save = Callable[[str], tuple[Path, FittedModel]]


def rung(engine: Engine, name: str) -> Rung:
    return next(each for each in engine.rungs if each.name == name)


def prepared(folder: Path, kept: Path) -> Path:
    place = kept / digest(folder)
    place.mkdir(parents=True)
    prepare(folder, place)
    return place


def ask(engine: Engine, frame: pd.DataFrame) -> np.ndarray:
    return engine.answer(engine.schema.read(frame.astype(object).where(frame.notna(), None).to_dict("list"))).scores


def test_a_graph_that_treats_gaps_otherwise_is_never_taken(tmp_path: Path) -> None:
    """skl2onnx leaves out which way a missing value goes in a forest: its graph answers such rows otherwise."""
    fitted = encoded(RandomForestClassifier(20, max_depth=6, random_state=1))
    save_model(tmp_path / "forest", fitted, input_example=frame(30), training={})
    assert prepared(tmp_path / "forest", tmp_path / "kept").joinpath("model.onnx").exists()
    engine = open_engine(tmp_path / "forest", prepared=tmp_path / "kept")
    diverged = rung(engine, "onnx")
    assert engine.name == "arrays"
    assert not diverged.equal
    assert diverged.difference is not None
    assert diverged.difference > 1e-3
    assert diverged.why.startswith("differs by ")
    np.testing.assert_allclose(ask(engine, rows()), fitted.scores(rows()), atol=1e-12)


def test_a_graph_made_to_diverge_a_little_is_not_taken(tmp_path: Path) -> None:
    fitted = boosted(seed=5)
    save_model(tmp_path / "model", fitted, input_example=frame(30), training={})
    place = prepared(tmp_path / "model", tmp_path / "kept")
    assert open_engine(tmp_path / "model", prepared=tmp_path / "kept").name == "onnx"
    graph: Any = onnx.load_model(place / "model.onnx")
    for attribute in graph.graph.node[0].attribute:
        if attribute.name == "class_weights":
            attribute.floats[0] += 1e-4
    onnx.save_model(graph, place / "model.onnx")
    engine = open_engine(tmp_path / "model", prepared=tmp_path / "kept")
    assert engine.name == "native"
    assert rung(engine, "onnx").difference == pytest.approx(2e-5, rel=0.6)
    np.testing.assert_allclose(ask(engine, rows()[["tenure", "charges"]]), fitted.scores(rows()), atol=1e-6)


def test_a_flipped_label_alone_is_enough(tmp_path: Path) -> None:
    """The threshold lies on a score, so that the last bit decides: within 1e-6, and yet another label."""
    save_model(
        tmp_path / "model", dataclasses.replace(boosted(seed=6), calibrator=None), input_example=frame(9), training={}
    )
    place = prepared(tmp_path / "model", tmp_path / "kept")
    found = read_prepared(place, place.name)
    assert found is not None
    numbers = [Schema(found.schema).read(table).numbers for table in found.probe]
    theirs = Graph(place / "model.onnx", found.labels).score(np.concatenate(numbers))
    higher = int(np.argmax(found.scores - theirs))
    assert found.scores[higher] > theirs[higher]
    plain = json.loads((place / "prepared.json").read_text())
    (place / "prepared.json").write_text(json.dumps({**plain, "threshold": found.scores[higher]}))
    engine = open_engine(tmp_path / "model", prepared=tmp_path / "kept")
    assert engine.name == "native"
    assert rung(engine, "onnx").flipped
    assert (rung(engine, "onnx").difference or 1) < 1e-6


def test_a_broken_graph_or_plan_is_passed_over(tmp_path: Path, saved: Save) -> None:
    folder, fitted = saved("boosted")
    place = prepared(folder, tmp_path / "kept")
    (place / "model.onnx").write_bytes(b"no graph")
    (place / "booster.ubj").write_bytes(b"no booster")
    engine = open_engine(folder, prepared=tmp_path / "kept")
    assert engine.name == "frame"
    assert rung(engine, "native").why.startswith("cannot answer: ")
    np.testing.assert_allclose(ask(engine, rows()[["tenure", "charges"]]), fitted.scores(rows()), rtol=1e-12)


def test_without_the_extra_there_is_no_graph(tmp_path: Path, saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxmltools", None)
    folder, _ = saved("boosted")
    prepared(folder, tmp_path / "kept")
    engine = open_engine(folder, prepared=tmp_path / "kept")
    assert engine.name == "native"
    assert "onnx extra is not installed" in rung(engine, "onnx").why


def test_what_was_prepared_is_used_again_and_not_for_other_bytes(tmp_path: Path, saved: Save) -> None:
    folder, _ = saved("boosted")
    place = prepared(folder, tmp_path / "kept")
    written = (place / "prepared.json").stat().st_mtime_ns
    assert ensure_prepared(folder, tmp_path / "kept") == place
    assert (place / "prepared.json").stat().st_mtime_ns == written


def test_preparing_happens_in_a_process_of_its_own(tmp_path: Path, saved: Save) -> None:
    folder, fitted = saved("pipeline")
    place = ensure_prepared(folder, tmp_path / "kept")
    assert [each.name for each in (tmp_path / "kept").iterdir()] == [place.name] == [digest(folder)]
    assert json.loads((place / "prepared.json").read_text())["classes"] == ["No", "Yes"]
    np.testing.assert_allclose(
        ask(open_engine(folder, prepared=tmp_path / "kept"), rows()), fitted.scores(rows()), atol=1e-9
    )


def test_the_guarded_loader_decides(tmp_path: Path, copied: Path) -> None:
    (copied / "more.py").write_text("print('hello')")
    with pytest.raises(Refused, match="holds code"):
        open_engine(copied)


def test_a_model_that_answers_otherwise_than_when_saved_is_not_opened(copied: Path) -> None:
    card = json.loads((copied / "axagents.json").read_text())
    card["example"]["scores"][0] += 0.1
    (copied / "axagents.json").write_text(json.dumps(card))
    with pytest.raises(Failed, match="saved, it said"):
        prepare(copied, copied)


def test_a_process_that_dies_is_told(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_CELL", "axagents.nothing_here")
    with pytest.raises(Failed, match="broke the process that prepared it"):
        open_engine(copied)


@pytest.mark.parametrize("kind", ["boosted", "boosted-pipeline", "linear", "forest"])
def test_opening_a_prepared_version_loads_nothing_heavy(kind: str, saved: Save, opened: Open, kept: Path) -> None:
    folder, _ = saved(kind)
    opened(folder)
    code = (
        "import sys; from pathlib import Path; from axagents.serving.engine.opening import open_engine;"
        "open_engine(Path(sys.argv[1]), prepared=Path(sys.argv[2]));"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(kept)], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"mlflow", "pandas", "sklearn", "scipy", "xgboost", "skops", "pydantic"} & set(done.stdout.split())


def foreign_rows() -> pd.DataFrame:
    data = frame(100, seed=9)[["tenure", "charges"]].fillna(50.0)
    return data.assign(visits=np.arange(100) % 7)


@pytest.mark.filterwarnings("ignore:Hint. Inferred schema contains integer")
def test_foreign_xgboost_is_served(tmp_path: Path, opened: Open) -> None:
    data = foreign_rows()
    model = xgboost.XGBClassifier(n_estimators=5).fit(data, (data["tenure"] > 30).astype(int))
    signature = mlflow.models.infer_signature(data, model.predict(data))
    mlflow.xgboost.save_model(model, str(tmp_path / "model"), signature=signature)
    engine = opened(tmp_path / "model")
    answer = engine.answer(engine.schema.read(data.to_dict("list")))
    assert answer.labels == mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(data).tolist()
    np.testing.assert_allclose(answer.scores, model.predict_proba(data)[:, 1], atol=1e-6)
    with pytest.raises(Unfit, match="no whole number") as caught:
        engine.schema.read({**data.head(1).to_dict("list"), "visits": [1.5]})
    assert caught.value.field == "visits"


@pytest.mark.filterwarnings("ignore:Hint. Inferred schema contains integer")
def test_foreign_scikit_learn_is_served_and_knows_what_it_cannot_answer(tmp_path: Path, opened: Open) -> None:
    data = foreign_rows()
    kinds = np.where(data["tenure"] > 40, "long", np.where(data["tenure"] > 20, "middle", "short"))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, kinds)
    signature = mlflow.models.infer_signature(data, model.predict(data))
    mlflow.sklearn.save_model(
        model,
        str(tmp_path / "model"),
        signature=signature,
        serialization_format="skops",
        skops_trusted_types=sorted(TRUSTED_TYPES),
    )
    engine = opened(tmp_path / "model")
    assert engine.name == "arrays"
    answer = engine.answer(engine.schema.read(data.to_dict("list")))
    assert answer.labels == mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(data).tolist()
    np.testing.assert_allclose(answer.scores, model.predict_proba(data), atol=1e-6)
    with pytest.raises(Unfit, match="gives no answer where it is missing") as caught:
        engine.schema.read({**data.head(1).to_dict("list"), "charges": [None]})
    assert caught.value.field == "charges"


@pytest.mark.parametrize("kind", ["classes", "values"])
def test_foreign_onnx_is_served(kind: str, tmp_path: Path, opened: Open) -> None:
    data = foreign_rows()[["tenure", "charges"]].astype(np.float32)
    model: Any = LogisticRegression() if kind == "classes" else LinearRegression()
    target = (data["tenure"] > 30).astype(int) if kind == "classes" else data["tenure"] * 2
    model.fit(data.to_numpy(), target)
    graph: Any = to_onnx(model, data.to_numpy()[:1])
    signature = mlflow.models.infer_signature(data, model.predict(data.to_numpy()))
    mlflow.onnx.save_model(graph, str(tmp_path / "model"), signature=signature)
    engine = opened(tmp_path / "model")
    assert engine.name == "onnx"
    answer = engine.answer(engine.schema.read({name: list(map(float, data[name])) for name in data}))
    expected = model.predict_proba(data.to_numpy())[:, 1] if kind == "classes" else model.predict(data.to_numpy())
    np.testing.assert_allclose(answer.scores, expected, rtol=1e-5, atol=1e-5)
