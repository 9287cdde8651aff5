"""How each kind of effect is built again from the arguments that the journal holds."""

from importlib import import_module
from typing import Any

from axagents.effects.effect import Effect
from axagents.errors import Failed
from axagents.project import Project

KINDS = {
    "data.forget": "axagents.effects.inference:forget_unit",
    "deployment.route": "axagents.effects.deployment:route_traffic",
    "deployment.serve": "axagents.effects.deployment:change_servers",
    "deployment.start": "axagents.effects.deployment:start_deployment",
    "deployment.stop": "axagents.effects.deployment:stop_deployment",
    "documents.publish": "axagents.effects.documents:publish_document",
    "memory.delete": "axagents.effects.memory:delete_record",
    "memory.import": "axagents.effects.memory:import_records",
    "registry.register": "axagents.effects.registry:register_version",
    "registry.reconcile": "axagents.effects.registry:reconcile_model",
    "registry.stage": "axagents.effects.registry:change_stage",
}


def rebuild(project: Project, name: str, arguments: dict[str, Any]) -> Effect:
    """Build the effect `name` of these arguments.

    Raises:
        Failed: this version of axagents knows no such effect.
    """
    place = KINDS.get(name)
    if place is None:
        raise Failed(f"the journal holds an effect {name!r} that this axagents does not know")
    module, _, function = place.partition(":")
    return getattr(import_module(module), function)(project, arguments)
