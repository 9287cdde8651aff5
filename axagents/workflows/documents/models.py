"""What the registry, MLflow and the runs say of a model's versions, as facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axagents.clock import stamp
from axagents.errors import AxError, NotFound, UserError
from axagents.project import Project
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.stores.registry.events import Event, EventLog
from axagents.stores.registry.resolution import resolve
from axagents.stores.registry.state import ModelState, RegisteredVersion, read_model, read_models
from axagents.stores.registry.stored import find_stored, stored_folder
from axagents.stores.runs import Runs
from axagents.workflows.documents.facts import Json, fact, part
from axagents.workflows.registry.comparison import compare_versions
from axagents.workflows.registry.request import VersionComparison

_FLAT = ("framework", "estimator", "task", "target", "threshold", "calibrated", "python")


@dataclass(frozen=True)
class History:
    """One model with the events of its log."""

    state: ModelState
    events: Sequence[Event]

    @property
    def previous(self) -> RegisteredVersion | None:
        """Return the version that was in production before the one that is, or was last."""
        now = self.state.production.version if self.state.production else None
        past = [each.version for each in self.events if each.what == "stage" and each.after == "production"]
        for version in reversed(past):
            found = self.state.find(version)
            if found and version != now:
                return found
        return None

    def registration(self, version: str) -> Event:
        """Return the event that registered a version."""
        return [each for each in self.events if each.what == "registered" and each.version == version][-1]

    def into(self, version: str, stage: str) -> Event | None:
        """Return the newest event that put a version into a stage."""
        found = [each for each in self.events if each.version == version and each.after == stage]
        return found[-1] if found else None


def read_history(project: Project, model: str) -> History:
    """Return a model's versions and events."""
    return History(read_model(project, model), EventLog(project).read(model=model))


def find_version(project: Project, model_id: str | None) -> RegisteredVersion:
    """Return the version that a document is about; the only model's when none is named.

    Raises:
        NotFound, UserError: nothing bears the name, or none is named and there is not exactly one model.
    """
    if model_id:
        return resolve(project, model_id).version
    names = list(read_models(project))
    if len(names) == 1:
        return resolve(project, names[0]).version
    if not names:
        raise UserError(
            "no model is registered yet, so there is nothing to write about", field="model_id", hint="ax registry list"
        )
    told = f"which model is it about: {' or '.join(names[:8])}?"
    raise UserError(told, field="model_id", legal=names, hint="ax registry list")


def event_source(event: Event) -> str:
    """Name an event of the registry as a source."""
    return f"registry event {event.position} ({event.hash[:8]})"


def version_facts(project: Project, history: History, version: RegisteredVersion) -> Json:
    """Return what is recorded of one version."""
    event, told = history.registration(version.version), version.metadata
    source, at = event_source(event), event.at

    def stated(name: str, value: Any) -> Json | None:
        return None if value is None else fact(f"{version.name} {name}", value, source=source, at=at)

    lineage, artifact = part(told, "lineage"), part(told, "artifact")
    moved = history.into(version.version, version.stage) or event
    return {
        "name": version.name,
        "model": version.model,
        "number": version.version,
        "sha256": stated("SHA-256", version.sha256),
        "stage": fact(f"{version.name} stage", version.stage, source=event_source(moved), at=moved.at),
        "moved": {"at": moved.at, "who": moved.who, "why": moved.why, "source": event_source(moved)},
        "registered": {"at": at, "who": event.who, "why": event.why},
        **{name: stated(name, told.get(name)) for name in _FLAT},
        "size_bytes": stated("size in bytes", artifact.get("size_bytes")),
        "format": stated("format", artifact.get("format")),
        "dataset": stated("training data", lineage.get("dataset")),
        "fingerprint": stated("SHA-256 of the training data", lineage.get("fingerprint")),
        "experiment": stated("experiment", lineage.get("experiment")),
        "mlflow_run": stated("MLflow run", lineage.get("run_id")),
        "lineage_missing": lineage.get("missing", []),
        "features": list(lineage.get("features", [])),
        "columns": {each["name"]: each["type"] for each in told.get("inputs", [])},
        "classes": list(told.get("classes", [])),
        "dependencies": list(told.get("dependencies", [])),
        "tags": dict(told.get("tags", {})),
        **_metrics(version, event),
        **_training(project, version, event),
        "evaluation": _evaluation(project, version),
    }


def _metrics(version: RegisteredVersion, event: Event) -> Json:
    metrics = part(version.metadata, "metrics")
    by = metrics.get("verified_by") or "nobody"
    return {
        "metrics": {
            name: fact(f"{version.name} {name}", value, source=f"{by}, {event_source(event)}", at=event.at)
            for name, value in part(metrics, "verified").items()
        },
        "claimed": {
            name: fact(f"{version.name} {name} (claimed)", value, source=event_source(event), at=event.at)
            for name, value in part(metrics, "claimed").items()
        },
    }


def _training(project: Project, version: RegisteredVersion, event: Event) -> Json:
    """Return how the version was trained: as registered, and what the run of ml-train found where it is kept."""
    told = part(version.metadata, "training")
    source = event_source(event)
    names = ("candidate", "rows", "split", "assessment", "primary_metric", "seed", "folds")
    kept = {
        name: fact(f"{version.name} {name.replace('_', ' ')}", told[name], source=source, at=event.at)
        if told.get(name) is not None
        else None
        for name in names
    }
    parameters = {
        name: fact(f"{version.name} {name}", value, source=source, at=event.at)
        for name, value in part(told, "configuration").items()
    }
    return {"training": kept, "parameters": parameters, "found": training_result(project, told.get("run_id"))}


def training_result(project: Project, run_id: str | None) -> Json | None:
    """Return the result of a run of ml-train, or None where it is not kept."""
    if not run_id:
        return None
    try:
        run = Runs(project).get(run_id)
    except (NotFound, UserError):
        return None
    result = part(run.result or {}, "result")
    if run.name != "ml-train" or not result:
        return None
    source, at = f"ml-train run {run.run_id}", run.finished_at
    importance = [
        {"column": each["column"], "loss": fact(f"importance of {each['column']}", each["loss"], source=source, at=at)}
        for each in result["importance"]
    ]
    return {
        "run_id": run.run_id,
        "left_out": result["left_out"],
        "leakage": fact("leakage check", result["leakage"]["verdict"], source=source, at=at),
        "findings": [each["text"] for each in result["leakage"]["findings"]],
        "gain": fact(f"gain over the linear floor ({result['primary_metric']})", result["gain"], source=source, at=at),
        "because": result["because"],
        "importance": importance,
        "warnings": result["warnings"],
    }


def _evaluation(project: Project, version: RegisteredVersion) -> Json | None:
    found = newest_evaluation(project, version.sha256)
    if found is None:
        return None
    source = f"evaluation {found.evaluation_id} by {found.who}"
    return {
        "verdict": fact(f"{version.name} evaluation", found.verdict, source=source, at=found.at),
        "dataset": fact(f"{version.name} evaluated on", found.dataset, source=source, at=found.at),
        "metrics": {
            name: fact(f"{version.name} {name} (evaluation)", value, source=source, at=found.at)
            for name, value in found.metrics.items()
            if isinstance(value, Mapping | int | float)
        },
    }


def check_files(project: Project, version: RegisteredVersion) -> Json:
    """Look whether a version's files are in MLflow's store, byte for byte as registered."""
    stored = find_stored(project, version.model, version.version)
    why = "MLflow's registry does not hold it"
    if stored is not None:
        try:
            stored_folder(project, stored)
            why = ""
        except AxError as error:
            why = error.message
    value = why or "as registered"
    return {
        "ok": not why,
        "told": fact(f"files of {version.name}", value, source="MLflow's artifact store, hashed now", at=stamp()),
    }


def comparison_facts(project: Project, new: RegisteredVersion, old: RegisteredVersion) -> Json:
    """Compare two versions on the rows that both were assessed on, and say where that cannot be done."""
    found = compare_versions(project, new, old)
    source = f"paired comparison of {new.name} with {old.name}, on their out-of-fold predictions"
    return {
        "because": found.because,
        "primary": found.primary,
        "outcome": found.outcome,
        "rows": [_difference(each.model_dump(), source) for each in found.differences],
        "told": fact("comparison", found.because, source=source, at=stamp()) if _was_made(found) else None,
    }


def _was_made(found: VersionComparison) -> bool:
    return bool(found.differences)


def _difference(each: Json, source: str) -> Json:
    """Return one compared metric: three texts that are one fact."""
    interval = f" [{each['low']:+.4f}, {each['high']:+.4f}]" if each["low"] is not None else ""
    first, second = f"{each['first_value']:.4f}", f"{each['second_value']:.4f}"
    difference = f"{each['difference']:+.4f}{interval}"
    name = f"{each['metric']} of {each['first']} against {each['second']}"
    text = f"{first} against {second}, {difference}"
    return {
        "metric": each["metric"],
        "first": first,
        "second": second,
        "difference": difference,
        "better": each["better"],
        "told": fact(name, each["difference"], text=text, source=source, at=stamp()),
    }


def column_changes(old: Json, new: Json) -> Json:
    """Return which columns callers must send more, may leave out, and must send as another type."""
    before, after = old["columns"], new["columns"]
    return {
        "known": bool(before) and bool(after),
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "retyped": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
    }
