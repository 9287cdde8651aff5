"""Effects on the model registry: register a version, change a stage. Each writes MLflow and the event log."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from axagents.actor import actor
from axagents.effects.effect import Effect, Probe
from axagents.errors import Failed, UserError
from axagents.faults import fault_point
from axagents.project import Project
from axagents.stores.models.digest import digest
from axagents.stores.registry.catalog import publish, published
from axagents.stores.registry.events import Event, EventLog, NewEvent
from axagents.stores.registry.reconciling import find_divergences, interrupted_arguments
from axagents.stores.registry.state import ModelState, RegisteredVersion, Stage, plan_moves, read_model
from axagents.stores.registry.stored import (
    NewVersion,
    find_copy,
    find_stored,
    mirror_stages,
    mirrored,
    remove_stored,
    store_version,
)


def register_version(project: Project, arguments: dict[str, Any]) -> Effect:
    """Register a model folder as a version, staged.

    Arguments: `model`, `version`, `sha256`, `folder` (relative to the project where it lies inside), `who`, `why`,
    `run_id` (the MLflow run it came from, or None), `description`, `tags`, `metadata` (plain JSON), and optionally
    `at` (when it happened, if not now).
    """
    model, version, sha256 = arguments["model"], arguments["version"], arguments["sha256"]

    def probe() -> Probe:
        state, stored = read_model(project, model), find_stored(project, model, version)
        registered = state.find(version)
        if registered is None or stored is None or not registered.sha256 == sha256 == stored.sha256:
            return Probe.absent()
        whole = mirrored(project, state) and published(project, state)
        return Probe.done(_shown(registered)) if whole else Probe.absent()

    def act() -> dict[str, Any]:
        with _alone(project):
            registered = read_model(project, model).find(version)
            if registered and registered.sha256 != sha256:
                raise UserError(
                    f"{registered.name} exists already with other content"
                    f" ({registered.sha256[:12]}, not {sha256[:12]})",
                    field="version",
                    hint=f"ax registry versions {model}",
                )
            stored = find_stored(project, model, version)
            if stored is None or stored.sha256 != sha256:
                store_version(project, _new_version(project, arguments))
            if registered is None:
                EventLog(project).append([_registration(arguments)], model=model)
            fault_point("registry.register.logged")
            found = _spread(project, model).find(version)
            assert found is not None
            return _shown(found)

    def undo(_before: Any, _after: Any) -> None:
        with _alone(project):
            _withdraw(project, arguments)

    return Effect(name="registry.register", arguments=arguments, probe=probe, act=act, undo=undo)


def change_stage(project: Project, arguments: dict[str, Any]) -> Effect:
    """Move a version to another stage; the version that was in production is archived when another takes its place.

    Arguments: `model`, `version`, `stage`, `revision` (the model's last event that whoever asks has seen), `who`,
    `why`, and optionally `at` (when it happened, if not now).
    """
    model, version, stage = arguments["model"], arguments["version"], arguments["stage"]
    revision: int = arguments["revision"]

    def before() -> dict[str, Any]:
        return {"revision": revision, "stages": _stages(read_model(project, model))}

    def probe() -> Probe:
        state = read_model(project, model)
        left = _moved(project, model, version, stage=stage, revision=revision)
        whole = left and mirrored(project, state) and published(project, state)
        return Probe.done(_outcome(state, version, left)) if left and whole else Probe.absent()

    def act() -> dict[str, Any]:
        with _alone(project):
            left = _moved(project, model, version, stage=stage, revision=revision)
            if left is None:
                moves = plan_moves(read_model(project, model), version, stage)
                events = [_move(each, to, arguments) for each, to in moves]
                left = EventLog(project).append(events, model=model, revision=revision)[-1]
            fault_point("registry.stage.logged")
            state = _spread(project, model)
            return _outcome(state, version, left)

    def undo(seen: Any, after: Any) -> None:
        with _alone(project):
            # None are left where an earlier attempt was cut short behind the log.
            if moves := _moves_back(read_model(project, model), seen["stages"]):
                back = {"who": actor(), "why": f"undone: {arguments['why']}", "revision": after["revision"]}
                events = [_move(each, to, {**back, "version": each.version}) for each, to in moves]
                EventLog(project).append(events, model=model, revision=after["revision"])
            _spread(project, model)

    return Effect(name="registry.stage", arguments=arguments, probe=probe, act=act, undo=undo, before=before)


def _moves_back(state: ModelState, stages: dict[str, Stage]) -> list[tuple[RegisteredVersion, Stage]]:
    # Whoever leaves production goes first: there is one production version at any event.
    leaving_first = sorted(state.versions, key=lambda each: each.stage != "production")
    return [
        (each, stages[each.version]) for each in leaving_first if stages.get(each.version, each.stage) != each.stage
    ]


def _withdraw(project: Project, arguments: dict[str, Any]) -> None:
    model, version = arguments["model"], arguments["version"]
    registered = read_model(project, model).find(version)
    if registered is not None and registered.stage != "staged":
        raise UserError(f"{registered.name} is in {registered.stage} by now; archive it instead", field="version")
    if registered is not None:
        EventLog(project).append([_withdrawal(registered, actor())], model=model)
    remove_stored(project, model, version)
    _spread(project, model)


def reconcile_model(project: Project, arguments: dict[str, Any]) -> Effect:
    """Bring MLflow and memory to what the event log says of a model, and enter in the log what MLflow holds whole.

    Arguments: `model`, `who`.
    """
    model, who = arguments["model"], arguments["who"]

    def probe() -> Probe:
        left = [each for each in find_divergences(project, model) if each.mending != "none"]
        return Probe.absent() if left else Probe.done(_told(project, model))

    def act() -> list[dict[str, Any]]:
        with _alone(project):
            for each in find_divergences(project, model):
                if each.mending == "adopt" and each.version:
                    EventLog(project).append([_adoption(project, model, each.version, who=who)], model=model)
                elif each.mending == "restore" and each.version:
                    _restore(project, model, each.version)
                fault_point("registry.reconcile.mended")
            _spread(project, model)
        return _told(project, model)

    return Effect(
        name="registry.reconcile",
        arguments=arguments,
        probe=probe,
        act=act,
        irreversible="it makes MLflow and memory say again what the event log says",
    )


def _adoption(project: Project, model: str, version: str, /, *, who: str) -> NewEvent:
    stored, begun = find_stored(project, model, version), interrupted_arguments(project, model, version)
    assert stored is not None
    assert stored.sha256 is not None
    why = "found whole in MLflow, after its registration was given up" if begun else "found whole in MLflow"
    known: dict[str, Any] = {
        "metadata": {},
        **(begun or {}),
        "model": model,
        "version": version,
        "sha256": stored.sha256,
    }
    return _registration({**known, "who": who, "why": why})


def _restore(project: Project, model: str, version: str) -> None:
    registered = read_model(project, model).find(version)
    assert registered is not None
    copy = find_copy(project, model, version, sha256=registered.sha256)
    assert copy is not None
    told = registered.metadata
    store_version(
        project,
        NewVersion(
            model=model,
            version=version,
            sha256=registered.sha256,
            folder=Path(copy.artifact_location),
            description="made again from its copy",
            run_id=told.get("lineage", {}).get("run_id"),
            tags=told.get("tags", {}),
        ),
    )


def _told(project: Project, model: str) -> list[dict[str, Any]]:
    return [asdict(each) for each in find_divergences(project, model)]


def _spread(project: Project, model: str) -> ModelState:
    """Make MLflow and memory say what the event log says."""
    state = read_model(project, model)
    mirror_stages(project, state)
    fault_point("registry.spread")
    publish(project, state)
    return state


def _alone(project: Project) -> FileLock:
    # MLflow makes a second version of the same number without complaint: one writer at a time.
    return FileLock(project.state / "registry.lock")


def _new_version(project: Project, arguments: dict[str, Any]) -> NewVersion:
    folder = project.root / arguments["folder"]
    if not folder.is_dir() or digest(folder) != arguments["sha256"]:
        raise Failed(
            f"{arguments['folder']} changed or went away since it was looked at; nothing was registered",
            hint="run ml-model-registry again",
        )
    return NewVersion(
        model=arguments["model"],
        version=arguments["version"],
        sha256=arguments["sha256"],
        folder=Path(folder),
        description=arguments["description"],
        run_id=arguments["run_id"],
        tags=arguments["tags"],
    )


def _registration(arguments: dict[str, Any]) -> NewEvent:
    return NewEvent(
        who=arguments["who"],
        what="registered",
        model=arguments["model"],
        version=arguments["version"],
        sha256=arguments["sha256"],
        before=None,
        after="staged",
        why=arguments["why"],
        details=arguments["metadata"],
        at=arguments.get("at"),
    )


def _withdrawal(registered: RegisteredVersion, who: str) -> NewEvent:
    return NewEvent(
        who=who,
        what="withdrawn",
        model=registered.model,
        version=registered.version,
        sha256=registered.sha256,
        before=registered.stage,
        after=None,
        why="the registration was undone",
        details={},
    )


def _move(version: RegisteredVersion, stage: Stage, arguments: dict[str, Any]) -> NewEvent:
    replaced = version.version != arguments["version"]
    return NewEvent(
        who=arguments["who"],
        what="stage",
        model=version.model,
        version=version.version,
        sha256=version.sha256,
        before=version.stage,
        after=stage,
        why=f"replaced by {arguments['version']}: {arguments['why']}" if replaced else arguments["why"],
        details={"revision": arguments["revision"]},
        at=arguments.get("at"),
    )


def _moved(project: Project, model: str, version: str, /, *, stage: str, revision: int) -> Event | None:
    """Return the event that a change of stage ended with, or None when it did not happen."""
    of_version = EventLog(project).read(model=model, version=version)
    moved = (each for each in of_version if each.what == "stage" and each.details.get("revision") == revision)
    return next((each for each in moved if each.after == stage), None)


def _stages(state: ModelState) -> dict[str, str]:
    return {each.version: each.stage for each in state.versions}


def _shown(registered: RegisteredVersion) -> dict[str, Any]:
    return {
        "model": registered.model,
        "version": registered.version,
        "stage": registered.stage,
        "sha256": registered.sha256,
        "created_at": registered.created_at,
    }


def _outcome(state: ModelState, version: str, left: Event) -> dict[str, Any]:
    found = state.find(version)
    assert found is not None
    return {**_shown(found), "revision": left.position, "stages": _stages(state)}
