"""What is written into a run: parameters, metrics, tags, data sets and files."""

import json
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from axagents.errors import UserError
from axagents.project import Project
from axagents.stores.tracking.client import mlflow_client, tells_failure

Curve = Sequence[tuple[int, float]]

_LEGAL_KEY = re.compile(r"[\w\-. :/]{1,250}")
_BATCH = 100
_DIGEST = 36


@dataclass(frozen=True)
class DatasetNote:
    """The data a run used; `digest` is the fingerprint, `source` where it lies, `fields` its columns with types."""

    name: str
    digest: str
    source: str
    context: str = "training"
    rows: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


@tells_failure
def log_params(project: Project, run_id: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Write parameters, nested ones under dotted names; return them as text. One logged before must be the same.

    Raises:
        UserError: a name MLflow refuses, or another value than the one logged before.
    """
    client = mlflow_client(project)
    asked = flatten(params)
    before = client.get_run(run_id).data.params
    for name, value in asked.items():
        check_key(name, "params")
        if name in before and before[name] != value:
            raise UserError(
                f"parameter {name} of run {run_id} is {before[name]!r} and cannot become {value!r}: "
                "parameters are frozen once logged",
                field=f"params.{name}",
                hint="leave run_id out to begin a new run",
            )
    fresh = [Param(name, value) for name, value in asked.items() if name not in before]
    for batch in _batches(fresh):
        client.log_batch(run_id, params=batch)
    return asked


@tells_failure
def log_metrics(
    project: Project, run_id: str, metrics: Mapping[str, float | Curve], *, model_id: str | None = None
) -> None:
    """Write metrics: a number is the value now, a curve is its (step, value) points. What is there already stays once.

    With `model_id` they are shown with that logged model too.

    Raises:
        UserError: a name MLflow refuses, or a value that is not finite.
    """
    client = mlflow_client(project)
    last = client.get_run(run_id).data.metrics
    now = time.time_ns() // 1_000_000
    points: list[Metric] = []
    for name, value in metrics.items():
        check_key(name, "metrics")
        if isinstance(value, (int, float)):
            wanted = [] if last.get(name) == value else [(0, float(value))]
        else:
            logged = {(each.step, each.value) for each in client.get_metric_history(run_id, name)} if value else set()
            wanted = [(int(step), float(at)) for step, at in value if (int(step), float(at)) not in logged]
        for step, at in wanted:
            if not math.isfinite(at):
                raise UserError(f"metric {name} is {at}: only finite numbers are kept", field=f"metrics.{name}")
            points.append(Metric(name, at, now, step, model_id=model_id))
    for batch in _batches(points):
        client.log_batch(run_id, metrics=batch)


@tells_failure
def set_tags(project: Project, run_id: str, tags: Mapping[str, str]) -> None:
    """Write tags; one that is there gets the new value."""
    client = mlflow_client(project)
    for batch in _batches([RunTag(name, value) for name, value in tags.items()]):
        client.log_batch(run_id, tags=batch)


@tells_failure
def log_dataset(project: Project, run_id: str, dataset: DatasetNote) -> None:
    """Write the data set a run used, as MLflow's own data set input; the same one is written once."""
    columns = [{"name": name, "type": kind, "required": False} for name, kind in dataset.fields.items()]
    counts = {"num_rows": dataset.rows, "num_columns": len(columns)}
    entity = Dataset(
        name=dataset.name,
        digest=dataset.digest[:_DIGEST],
        source_type="local",
        source=_json({"uri": dataset.source}),
        schema=_json({"mlflow_colspec": columns}),
        profile=None if dataset.rows is None else _json(counts),
    )
    tag = InputTag("mlflow.data.context", dataset.context)
    mlflow_client(project).log_inputs(run_id, [DatasetInput(entity, [tag])])


@tells_failure
def log_files(project: Project, run_id: str, paths: Iterable[Path], *, folder: str = "") -> None:
    """Copy files and folders into a run's artifacts, each under its own name, inside `folder` there."""
    client = mlflow_client(project)
    for path in paths:
        if path.is_dir():
            client.log_artifacts(run_id, str(path), f"{folder}/{path.name}".lstrip("/"))
        else:
            client.log_artifact(run_id, str(path), folder or None)


def check_key(name: str, where: str) -> None:
    """Refuse a name that MLflow cannot hold.

    Raises:
        UserError: it says which characters may stand there.
    """
    if not _LEGAL_KEY.fullmatch(name) or name.startswith("/") or ".." in name or name != name.strip():
        raise UserError(
            f"{where}: {name!r} cannot be a name; use letters, digits, and _ - . : / or blanks, at most 250",
            field=f"{where}.{name}",
        )


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested values under dotted names, each as text; lists are written as JSON."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            flat[f"{prefix}{name}"] = value if isinstance(value, str) else _json(value)
    return flat


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


Item = TypeVar("Item")


def _batches(items: Sequence[Item]) -> Iterable[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
