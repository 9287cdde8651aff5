"""`ax registry`: look at registered models, change a stage, look back."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table
from axagents.errors import NotFound, UserError

if TYPE_CHECKING:
    from axagents.effects import Performed
    from axagents.stores.registry.request import ShownVersion
    from axagents.stores.registry.state import ModelState

app = group("Look at registered models and change their stage.")

ModelArgument = Annotated[str, typer.Argument(help="The model's name.")]
_STAGE_WORDS = {"prod": "production", "staging": "staged", "archive": "archived"}


@command(app, "list")
def list_() -> Shown:
    """List the models with the version in production and the newest one."""
    from axagents.project import current_project
    from axagents.stores.registry.showing import show_models

    found = show_models(current_project())
    rows = [
        (each.model, each.production, each.newest, each.versions, (each.changed_at or "")[:19], _standing(each))
        for each in found.models
    ]
    if not rows:
        return Shown(
            found, "no model is registered yet\nnext: ax run ml-model-registry --input '{\"model_path\": ...}'"
        )
    return Shown(found, table(["model", "production", "newest", "versions", "changed", "standing"], rows))


@command(app, "show")
def show(
    model: Annotated[str, typer.Argument(help="A model, deployment, name:2.1.0, name-v2, name-prod or name@alias.")],
    version: Annotated[str | None, typer.Argument(help="The version, when the name has none.")] = None,
) -> Shown:
    """Show one version: its stage, metrics, schema, dependencies and lineage."""
    from axagents.project import current_project
    from axagents.stores.registry.showing import show_version
    from axagents.workflows.registry.details import details_text

    found = show_version(current_project(), f"{model}:{version}" if version else model)
    return Shown(found, details_text(found))


@command(app, "versions")
def versions(model: ModelArgument) -> Shown:
    """List the versions of a model: ours, pending ones, and those that other tools made in MLflow."""
    from axagents.project import current_project
    from axagents.stores.registry.showing import show_versions

    found = show_versions(current_project(), model)
    rows = [
        (each.version, each.stage, (each.sha256 or "")[:12], each.created_at[:19], _lineage(each), _standing(each))
        for each in found.versions
    ]
    return Shown(found, table(["version", "stage", "sha256", "created", "lineage", "standing"], rows))


@command(app, "stage", project=Need.WRITES)
def stage(
    model: ModelArgument,
    version: Annotated[str, typer.Argument(help="The version, such as 2.1.0.")],
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="staged, canary, production or archived.")],
    *,
    why: Annotated[str, typer.Option(help="Why, for the event log.")],
) -> Shown:
    """Move a version to another stage; the one it replaces in production is archived."""
    from axagents.actor import actor
    from axagents.project import current_project
    from axagents.stores.registry.state import plan_moves

    if why.strip() in {"", "...", "…"}:
        raise UserError("--why: say why the stage changes; the event log keeps it", field="--why")
    project, wanted = current_project(), _STAGE_WORDS.get(stage.lower(), stage.lower())
    state, number = _find(model, version)
    plan_moves(state, number, wanted)
    present = state.find(number)
    assert present is not None
    if present.stage == wanted:
        data = {"model": model, "version": number, "before": wanted, "after": wanted, "changed": False}
        return Shown(data, f"{model} {number} is in {wanted} already; nothing was changed")
    arguments = {
        "model": model,
        "version": number,
        "stage": wanted,
        "revision": state.revision,
        "who": actor(),
        "why": why,
    }
    # Only now: whatever was wrong is told without waiting for MLflow.
    from axagents.effects import perform_command
    from axagents.effects.registry import change_stage

    name = f"registry stage {model} {number} {wanted}"
    return _staged(perform_command(project, change_stage(project, arguments), name=name), model=model, version=number)


@command(app, "at")
def at(
    moment: Annotated[str, typer.Argument(metavar="DATE", help="A day (its end, UTC) or a moment, ISO 8601.")],
) -> Shown:
    """Show the registry as it was at a date."""
    from axagents.clock import stamp
    from axagents.project import current_project
    from axagents.stores.registry.state import read_models

    when = _moment(moment)
    models = read_models(current_project(), at=when)
    data = {"at": stamp(when), "models": [_at_model(each) for each in models.values()]}
    rows = [(each.model, v.version, v.stage, v.sha256[:12]) for each in models.values() for v in each.versions]
    text = table(["model", "version", "stage", "sha256"], rows) if rows else "nothing was registered by then"
    return Shown(data, f"at {stamp(when)[:19]}Z\n{text}")


@command(app, "events")
def events(model: Annotated[str | None, typer.Argument(help="Only this model's events.")] = None) -> Shown:
    """Show the event log, and whether its chain of hashes is whole."""
    from axagents.project import current_project
    from axagents.stores.registry.events import EventLog

    log = EventLog(current_project())
    found, broken = log.read(model=model), log.first_broken()
    if model and not found:
        raise NotFound("model", model, {each.model for each in log.read()}, hint="ax registry list")
    names = ("at", "who", "what", "model", "version", "sha256", "before", "after", "why", "hash")
    data = {"events": [{name: getattr(each, name) for name in names} for each in found], "intact": broken is None}
    rows = [
        (each.at[:19], each.who, each.what, f"{each.model}:{each.version}", each.before, each.after, each.why)
        for each in found
    ]
    text = table(["at", "who", "what", "version", "before", "after", "why"], rows) if rows else "no events yet"
    if broken is None:
        return Shown(data, f"{text}\nthe chain of {len(found)} hashes is whole" if rows and not model else text)
    told = f"BROKEN at event {broken.position} ({broken.at}): it was changed, or one before it is gone"
    return Shown({**data, "broken_at": broken.position}, f"{text}\n{told}", exit_code=1)


@command(app, "reconcile", project=Need.WRITES)
def reconcile(
    model: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be mended.")] = False,
) -> Shown:
    """Mend where MLflow or memory differ from the event log."""
    from dataclasses import asdict

    from axagents.actor import actor
    from axagents.effects import perform_command
    from axagents.effects.registry import reconcile_model
    from axagents.project import current_project
    from axagents.stores.registry.reconciling import find_divergences

    project = current_project()
    found = find_divergences(project, model)
    if not found:
        return Shown({"found": [], "left": []}, "event log, MLflow and memory agree")
    rows = [(each.model, each.version, each.what, each.mending) for each in found]
    text = table(["model", "version", "what", "mending"], rows)
    if dry_run:
        return Shown({"found": [asdict(each) for each in found]}, text)
    for name in sorted({each.model for each in found if each.mending != "none"}):
        effect = reconcile_model(project, {"model": name, "who": actor()})
        perform_command(project, effect, name=f"registry reconcile {name}")
    left = find_divergences(project, model)
    told = "all of it is mended" if not left else f"{len(left)} of {len(found)} only a person can mend"
    data = {"found": [asdict(each) for each in found], "left": [asdict(each) for each in left]}
    return Shown(data, f"{text}\n{told}", exit_code=1 if left else 0)


def _find(model: str, version: str) -> "tuple[ModelState, str]":
    from axagents.fields import parse_version
    from axagents.project import current_project
    from axagents.stores.registry.state import read_models

    models = read_models(current_project())
    if model not in models:
        raise NotFound("model", model, models, hint="ax registry list", field="MODEL")
    state = models[model]
    try:
        wanted = parse_version(version)
    except ValueError as error:
        raise UserError(f"VERSION: {error}", field="VERSION", legal=[each.version for each in state.versions]) from None
    found = next((each.version for each in state.versions if parse_version(each.version) == wanted), None)
    return state, found or version


def _staged(performed: "Performed", *, model: str, version: str) -> Shown:
    before, after = performed.before["stages"], performed.after["stages"]
    changed = {name: (before.get(name), stage) for name, stage in after.items() if before.get(name) != stage}
    lines = [f"{model} {name}: {old} -> {new}" for name, (old, new) in changed.items()]
    data: dict[str, Any] = {
        "model": model,
        "version": version,
        "before": before[version],
        "after": after[version],
        "changed": True,
        "stages": after,
    }
    return Shown(data, "\n".join(lines))


def _at_model(state: "ModelState") -> dict[str, Any]:
    return {
        "model": state.model,
        "production": state.production.version if state.production else None,
        "versions": [
            {"version": each.version, "stage": each.stage, "sha256": each.sha256, "created_at": each.created_at}
            for each in state.versions
        ],
    }


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UserError(
            f"DATE: {text!r} is no date; write it as 2026-11-23 or 2026-11-23T07:45:00Z", field="DATE"
        ) from None
    if len(text.strip()) == len("2026-11-23"):
        found += timedelta(days=1, microseconds=-1)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _lineage(version: "ShownVersion") -> str:
    lineage = version.lineage
    if lineage is None:
        return ""
    return "complete" if lineage.get("complete") else f"incomplete: {', '.join(lineage.get('missing', ()))}"


def _standing(each: Any) -> str:
    return f"{each.standing}: {each.note}" if each.note else each.standing
