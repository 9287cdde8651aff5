"""A person's word on an effect that an agent asks for by a command of its own."""

from typing import Any

from axagents.effects.effect import Effect
from axagents.errors import Refused, Waiting
from axagents.fields import canonical_json, printable, sha256_text
from axagents.project import Project
from axagents.stores.agents.approvals import Approvals

_SHOWN_HASH = 16


def await_word(project: Project, effect: Effect, *, run_id: str, key: str) -> None:
    """Return where a person has approved this effect of this run; else write down that it waits.

    Raises:
        Waiting: it waits for a word.
        Refused: a person denied it.
    """
    digest = sha256_text(canonical_json([run_id, effect.name, effect.arguments]))[:_SHOWN_HASH]
    text = "\n".join(
        [
            f"plan {digest}  {effect.name}",
            *(f"  {printable(name)}  {printable(value)}" for name, value in effect.arguments.items()),
        ]
    )
    plan: dict[str, Any] = {"tool": effect.name, "effect": effect.name, "arguments": effect.arguments, "tainted": {}}
    standing = Approvals(project).ask(run_id, key, digest=digest, plan={**plan, "text": text})
    if standing.status == "approved":
        return
    if standing.status == "denied":
        raise Refused(f"a person denied {effect.name}; nothing was changed", hint=f"ax runs show {run_id}")
    way = f"ax approve {standing.approval_id} && ax runs resume {run_id}"
    need = standing.need(way).model_dump(mode="json")
    told = f"an agent acts here, and {effect.name} waits for a person's approval:\n{text}"
    raise Waiting(told, needs=[need], hint=way)
