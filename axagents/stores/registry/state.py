"""What the registry holds, read off its event log: now, or at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from axagents.errors import NotFound, UserError
from axagents.fields import parse_version
from axagents.project import Project
from axagents.stores.registry.events import Event, EventLog

Stage = Literal["staged", "canary", "production", "archived"]
STAGES: tuple[Stage, ...] = ("staged", "canary", "production", "archived")


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a model as the event log has it.

    Attributes:
        metadata: what was recorded when it was registered.
        changed_at: when its stage last changed.
    """

    model: str
    version: str
    sha256: str
    stage: Stage
    created_at: str
    created_by: str
    changed_at: str
    metadata: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.model}:{self.version}"


@dataclass(frozen=True)
class ModelState:
    """One model: its versions, highest first, and the position of its last event."""

    model: str
    versions: tuple[RegisteredVersion, ...]
    revision: int

    @property
    def production(self) -> RegisteredVersion | None:
        """The one version in production."""
        return self.newest("production")

    def newest(self, stage: Stage | None = None) -> RegisteredVersion | None:
        """Return the highest version, of all or of one stage."""
        return next((each for each in self.versions if stage in {None, each.stage}), None)

    def find(self, version: str) -> RegisteredVersion | None:
        """Return the version of exactly that number."""
        return next((each for each in self.versions if each.version == version), None)


def read_models(project: Project, *, at: datetime | None = None) -> dict[str, ModelState]:
    """Return every model that has a version, by name, as of now or of the moment `at`."""
    return fold(EventLog(project).read(until=at))


def read_model(project: Project, model: str) -> ModelState:
    """Return one model; one without versions when nothing was registered under that name."""
    log = EventLog(project)
    return fold(log.read(model=model)).get(model) or ModelState(model, (), log.revision(model))


def plan_moves(state: ModelState, version: str, stage: str) -> list[tuple[RegisteredVersion, Stage]]:
    """Return what changes when `version` goes to `stage`: itself, and first the one it replaces in production.

    Raises:
        NotFound: the model has no such version.
        UserError: no such stage, or production would be left by another way than archiving or replacement.
    """
    if stage not in STAGES:
        raise NotFound("stage", stage, STAGES, field="stage")
    wanted: Stage = stage
    found = state.find(version)
    if found is None:
        known = [each.version for each in state.versions]
        raise NotFound(f"version of {state.model}", version, known, hint=f"ax registry versions {state.model}")
    if found.stage == "production" and wanted in {"staged", "canary"}:
        raise UserError(
            f"{found.name} is in production, which it leaves by being archived, or replaced by another version",
            field="stage",
            legal=("archived",),
            hint=f"ax registry stage {state.model} OTHER_VERSION production --why ...",
        )
    moves: list[tuple[RegisteredVersion, Stage]] = []
    if wanted == "production" and state.production and state.production.version != version:
        moves.append((state.production, "archived"))
    return [*moves, (found, wanted)]


def fold(events: Iterable[Event]) -> dict[str, ModelState]:
    """Return the models that these events, in their order, leave behind."""
    versions: dict[str, dict[str, RegisteredVersion]] = {}
    revisions: dict[str, int] = {}
    for event in events:
        of_model = versions.setdefault(event.model, {})
        revisions[event.model] = event.position
        if event.what == "registered":
            of_model[event.version] = _registered(event)
        elif event.what == "withdrawn":
            of_model.pop(event.version, None)
        elif event.version in of_model:
            of_model[event.version] = replace(of_model[event.version], stage=_stage(event), changed_at=event.at)
    return {
        model: ModelState(model, _highest_first(of_model.values()), revisions[model])
        for model, of_model in sorted(versions.items())
        if of_model
    }


def _highest_first(versions: Iterable[RegisteredVersion]) -> tuple[RegisteredVersion, ...]:
    return tuple(sorted(versions, key=lambda each: parse_version(each.version), reverse=True))


def _registered(event: Event) -> RegisteredVersion:
    return RegisteredVersion(
        model=event.model,
        version=event.version,
        sha256=event.sha256,
        stage=_stage(event),
        created_at=event.at,
        created_by=event.who,
        changed_at=event.at,
        metadata=event.details,
    )


def _stage(event: Event) -> Stage:
    assert event.after in STAGES
    return event.after
