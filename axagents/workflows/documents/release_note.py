"""The facts of a release note: what changed between two versions of a model."""

from axagents.errors import NotFound, UserError
from axagents.fields import parse_version
from axagents.project import Project
from axagents.stores.registry.state import RegisteredVersion
from axagents.workflows.documents.draft import Draft, Gaps, run_command, run_if_there
from axagents.workflows.documents.facts import Json
from axagents.workflows.documents.models import (
    History,
    check_files,
    column_changes,
    comparison_facts,
    find_version,
    read_history,
    version_facts,
)
from axagents.workflows.documents.request import DocumentRequest

_CHANGES = ("framework", "estimator", "target", "threshold", "calibrated", "dataset", "fingerprint", "experiment")


def gather_release_note(project: Project, request: DocumentRequest) -> Draft:
    """Collect what a release note states.

    Raises:
        NotFound, UserError: there is no such version, or it is not clear which is meant.
    """
    new = _find_new(project, request)
    history = read_history(project, new.model)
    old = _find_old(history, new, request.from_version)
    now = version_facts(project, history, new)
    then = version_facts(project, history, old) if old else None
    comparison = comparison_facts(project, new, old) if old else None
    return Draft(
        title=request.title or f"Release note: {new.model} {new.version}",
        slug=f"release-note-{new.model}-{new.version}",
        templates=("document-release-note",),
        values={
            "new": now,
            "old": then,
            "comparison": comparison,
            "changes": _changes(then, now) if then else [],
            "parameters": _parameter_changes(then, now) if then else [],
            "features": _feature_changes(then, now) if then else None,
            "columns": column_changes(then, now) if then else None,
            "packages": _package_changes(then, now) if then else [],
            "files": check_files(project, new),
            "production": history.state.production.version if history.state.production else None,
        },
        gaps=_find_gaps(now, then, comparison),
    )


def _find_new(project: Project, request: DocumentRequest) -> RegisteredVersion:
    """Return the version asked for; where a model's name alone is given, its newest: that is what is released."""
    found = find_version(project, request.model_id)
    named_only = request.model_id in (None, found.model)
    newest = read_history(project, found.model).state.newest()
    return newest if named_only and newest else found


def _find_old(history: History, new: RegisteredVersion, asked: str | None) -> RegisteredVersion | None:
    if asked:
        wanted = asked.rpartition(":")[2].rpartition("/")[2]
        try:
            number = parse_version(wanted)
        except ValueError as error:
            raise UserError(str(error), field="from_version") from None
        found = next((each for each in history.state.versions if parse_version(each.version) == number), None)
        if found is None or found == new:
            known = [each.version for each in history.state.versions if each != new]
            raise NotFound(f"other version of {new.model}", asked, known, field="from_version")
        return found
    production = history.state.production
    if production and parse_version(production.version) < parse_version(new.version):
        return production
    lower = [each for each in history.state.versions if parse_version(each.version) < parse_version(new.version)]
    return lower[0] if lower else None


def _changes(old: Json, new: Json) -> list[Json]:
    return [
        {"what": name, "old": old[name], "new": new[name], "same": _text(old[name]) == _text(new[name])}
        for name in _CHANGES
        if old[name] or new[name]
    ]


def _parameter_changes(old: Json, new: Json) -> list[Json]:
    names = sorted({*old["parameters"], *new["parameters"]})
    both = [{"what": name, "old": old["parameters"].get(name), "new": new["parameters"].get(name)} for name in names]
    return [each for each in both if _text(each["old"]) != _text(each["new"])]


def _text(stated: Json | None) -> str | None:
    return stated["text"] if stated else None


def _feature_changes(old: Json, new: Json) -> Json:
    before, after = set(old["features"]), set(new["features"])
    return {
        "known": bool(before) and bool(after),
        "added": sorted(after - before),
        "removed": sorted(before - after),
        "kept": len(after & before),
    }


def _package_changes(old: Json, new: Json) -> list[Json]:
    before, after = (dict(each.partition("==")[::2] for each in side["dependencies"]) for side in (old, new))
    names = sorted({*before, *after})
    return [
        {"name": name, "old": before.get(name, "-"), "new": after.get(name, "-")}
        for name in names
        if before.get(name) != after.get(name)
    ]


def _find_gaps(new: Json, old: Json | None, comparison: Json | None) -> dict[str, dict[str, str | None]]:
    gaps = Gaps()
    if old is None:
        gaps.add("old", f"a version before {new['name']}: it is the first, so nothing is compared")
    elif comparison and not comparison["rows"]:
        gaps.add("comparison", f"which of the two is better: {comparison['because']}")
    if new["evaluation"] is None:
        command = run_if_there("ml-model-evaluation", {"model_id": new["name"]})
        gaps.add("evaluation", f"an evaluation of {new['name']}: none of its SHA-256 is recorded", command)
    if new["lineage_missing"]:
        gaps.add("lineage", f"where {new['name']} comes from: {', '.join(new['lineage_missing'])} is not recorded")
    why = {"kind": "release-note", "model_id": new["name"], "notes": "Why: ..."}
    gaps.add("why", "why it was made, in the words of those who made it", run_command("write-document", why))
    return gaps.found
