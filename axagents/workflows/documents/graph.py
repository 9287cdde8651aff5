"""The graph of write-document: gather the facts, word them, publish where a person's own command asked for that."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from axagents.actor import actor, is_agent
from axagents.clock import stamp
from axagents.fields import sha256_text
from axagents.filesystem import write_whole
from axagents.progress import note
from axagents.project import Project
from axagents.workflows.documents.draft import Draft
from axagents.workflows.documents.experiment_report import gather_experiment_report
from axagents.workflows.documents.facts import FactBook, Json, plain
from axagents.workflows.documents.model_card import gather_model_card
from axagents.workflows.documents.notes import check_notes
from axagents.workflows.documents.post_mortem import gather_post_mortem
from axagents.workflows.documents.release_note import gather_release_note
from axagents.workflows.documents.report import report_text
from axagents.workflows.documents.request import DocumentRequest, DocumentResult, Publication, Section
from axagents.workflows.documents.runbook import gather_runbook
from axagents.workflows.documents.templates import render
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Artifact, Outcome
from axagents.workflows.publishing.placing import default_place, plan_publication, publish_planned

WRITTEN, INCOMPLETE = "WRITTEN", "INCOMPLETE"
_OPENING = 12
_GATHER: Mapping[str, Callable[[Project, DocumentRequest], Draft]] = {
    "runbook": gather_runbook,
    "model-card": gather_model_card,
    "release-note": gather_release_note,
    "post-mortem": gather_post_mortem,
    "experiment-report": gather_experiment_report,
}


class DocumentState(TypedDict, total=False):
    """What the steps hand on: plain JSON."""

    request: dict[str, Any]
    draft: dict[str, Any]
    result: dict[str, Any]
    outcome: dict[str, Any]


def gather_facts(state: DocumentState, context: StepContext) -> State:
    """Fetch what the document states, and note what nobody recorded."""
    request = DocumentRequest.model_validate(state.get("request"))
    draft = _GATHER[request.kind](context.project, request)
    note(draft.title)
    for gap in draft.gaps.values():
        note(f"not known: {gap['what']}")
    return {"draft": draft.model_dump(mode="json")}


def write(state: DocumentState, context: StepContext) -> State:
    """Word the facts by the templates and write the document into the run's folder."""
    request, draft = DocumentRequest.model_validate(state.get("request")), Draft.model_validate(state.get("draft"))
    book = FactBook()
    text, loose = _word(context, request, draft=draft, book=book)
    name = f"{_slug(draft.slug)}.md"
    path = write_whole(context.folder / name, text).relative_to(context.project.root).as_posix()
    target = default_place(name)
    result = DocumentResult.model_validate(
        {
            "kind": request.kind,
            "title": draft.title,
            "topic": request.topic,
            "path": path,
            "opening": [line for line in text.splitlines() if line][:_OPENING],
            "sections": _sections(text),
            "sources": book.listed(),
            "missing": list(draft.gaps.values()),
            "unverified_numbers": loose,
            "words": len(text.split()),
            "document": context.run_id,
            "publication": Publication(document=context.run_id, path=target, sha256=sha256_text(text)),
            "publish_command": f"ax run publish-document --set document={context.run_id} --set path={target}",
            "published": None,
        }
    )
    return {"result": result.model_dump(mode="json")}


def hand_over(state: DocumentState, context: StepContext) -> State:
    """Tell what was written, and publish it where a person's own command asked for that."""
    request = DocumentRequest.model_validate(state.get("request"))
    result = DocumentResult.model_validate(state.get("result"))
    if request.publish and not is_agent():
        asked = result.publication
        planned = plan_publication(context.project, result.path, asked.path, sha256=asked.sha256)
        publish_planned(context.project, planned, run_id=context.run_id)
        result = result.model_copy(update={"published": asked.path})
    outcome = Outcome(
        verdict=INCOMPLETE if result.missing else WRITTEN,
        result=result.model_dump(mode="json"),
        artifacts=(Artifact(name=request.kind, path=result.path),),
        report=report_text(result),
    )
    return {"outcome": outcome.model_dump(mode="json")}


def _word(context: StepContext, request: DocumentRequest, *, draft: Draft, book: FactBook) -> tuple[str, list[str]]:
    values: Json = {
        **draft.values,
        "title": draft.title,
        "kind": request.kind,
        "gaps": draft.gaps,
        "project": context.project.root.name,
        "who": actor(),
        "run_id": context.run_id,
        "written": stamp(),
        "request": request.model_dump(mode="json"),
    }
    body = render(context.project, ("document-head", *draft.templates), values, book=book)
    marked, loose = check_notes(_quoted(request.notes or ""), book.listed())
    foot = render(context.project, ("document-foot",), {**values, "notes": marked}, book=book)
    return f"{body}\n{foot}", loose


def _quoted(notes: str) -> str:
    """Write notes as text in Markdown, line for line: no heading, no link, no HTML of theirs."""
    return "\n".join(f"> {plain(line)}" for line in notes.strip().splitlines())


def _sections(text: str) -> list[Section]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return [Section(title=parts[at], words=len(parts[at + 1].split())) for at in range(1, len(parts) - 1, 2)]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:100]


def check(project: Project, request: DocumentRequest) -> None:
    """Find what is wrong before a run is opened: names that do not exist, a moment that is none, a taken place."""
    draft = _GATHER[request.kind](project, request)
    if request.publish and not is_agent():
        plan_publication(project, None, default_place(f"{_slug(draft.slug)}.md"))


WORKFLOW = Workflow(
    name="write-document",
    summary="Write a runbook, model card, release note, post-mortem or experiment report from the project's records.",
    request=DocumentRequest,
    result=DocumentResult,
    state=DocumentState,
    steps=by_name(gather_facts, write, hand_over),
    check=check,
)
