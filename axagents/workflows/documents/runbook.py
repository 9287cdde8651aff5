"""The facts of a runbook: what serves, what it can go back to, and whether that is really there."""

import re
from collections.abc import Mapping

from axagents.clock import stamp
from axagents.project import Project
from axagents.stores.datasets.catalog import find_state, list_datasets
from axagents.stores.registry.state import RegisteredVersion, read_models
from axagents.workflows.documents.draft import Draft, Gaps, run_command, run_if_there
from axagents.workflows.documents.facts import Json, fact, part
from axagents.workflows.documents.models import (
    History,
    check_files,
    column_changes,
    comparison_facts,
    event_source,
    find_version,
    read_history,
    version_facts,
)
from axagents.workflows.documents.records import deployments_of, find_note
from axagents.workflows.documents.request import DocumentRequest
from axagents.workflows.names import WORKFLOWS

# By words that a topic holds; the first that fits.
TOPICS: Mapping[str, str] = {
    "rollback": r"roll(?:ing|ed)?[ -]?back|revert",
    "retraining": r"re-?train",
    "drift": r"drift|monitor",
    "data-quality": r"data[ -]quality|missing values|schema|bad data",
    "deployment": r"deploy|canary|canaries|roll[ -]?out|release|promot",
    "incident": r"incident|outage|alert|latency|slow|down|on[ -]call",
}
_TITLES = {
    "rollback": "rolling back",
    "retraining": "retraining",
    "drift": "when the data drifts",
    "data-quality": "when the data looks wrong",
    "deployment": "bringing a version into production",
    "incident": "when something is wrong in production",
}
ON_CALL = "on-call"
"""The key of the note that says who is on call."""
_NOTE = f'ax memory store --namespace notes --key {ON_CALL} --value \'{{"text": "NAME, PHONE"}}\''
_POST_MORTEM = {"kind": "post-mortem", "since": "24h"}
_PARTS = {"deployment": "mlops-deployment", "monitoring": "ml-model-monitoring", "evaluation": "ml-model-evaluation"}


def find_topic(text: str | None) -> str:
    """Return which of the known topics a text means, or general."""
    return next((name for name, words in TOPICS.items() if text and re.search(words, text.lower())), "general")


def gather_runbook(project: Project, request: DocumentRequest) -> Draft:
    """Collect what a runbook states.

    Raises:
        NotFound, UserError: the model asked for does not exist.
    """
    topic = find_topic(request.topic)
    asked = find_version(project, request.model_id) if request.model_id else None
    names = [asked.model] if asked else list(read_models(project))
    models = [_model(project, read_history(project, name), asked, rollback=topic == "rollback") for name in names]
    on_call = find_note(project, ON_CALL)
    subject = f"{_TITLES[topic]}{_object(topic, names)}" if topic in _TITLES else request.topic or "operations"
    return Draft(
        title=request.title or f"Runbook: {subject}",
        slug="-".join(["runbook", topic if topic != "general" else request.topic or "operations", *_named(asked)]),
        templates=("document-runbook", f"document-runbook-{topic}", "document-runbook-after"),
        values={
            "topic": topic,
            "asked_topic": request.topic,
            "models": models,
            "datasets": _datasets(project),
            "on_call": on_call,
            "post_mortem": run_command("write-document", {**_POST_MORTEM, "topic": request.topic or topic}),
            "installed": {part: tool in WORKFLOWS for part, tool in _PARTS.items()},
        },
        gaps=_find_gaps(request, models, on_call),
    )


def _object(topic: str, names: list[str]) -> str:
    if topic not in ("rollback", "retraining"):
        return ""
    return f" {names[0]}" if len(names) == 1 else " a model"


def _named(asked: RegisteredVersion | None) -> list[str]:
    return [asked.model] if asked else []


def _model(project: Project, history: History, asked: RegisteredVersion | None, *, rollback: bool) -> Json:
    production, previous = history.state.production, history.previous
    back = asked if asked and production and asked.version != production.version else previous
    told: Json = {
        "name": history.state.model,
        "production": version_facts(project, history, production) if production else None,
        "back": version_facts(project, history, back) if back else None,
        "staged": [version_facts(project, history, each) for each in history.state.versions if each.stage == "staged"],
        "versions": [_line(history, each) for each in history.state.versions],
        "deployments": deployments_of(project, history.state.model, stamp()),
        "retrain": _retrain(production or history.state.newest()),
    }
    if rollback and production and back:
        told |= {
            "files": check_files(project, back),
            "comparison": comparison_facts(project, back, production),
            "columns": column_changes(told["production"], told["back"]),
        }
    return told


def _line(history: History, version: RegisteredVersion) -> Json:
    moved = history.into(version.version, version.stage) or history.registration(version.version)
    name = f"{version.name} stage"
    return {
        "number": version.version,
        "sha256": version.sha256[:12],
        "stage": fact(name, version.stage, source=event_source(moved), at=moved.at),
        "at": moved.at,
    }


def _retrain(version: RegisteredVersion | None) -> str | None:
    """Return the command that trains as this version was trained, on the data as it is now."""
    told = part(version.metadata, "training") if version else {}
    if version is None or not told.get("dataset"):
        return None
    wanted = {name: told.get(name) for name in ("dataset", "target", "experiment")}
    return run_command("ml-train", {**wanted, "features": part(version.metadata, "lineage").get("features")})


def _datasets(project: Project) -> list[Json]:
    """Return the files of the catalog, each by the shortest of its names."""
    by_file = {each.location: each for each in sorted(list_datasets(project), key=lambda each: -len(each.name))}
    return [
        {
            "name": each.name,
            "role": each.role,
            "rows": fact(f"rows of {each.name}", each.rows, source=f"catalog entry {each.name}", at=each.added_at),
            "state": find_state(project, each),
            "location": each.location,
        }
        for each in sorted(by_file.values(), key=lambda each: each.name)
    ]


def _find_gaps(request: DocumentRequest, models: list[Json], on_call: Json | None) -> dict[str, dict[str, str | None]]:
    gaps, topic = Gaps(), find_topic(request.topic)
    if topic == "general":
        told = f"how to go about {request.topic!r}" if request.topic else "what it is to be about"
        gaps.add("topic", f"{told}; this is a skeleton with the project's facts, for {', '.join(TOPICS)} there is more")
    if not models:
        gaps.add("models", "no model is registered", run_command("ml-model-registry", {"model_path": "FOLDER"}))
    for each in models:
        _find_model_gaps(gaps, each, rollback=topic == "rollback")
    if "mlops-deployment" not in WORKFLOWS:
        gaps.add("deployment", "what serves requests: deployments (ax deploy) are no part of this installation")
    if "ml-model-monitoring" not in WORKFLOWS:
        gaps.add("monitoring", "traffic, errors, latency and drift: monitoring is no part of this installation")
    if on_call is None:
        gaps.add("people", f"who is on call and whom to tell: there is no note {ON_CALL}", _NOTE)
    return gaps.found


def _find_model_gaps(gaps: Gaps, told: Json, *, rollback: bool) -> None:
    name, production = told["name"], told["production"]
    if production is None:
        command = f'ax registry stage {name} VERSION production --why "..."'
        gaps.add(f"production {name}", f"no version of {name} is in production", command)
        return
    if production["evaluation"] is None:
        what = f"an evaluation of {production['name']}: none of its SHA-256 is recorded"
        command = run_if_there("ml-model-evaluation", {"model_id": production["name"]})
        gaps.add(f"evaluation {name}", what, command)
    if rollback and told["back"] is None:
        what = f"what to go back to: no other version of {name} was in production before"
        gaps.add(f"back {name}", what, f"ax registry versions {name}")
