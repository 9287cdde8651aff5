"""`ax data`: the catalog of datasets, and their profiles."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.actor import may_name, refuse_agents
from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from axagents.stores.datasets.catalog import Added
    from axagents.stores.datasets.record import Dataset

app = group("Keep the catalog of datasets.")

_EMPTY = """no datasets yet
next: ax data add NAME PATH --target COLUMN"""
_STATES = {
    "same": "the file is the one that was added",
    "changed": "the file changed since it was added",
    "missing": "the file is gone",
    "elsewhere": "compared when it is read",
}

NameArgument = Annotated[str, typer.Argument(help="A dataset's name, that of a file in data/, or a path.")]


@command(app, "add", project=Need.WRITES)
def add(
    name: Annotated[str, typer.Argument(help="The name it shall have.")],
    path: Annotated[str, typer.Argument(help="A CSV or Parquet file, a URL, or DATABASE-URL#TABLE.")],
    *,
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    entity: Annotated[str | None, typer.Option(help="The column that says whom a row is about.")] = None,
    time: Annotated[str | None, typer.Option(help="The column that says when a row happened.")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Nothing after this moment may be known to a model.")] = None,
    label_window: Annotated[str | None, typer.Option(help="How long the label is watched for, such as 90d.")] = None,
    role: Annotated[str, typer.Option(help="What it is for: train, holdout or reference.")] = "train",
    sensitive: Annotated[str, typer.Option(metavar="C,...", help="Columns of protected groups.")] = "",
    unknown_at_prediction: Annotated[
        str, typer.Option(metavar="C,...", help="Columns not known yet when a prediction is made.")
    ] = "",
    header: Annotated[bool | None, typer.Option(help="Whether the first line of a CSV file names the columns.")] = None,
    columns: Annotated[str, typer.Option(metavar="C,...", help="The names of a CSV file's columns, in order.")] = "",
    delimiter: Annotated[str | None, typer.Option(help="What stands between a CSV file's fields.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of a CSV file.")] = None,
) -> Shown:
    """Put a file into the catalog: a reference with a fingerprint and what you declare of it, never a copy."""
    from axagents.project import current_project
    from axagents.stores.datasets.catalog import add_dataset
    from axagents.stores.datasets.layout import LayoutOptions
    from axagents.stores.datasets.record import NewDataset

    refuse_agents("add to the catalog of datasets")
    asked = {
        "name": name,
        "target": target,
        "entity": entity,
        "time": time,
        "cutoff": cutoff,
        "label_window": label_window,
        "role": role,
        "sensitive": _split(sensitive),
        "unknown_at_prediction": _split(unknown_at_prediction),
    }
    declared = _validate(NewDataset, asked)
    layout = LayoutOptions(encoding=encoding, delimiter=delimiter, header=header, columns=tuple(_split(columns)))
    added = add_dataset(current_project(), declared.name, path, declared=declared.declarations(), layout=layout)
    return Shown({"outcome": added.outcome, "dataset": added.dataset.model_dump(mode="json")}, _tell_added(added))


@command(app, "list")
def list_() -> Shown:
    """List the datasets of the catalog."""
    from axagents.project import current_project
    from axagents.stores.datasets.catalog import list_datasets

    datasets = list_datasets(current_project())
    rows = [
        (each.name, each.rows, len(each.columns), each.target, each.role, each.location, each.added_at[:10])
        for each in datasets
    ]
    text = table(["name", "rows", "columns", "target", "role", "location", "added"], rows) if rows else _EMPTY
    return Shown({"datasets": [_summarise(each) for each in datasets]}, text)


@command(app, "show")
def show(name: NameArgument) -> Shown:
    """Show what is known of a dataset: where it lies, what was declared, what its columns are."""
    from axagents.project import current_project
    from axagents.stores.datasets.catalog import add_command, find_dataset, find_state

    project = current_project()
    dataset = find_dataset(project, name, allow_paths=may_name(name))
    state = find_state(project, dataset)
    lines = [*_describe(dataset), f"state: {_STATES[state]}"]
    if state == "changed":
        lines.append(f"next: {add_command(dataset)}")
    rows = [(each.name, each.kind, each.missing or "", each.distinct, each.because) for each in dataset.columns]
    text = "\n".join(lines) + "\n\n" + table(["column", "kind", "missing", "distinct", "because"], rows)
    return Shown({**dataset.model_dump(mode="json"), "state": state}, text)


@command(app, "profile")
def profile(
    name: NameArgument,
    *,
    target: Annotated[str | None, typer.Option(help="Relate the columns to this one.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots to this file.")] = None,
    show_sensitive: Annotated[
        bool, typer.Option("--show-sensitive", help="Show values of sensitive columns too.")
    ] = False,
) -> Shown:
    """Profile a dataset: types, missing values, distributions, correlations, duplicates, suspicious columns."""
    from axagents.ml.profile.text import write_text
    from axagents.project import current_project
    from axagents.stores.datasets.profiling import profile_dataset, save_page

    found = profile_dataset(
        current_project(),
        name,
        target=target,
        allow_paths=may_name(name),
        show_sensitive=show_sensitive,
    )
    text = write_text(found)
    if html is not None:
        save_page(found, html)
        text += f"\n\nthe page with its plots: {html}"
    return Shown({**found.model_dump(mode="json"), "page": str(html) if html else None}, text)


@command(app, "forget", project=Need.WRITES)
def forget(
    unit: Annotated[str, typer.Argument(help="The unit as requests name it, such as a customer's id.")],
) -> Shown:
    """Remove all that the inference log holds of a unit, its outcomes too; this cannot be undone."""
    from axagents.effects import perform_command
    from axagents.effects.inference import forget_unit
    from axagents.errors import UserError
    from axagents.project import current_project
    from axagents.stores.inference import hash_unit, unit_key, unit_text

    if not unit.strip():
        raise UserError("a unit has a name", field="UNIT", hint="ax data forget UNIT")
    project = current_project()
    arguments = {"unit": hash_unit(unit_key(project), unit_text(unit))}
    held = perform_command(project, forget_unit(project, arguments), name="data forget").before
    data = {"unit": unit, **held, "changed": any(held.values())}
    if not any(held.values()):
        return Shown(data, f"the inference log holds nothing of {unit}; nothing was changed")
    counted = f"{held['predictions']:,} predictions and {held['outcomes']:,} outcomes"
    return Shown(data, f"forgot {unit}: {counted}\nfiles of datasets, and backups made before, may hold it still")


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _validate(model: Any, asked: dict[str, Any]) -> Any:
    from axagents.requests import validate

    return validate(model, {key: value for key, value in asked.items() if value is not None})


def _tell_added(added: "Added") -> str:
    dataset = added.dataset
    if added.outcome == "unchanged":
        first = f"{dataset.name} is in the catalog already, with this content and these declarations"
    elif added.previous is None:
        first = f"added {dataset.name}"
    elif added.previous.fingerprint.sha256 != dataset.fingerprint.sha256:
        first = f"replaced {dataset.name}: its content changed"
    else:
        first = f"replaced {dataset.name}: its declarations changed"
    return "\n".join([first, *_describe(dataset), f"next: ax data profile {dataset.name}"])


def _describe(dataset: "Dataset") -> list[str]:
    kinds = Counter(column.kind for column in dataset.columns)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    lines = [
        f"{dataset.name}: {dataset.rows:,} rows, {len(dataset.columns)} columns ({counted})",
        f"{dataset.location}  SHA-256 {dataset.fingerprint.sha256[:12]}",
    ]
    if dataset.target_choice is not None:
        lines.append(f"target {dataset.target}: {dataset.target_choice.task} ({dataset.target_choice.because})")
    elif dataset.target_is_derived:
        lines.append(
            f"target {dataset.target}: no {dataset.time} of a {dataset.entity} within {dataset.label_window} "
            f"after {dataset.cutoff}"
        )
    elif dataset.target is not None:
        lines.append(f"target {dataset.target}")
    declared = {
        "entity": dataset.entity,
        "time": dataset.time,
        "cutoff": dataset.cutoff,
        "label window": dataset.label_window,
        "role": dataset.role if dataset.role != "train" else None,
        "sensitive": ", ".join(dataset.sensitive),
        "unknown at prediction": ", ".join(dataset.unknown_at_prediction),
    }
    lines += [f"{key}: {value}" for key, value in declared.items() if value]
    if dataset.sampled_rows:
        lines.append(f"columns were inferred from {dataset.sampled_rows:,} rows drawn at random")
    return lines + [f"note: {notice}" for notice in dataset.notices]


def _summarise(dataset: "Dataset") -> dict[str, Any]:
    keys = ("name", "location", "source", "format", "rows", "target", "entity", "time", "cutoff", "label_window")
    data = dataset.model_dump(mode="json")
    return {
        **{key: data[key] for key in keys},
        "columns": len(dataset.columns),
        "role": dataset.role,
        "sensitive": list(dataset.sensitive),
        "unknown_at_prediction": list(dataset.unknown_at_prediction),
        "sha256": dataset.fingerprint.sha256,
        "added_at": dataset.added_at,
    }
