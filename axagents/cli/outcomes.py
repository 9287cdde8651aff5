"""`ax outcomes`: tell what became true of predictions."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axagents.actor import refuse_agents
from axagents.cli.common import command, group
from axagents.cli.output import Shown

if TYPE_CHECKING:
    from axagents.stores.inference.importing import Imported

app = group("Tell what became true of predictions.")


@app.callback()
def outcomes() -> None:
    """Tell what became true of predictions."""


@command(app, "import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file with an outcome a row.")],
    *,
    model: Annotated[str, typer.Option(help="The model whose predictions they concern.")],
    outcome: Annotated[str, typer.Option(metavar="COLUMN", help="The column of what became true.")] = "outcome",
    request: Annotated[str, typer.Option(metavar="COLUMN", help="The column of the request's id.")] = "request",
    row: Annotated[str, typer.Option(metavar="COLUMN", help="The column of the row in the request, from 0.")] = "row",
    unit: Annotated[str, typer.Option(metavar="COLUMN", help="The column of the unit, such as a customer.")] = "unit",
    time: Annotated[str, typer.Option(metavar="COLUMN", help="The column of when it became true.")] = "time",
) -> Shown:
    """Import outcomes, which join predictions by request and row, or by unit and time; all of them or none."""
    from axagents.project import current_project
    from axagents.stores.inference.importing import OutcomeColumns, import_outcomes
    from axagents.stores.registry.resolution import resolve

    refuse_agents("import outcomes")
    project = current_project()
    name = resolve(project, model).version.model
    columns = OutcomeColumns(request=request, row=row, unit=unit, time=time, outcome=outcome)
    imported = import_outcomes(project, name, file, columns=columns)
    return Shown({"file": str(file), **asdict(imported)}, _tell(imported))


def _tell(imported: "Imported") -> str:
    counts = {
        "join a prediction": imported.known,
        "came before any prediction of their unit and join none": imported.early,
        "name a request or unit that is not in the log": imported.unknown,
        "were known already": imported.same,
        "replace one with another value": imported.replaced,
    }
    left = {
        "rows without an outcome were left out": imported.open,
        "rows were left out for a later one of the same request and row, or unit and time": imported.repeated,
    }
    lines = [f"imported {imported.rows:,} outcomes of {imported.model}"]
    lines += [f"  {count:,} {what}" for what, count in counts.items() if count]
    return "\n".join(lines + [f"{count:,} {what}" for what, count in left.items() if count])
