"""Decide by a table: the verdict, the row that gave it, and the inputs it saw.

A table is `axagents/decisions/<name>.yaml`, or the file that `ax.toml` names in its place:

```toml
[decisions]
promotion = "decisions/promotion.yaml"   # inside the project
```

```yaml
about: What to do with a new version of a model.
inputs:                        # each with its domain, so that tests can walk every combination
  evaluation: {kind: choice, values: [GO, INSUFFICIENT, NO_GO], worse: later}   # or earlier; left out: no order
  fair: {kind: boolean, worse: false}
  drop: {kind: number, low: 0, high: 1, worse: higher, optional: true}          # optional: may be null, the unknown
severity: [PROMOTE, HOLD, REJECT]   # verdicts, mildest first; those left out have no order
rows:                          # worst first, the first that matches decides
  - row: failed-evaluation
    when: {evaluation: NO_GO}  # a value
    then: REJECT
    because: The evaluation said {evaluation}.
  - row: large-drop
    when: {drop: "> 0.10"}     # a comparison: > >= < <=, several joined by commas: "> 0.05, <= 0.10"
    then: REJECT
    because: It is worse by {drop}.
  - row: not-known
    when: {evaluation: [INSUFFICIENT, NO_GO]}   # a list: any of them
    then: HOLD
    because: The evaluation said {evaluation}.
  - row: drop-not-measured
    when: {drop: null}         # unknown
    then: HOLD
    because: There is nothing to compare with yet.
  - row: unfair
    when: {fair: false}
    then: HOLD
    because: The fairness gate did not pass.
  - row: otherwise             # the last row has no `when`: it matches everything
    then: PROMOTE
    because: Evaluated {evaluation} and no worse than what serves.
```
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from axagents.decisions.rules import Input, Table, Value, describe
from axagents.decisions.walk import problems
from axagents.documents import parse_yaml
from axagents.errors import NotFound, UserError
from axagents.project import Project

SHIPPED = Path(__file__).parent


class Decision(BaseModel):
    """A verdict with the table, the row and the inputs that gave it."""

    model_config = ConfigDict(frozen=True)
    table: str
    row: str
    verdict: str
    because: str
    inputs: dict[str, Value]


def decide(project: Project | None, name: str, inputs: Mapping[str, Value]) -> Decision:
    """Take the verdict of the first row that matches; ValueError when the inputs are not those the table declares."""
    table = find_table(project, name)
    checked = table.check(inputs)
    row = table.match(checked)
    return Decision(table=name, row=row.row, verdict=row.then, because=fill_in(row.because, checked), inputs=checked)


def find_table(project: Project | None, name: str) -> Table:
    """Return the project's own table of that name, else the shipped one."""
    shipped = shipped_table(name)
    replacement = project.settings.decisions.get(name) if project else None
    if project is None or replacement is None:
        return shipped
    return _replacement(shipped, project.root, replacement)


@cache
def shipped_table(name: str) -> Table:
    """Return a table of this package; NotFound names the nearest."""
    path = SHIPPED / f"{name}.yaml"
    if not path.is_file():
        raise NotFound("decision table", name, shipped_names())
    return read_table(path)


def shipped_names() -> list[str]:
    """List the tables of this package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def read_table(path: Path) -> Table:
    """Read a table from YAML; UserError says what is wrong, and where."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), Table, source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not readable: {error}") from error


def _replacement(shipped: Table, root: Path, named: str) -> Table:
    path = (root / named).resolve()
    if not path.is_relative_to(root.resolve()):
        raise UserError(f"ax.toml [decisions]: {named} lies outside the project", field="decisions")
    table = read_table(path)
    told = [one for one in shipped.severity if one in table.verdicts]
    table = table.model_copy(update={"severity": told})
    wrong = _differences(shipped, table) or problems(table)
    if wrong:
        raise UserError(f"{path}: {wrong[0]}", field="decisions")
    return table


def _differences(shipped: Table, table: Table) -> list[str]:
    """List where a table asks for what the code does not compute, or gives what the code does not know."""
    wrong = [f"there is no input {name!r}" for name in table.inputs if name not in shipped.inputs]
    wrong += [f"input {name!r} must stay declared" for name in shipped.inputs if name not in table.inputs]
    for name in table.inputs.keys() & shipped.inputs.keys():
        if _domain(table, name) != _domain(shipped, name):
            wrong.append(f"input {name!r} must keep its domain: {describe(shipped.inputs[name])}")
    legal = ", ".join(shipped.verdicts)
    return wrong + [f"no verdict {one!r}; there is {legal}" for one in table.verdicts if one not in shipped.verdicts]


def _domain(table: Table, name: str) -> Input:
    return table.inputs[name].model_copy(update={"about": ""})


def fill_in(sentence: str, inputs: Mapping[str, Value]) -> str:
    """Return a row's sentence with the values of the inputs that it names."""

    def word(found: re.Match[str]) -> str:
        value = inputs.get(found.group(1), found.group(0))
        return f"{value:.4g}" if isinstance(value, float) else "unknown" if value is None else str(value)

    return re.sub(r"\{(\w+)\}", word, sentence)
