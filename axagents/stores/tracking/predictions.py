"""Out-of-fold predictions of a run, kept so that later runs can be compared with it row by row."""

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.exceptions import MlflowException

from axagents.project import Project
from axagents.stores.tracking.client import mlflow_client, tells_failure

FOLDER = "predictions"
FILE = "out_of_fold.parquet"
_ALWAYS = ("repeat", "row", "fold", "y")
_MAYBE = ("labels", "entity")


@dataclass(frozen=True)
class PredictionFacts:
    """What out-of-fold predictions are of. Two sets can be paired when `fingerprint` and `target` agree.

    Attributes:
        fingerprint: SHA-256 of the data; `row` counts its rows from 0.
        classes: as text, in the order of the scores' columns; empty for regression.
        threshold: from which score on a row is called positive by the final model; binary only.
        entity: the column whose values tie rows together, if any.
    """

    dataset: str
    fingerprint: str
    target: str
    task: str
    classes: tuple[str, ...] = ()
    threshold: float | None = None
    entity: str | None = None


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions in long form: each row of the data once in every repeat of the folds.

    `row` (n,) counts the rows of the data, `y` is the truth, `scores` are (n,) or (n, classes), `labels` the decisions
    (class codes; None for regression), `entity` the `hash_entities` of what ties rows together.
    """

    facts: PredictionFacts
    repeat: np.ndarray
    row: np.ndarray
    fold: np.ndarray
    y: np.ndarray
    scores: np.ndarray
    labels: np.ndarray | None = None
    entity: np.ndarray | None = None


def hash_entities(values: pd.Series) -> np.ndarray:
    """Return a number for each entity, the same for the same text in every dataset."""
    codes, entities = pd.factorize(values.astype(str))
    digests = [blake2b(str(each).encode(), digest_size=8).digest() for each in entities]
    return np.frombuffer(b"".join(digests), dtype="<i8")[codes]


def write_predictions(folder: Path, predictions: OutOfFold) -> Path:
    """Write out-of-fold predictions as Parquet into `folder` and return the file."""
    columns: dict[str, np.ndarray] = {name: getattr(predictions, name) for name in _ALWAYS}
    columns |= {name: given for name in _MAYBE if (given := getattr(predictions, name)) is not None}
    scores = predictions.scores.reshape(len(predictions.row), -1)
    columns |= {f"score_{index}": np.ascontiguousarray(scores[:, index]) for index in range(scores.shape[1])}
    facts = json.dumps(asdict(predictions.facts), ensure_ascii=False)
    table = pa.table(columns).replace_schema_metadata({"axagents": facts})
    path = folder / FILE
    pq.write_table(table, path)
    return path


def read_predictions(path: Path) -> OutOfFold:
    """Read what `write_predictions` wrote.

    Raises:
        ValueError: the file holds something else.
    """
    table = pq.read_table(path)
    told = (table.schema.metadata or {}).get(b"axagents")
    if told is None:
        raise ValueError(f"{path} holds no out-of-fold predictions of axagents")
    facts: dict[str, Any] = json.loads(told)
    facts["classes"] = tuple(facts["classes"])
    names = sorted((name for name in table.column_names if name.startswith("score_")), key=lambda name: int(name[6:]))
    scores = np.column_stack([_column(table, name) for name in names])
    return OutOfFold(
        facts=PredictionFacts(**facts),
        scores=scores[:, 0] if scores.shape[1] == 1 else scores,
        **{name: _column(table, name) for name in _ALWAYS},
        **{name: _column(table, name) for name in _MAYBE if name in table.column_names},
    )


@tells_failure
def fetch_predictions(project: Project, run_id: str) -> OutOfFold | None:
    """Return the out-of-fold predictions stored with an MLflow run, or None when it has none."""
    client = mlflow_client(project)
    if not any(each.path == f"{FOLDER}/{FILE}" for each in client.list_artifacts(run_id, FOLDER)):
        return None
    try:
        return read_predictions(Path(client.download_artifacts(run_id, f"{FOLDER}/{FILE}")))
    except (MlflowException, OSError, ValueError, pa.ArrowInvalid):
        # Somebody else's file under that name, or a broken one, is no evidence; the comparison says what it used.
        return None


def _column(table: pa.Table, name: str) -> np.ndarray:
    return table.column(name).to_numpy()
