"""The graph of mlops-deployment: seven steps from the version to its traffic, for actions on a deployment too."""

from typing import Any, TypedDict

from axagents.actor import actor
from axagents.effects import perform
from axagents.effects.deployment import change_servers, route_traffic, start_deployment
from axagents.effects.registry import change_stage
from axagents.errors import Failed
from axagents.progress import note
from axagents.project import Project
from axagents.serving.local.asking import ask
from axagents.serving.local.starting import serve_command, start_supervisor
from axagents.serving.local.wanted import Wanted
from axagents.stores.registry.state import read_model
from axagents.workflows.deployment.asked import EARLY_CHECK, read_standing, settle
from axagents.workflows.deployment.planning import Plan, plan_change
from axagents.workflows.deployment.readiness import check_content, check_ready
from axagents.workflows.deployment.replay import replay
from axagents.workflows.deployment.report import next_commands, report_text, shares_of, tell_shadow, verdict_of
from axagents.workflows.deployment.request import DeploymentRequest, DeploymentResult, ShadowFacts
from axagents.workflows.deployment.staging import answer_example, await_server
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Outcome

_CHANGING = ("deploy", "rollback", "promote", "abort")
_BRINGING = ("deploy", "rollback")


class DeploymentState(TypedDict, total=False):
    """What the steps hand on: plain JSON."""

    request: dict[str, Any]
    plan: dict[str, Any]
    readiness: list[str]
    staging: str
    staged: int
    shadow: dict[str, Any] | None
    registry: int
    outcome: dict[str, Any]


def fetch_model(state: DeploymentState, context: StepContext) -> State:
    """Find the version and the deployment, and settle the whole change before it begins."""
    request = DeploymentRequest.model_validate(state.get("request"))
    plan = plan_change(context.project, request, settle(context.project, request))
    asked = plan.asked
    note(f"{asked.kind} {asked.model} {asked.version} in {asked.deployment}, {asked.percent:g} % of the traffic")
    return {"plan": plan.model_dump(mode="json")}


def validate_readiness(state: DeploymentState, context: StepContext) -> State:
    """Check whether the version may have traffic; the reasons are told where it may not."""
    request, plan = DeploymentRequest.model_validate(state.get("request")), _plan(state)
    asked, server = plan.asked, plan.server
    if asked.kind not in _BRINGING or server is None:
        return {"readiness": []}
    if asked.kind == "rollback":
        return {"readiness": check_content(server.folder, sha256=server.sha256)}
    serving = plan.serving
    passed = check_ready(
        context.project,
        asked.model,
        asked.version,
        folder=server.folder,
        serving=serving.folder if serving else None,
        override=request.override_reason,
    )
    for each in passed:
        note(each)
    return {"readiness": passed}


def build_container(state: DeploymentState, _context: StepContext) -> State:
    """Say that a local deployment needs no container."""
    if _plan(state).asked.kind in _BRINGING:
        note("a local deployment runs as processes; no container is needed")
    return {}


def deploy_staging(state: DeploymentState, context: StepContext) -> State:
    """Start the version's server without traffic and let it answer its input example."""
    plan, project = _plan(state), context.project
    asked = plan.asked
    if asked.kind not in _CHANGING:
        return {}
    revision = asked.standing.wanted.revision if asked.standing else 0
    if plan.staged is not None:
        after = _stage(context, plan, plan.staged, seen=revision)
        revision = after.revision
    if start_supervisor(project.deployments_path, serve_command(project.root)):
        note("started ax serve in the background, which keeps it running; it ends by: ax serve --stop")
    told = ""
    for server in plan.kept if asked.kind != "abort" else ():
        await_server(project, asked.deployment, server)
    if asked.kind in _BRINGING and plan.server is not None:
        told = answer_example(project, plan.server)
        note(told)
    return {"staged": revision, "staging": told}


def shadow_evaluation(state: DeploymentState, context: StepContext) -> State:
    """Let the version answer the last logged rows beside the one that serves."""
    plan = _plan(state)
    if plan.asked.kind != "deploy" or plan.server is None:
        return {"shadow": None}
    if plan.serving is None or plan.serving == plan.server:
        found = ShadowFacts(note="no other version serves that it could be compared with")
    else:
        found = replay(context.project, plan.asked.deployment, new=plan.server, old=plan.serving)
    note(tell_shadow(found))
    return {"shadow": found.model_dump(mode="json")}


def traffic_migration(state: DeploymentState, context: StepContext) -> State:
    """Change who answers, and see the gateway do it; then end the servers that nobody needs any more."""
    plan, project = _plan(state), context.project
    if plan.routing is None:
        return {"registry": read_model(project, plan.asked.model).revision}
    name, seen = plan.asked.deployment, plan.routing.revision - 1
    arguments = {"deployment": name, "seen": seen, "routing": plan.routing.model_dump(mode="json")}
    perform(project, route_traffic(project, arguments), run_id=context.run_id, step="traffic_migration")
    note(", ".join(f"{each.version} {each.share:g} % ({each.role})" for each in plan.routing.variants))
    _keep_needed(context, plan, seen=state.get("staged", 0))
    return {"registry": read_model(project, plan.asked.model).revision}


def post_deployment_validation(state: DeploymentState, context: StepContext) -> State:
    """See that the gateway answers as it should, let the registry follow the traffic, and tell how it stands."""
    plan, project = _plan(state), context.project
    asked = plan.asked
    if plan.routing is not None and asked.kind in _CHANGING:
        _see_answers(project, plan)
    stages = _follow(context, plan, revision=state.get("registry", 0)) if plan.routing is not None else {}
    standing = read_standing(project.deployments_path / asked.deployment)
    assert standing is not None
    verdict = verdict_of(asked, standing)
    shadow = state.get("shadow")
    result = DeploymentResult(
        deployment=asked.deployment,
        model=asked.model,
        version=asked.version,
        kind=asked.kind,
        strategy=asked.strategy,
        url=standing.wanted.url if standing.wanted.running else None,
        revision=standing.routing.revision if standing.routing else 0,
        shares=shares_of(standing),
        running=standing.wanted.running,
        readiness=state.get("readiness", []),
        staging=state.get("staging", ""),
        shadow=ShadowFacts.model_validate(shadow) if shadow else None,
        stages=stages,
        next=next_commands(standing, asked.deployment),
    )
    outcome = Outcome(verdict=verdict, result=result.model_dump(mode="json"), report=report_text(result, verdict))
    return {"outcome": outcome.model_dump(mode="json")}


def _stage(context: StepContext, plan: Plan, staged: Wanted, *, seen: int) -> Wanted:
    name = plan.asked.deployment
    if plan.asked.standing is None:
        effect = start_deployment(context.project, {"deployment": name, "wanted": staged.model_dump(mode="json")})
    else:
        servers = [each.model_dump(mode="json") for each in staged.servers]
        effect = change_servers(context.project, {"deployment": name, "seen": seen, "servers": servers})
    done = perform(context.project, effect, run_id=context.run_id, step="deploy_staging")
    return Wanted.model_validate(done.after)


def _keep_needed(context: StepContext, plan: Plan, *, seen: int) -> None:
    before = plan.staged or (plan.asked.standing.wanted if plan.asked.standing else None)
    if before is None or before.servers == plan.kept:
        return
    servers = [each.model_dump(mode="json") for each in plan.kept]
    effect = change_servers(context.project, {"deployment": plan.asked.deployment, "seen": seen, "servers": servers})
    perform(context.project, effect, run_id=context.run_id, step="traffic_migration")


def _see_answers(project: Project, plan: Plan) -> None:
    standing = read_standing(project.deployments_path / plan.asked.deployment)
    assert standing is not None
    address = standing.wanted.url.removeprefix("http://")
    status, told = ask(address, "GET", "/version")
    if status != 200 or told["revision"] < (plan.routing.revision if plan.routing else 0):
        raise Failed(f"the gateway at {address} does not show the new shares", hint="ax deploy logs")
    # An example sent through it would stand in the inference log as if a client had asked.
    note(f"the gateway at {address} answers by revision {told['revision']}")


def _follow(context: StepContext, plan: Plan, *, revision: int) -> dict[str, str]:
    """Let the registry's stages follow the traffic."""
    project, model, changed = context.project, plan.asked.model, dict[str, str]()
    for version, stage in plan.stages:
        arguments = {
            "model": model,
            "version": version,
            "stage": stage,
            "revision": revision,
            "who": actor(),
            "why": f"{plan.asked.kind} in {plan.asked.deployment} (run {context.run_id})",
        }
        perform(project, change_stage(project, arguments), run_id=context.run_id, step="post_deployment_validation")
        changed[version] = stage
    return changed


def _plan(state: DeploymentState) -> Plan:
    return Plan.model_validate(state.get("plan"))


WORKFLOW = Workflow(
    name="mlops-deployment",
    summary="Bring a version to its traffic: direct, blue-green or canary; promote, abort, roll back, status.",
    request=DeploymentRequest,
    result=DeploymentResult,
    state=DeploymentState,
    steps=by_name(
        fetch_model,
        validate_readiness,
        build_container,
        deploy_staging,
        shadow_evaluation,
        traffic_migration,
        post_deployment_validation,
    ),
    check=EARLY_CHECK,
)
