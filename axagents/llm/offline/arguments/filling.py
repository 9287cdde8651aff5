"""Fill the arguments of one call, in the order in which one helps the next."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from axagents.fields import parse_version
from axagents.llm.offline.arguments import columns, datasets, events, models, naming, numbers, params, texts, variants
from axagents.llm.offline.arguments.sources import Found, Missing, Setting, Sheet, Slot, Value
from axagents.llm.offline.content import Argument, Conditions, ToolContent

_FILLERS: Mapping[str, Callable[[Slot, Setting], Found]] = {
    "model": models.fill_model,
    "model_name": models.fill_model_name,
    "version": models.fill_version,
    "variant": variants.fill_variant,
    "dataset": datasets.fill_dataset,
    "column": columns.fill_column,
    "columns": columns.fill_columns,
    "experiments": datasets.fill_experiments,
    "experiment": datasets.fill_experiment,
    "test": datasets.fill_test,
    "new_name": naming.fill_new_name,
    "namespace": lambda _slot, setting: datasets.fill_namespace(setting),
    "metric": numbers.fill_metric,
    "metrics": numbers.fill_metrics,
    "metric_values": numbers.fill_metric_values,
    "business_metric": numbers.fill_business_metric,
    "percents": numbers.fill_percents,
    "choice": texts.fill_choice,
    "choices": texts.fill_choices,
    "flag": texts.fill_flag,
    "trigger": texts.fill_trigger,
    "text": texts.fill_text,
    "topic": texts.fill_topic,
    "words": texts.fill_words,
    "listing": texts.fill_listing,
    "params": params.fill_params,
    "criteria": params.fill_criteria,
    "paths": texts.fill_paths,
    "file": events.fill_file,
    "moment": events.fill_moment,
    "word": texts.fill_word,
    "identifier": texts.fill_identifier,
    "lifetime": lambda _slot, setting: texts.fill_lifetime(setting),
    "handed": lambda _slot, setting: texts.fill_handed(setting),
    "remembered": lambda slot, setting: texts.fill_remembered(slot.name, setting),
    "searched": lambda _slot, setting: texts.fill_searched(setting),
    "constant": lambda slot, _setting: texts.fill_constant(slot),
    "slug": texts.fill_slug,
}
_ADDS = {"dataset": "ax data add NAME FILE"}
_MOST_KNOWN = 8
_EARLY = ("choice", "choices", "percents", "metric_values", "path", "url", "word", "identifier", "criteria")
_LAST = ("slug", "new_name", "params", "paths")


def fill_arguments(setting: Setting, given: Mapping[str, Value] = MappingProxyType({})) -> Sheet:
    """Return the arguments of one call with their sources, and what is missing.

    Args:
        given: arguments that are known already, because the user was asked for them.
    """
    sheet = Sheet(dict(given))
    open_ones = {name: each for name, each in setting.tool.arguments.items() if name not in given}
    early = {name: each for name, each in open_ones.items() if each.kind in _EARLY}
    _fill_each(early, setting, sheet)
    late = {name: each for name, each in open_ones.items() if each.kind not in (*_EARLY, *numbers.NUMERIC)}
    _fill_each({name: each for name, each in late.items() if each.kind not in _LAST}, setting, sheet)
    _fill_numeric(setting, sheet)
    _fill_each({name: each for name, each in late.items() if each.kind in _LAST}, setting, sheet)
    _fill_defaults(setting, sheet)
    _fill_implied(setting.tool, sheet)
    _ask_for_required(setting, sheet)
    return sheet


def nested(sheet: Sheet) -> dict[str, Any]:
    """Return the arguments as the tool takes them: `monitoring_config.x` stands inside `monitoring_config`."""
    arguments: dict[str, Any] = {}
    for name, value in sheet.values.items():
        *outer, last = name.split(".")
        place = arguments
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = value.value
    return arguments


def _fill_each(arguments: Mapping[str, Argument], setting: Setting, sheet: Sheet) -> None:
    for name, argument in arguments.items():
        if not _applies(argument, sheet):
            continue
        found = _fill_shaped(argument, setting, sheet) if argument.kind in ("path", "url") else None
        if found is None and argument.kind in _FILLERS:
            found = _FILLERS[argument.kind](Slot(name, argument, sheet), setting)
        sheet.put(name, _permitted(found, argument, setting))


def _fill_shaped(argument: Argument, setting: Setting, sheet: Sheet) -> Found:
    mention = next(iter(setting.mentions(argument.kind, sheet=sheet)), None)
    if mention is None:
        return _trained(argument, setting)
    sheet.used.add(mention.first)
    return Value(mention.text, "query", mention.text)


def _trained(argument: Argument, setting: Setting) -> Found:
    """Return the newest trained model's folder where it is meant; what an earlier step trains is not there yet."""
    if setting.earlier or not setting.says(argument.trained):
        return None
    folder = setting.world.trained()
    return Value(folder, "world", "the model trained last") if folder else None


def _permitted(found: Found, argument: Argument, setting: Setting) -> Found:
    """Drop a choice whose precondition the world does not meet, such as promoting where no rollout runs."""
    if not isinstance(found, Value) or not isinstance(found.value, str):
        return found
    return None if argument.needs.get(found.value) == "rollout" and not models.rollout_runs(setting) else found


def _applies(argument: Argument, sheet: Sheet) -> bool:
    return _meets(argument.only, sheet, empty=True) and not _meets(argument.unless, sheet, empty=False)


def _meets(conditions: Conditions, sheet: Sheet, *, empty: bool) -> bool:
    if not conditions:
        return empty
    return any(_holds(sheet.get(name), wanted) for name, wanted in conditions.items())


def _holds(value: Any, wanted: Any) -> bool:
    if wanted == "any":
        return value is not None
    if isinstance(wanted, str) and wanted.startswith("below "):
        return isinstance(value, int | float) and value < float(wanted.removeprefix("below "))
    return value in wanted if isinstance(wanted, list) else value == wanted


def _fill_numeric(setting: Setting, sheet: Sheet) -> None:
    numeric = {name: each for name, each in setting.tool.arguments.items() if each.kind in numbers.NUMERIC}
    numeric = {name: each for name, each in numeric.items() if name not in sheet.values and _applies(each, sheet)}
    if any(each.kind == "points" for each in numeric.values()):
        numbers.fill_change(setting, sheet)
    numbers.fill_numbers(numeric, setting, sheet)
    if any(each.kind == "points" for each in numeric.values()):
        ambiguous = numbers.ambiguous_change(setting, sheet)
        if ambiguous is not None:
            sheet.missing.append(ambiguous)


def _fill_defaults(setting: Setting, sheet: Sheet) -> None:
    for name, argument in setting.tool.arguments.items():
        if argument.default is None or name in sheet.values:
            continue
        if argument.when_words and not setting.says(argument.when_words):
            continue
        if not setting.says(argument.default_unless_words):
            sheet.put(name, Value(argument.default, "default", "the tool's default"))


def _fill_implied(tool: ToolContent, sheet: Sheet) -> None:
    for rule in tool.implies:
        if not _meets(rule.when, sheet, empty=False) or _meets(rule.unless, sheet, empty=False):
            continue
        for name, value in rule.then.items():
            if name not in sheet.values:
                sheet.put(name, Value(value, "default", "follows from the rest"))


def _ask_for_required(setting: Setting, sheet: Sheet) -> None:
    told = {each.argument for each in sheet.missing}
    for name, argument in setting.tool.arguments.items():
        if argument.required and name not in sheet.values and name not in told and _applies(argument, sheet):
            sheet.missing.append(_missing(name, argument, setting, model=sheet.get("model_name")))
    for name, argument in setting.tool.arguments.items():
        if argument.asked_with and name not in sheet.values and name not in told and _applies(argument, sheet):
            sheet.put(name, events.ask_undeclared(Slot(name, argument, sheet), setting))


def _missing(name: str, argument: Argument, setting: Setting, *, model: str | None) -> Missing:
    """Ask for an argument, with what there is to choose from."""
    if argument.trained and setting.earlier:
        return Missing(
            name, "the model's folder is not known before the training is done; train first, and name it then"
        )
    things, known = _known(argument.kind, setting)
    fact = setting.model(model or "")
    if argument.kind == "version" and fact is not None and not argument.new:
        known = sorted((each.version for each in fact.versions), key=parse_version, reverse=True)
    if things and not known:
        return Missing(name, f"there is no {things} yet", command=_ADDS.get(things, ""))
    return Missing(name, argument.ask or f"what is {name}?", known=tuple(known[:_MOST_KNOWN]))


def _known(kind: str, setting: Setting) -> tuple[str, list[str]]:
    """Return what a kind of argument names, and the names there are."""
    world = setting.world
    if kind in ("model", "model_name", "variant"):
        return "registered model", list(dict.fromkeys(each.name for each in (*world.deployments(), *world.models())))
    if kind == "dataset":
        doubles = {alias for each in world.datasets() for alias in each.aliases}
        return "dataset", [each.name for each in world.datasets() if each.name not in doubles]
    if kind in ("experiment", "experiments"):
        return "experiment", list(world.experiments())
    if kind == "test":
        return "A/B test", list(world.tests())
    return "", []
