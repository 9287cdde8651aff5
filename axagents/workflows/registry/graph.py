"""The graph of ml-model-registry: validate_artifacts, extract_metadata, assign_version, register, compare, catalog."""

from typing import Any, TypedDict

from axagents.actor import actor, is_agent
from axagents.decisions.table import Decision, decide
from axagents.effects import perform
from axagents.effects.registry import register_version
from axagents.progress import note
from axagents.project import Project
from axagents.stores.models.check import check_model
from axagents.stores.models.folder import ModelFolder
from axagents.stores.registry.catalog import publish
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.state import read_model
from axagents.stores.tracking.tags import FRAMEWORK
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Outcome
from axagents.workflows.registry.artifact import open_asked
from axagents.workflows.registry.comparison import compare_with_rival
from axagents.workflows.registry.lineage import find_lineage, find_origin
from axagents.workflows.registry.metadata import (
    collect_metadata,
    collect_metrics,
    describe_artifact,
)
from axagents.workflows.registry.naming import choose_name, choose_version
from axagents.workflows.registry.report import describe, next_commands, report_text
from axagents.workflows.registry.request import (
    ArtifactFacts,
    CheckFacts,
    Lineage,
    RegistryRequest,
    RegistryResult,
    VersionComparison,
    VersionMetadata,
)


class RegistryState(TypedDict, total=False):
    """What the steps hand on: plain JSON."""

    request: dict[str, Any]
    artifact: dict[str, Any]
    check: dict[str, Any]
    metadata: dict[str, Any]
    model: str
    version: str
    comparison: dict[str, Any]
    outcome: dict[str, Any]


def check(project: Project, request: RegistryRequest) -> None:
    """Find what is wrong before a run is opened: the folder, the names, a version that is taken."""
    opened = open_asked(project, request, inside_only=is_agent())
    origin = find_origin(project, request, opened)
    find_lineage(project, request, opened, origin=origin)
    choose_version(read_model(project, choose_name(project, request, opened)), request, opened.sha256)


def validate_artifacts(state: RegistryState, context: StepContext) -> State:
    """Look at the folder, then load it where it can reach nobody and let it answer its input example."""
    request, opened = _begin(state, context)
    artifact = describe_artifact(context.project, opened)
    note(f"{artifact.files} files, {artifact.size_bytes:,} bytes, {artifact.format}, SHA-256 {opened.sha256[:12]}")
    found = _check(context.project, opened, allow_pickle=request.allow_pickle)
    note(_tell_check(found))
    return {"artifact": artifact.model_dump(mode="json"), "check": found.model_dump(mode="json")}


def extract_metadata(state: RegistryState, context: StepContext) -> State:
    """Collect schema, dependencies, training configuration, metrics and lineage."""
    request, opened = _begin(state, context)
    origin = find_origin(context.project, request, opened)
    lineage = find_lineage(context.project, request, opened, origin=origin)
    metrics = collect_metrics(context.project, request, sha256=opened.sha256, origin=origin)
    found = collect_metadata(
        request,
        opened,
        artifact=ArtifactFacts.model_validate(state.get("artifact")),
        check=CheckFacts.model_validate(state.get("check")),
        metrics=metrics,
        lineage=lineage,
    )
    note(_tell_lineage(lineage))
    return {"metadata": found.model_dump(mode="json")}


def assign_version(state: RegistryState, context: StepContext) -> State:
    """Settle the model's name and the version's number."""
    request, opened = _begin(state, context)
    model = choose_name(context.project, request, opened)
    version = choose_version(read_model(context.project, model), request, opened.sha256)
    note(f"{model} {version}")
    return {"model": model, "version": version}


def register(state: RegistryState, context: StepContext) -> State:
    """Write the version into MLflow and the event log, once."""
    request, metadata = RegistryRequest.model_validate(state.get("request")), _metadata(state)
    arguments = {
        "model": state.get("model"),
        "version": state.get("version"),
        "sha256": metadata.artifact.sha256,
        "folder": metadata.artifact.path,
        "who": actor(),
        "why": request.why or "registered by ml-model-registry",
        "run_id": metadata.lineage.run_id,
        "description": describe(metadata),
        "tags": {**request.tags, FRAMEWORK: metadata.framework},
        "metadata": {**metadata.model_dump(mode="json"), "registered_in": context.run_id},
    }
    effect = register_version(context.project, arguments)
    perform(context.project, effect, run_id=context.run_id, step="register")
    return {}


def compare_versions(state: RegistryState, context: StepContext) -> State:
    """Measure the version against the one in production, paired on the rows that both were assessed on."""
    model, version = _names(state)
    found = compare_with_rival(context.project, read_model(context.project, model), version)
    note(found.because)
    return {"comparison": found.model_dump(mode="json")}


def update_catalog(state: RegistryState, context: StepContext) -> State:
    """Bring memory up to date, decide what may be done with the version, and tell it."""
    project, (model, version) = context.project, _names(state)
    known = read_model(project, model)
    registered = known.find(version)
    assert registered is not None
    keys = publish(project, known)
    evaluation = newest_evaluation(project, registered.sha256)
    comparison = VersionComparison.model_validate(state.get("comparison"))
    # What was recorded at the registration stands, also when this run found the version there already.
    metadata = VersionMetadata.model_validate(registered.metadata)
    production = known.production is not None and known.production.version != version
    decision = _decide(
        project,
        evaluation=evaluation.verdict if evaluation else None,
        comparison=comparison,
        lineage_complete=metadata.lineage.complete,
        production=production,
    )
    result = RegistryResult(
        model=model,
        version=version,
        stage=registered.stage,
        sha256=registered.sha256,
        created_at=registered.created_at,
        registered=registered.metadata.get("registered_in") == context.run_id,
        evaluation=evaluation.verdict if evaluation else None,
        metadata=metadata,
        comparison=comparison,
        memory=[key for key in keys if key.endswith(("/index", f"/{version}"))],
        next=next_commands(model, version, decision.verdict),
    )
    outcome = Outcome(
        verdict=decision.verdict,
        result=result.model_dump(mode="json"),
        decisions=(decision,),
        report=report_text(result, decision),
    )
    return {"outcome": outcome.model_dump(mode="json")}


def _decide(
    project: Project, *, evaluation: str | None, comparison: VersionComparison, lineage_complete: bool, production: bool
) -> Decision:
    inputs = {
        "evaluation": evaluation,
        "comparison": comparison.outcome,
        "lineage_complete": lineage_complete,
        "production": production,
    }
    return decide(project, "promotion", inputs)


def _begin(state: RegistryState, context: StepContext) -> tuple[RegistryRequest, ModelFolder]:
    request = RegistryRequest.model_validate(state.get("request"))
    return request, open_asked(context.project, request, inside_only=is_agent())


def _check(project: Project, opened: ModelFolder, *, allow_pickle: bool) -> CheckFacts:
    log = EventLog(project)
    known = next((each for each in log.read() if each.what == "registered" and each.sha256 == opened.sha256), None)
    if known and known.details.get("check"):
        return CheckFacts.model_validate(known.details["check"])
    held = log.digests()
    if opened.format == "pickle" and opened.sha256 not in held:
        return CheckFacts(rows=0, compared=False, network="not loaded", seconds=0)
    found = check_model(opened.path, allow_pickle=allow_pickle, held=held)
    return CheckFacts.model_validate(vars(found))


def _tell_check(found: CheckFacts) -> str:
    if found.network == "not loaded":
        return "a pickle: recorded by its SHA-256, not loaded"
    where = "without network" if found.network == "none" else "with its sockets shut"
    if not found.rows:
        return f"loads in {found.seconds:.1f} s, {where}; it brings no input example to answer"
    same = ", as when it was saved" if found.compared else ""
    return f"answers the {found.rows} rows of its input example{same} ({found.seconds:.1f} s, {where})"


def _tell_lineage(lineage: Lineage) -> str:
    told = [f"data {lineage.dataset}" if lineage.dataset else "", f"run {lineage.run_id}" if lineage.run_id else ""]
    missing = f"incomplete: {', '.join(lineage.missing)} not known" if lineage.missing else "complete"
    return f"lineage {missing}" + "".join(f", {each}" for each in told if each)


def _metadata(state: RegistryState) -> VersionMetadata:
    return VersionMetadata.model_validate(state.get("metadata"))


def _names(state: RegistryState) -> tuple[str, str]:
    model, version = state.get("model"), state.get("version")
    assert model is not None
    assert version is not None
    return model, version


WORKFLOW = Workflow(
    name="ml-model-registry",
    summary="Register a model folder as a version: checked, described, compared with what is in production.",
    request=RegistryRequest,
    result=RegistryResult,
    state=RegistryState,
    steps=by_name(validate_artifacts, extract_metadata, assign_version, register, compare_versions, update_catalog),
    check=check,
)
