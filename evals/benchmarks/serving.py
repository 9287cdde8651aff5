"""Our model server beside `mlflow models serve`, in one run on loopback: an XGBoost model and a scikit-learn pipeline.

Both serve the same folder. No answer may be an error, and labels and probabilities are compared within 1e-6.
"""

import json
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from axagents.ml.columns import ColumnSpec
from axagents.ml.fitted import FittedModel
from axagents.ml.preprocessing import make_encoder
from axagents.stores.models.save import save_model
from evals.benchmarks.loadgen import Load, joined, load, post
from evals.benchmarks.row import Row, at_most, beside
from evals.benchmarks.served import Serving, served

ROWS, NUMBERS = 3000, 30
ROUNDS, SECONDS, STARTS = 5, 1.5, 3
BODIES = 40
SIZES = {1: (20, 1 / 10), 100: (8, None)}


def measure() -> list[Row]:
    """Measure both models at one row and at a hundred."""
    with tempfile.TemporaryDirectory(prefix="ax-serving-") as name:
        rows: list[Row] = []
        for kind, (fitted, frame) in models().items():
            folder = Path(name) / kind
            save_model(folder, fitted, input_example=frame, training={})
            rows += _compare(kind, folder, fitted=fitted, frame=frame)
        return rows


def models() -> dict[str, tuple[FittedModel, pd.DataFrame]]:
    """Fit the two models, with rows for them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"f{at}": rng.normal(size=ROWS).round(4) for at in range(NUMBERS)})
    target = (frame["f0"] + frame["f1"] * frame["f2"] + rng.normal(size=ROWS) > 0).astype(int)
    common: dict[str, Any] = {"target": "y", "classes": ("0", "1"), "threshold": 0.5}
    numbers = tuple(_spec(name, "numeric", "number") for name in frame.columns)
    boosted = xgboost.XGBClassifier(n_estimators=200, max_depth=6, n_jobs=1).fit(frame, target)
    mixed = frame.iloc[:, :12].assign(**{f"c{at}": rng.choice(list("abcdef"), ROWS) for at in range(4)})
    columns = (*numbers[:12], *(_spec(f"c{at}", "category", "string") for at in range(4)))
    encoder = make_encoder(mixed, columns, style="linear")
    linear = Pipeline([("encode", encoder), ("model", LogisticRegression(max_iter=500))]).fit(mixed, target)
    return {
        "xgboost": (FittedModel("binary", boosted, "xgboost", numbers, **common), frame),
        "pipeline": (FittedModel("binary", linear, "sklearn", columns, **common), mixed),
    }


def _spec(name: str, kind: Any, dtype: Any) -> ColumnSpec:
    return ColumnSpec(name=name, kind=kind, dtype=dtype, rows=ROWS, missing=0, distinct=100)


def _compare(kind: str, folder: Path, *, fitted: FittedModel, frame: pd.DataFrame) -> list[Row]:
    kept = folder.parent / "prepared"
    own = ["-m", "axagents.serving.server", "--folder", str(folder), "--name", kind, "--version", "1.0.0"]
    own += ["--prepared", str(kept), "--port"]
    theirs = ["-m", "mlflow", "models", "serve", "-m", str(folder), "--env-manager", "local", "-w", "1", "-p"]
    with served(own) as first:
        rows = [Row(f"{kind}: first start ever, preparing included", "s", round(first.start, 2), None, "", None)]
    starts = [_start(own) for _ in range(STARTS)]
    with served(own) as ours, served(theirs) as peer:
        for size, (faster, quicker) in SIZES.items():
            requests = requests_of(frame, size)
            _check_answers(ours, peer, folder=folder, fitted=fitted, frame=frame, size=size)
            used = ours.cpu(), peer.cpu()
            mine, other = _in_turns(ours, peer, requests)
            spent = [1000 * (server.cpu() - before) for server, before in zip((ours, peer), used, strict=True)]
            each = spent[0] / mine.requests, spent[1] / other.requests
            name = f"{kind}, {size} row{'s' if size > 1 else ''}"
            rows.append(_times(f"{name}: requests a second", mine.per_second, other.per_second, times=faster))
            if quicker:
                rows.append(beside(f"{name}: p50", "ms", ours=mine.p50, peer=other.p50, most=quicker))
            else:
                rows.append(Row(f"{name}: p50", "ms", round(mine.p50, 3), round(other.p50, 3), "", None))
            rows.append(Row(f"{name}: CPU time of a request", "ms", round(each[0], 3), round(each[1], 3), "", None))
            rows.append(Row(f"{name}: p99", "ms", round(mine.p99, 3), round(other.p99, 3), "", None))
            rows.append(at_most(f"{name}: errors of {mine.requests:,}", "", ours=mine.errors + other.errors, limit=0))
        # What else runs here can only add to a start.
        rows.append(at_most(f"{kind}: start of a prepared version", "s", ours=round(min(starts), 2), limit=3))
        rows.append(Row(f"{kind}: start beside MLflow's", "s", round(ours.start, 2), round(peer.start, 2), "", None))
        rows.append(beside(f"{kind}: memory", "MB", ours=ours.resident, peer=peer.resident, most=1 / 2))
    return rows


def _start(command: Sequence[str]) -> float:
    with served(command) as started:
        return started.start


def _times(name: str, ours: float, peer: float, *, times: float) -> Row:
    return Row(name, "/s", round(ours), round(peer), f">= {times:g} x", ours >= times * peer)


def _in_turns(ours: Serving, peer: Serving, requests: Sequence[bytes]) -> tuple[Load, Load]:
    mine: list[Load] = []
    other: list[Load] = []
    for _ in range(ROUNDS):
        mine.append(load(ours.port, requests, seconds=SECONDS))
        other.append(load(peer.port, requests, seconds=SECONDS))
    return joined(mine), joined(other)


def _body(frame: pd.DataFrame) -> bytes:
    return json.dumps({"dataframe_split": frame.to_dict(orient="split", index=False)}).encode()


def requests_of(frame: pd.DataFrame, size: int) -> list[bytes]:
    """Return requests of `size` rows each as they go over the wire."""
    return [post("/invocations", _body(frame.iloc[at * 7 : at * 7 + size])) for at in range(BODIES)]


def _check_answers(
    ours: Serving, peer: Serving, *, folder: Path, fitted: FittedModel, frame: pd.DataFrame, size: int
) -> None:
    """Hold labels against MLflow's server, and probabilities against MLflow's loader."""
    loader: Any = mlflow.xgboost if fitted.flavour == "xgboost" else mlflow.sklearn
    loaded = loader.load_model(str(folder))
    for at in range(BODIES):
        rows = frame.iloc[at * 7 : at * 7 + size]
        mine, other = _ask(ours.port, _body(rows)), _ask(peer.port, _body(rows))
        assert mine["predictions"] == other["predictions"], "labels differ from those of mlflow models serve"
        expected = loaded.predict_proba(rows)[:, 1]
        np.testing.assert_allclose(mine["probabilities"], expected, rtol=0, atol=1e-6)


def _ask(port: int, body: bytes) -> dict[str, Any]:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)
