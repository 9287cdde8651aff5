"""The facts of a model card: one version, how it was trained, what it is worth, and on whom that was looked at."""

from axagents.errors import UserError
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset, find_state
from axagents.stores.registry.state import RegisteredVersion
from axagents.workflows.documents.draft import Draft, Gaps, run_command, run_if_there
from axagents.workflows.documents.facts import Json, fact, part
from axagents.workflows.documents.models import check_files, find_version, read_history, version_facts
from axagents.workflows.documents.request import DocumentRequest


def gather_model_card(project: Project, request: DocumentRequest) -> Draft:
    """Collect what a model card states.

    Raises:
        NotFound, UserError: there is no such version, or it is not clear which is meant.
    """
    version = find_version(project, request.model_id)
    told = version_facts(project, read_history(project, version.model), version)
    data = dataset_facts(project, version)
    return Draft(
        title=request.title or f"Model card: {version.model} {version.version}",
        slug=f"model-card-{version.model}-{version.version}",
        templates=("document-model-card",),
        values={"version": told, "data": data, "files": check_files(project, version)},
        gaps=_find_gaps(version.name, told, data),
    )


def dataset_facts(project: Project, version: RegisteredVersion) -> Json | None:
    """Return what the catalog says of a version's training data; None where it does not hold it."""
    name = part(version.metadata, "lineage").get("dataset")
    try:
        found = find_dataset(project, name) if name else None
    except UserError:
        return None
    if found is None or not found.catalogued:
        return None
    source, at = f"catalog entry {found.name}", found.added_at
    state, trained_on = find_state(project, found), part(version.metadata, "lineage").get("fingerprint")
    return {
        "name": found.name,
        "location": found.location,
        "state": state,
        "same": trained_on == found.fingerprint.sha256,
        "rows": fact(f"rows of {found.name}", found.rows, source=source, at=at),
        "columns": fact(f"columns of {found.name}", len(found.columns), source=source, at=at),
        "target": found.target,
        "entity": found.entity,
        "time": found.time,
        "sensitive": list(found.sensitive),
        "unknown_at_prediction": list(found.unknown_at_prediction),
    }


def _find_gaps(name: str, told: Json, data: Json | None) -> dict[str, dict[str, str | None]]:
    gaps = Gaps()
    again = run_command("write-document", {"kind": "model-card", "model_id": name, "notes": "Intended use: ..."})
    gaps.add("use", "what it is meant for, by whom, and what it must not be used for", again)
    evaluate = run_if_there("ml-model-evaluation", {"model_id": name, "include_fairness": True})
    if told["evaluation"] is None:
        gaps.add("evaluation", f"an evaluation of {name} on data of its own: none of its SHA-256 is recorded", evaluate)
    gaps.add("fairness", "how it does for each group of people: no figures by group are recorded", evaluate)
    if not told["metrics"]:
        gaps.add("metrics", "what it is worth: no tool computed a metric of this very model", evaluate)
    if data is None:
        gaps.add("data", "its training data: the catalog holds no dataset of that name", "ax data add NAME PATH")
    elif not data["same"] or data["state"] != "same":
        gaps.add(
            "same_data",
            f"the very rows it was trained on: {data['name']} has another SHA-256 by now",
            f"ax data show {data['name']}",
        )
    if told["found"] is None:
        gaps.add("training", "how the training went in detail: its run is no longer kept, or was made elsewhere")
    gaps.add("people", "who answers for it, and under which licence it may be used")
    return gaps.found
