"""Fill models, their versions, and the variants of an A/B test."""

import re
from collections.abc import Sequence
from typing import TypeVar

from axagents.fields import parse_version
from axagents.llm.offline.arguments.fragments import by_fragment, unknown_word
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Sheet, Slot, Value, unknown_name
from axagents.llm.offline.content import Argument
from axagents.llm.offline.mentions import Mention
from axagents.llm.offline.world import DeploymentFact, ModelFact

Fact = TypeVar("Fact")

_NEWEST = {"latest", "newest", "new", "recent", "last"}
_LIVE = {"production", "prod", "live", "serving", "current", "deployed"}
_STAGED = {"staged", "staging", "candidate"}
_PREVIOUS = {"previous", "prior", "former", "earlier"}
_VERSION_NOUNS = frozenset({"version", "versions", "release", "model", "one", "build", "candidate"})


def fill_model(slot: Slot, setting: Setting) -> Found:
    """Return the reference of a model: a deployment, a model, or a version of it as `name/VERSION`."""
    for look in (_named_model, _unknown_model, _bare_version, _described_model):
        found = look(slot, setting)
        if found is not None:
            return found
    if slot.argument.world is False or slot.argument.only_cued or (setting.chooses and setting.tool.is_effect):
        return None
    return _assumed_model(slot.argument, setting)


def _named_model(slot: Slot, setting: Setting) -> Found:
    mention = next(iter(setting.mentions("deployment", "model", "model-version", sheet=slot.sheet)), None)
    if mention is None or (slot.argument.only_cued and not setting.cued(mention, slot.argument)):
        return None
    slot.sheet.used.add(mention.first)
    if mention.kind == "deployment":
        return Value(mention.value, "query", mention.text)
    if mention.kind == "model-version":
        model, _, typed = mention.value
        return Value(typed, "query", mention.text) if setting.model(model) else None
    version = _version_beside(mention, setting, slot.sheet)
    model = setting.model(mention.value)
    if version is None or model is None:
        described = _described_version(model, setting) if model is not None else None
        return (
            Value(f"{model.name}/{described}", "query", mention.text)
            if model and described
            else Value(mention.value, "query", mention.text)
        )
    slot.sheet.used.add(version.first)
    return _checked_reference(slot.name, model, version.value)


def _checked_reference(name: str, model: ModelFact, typed: str) -> Found:
    found = match_version(model, typed)
    if isinstance(found, str):
        return Value(f"{model.name}/{found}", "query", f"{model.name} {typed}")
    if found and "." not in typed:
        return Value(f"{model.name}-v{typed.removeprefix('v')}", "query", f"{model.name} {typed}")
    versions = tuple(each.version for each in model.versions)
    return Missing(name, f"{model.name} has no version {typed}", "unknown", typed, versions)


def match_version(model: ModelFact, typed: str) -> str | list[str]:
    """Return the one registered version that the user's text means, or all that it could mean."""
    typed = typed.removeprefix("v")
    full = typed if typed.count(".") >= 2 else None
    if full is not None:
        return full if model.has(full) else []
    padded = typed + ".0" * (2 - typed.count("."))
    if typed.count(".") == 1 and model.has(padded):
        return padded
    like = [each.version for each in model.versions if each.version.startswith(f"{typed}.")]
    return like[0] if len(like) == 1 else like


def _version_beside(mention: Mention, setting: Setting, sheet: Sheet) -> Mention | None:
    versions = setting.mentions("version", sheet=sheet, near_only=True)
    close = [each for each in versions if 0 < each.first - mention.last <= 3]
    return close[0] if close else versions[0] if len(versions) == 1 else None


def _bare_version(slot: Slot, setting: Setting) -> Found:
    mention = next(iter(setting.mentions("version", sheet=slot.sheet)), None)
    if mention is None or slot.argument.only_cued:
        return None
    slot.sheet.used.add(mention.first)
    holders = [each for each in setting.world.models() if match_version(each, mention.value)]
    if len(holders) == 1:
        found = match_version(holders[0], mention.value)
        if isinstance(found, str):
            return Value(f"{holders[0].name}/{found}", "world", f"the only model with a version {found}")
    if len(holders) > 1:
        known = tuple(each.name for each in holders)
        return Missing(slot.name, f"which model's version {mention.value}?", "ambiguous", mention.text, known)
    known = tuple(f"{each.name} {one.version}" for each in setting.world.models() for one in each.versions)
    return Missing(slot.name, f"no model has a version {mention.value}", "unknown", mention.text, known)


def _described_model(slot: Slot, setting: Setting) -> Found:
    if slot.argument.only_cued:
        return None
    model = _only(setting.world.models())
    version = _described_version(model, setting) if model else None
    live = _says_pair(setting, _LIVE)
    deployment = _only(setting.world.deployments())
    if live and deployment is not None and slot.argument.prefer != "deployment" and version is None:
        return Value(deployment.name, "world", "the only deployment")
    if model is not None and version is not None:
        return Value(f"{model.name}/{version}", "world", f"the only model, its {version}")
    names = {each.name: each.name for each in setting.world.models()}
    found = by_fragment(setting, names, nouns=("model", "classifier", "endpoint", "deployment", "version"))
    return Value(found, "world", "the only model with that word in its name") if found else None


def _described_version(model: ModelFact | None, setting: Setting) -> str | None:
    """Return the version meant by "the latest", "the staged one", "the production version"."""
    if model is None:
        return None
    if _says_pair(setting, _NEWEST - {"new", "last"}) or _says_pair(setting, {"new"}, strict=True):
        return model.newest
    if _says_pair(setting, _STAGED):
        return _one(model.staged_as("staged"))
    if _says_pair(setting, {"production", "prod"}, strict=True, nouns=frozenset({"version", "release"})):
        return _one(model.staged_as("production"))
    return None


def _says_pair(
    setting: Setting, adjectives: set[str], *, strict: bool = False, nouns: frozenset[str] = _VERSION_NOUNS
) -> bool:
    for at in setting.indexes():
        if setting.word(at) not in adjectives:
            continue
        following = setting.word(at + 1)
        named = any(each.first == at + 1 and each.kind == "model" for each in setting.reading.mentions)
        if following in nouns or (not strict and (named or following in ("", ",", ".", "?", "to", "as", "on", "for"))):
            return True
    return False


def _unknown_model(slot: Slot, setting: Setting) -> Found:
    if slot.argument.only_cued or slot.argument.world is False:
        return None
    known = [each.name for each in setting.world.models()] + [each.name for each in setting.world.deployments()]
    for mention in setting.mentions("unknown", "quoted", sheet=slot.sheet, near_only=True):
        if not re.search(r"\.(csv|tsv|parquet|jsonl?)$", mention.text.lower()) and not _is_other(setting, mention):
            slot.sheet.used.add(mention.first)
            return unknown_name(slot.name, mention.text, what="model or deployment", known=known)
    typed = unknown_word(setting, nouns=("model", "classifier", "endpoint", "deployment"), before_version=True)
    return unknown_name(slot.name, typed, what="model or deployment", known=known) if typed else None


def _is_other(setting: Setting, mention: Mention) -> bool:
    near = {setting.word(mention.first - 1), setting.word(mention.last + 1), setting.word(mention.first - 2)}
    return bool(near & {"dataset", "table", "experiment", "test", "column", "target", "namespace", "predict", "policy"})


def _assumed_model(argument: Argument, setting: Setting) -> Found:
    for past in setting.past:
        for key in ("model_id", "model_name"):
            if isinstance(past.get(key), str):
                version = past.get("version")
                told = f"{past[key]}/{version}" if key == "model_name" and version else past[key]
                return Value(told, "conversation", "named before")
    preferred = setting.world.preferred().get("model_id") or setting.world.preferred().get("model_name")
    if isinstance(preferred, str):
        return Value(preferred, "memory", "remembered as preferred")
    deployment, model = _only(setting.world.deployments()), _only(setting.world.models())
    if deployment is not None:
        return Value(deployment.name, "world", "the only deployment")
    if model is not None and argument.prefer is None:
        return Value(model.name, "world", "the only model")
    return Value(model.name, "world", "the only model") if model is not None else None


def fill_model_name(slot: Slot, setting: Setting) -> Found:
    """Return the name of a registered model."""
    mention = next(iter(setting.mentions("model", "deployment", "model-version", sheet=slot.sheet)), None)
    if mention is not None:
        if mention.kind != "model-version":
            slot.sheet.used.add(mention.first)
        return Value(model_of(mention, setting), "query", mention.text)
    version = next(iter(setting.mentions("version", sheet=slot.sheet)), None)
    if version is not None:
        holders = [each for each in setting.world.models() if match_version(each, version.value)]
        if len(holders) > 1:
            return Missing(slot.name, "which model?", "ambiguous", "", tuple(each.name for each in holders))
    unknown = _unknown_model(slot, setting)
    if unknown is not None:
        return unknown
    if version is not None and len(holders := _holders(setting, version)) == 1:
        return Value(holders[0].name, "world", f"the only model with a version {version.value}")
    names = {each.name: each.name for each in setting.world.models()}
    found = by_fragment(setting, names, nouns=("model", "classifier", "versions", "version", "canary"))
    if found:
        return Value(found, "world", "the only model with that word in its name")
    return _assumed_name(setting) if slot.argument.world is not False else None


def _holders(setting: Setting, version: Mention) -> list[ModelFact]:
    return [each for each in setting.world.models() if match_version(each, version.value)]


def model_of(mention: Mention, setting: Setting) -> str:
    """Return the model that a mention of a model, a version of it or a deployment stands for."""
    if mention.kind == "deployment":
        deployment = setting.deployment(mention.value)
        return deployment.model if deployment else mention.value
    return mention.value[0] if mention.kind == "model-version" else mention.value


def _assumed_name(setting: Setting) -> Found:
    for past in setting.past:
        told = past.get("model_name") or past.get("model_id")
        if isinstance(told, str):
            bare = re.split(r"[/:@]", told)[0]
            known = next((each.name for each in setting.world.models() if bare.startswith(each.name)), None)
            if known:
                return Value(known, "conversation", "named before")
    preferred = setting.world.preferred().get("model_name")
    if isinstance(preferred, str):
        return Value(preferred, "memory", "remembered as preferred")
    model, deployment = _only(setting.world.models()), _only(setting.world.deployments())
    if model is not None:
        return Value(model.name, "world", "the only model")
    return Value(deployment.model, "world", "the model of the only deployment") if deployment else None


def fill_version(slot: Slot, setting: Setting) -> Found:
    """Return a version: checked against the registry unless it is new; an effect is never given a guess."""
    model = setting.model(slot.sheet.get("model_name") or "")
    several = _several(slot, setting)
    if several is not None:
        return several
    typed, first = _typed_version(slot.argument, setting, slot.sheet)
    if typed is not None:
        slot.sheet.used.add(first)
        if not slot.argument.new and model is not None and _is_made(model, typed, setting):
            return Missing(slot.name, f"{model.name} {typed} is registered first; ask for the rest when it is there")
        return _new_version(typed) if slot.argument.new else _known_version(slot.name, model, typed)
    if slot.argument.new or model is None or (setting.chooses and setting.tool.is_effect):
        return None
    described = _described_version(model, setting)
    if described is not None:
        return Value(described, "world", f"what the registry holds of {model.name}")
    deployment = _deployment_of(model, setting)
    says_previous = any(setting.word(at) in _PREVIOUS or setting.word(at) == "before" for at in setting.indexes())
    if slot.argument.world == "previous" or says_previous:
        previous = deployment.previous if deployment else None
        if previous is None and not setting.tool.is_effect:
            return _before(model, setting)
        return Value(previous, "world", f"what served before on {deployment.name}") if deployment and previous else None
    return _past_version(model, setting)


def _is_made(model: ModelFact, typed: str, setting: Setting) -> bool:
    """Tell whether an earlier step registers a version that is not there yet."""
    made = any(past.get("version") == typed and "model_path" in past for past in setting.past)
    return made and bool(setting.earlier) and not model.has(typed)


def _several(slot: Slot, setting: Setting) -> Missing | None:
    """Ask which of several versions an effect is about, where no word before one of them tells."""
    versions = _before_reasons(setting.mentions("version", sheet=slot.sheet, near_only=True), setting)
    told = {each.value for each in versions}
    if not setting.tool.is_effect or len(told) < 2:
        return None
    joined = any(setting.word(each.first - 1) in ("or", "and", ",") and each is not versions[0] for each in versions)
    if not joined and any(setting.cued(each, slot.argument) for each in versions):
        return None
    if setting.asking is not None and sum(not setting.is_aside(each) for each in versions) == 1:
        return None
    known = tuple(each.text for each in versions)
    return Missing(slot.name, f"which version: {' or '.join(known)}?", "ambiguous", "", known)


_REASONS = frozenset("because since due cause cuz while although though".split())


def _before_reasons(versions: list[Mention], setting: Setting) -> list[Mention]:
    """Return the versions that stand before any reason: "put 1.9.0 back because 2.0.0 is broken"."""
    reason = next((at for at in setting.indexes() if setting.word(at) in _REASONS), None)
    return [each for each in versions if reason is None or each.first < reason] or versions


def _before(model: ModelFact, setting: Setting) -> Found:
    """Return the version before the one that was spoken of, or before the one in production."""
    past = _past_version(model, setting)
    base = past.value if isinstance(past, Value) else _one(model.staged_as("production"))
    older = [each.version for each in model.versions if base and parse_version(each.version) < parse_version(base)]
    return Value(max(older, key=parse_version), "world", f"the version before {base}") if older else None


def _past_version(model: ModelFact, setting: Setting) -> Found:
    for past in setting.past:
        told = str(past.get("model_name") or past.get("model_id") or "")
        version = past.get("version") or (told.partition("/")[2] or None)
        if version and told.partition("/")[0] == model.name and model.has(str(version)):
            return Value(str(version), "conversation", "named before")
    return None


def _typed_version(argument: Argument, setting: Setting, sheet: Sheet) -> tuple[str | None, int]:
    named = setting.mentions("model-version", sheet=sheet)
    versions = _before_reasons(setting.mentions("version", sheet=sheet), setting)
    cued = [each for each in versions if setting.cued(each, argument)] or versions
    if cued:
        return cued[0].value, cued[0].first
    if named and re.match(r"^v?\d", named[0].value[1]):
        return named[0].value[1], named[0].first
    for mention in setting.mentions("number", sheet=sheet, near_only=True):
        if re.fullmatch(r"\d+\.\d+", mention.text) and setting.word(mention.first - 1) in (
            "to",
            "as",
            "deploy",
            "release",
        ):
            return mention.text, mention.first
    return None, -1


def _new_version(typed: str) -> Value:
    full = typed + ".0" * max(0, 2 - typed.count("."))
    return Value(full, "query", typed)


def _known_version(name: str, model: ModelFact | None, typed: str) -> Found:
    if model is None:
        return _new_version(typed)
    found = match_version(model, typed)
    if isinstance(found, str):
        return Value(found, "query", typed)
    versions = tuple(sorted((each.version for each in model.versions), key=parse_version, reverse=True))
    if found:
        return Missing(name, f"which version {typed} of {model.name}?", "ambiguous", typed, tuple(found))
    return Missing(name, f"{model.name} has no version {typed}", "unknown", typed, versions)


def _deployment_of(model: ModelFact, setting: Setting) -> DeploymentFact | None:
    return _only([each for each in setting.world.deployments() if each.model == model.name])


def rollout_runs(setting: Setting) -> bool:
    """Tell whether a rollout is on record."""
    return any(each.rollout for each in setting.world.deployments())


def _only(known: Sequence[Fact]) -> Fact | None:
    return known[0] if len(known) == 1 else None


def _one(versions: list[str]) -> str | None:
    return versions[0] if len(versions) == 1 else None
