"""`ax features`: look at feature sets, their versions, and the values of an entity."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from axagents.stores.features.record import FeatureSet, SetDifference

app = group("Look at feature sets.")

_NOTHING = """no feature sets yet
next: ax run ml-feature-engineering --input '{"dataset": "NAME", "target": "COLUMN"}'"""


@command(app, "list")
def list_() -> Shown:
    """List the feature sets, each with its newest version."""
    from axagents.project import current_project
    from axagents.stores.features.store import list_sets

    found = list_sets(current_project())
    rows = [
        (
            *(each.name, each.version, len(each.spec.features), each.rows, each.source.dataset, each.source.target),
            *(each.leakage, each.quality, each.created_at[:19]),
        )
        for each in found
    ]
    headers = ["feature set", "version", "features", "rows", "dataset", "target", "leakage", "quality", "made"]
    return Shown({"feature_sets": [_summary(each) for each in found]}, table(headers, rows) if rows else _NOTHING)


@command(app, "show")
def show(
    name: Annotated[str, typer.Argument(help="NAME, or NAME:VERSION.")],
    *,
    entity: Annotated[str | None, typer.Option(help="Show this entity's latest values.")] = None,
    at: Annotated[str | None, typer.Option(help="Compute them as of this moment instead: an ISO time, or now.")] = None,
) -> Shown:
    """Show a feature set with what each feature is, or the values of one entity."""
    from axagents.errors import UserError
    from axagents.project import current_project
    from axagents.stores.features.store import find_set, list_versions

    project = current_project()
    found = find_set(project, name)
    if entity is not None:
        return _values(found, entity, at=at)
    if at is not None:
        raise UserError("--at says as of when the values of an --entity are computed", field="--at")
    versions = [each.version for each in list_versions(project, found.name)]
    return Shown(_summary(found) | {"versions": versions, "definition": _definition(found)}, _tell(found, versions))


@command(app, "diff")
def diff(
    first: Annotated[str, typer.Argument(help="NAME:VERSION.")],
    second: Annotated[str | None, typer.Argument(help="NAME:VERSION; by default the newest.")] = None,
) -> Shown:
    """Show how two versions of a feature set differ."""
    from axagents.project import current_project
    from axagents.stores.features.store import compare_versions, find_set

    project = current_project()
    one = find_set(project, first)
    found = compare_versions(one, find_set(project, second or one.name))
    return Shown(found, _tell_difference(found))


def _values(found: "FeatureSet", entity: str, *, at: str | None) -> Shown:
    from axagents.clock import utc_now
    from axagents.errors import UserError
    from axagents.fields import parse_moment
    from axagents.ml.features.computing import microseconds
    from axagents.project import current_project
    from axagents.stores.features.lookup import values_at
    from axagents.stores.features.store import latest_values

    if at is None:
        values = latest_values(current_project(), found, entity)
        as_of = str(values.pop("as_of"))
    else:
        try:
            moment = utc_now() if at == "now" else parse_moment(at)
        except ValueError as error:
            raise UserError(str(error), field="--at") from None
        if microseconds(moment) > microseconds(utc_now()):
            raise UserError(f"{at} lies in the future: nobody knows its events yet", field="--at", hint="--at now")
        values = values_at(current_project(), found, entity, at=moment, only_known=True)
        as_of = moment.isoformat()
    data = {"feature_set": found.name, "version": found.version, "entity": entity, "as_of": as_of, "values": values}
    title = f"{found.name} {found.version}, {found.entity} {entity}, as of {as_of}"
    return Shown(data, f"{title}\n{table(['feature', 'value'], list(values.items()))}")


def _definition(found: "FeatureSet") -> dict[str, Any]:
    return found.spec.model_dump(mode="json", by_alias=True)


def _summary(found: "FeatureSet") -> dict[str, Any]:
    return {
        "name": found.name,
        "version": found.version,
        "features": list(found.spec.names),
        "sha256": found.spec_sha256,
        "entity": found.entity,
        "rows": found.rows,
        "leakage": found.leakage,
        "quality": found.quality,
        "gain": found.gain,
        "source": found.source.model_dump(mode="json"),
        "created_at": found.created_at,
        "run_id": found.run_id,
    }


def _tell(found: "FeatureSet", versions: list[str]) -> str:
    source = found.source
    until = f", strictly before {source.cutoff}" if source.cutoff else ""
    rows = [
        (each.name, each.function, each.column or ", ".join(each.of or ()), each.window or "", each.empty, each.dtype)
        for each in found.spec.features
    ]
    return "\n".join(
        [
            f"{found.name} {found.version} (versions: {', '.join(versions)})",
            f"{found.rows:,} rows of {source.dataset} by {found.entity} for {source.target}{until}",
            f"leakage {found.leakage}, quality {found.quality} of 10, gain {found.gain}, made {found.created_at[:19]}",
            f"definition SHA-256 {found.spec_sha256}",
            "",
            table(["feature", "function", "of", "window", "when empty", "type"], rows),
        ]
    )


def _tell_difference(found: "SetDifference") -> str:
    one, other = found.versions
    if found.is_empty:
        return f"{found.name} {one} and {other} are the same"
    lines = [f"{found.name} {one} -> {other}"]
    lines += [f"+ {name}" for name in found.added]
    lines += [f"- {name}" for name in found.removed]
    for name, (before, after) in found.changed.items():
        moved = [each for each in before if before[each] != after[each]]
        lines += [f"~ {name}: {each} {before[each]} -> {after[each]}" for each in moved]
    lines += [f"~ {name}: {before} -> {after}" for name, (before, after) in found.source.items()]
    if found.rows[0] != found.rows[1]:
        lines.append(f"rows {found.rows[0]:,} -> {found.rows[1]:,}")
    return "\n".join(lines)
