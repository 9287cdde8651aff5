"""Evaluations of models, by the SHA-256 of what was evaluated."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from axagents.project import Project
from axagents.stores.database import open_database

Verdict = Literal["GO", "NO_GO", "INSUFFICIENT"]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation said of one model.

    Attributes:
        evaluation_id: the run that made it.
        sha256: of the model folder.
        fingerprint: SHA-256 of the evaluation data.
        metrics: name to {mean, low, high}.
        predictions: file with the predictions, relative to the project; None when they were not kept.
        run_id: the MLflow run it was logged in.
    """

    evaluation_id: str
    sha256: str
    at: str
    who: str
    verdict: Verdict
    dataset: str
    fingerprint: str | None
    metrics: dict[str, Any]
    predictions: str | None = None
    run_id: str | None = None


def record_evaluation(project: Project, evaluation: Evaluation) -> None:
    """Keep an evaluation; the same one again changes nothing."""
    values = {**vars(evaluation), "metrics": json.dumps(evaluation.metrics, sort_keys=True)}
    with open_database(project).write() as connection:
        connection.execute(
            "INSERT INTO model_evaluations"
            " (evaluation_id, sha256, at, who, verdict, dataset, fingerprint, metrics, predictions, run_id) VALUES"
            " (:evaluation_id, :sha256, :at, :who, :verdict, :dataset, :fingerprint, :metrics, :predictions, :run_id)"
            " ON CONFLICT (evaluation_id) DO NOTHING",
            values,
        )


def newest_evaluation(project: Project, sha256: str) -> Evaluation | None:
    """Return the newest evaluation of the model with this SHA-256."""
    with open_database(project).read() as connection:
        row = connection.execute(
            "SELECT * FROM model_evaluations WHERE sha256 = ? ORDER BY at DESC, rowid DESC LIMIT 1", (sha256,)
        ).fetchone()
    return Evaluation(**{**dict(row), "metrics": json.loads(row["metrics"])}) if row else None
