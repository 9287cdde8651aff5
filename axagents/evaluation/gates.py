"""Gates: figures that a suite must keep to."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from axagents.documents import parse_yaml
from axagents.evaluation.report import Report, total

Figure = Literal["pass_1", "pass_k", "needless", "steps", "calls", "cost_usd", "seconds"]


class Gate(BaseModel):
    """One gate on the trials of a model, of one area where it is named; known failures are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    area: str | None = None
    figure: Figure
    at_least: float | None = None
    at_most: float | None = None


class Gates(BaseModel):
    """The gates, and the share of bad runs that the graders must catch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    graders_caught: float = 1.0
    gates: tuple[Gate, ...] = ()


def read_gates(path: Path) -> Gates:
    """Read the gates; none where there is no file."""
    if not path.is_file():
        return Gates()
    return parse_yaml(path.read_text(encoding="utf-8"), Gates, source=path.name)


def broken_gates(report: Report, gates: Gates) -> tuple[str, ...]:
    """Return what a report does not keep to, one line each; a model or area that did not run breaks nothing."""
    broken: list[str] = []
    if report.graders_tested and report.graders_caught < gates.graders_caught * report.graders_tested:
        broken.append(f"graders caught {report.graders_caught} of {report.graders_tested} bad runs")
    for gate in gates.gates:
        trials = [
            trial
            for trial in report.trials
            if trial.must_catch is None
            and not trial.known_failure
            and trial.model == gate.model
            and gate.area in (None, trial.area)
        ]
        if not trials:
            continue
        value: float = getattr(total("gate", trials), gate.figure)
        where = f"{gate.figure} of {gate.model}" + (f" in {gate.area}" if gate.area else "")
        if gate.at_least is not None and value < gate.at_least:
            broken.append(f"{where} is {value:.3g}, at least {gate.at_least:g} is wanted")
        if gate.at_most is not None and value > gate.at_most:
            broken.append(f"{where} is {value:.3g}, at most {gate.at_most:g} is wanted")
    return tuple(broken)
