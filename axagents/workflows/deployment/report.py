"""A deployment after a change, as a person reads it at a terminal."""

from axagents.layout import table
from axagents.workflows.deployment.asked import Asked, Standing
from axagents.workflows.deployment.request import DeploymentResult, ShadowFacts, Share

VERDICTS = {
    "deploy": "DEPLOYED",
    "promote": "DEPLOYED",
    "abort": "ABORTED",
    "rollback": "ROLLED_BACK",
    "status": "DEPLOYED",
    "unchanged": "UNCHANGED",
}
_DONE = {
    "deploy": "{model} {version} has all the traffic of {deployment}.",
    "promote": "{model} {version} has all the traffic of {deployment}.",
    "abort": "the rollout in {deployment} was aborted; {model} {version} has all the traffic again.",
    "rollback": "{deployment} is back on {model} {version}.",
    "status": "{deployment} serves {model}.",
    "unchanged": "{model} {version} has all the traffic of {deployment} already; nothing was changed.",
}


def verdict_of(asked: Asked, standing: Standing) -> str:
    """Return the verdict of what was done."""
    return "ROLLING" if standing.canary else VERDICTS[asked.kind]


def shares_of(standing: Standing) -> list[Share]:
    """Return who answers how much."""
    variants = standing.routing.variants if standing.routing else ()
    return [Share(variant=each.name, role=each.role, version=each.version, percent=each.share) for each in variants]


def next_commands(standing: Standing, deployment: str) -> list[str]:
    """Return the commands that come next."""
    if standing.canary:
        return [f"ax deploy promote {deployment} --traffic 100", f"ax deploy abort {deployment}"]
    served = standing.routing.served if standing.routing else ()
    back = [f"ax deploy rollback {deployment}"] if len(served) > 1 else []
    return [f"ax deploy status {deployment}", *back, f"ax deploy stop {deployment}"]


def report_text(result: DeploymentResult, verdict: str) -> str:
    """Return the report of mlops-deployment."""
    told = _DONE[result.kind] if verdict != "ROLLING" else "a rollout of {model} {version} runs in {deployment}."
    lines = [told.format(model=result.model, version=result.version, deployment=result.deployment), ""]
    rows = [(each.variant, each.role, each.version, f"{each.percent:g} %") for each in result.shares]
    lines.append(table(("server", "role", "version", "traffic"), rows) if rows else "nobody is answered yet")
    lines += ["", f"verdict   {verdict}", f"address   {result.url or 'stopped'}"]
    lines += [f"checked   {each}" for each in result.readiness]
    if result.staging:
        lines.append(f"staging   {result.staging}")
    if result.shadow:
        lines.append(f"shadow    {tell_shadow(result.shadow)}")
    lines += [f"registry  {version} -> {stage}" for version, stage in result.stages.items()]
    if verdict == "ROLLING":
        lines.append("the canary stays at its share until a person promotes or aborts it")
    return "\n".join([*lines, "", "next:", *(f"  {each}" for each in result.next)])


def tell_shadow(found: ShadowFacts) -> str:
    """Say how the replay of logged rows ended."""
    if not found.rows:
        return found.note
    far = f", apart by {found.farthest:.3g} at most" if found.farthest is not None else ""
    note = f" ({found.note})" if found.note else ""
    return f"{found.rows} logged rows: {found.differed} answered with another label{far}{note}"
