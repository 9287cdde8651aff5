"""The example world's datasets: drawn from a seed, written under data/, declared in the catalog."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from axagents.demo.truth import Truth
from axagents.ml.population import LABEL_WINDOW_DAYS, Population, drift, simulate, snapshot_days, write_table
from axagents.project import Project, make_folder
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations

SENSITIVE = ("gender", "region")
CUSTOMER_ROWS = 6_000
TRAINING_ROWS = 8_000
# Four regions within 0.1 of each other cannot be shown by fewer: at 2,500 the interval is 0.2 wide.
HOLDOUT_ROWS = 25_000
DRIFT_ROWS = 5_000

_SNAPSHOT = Declarations(
    target="is_churned",
    entity="customer_id",
    time="snapshot_date",
    sensitive=SENSITIVE,
    unknown_at_prediction=("closed_reason",),
)


@dataclass(frozen=True)
class Calendar:
    """The days the world is built around, at midnight.

    Attributes:
        last: the last snapshot whose label window has passed.
    """

    last: datetime

    @classmethod
    def until(cls, today: datetime) -> "Calendar":
        return cls(
            today.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(LABEL_WINDOW_DAYS + 1)
        )

    def snapshots(self, months: int, *, before: int = 0) -> tuple[datetime, ...]:
        """Return `months` monthly snapshots, the last one `before` months ahead of the last of all."""
        return snapshot_days(self.last - timedelta(days=30 * before), months)


def make_datasets(project: Project, calendar: Calendar, *, seed: int) -> Truth:
    """Write the files, put them into the catalog, and return what is true of them."""
    make_folder(project.root / "data")
    recent = simulate(CUSTOMER_ROWS, calendar.snapshots(6), first_id=1, seed=seed)
    training = simulate(TRAINING_ROWS, calendar.snapshots(12, before=9), first_id=100_001, seed=seed + 1)
    holdout = simulate(HOLDOUT_ROWS, calendar.snapshots(3, before=6), first_id=200_001, seed=seed + 2)
    _add_customers(project, recent)
    _add(project, "customer_data_2024", training, declared=_SNAPSHOT)
    _add(project, "holdout_2024q4", holdout, declared=_SNAPSHOT.model_copy(update={"role": "holdout"}))
    _add_transactions(project, recent, calendar)
    drifted = _add_reference_and_current(project, calendar, seed=seed)
    return Truth.of(
        {"customer": recent, "customer_data_2024": training, "holdout_2024q4": holdout},
        drifted=drifted,
        calendar={"last_snapshot": calendar.last.date().isoformat(), "label_window_days": str(LABEL_WINDOW_DAYS)},
    )


def _file(project: Project, name: str) -> Path:
    return project.root / "data" / f"{name}.csv"


def _add(project: Project, name: str, population: Population, *, declared: Declarations) -> None:
    write_table(population.customers, _file(project, name))
    add_dataset(project, name, str(_file(project, name)), declared=declared)


def _add_customers(project: Project, recent: Population) -> None:
    write_table(recent.customers, _file(project, "customers"))
    for name in ("customer", "customers", "customers.csv"):
        add_dataset(project, name, str(_file(project, "customers")), declared=_SNAPSHOT)


def _add_transactions(project: Project, recent: Population, calendar: Calendar) -> None:
    path = _file(project, "customer_transactions")
    write_table(recent.purchases_of(calendar.last), path)
    declared = Declarations(
        target="is_churned",
        entity="customer_id",
        time="purchased_at",
        cutoff=calendar.last.isoformat(),
        label_window=f"{LABEL_WINDOW_DAYS}d",
    )
    add_dataset(project, "customer_transactions", str(path), declared=declared)


def _add_reference_and_current(project: Project, calendar: Calendar, *, seed: int) -> dict[str, str]:
    reference = simulate(DRIFT_ROWS, calendar.snapshots(3, before=3), first_id=300_001, seed=seed + 3)
    current = simulate(DRIFT_ROWS, calendar.snapshots(2), first_id=400_001, seed=seed + 4)
    moved, told = drift(current.customers)
    write_table(reference.customers, _file(project, "reference"))
    write_table(moved, _file(project, "current"))
    for name, role in (("reference", "reference"), ("current", "train")):
        declared = _SNAPSHOT.model_copy(update={"role": role})
        for alias in (name, f"{name}.csv"):
            add_dataset(project, alias, str(_file(project, name)), declared=declared)
    return told
