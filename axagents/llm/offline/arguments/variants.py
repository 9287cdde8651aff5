"""Fill the two variants of an A/B test."""

from axagents.fields import parse_version
from axagents.llm.offline.arguments.models import match_version
from axagents.llm.offline.arguments.numbers import tidy
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Slot, Source, Value, unknown_name
from axagents.llm.offline.mentions import Mention

Reference = tuple[str, str, int]
"""A model as written in a request, its version, and the token it stands on."""


def fill_variant(slot: Slot, setting: Setting) -> Found:
    """Return one variant, {model_id, traffic_percent}; control is the one called so, else what serves or is older."""
    found = _references(slot, setting)
    if isinstance(found, Missing):
        return found
    if not found:
        unknown = next(iter(setting.mentions("unknown", "quoted", sheet=slot.sheet, near_only=True)), None)
        calls = ("called", "named", "experiment", "test")
        if unknown is not None and setting.word(unknown.first - 1) not in calls:
            known = [each.name for each in setting.world.models()]
            return unknown_name(slot.name, unknown.text, what="model", known=known)
        return None
    chosen = _by_role(found, setting).get(slot.argument.role or "control")
    if chosen is None:
        return None
    reference, source = chosen
    value: dict[str, object] = {"model_id": reference[0]}
    share = _share(reference, found, setting)
    if share is not None:
        value["traffic_percent"] = share
    return Value(value, source, reference[0])


def _references(slot: Slot, setting: Setting) -> list[Reference] | Missing:
    found: list[Reference] = []
    taken: set[int] = set()
    for mention in setting.mentions("model-version", "model", "deployment", "version", sheet=slot.sheet):
        if mention.first in taken:
            continue
        reference = _reference(mention, setting, taken=taken)
        if reference is None:
            known = [f"{each.name} {one.version}" for each in setting.world.models() for one in each.versions]
            return Missing(slot.name, f"no model has a version {mention.text}", "unknown", mention.text, tuple(known))
        found.append(reference)
    return found


def _reference(mention: Mention, setting: Setting, *, taken: set[int]) -> Reference | None:
    if mention.kind == "model-version":
        _model, tail, typed = mention.value
        return typed, tail.removeprefix("v"), mention.first
    if mention.kind == "deployment":
        deployment = setting.deployment(mention.value)
        return mention.value, (deployment.version or "") if deployment else "", mention.first
    if mention.kind == "version":
        holders = [each for each in setting.world.models() if match_version(each, mention.value)]
        version = match_version(holders[0], mention.value) if len(holders) == 1 else None
        if not holders or len(holders) > 1 or not version:
            return None
        told = version if isinstance(version, str) else f"v{mention.value.removeprefix('v')}"
        joined = f"{holders[0].name}/{told}" if isinstance(version, str) else f"{holders[0].name}-{told}"
        return joined, told.removeprefix("v"), mention.first
    return _with_version(mention, setting, taken=taken)


def _with_version(mention: Mention, setting: Setting, *, taken: set[int]) -> Reference | None:
    model = setting.model(mention.value)
    beside = next(
        (each for each in setting.reading.mentions if each.kind == "version" and 0 < each.first - mention.last <= 2),
        None,
    )
    if model is None or beside is None:
        return mention.value, "", mention.first
    taken.add(beside.first)
    version = match_version(model, beside.value)
    if not version:
        return None
    told = version if isinstance(version, str) else f"v{beside.value.removeprefix('v')}"
    return (
        (f"{model.name}/{told}" if isinstance(version, str) else f"{model.name}-{told}"),
        told.removeprefix("v"),
        mention.first,
    )


def _by_role(found: list[Reference], setting: Setting) -> dict[str, tuple[Reference, Source]]:
    roles: dict[str, tuple[Reference, Source]] = {}
    for reference in found:
        for role, words in (
            ("control", {"control", "baseline", "champion"}),
            ("treatment", {"treatment", "challenger"}),
        ):
            near = {setting.word(reference[2] + step) for step in (-2, -1, 1, 2, 3)}
            if near & words and role not in roles and all(each[0] is not reference for each in roles.values()):
                roles[role] = (reference, "query")
    left = [each for each in found if all(each is not one[0] for one in roles.values())]
    _give_rest(roles, _in_order(left, setting), setting)
    return roles


def _in_order(found: list[Reference], setting: Setting) -> list[Reference]:
    """Put what serves first, then the older version."""
    serving = {each.version for each in setting.world.deployments()} | {
        each.name for each in setting.world.deployments()
    }

    def rank(reference: Reference) -> tuple[bool, tuple[object, ...]]:
        version = parse_version(reference[1]) if reference[1] else (0, 0, 0, ())
        return (reference[1] not in serving and reference[0] not in serving, version)

    return sorted(found, key=rank)


def _give_rest(roles: dict[str, tuple[Reference, Source]], left: list[Reference], setting: Setting) -> None:
    if len(left) >= 2 or roles:
        for role in ("control", "treatment"):
            if role not in roles and left:
                roles[role] = (left.pop(0), "query")
        return
    deployments = setting.world.deployments()
    if len(left) == 1 and len(deployments) == 1 and left[0][1] != deployments[0].version:
        serving = deployments[0]
        roles["treatment"] = (left[0], "query")
        roles["control"] = ((serving.name, serving.version or "", -1), "world")


def _share(reference: Reference, found: list[Reference], setting: Setting) -> float | int | None:
    ratio = next((each for each in setting.reading.mentions if each.kind == "ratio"), None)
    halves = [each for each in setting.reading.mentions if each.kind == "percent" and each.value == 50.0]
    if ratio is None:
        return 50 if halves and len(found) <= 2 else None
    order = [each[0] for each in found]
    place = order.index(reference[0]) if reference[0] in order else 1 - len(order) % 2
    return tidy(ratio.value[min(place, 1)])
