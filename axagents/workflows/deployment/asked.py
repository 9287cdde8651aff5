"""What is asked of which deployment, and what is wrong with it, before a library is loaded."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from axagents.errors import NotFound, UserError, Waiting
from axagents.fields import parse_version
from axagents.project import Project
from axagents.serving.local.wanted import WANTED, Wanted
from axagents.serving.routing import ROUTINGS, Routing, Variant
from axagents.stores.registry.state import ModelState, read_models
from axagents.workflows.deployment.request import DeploymentRequest, Kind, Strategy

FIRST_SHARE = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_STATUS = "ax deploy status"


class Standing(BaseModel):
    """A deployment as it stood when it was looked at."""

    model_config = ConfigDict(frozen=True)

    wanted: Wanted
    routing: Routing | None

    @property
    def model(self) -> str:
        return self.wanted.servers[0].model

    @property
    def stable(self) -> Variant | None:
        """The version that serves all but a canary's share."""
        variants = self.routing.variants if self.routing else ()
        return next((each for each in variants if each.role == "stable"), None)

    @property
    def canary(self) -> Variant | None:
        """The version that a running rollout brings."""
        variants = self.routing.variants if self.routing else ()
        return next((each for each in variants if each.role == "canary"), None)


class Asked(BaseModel):
    """What is to be done: `version` is the one that it concerns, `percent` its share afterwards."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    deployment: str
    model: str
    version: str
    percent: float
    strategy: Strategy | None = None
    standing: Standing | None = None


def standings(project: Project) -> dict[str, Standing]:
    """Return the local deployments by name."""
    found: dict[str, Standing] = {}
    for path in sorted(project.deployments_path.glob(f"*/{WANTED.file}")):
        standing = read_standing(path.parent)
        if standing is not None:
            found[path.parent.name] = standing
    return found


def read_standing(folder: Path) -> Standing | None:
    """Return how the deployment of a folder stands; None where there is none."""
    wanted = WANTED.read(folder)
    return Standing(wanted=wanted, routing=ROUTINGS.read(folder)) if wanted and wanted.servers else None


def settle(project: Project, request: DeploymentRequest) -> Asked:
    """Return what is to be done.

    Raises:
        UserError, NotFound: a name that is none, or what cannot be done to the deployment as it stands.
        Waiting: it needs what is not supported yet.
    """
    _refuse_unsupported(request)
    known = standings(project)
    if request.action is None:
        return _settle_deploy(project, request, known)
    name = _choose(request, known)
    settled = {"rollback": _rollback, "promote": _promote, "abort": _abort, "status": _status}
    return settled[request.action](request, name, known[name])


def check_asked(project: Project, request: DeploymentRequest) -> None:
    """Find what is wrong before a run is opened."""
    settle(project, request)


EARLY_CHECK = check_asked


def _refuse_unsupported(request: DeploymentRequest) -> None:
    if request.deployment_target == "kubernetes":
        told = "deployment_target: kubernetes is not supported by this version yet; it deploys to local"
        raise Waiting(told, needs=[{"kind": "cluster", "text": "kubernetes is not supported by this version yet"}])
    if request.rollout_strategy == "shadow":
        raise UserError(
            "rollout_strategy: shadow is not supported by this version yet",
            field="rollout_strategy",
            legal=("direct", "blue-green", "canary"),
        )
    for field in ("steps", "soak", "max_hold"):
        if getattr(request, field) is not None:
            raise UserError(
                f"{field}: a canary does not climb by itself in this version yet; a person promotes or aborts it",
                field=field,
                hint="leave it out; then: ax deploy promote DEPLOYMENT --traffic 50",
            )
    if request.target_version and request.action != "rollback":
        raise UserError("target_version goes with the action rollback", field="target_version")
    if request.action:
        _refuse_beside_action(request)


def _refuse_beside_action(request: DeploymentRequest) -> None:
    for field in ("version", "rollout_strategy", "unit_id"):
        # A version beside an action that concerns it anyway says no more than the action.
        if getattr(request, field) is not None and not (field == "version" and request.action == "promote"):
            raise UserError(f"{field} goes with a new deployment, not with the action {request.action}", field=field)
    if request.traffic_percentage is not None and request.action != "promote":
        raise UserError(
            f"traffic_percentage goes with a canary or with promote, not with {request.action}",
            field="traffic_percentage",
        )


def _choose(request: DeploymentRequest, known: Mapping[str, Standing]) -> str:
    """Return the deployment that an action means: named, of the model, rolling, the only one, the one that serves."""
    if request.deployment:
        if request.deployment not in known:
            raise NotFound("deployment", request.deployment, known, hint="ax deploy list", field="deployment")
        return request.deployment
    fitting = {name: each for name, each in known.items() if request.model_name in {None, each.model}}
    if request.model_name and not fitting:
        models = [each.model for each in known.values()]
        raise NotFound("deployed model", request.model_name, models, hint="ax deploy list", field="model_name")
    if not fitting:
        raise UserError("nothing is deployed yet", field="deployment", hint="ax run mlops-deployment --input ...")
    for few in ([name for name, each in fitting.items() if each.canary], list(fitting), _serving(fitting)):
        if len(few) == 1:
            return few[0]
    told = f"which deployment? there is {', '.join(fitting)}"
    raise Waiting(told, needs=[{"kind": "answer", "text": told, "field": "deployment"}], hint="ax deploy list")


def _serving(known: Mapping[str, Standing]) -> list[str]:
    return [name for name, each in known.items() if each.wanted.running and each.routing]


def _settle_deploy(project: Project, request: DeploymentRequest, known: Mapping[str, Standing]) -> Asked:
    state, version = _find_version(project, request)
    model = state.model
    if request.rollout_strategy == "canary" and state.production and state.production.version == version:
        raise UserError(f"{model} {version} is in production; a canary brings another version", field="version")
    name = next((name for name, each in known.items() if each.model == model), None)
    if request.deployment and name and request.deployment != name:
        raise UserError(
            f"{model} is deployed as {name}; a model has one deployment on a target", field="deployment", legal=[name]
        )
    taken = known.get(request.deployment or "")
    if taken and taken.model != model:
        raise UserError(f"{request.deployment} serves {taken.model}", field="deployment", legal=[f"{model}-prod"])
    name = name or request.deployment or f"{model}-prod"
    if not _NAME.fullmatch(name):
        raise UserError(f"deployment: {name!r} cannot name one; use letters, digits, and . _ -", field="deployment")
    return _plan_deploy(request, name, (model, version), standing=known.get(name))


def _plan_deploy(request: DeploymentRequest, name: str, of: tuple[str, str], *, standing: Standing | None) -> Asked:
    model, version = of
    stable, canary = (standing.stable, standing.canary) if standing else (None, None)
    if canary:
        raise UserError(
            f"a rollout of {model} {canary.version} runs in {name} at {canary.share:g} %; promote or abort it first",
            field="deployment",
            hint=f"{_STATUS} {name}",
        )
    strategy = request.rollout_strategy or _default(request, serves=stable is not None and stable.version != version)
    percent = _share(request, strategy)
    told: dict[str, Any] = {"deployment": name, "model": model, "version": version, "standing": standing}
    if stable is None and strategy == "canary":
        raise UserError(
            f"nothing of {model} serves yet, so that a canary has nothing beside it",
            field="rollout_strategy",
            legal=("direct", "blue-green"),
        )
    if stable and stable.version == version:
        if request.rollout_strategy == "canary":
            raise UserError(f"{model} {version} serves already; a canary brings another version", field="version")
        if standing and standing.wanted.running:
            return Asked(kind="unchanged", percent=100, **told)
    return Asked(kind="deploy", strategy=strategy, percent=percent, **told)


def _default(request: DeploymentRequest, *, serves: bool) -> Strategy:
    whole = request.traffic_percentage == 100
    return "canary" if serves and not whole else "direct"


def _share(request: DeploymentRequest, strategy: Strategy) -> float:
    asked = request.traffic_percentage
    if strategy == "canary" and asked == 100:
        raise UserError(
            "traffic_percentage: a canary has less than all the traffic",
            field="traffic_percentage",
            hint="rollout_strategy blue-green or direct gives it all at once",
        )
    if strategy != "canary" and asked not in {None, 100}:
        raise UserError(
            f"traffic_percentage: {strategy} moves all the traffic at once; {asked:g} % is for a canary",
            field="traffic_percentage",
            hint="rollout_strategy canary, or leave traffic_percentage out",
        )
    return (asked or FIRST_SHARE) if strategy == "canary" else 100.0


def _find_version(project: Project, request: DeploymentRequest) -> tuple[ModelState, str]:
    models = read_models(project)
    if request.model_name is None:
        raise UserError("which model?", field="model_name", legal=list(models), hint="ax registry list")
    state = models.get(request.model_name)
    if state is None:
        raise NotFound("model", request.model_name, models, hint="ax registry list", field="model_name")
    versions = [each.version for each in state.versions]
    if request.version is None:
        raise UserError("which version?", field="version", legal=versions, hint=f"ax registry versions {state.model}")
    wanted = parse_version(request.version)
    found = next((each for each in versions if parse_version(each) == wanted), None)
    if found is None:
        hint = f"ax registry versions {state.model}"
        raise NotFound(f"version of {state.model}", request.version, versions, hint=hint, field="version")
    return state, found


def _rollback(request: DeploymentRequest, name: str, standing: Standing) -> Asked:
    stable = _served(name, standing)
    target, canary = request.target_version, standing.canary
    if canary:
        if target in {None, stable.version}:
            return _abort(request, name, standing)
        told = f"a rollout of {canary.version} runs in {name}; abort it before going back to {target}"
        raise UserError(told, field="target_version", hint=f"ax deploy abort {name}")
    assert standing.routing is not None
    served = [each.version for each in standing.routing.served]
    if target is None:
        if len(served) < 2:
            raise UserError(f"{name} served no other version than {stable.version}", field="target_version")
        target = served[1]
    asked = Asked(
        kind="rollback", deployment=name, model=standing.model, version=target, percent=100, standing=standing
    )
    if target == stable.version and standing.wanted.running:
        return asked.model_copy(update={"kind": "unchanged"})
    if target not in served:
        what = f"version that {name} served"
        raise NotFound(what, target, served, hint=f"{_STATUS} {name}", field="target_version")
    return asked


def _promote(request: DeploymentRequest, name: str, standing: Standing) -> Asked:
    canary = _rolling(name, standing)
    if request.version and request.version != canary.version:
        raise UserError(f"the rollout in {name} brings {canary.version}, not {request.version}", field="version")
    percent = request.traffic_percentage or 100.0
    if percent <= canary.share:
        raise UserError(
            f"the canary {canary.version} has {canary.share:g} % already; promote it to more",
            field="traffic_percentage",
            hint=f"ax deploy promote {name} --traffic 100",
        )
    told: dict[str, Any] = {"deployment": name, "model": standing.model, "version": canary.version}
    return Asked(kind="promote", strategy="canary", percent=percent, standing=standing, **told)


def _abort(_request: DeploymentRequest, name: str, standing: Standing) -> Asked:
    _rolling(name, standing)
    stable = _served(name, standing)
    told: dict[str, Any] = {"deployment": name, "model": standing.model, "version": stable.version}
    return Asked(kind="abort", strategy="canary", percent=100, standing=standing, **told)


def _status(_request: DeploymentRequest, name: str, standing: Standing) -> Asked:
    shown = standing.canary or standing.stable
    version, percent = (shown.version, shown.share) if shown else (standing.wanted.servers[0].version, 0.0)
    told: dict[str, Any] = {"deployment": name, "model": standing.model, "version": version}
    return Asked(kind="status", percent=percent, standing=standing, **told)


def _rolling(name: str, standing: Standing) -> Variant:
    if standing.canary is None:
        raise UserError(f"no rollout runs in {name}", field="action", hint=f"{_STATUS} {name}")
    return standing.canary


def _served(name: str, standing: Standing) -> Variant:
    if standing.stable is None:
        raise UserError(f"{name} has no version that serves yet", field="deployment", hint=f"{_STATUS} {name}")
    return standing.stable
