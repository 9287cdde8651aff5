"""The graph of publish-document: look at the document and its place, then write it there."""

from typing import Any, TypedDict

from axagents.errors import NotFound, UserError
from axagents.progress import note
from axagents.project import Project
from axagents.stores.runs import RunRecord, Runs
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Artifact, Outcome
from axagents.workflows.publishing.placing import (
    PlannedPublication,
    default_place,
    plan_publication,
    publish_planned,
)
from axagents.workflows.publishing.request import PublishRequest, PublishResult

WRITER = "write-document"


class PublishState(TypedDict, total=False):
    """What the steps hand on: plain JSON."""

    request: dict[str, Any]
    planned: dict[str, Any]
    outcome: dict[str, Any]


def look(state: PublishState, context: StepContext) -> State:
    """See what would be written where, and what stands there."""
    planned = _plan(context.project, PublishRequest.model_validate(state.get("request")))
    note(f"{planned.source} -> {planned.target} ({planned.outcome})")
    return {"planned": planned.model_dump(mode="json")}


def publish(state: PublishState, context: StepContext) -> State:
    """Write it there, once."""
    request = PublishRequest.model_validate(state.get("request"))
    planned = PlannedPublication.model_validate(state.get("planned"))
    publish_planned(context.project, planned, run_id=context.run_id)
    written = find_document(context.project, request.document)
    result = PublishResult(
        document=written.run_id,
        title=_told(written)["title"],
        path=planned.target,
        sha256=planned.sha256,
        outcome=planned.outcome,
        bytes=(context.project.root / planned.target).stat().st_size,
    )
    changed = "was there already as it is; nothing was changed" if planned.outcome == "unchanged" else "is published"
    outcome = Outcome(
        verdict="UNCHANGED" if planned.outcome == "unchanged" else "PUBLISHED",
        result=result.model_dump(mode="json"),
        artifacts=(Artifact(name="document", path=planned.target),),
        report=f"{result.title} {changed}: {result.path}",
    )
    return {"outcome": outcome.model_dump(mode="json")}


def find_document(project: Project, name: str) -> RunRecord:
    """Return the run that wrote a document, by its id or the document's path.

    Raises:
        NotFound: no such run.
        UserError: it wrote no document.
    """
    runs = Runs(project)
    run_id = name.rpartition("runs/")[2].partition("/")[0]
    try:
        run = runs.get(run_id)
    except NotFound:
        known = [each.run_id for each in runs.newest(limit=50, name=WRITER, status="completed")]
        raise NotFound("document", name, known, field="document", hint=f"ax runs list --name {WRITER}") from None
    if run.name != WRITER or run.status != "completed" or run.result is None:
        raise UserError(
            f"run {run.run_id} ({run.name}, {run.status}) wrote no document",
            field="document",
            hint=f"ax runs list --name {WRITER}",
        )
    return run


def _told(run: RunRecord) -> dict[str, Any]:
    assert run.result is not None
    return run.result["result"]


def _plan(project: Project, request: PublishRequest) -> PlannedPublication:
    source = str(_told(find_document(project, request.document))["path"])
    place = request.path or default_place(source.rpartition("/")[2])
    return plan_publication(project, source, place, sha256=request.sha256, replace=request.replace)


def check(project: Project, request: PublishRequest) -> None:
    """Find what is wrong before a run is opened: a document that is gone, a place where it may not go."""
    _plan(project, request)


EARLY_CHECK = check

WORKFLOW = Workflow(
    name="publish-document",
    summary="Put a document that write-document wrote into the project's own files, under docs/.",
    request=PublishRequest,
    result=PublishResult,
    state=PublishState,
    steps=by_name(look, publish),
    check=check,
)
