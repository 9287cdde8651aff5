"""Everything that is recorded of a version: artifact, schema, training, metrics, dependencies, lineage."""

from pathlib import Path

from axagents.errors import NotFound, Refused, UserError
from axagents.ml.metrics import standard_name
from axagents.project import Project
from axagents.stores.models.digest import file_digests
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.workflows.registry.lineage import Origin
from axagents.workflows.registry.request import (
    ArtifactFacts,
    CheckFacts,
    Lineage,
    MetricFacts,
    RegistryRequest,
    SchemaColumn,
    VersionMetadata,
)


class _Everything:
    def __contains__(self, _sha256: object) -> bool:
        return True


_EVERYTHING = _Everything()
_TYPES = {"number": "double", "boolean": "boolean", "date": "datetime", "string": "string"}


def open_asked(project: Project, request: RegistryRequest, *, inside_only: bool) -> ModelFolder:
    """Return the model folder that the request names, looked at and not refused.

    Args:
        inside_only: whoever asks may name folders of the project only.

    Raises:
        UserError, NotFound: no such folder, no model folder, or not of the framework that the request says.
        Refused: what `open_folder` refuses, or a place outside the project.
    """
    path = _locate(project, request.model_path)
    if inside_only and not path.resolve().is_relative_to(project.root):
        raise Refused(f"model_path: {path} lies outside the project, where agents have no business", field="model_path")
    # Looking runs nothing; a pickle that the registry does not hold yet is registered without being loaded.
    opened = open_folder(path, allow_pickle=request.allow_pickle, held=_EVERYTHING)
    if request.framework and request.framework != opened.framework:
        raise UserError(
            f"framework: {path} holds a model of {opened.framework}, not of {request.framework}",
            field="framework",
            legal=[opened.framework],
            hint="leave framework out: it is read from the folder",
        )
    return opened


def _locate(project: Project, named: str) -> Path:
    """Return the folder as named from here, else from the project's root."""
    here, there = Path(named).expanduser(), project.root / Path(named).expanduser()
    if here.exists() or not there.exists():
        if not here.exists() and here.parent.is_dir():
            near = [f"{here.parent}/{each.name}" for each in here.parent.iterdir() if (each / "MLmodel").is_file()]
            raise NotFound("model folder", named, near, field="model_path")
        return here.absolute()
    return there


def describe_artifact(project: Project, opened: ModelFolder) -> ArtifactFacts:
    """Return what was registered, byte for byte."""
    return ArtifactFacts(
        path=project.place_of(opened.path),
        sha256=opened.sha256,
        size_bytes=opened.size,
        files=len(file_digests(opened.path)),
        format=opened.format,
    )


def collect_metadata(
    request: RegistryRequest,
    opened: ModelFolder,
    *,
    artifact: ArtifactFacts,
    check: CheckFacts,
    metrics: MetricFacts,
    lineage: Lineage,
) -> VersionMetadata:
    """Put together what is recorded of a version."""
    card, mlmodel = opened.card, opened.mlmodel
    inputs = [SchemaColumn(name=each.name, type=each.type) for each in mlmodel.inputs]
    if card:
        inputs = [SchemaColumn(name=each.name, type=_TYPES[each.dtype]) for each in card.columns]
    return VersionMetadata.model_validate(
        {
            "framework": opened.framework,
            "estimator": card.estimator if card else mlmodel.options.get("model_class"),
            "task": card.task if card else None,
            "target": card.target if card else None,
            "classes": list(card.classes) if card else [],
            "threshold": card.threshold if card else None,
            "calibrated": bool(card and card.calibrator),
            "artifact": artifact,
            "check": check,
            "training": card.training if card else {},
            "metrics": metrics,
            "inputs": inputs,
            "outputs": list(mlmodel.outputs),
            "dependencies": list(opened.requirements),
            "python": mlmodel.python_version,
            "lineage": lineage,
            "tags": request.tags,
        }
    )


def collect_metrics(project: Project, request: RegistryRequest, *, sha256: str, origin: Origin) -> MetricFacts:
    """Return the metrics somebody typed beside those that a tool computed on this very model."""
    claimed = {standard_name(name): value for name, value in request.metrics.items()}
    evaluation = newest_evaluation(project, sha256)
    if evaluation:
        by = f"evaluation {evaluation.evaluation_id} on {evaluation.dataset}"
        return MetricFacts(claimed=claimed, verified=evaluation.metrics, verified_by=by)
    if origin.metrics and origin.run:
        return MetricFacts(claimed=claimed, verified=origin.metrics, verified_by=f"training run {origin.run.run_id}")
    return MetricFacts(claimed=claimed)
