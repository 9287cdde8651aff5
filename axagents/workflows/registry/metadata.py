"""Everything that is recorded of a version: artifact, schema, training, metrics, dependencies, lineage."""

from axagents.ml.metrics import standard_name
from axagents.project import Project
from axagents.stores.models.digest import file_digests
from axagents.stores.models.folder import ModelFolder
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

_TYPES = {"number": "double", "boolean": "boolean", "date": "datetime", "string": "string"}


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
