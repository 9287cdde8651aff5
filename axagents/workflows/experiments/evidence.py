"""What speaks for an experiment: the figures of one of its runs, and the predictions or fold scores behind them."""

from dataclasses import dataclass
from functools import cached_property

from axagents.errors import NotFound, UserError
from axagents.ml.metrics import standard_name
from axagents.project import Project
from axagents.stores.tracking.experiments import ExperimentRecord, find_experiment, list_experiments, split_tags
from axagents.stores.tracking.predictions import OutOfFold, fetch_predictions
from axagents.stores.tracking.runs import RunRecord, find_run, read_curve, search_runs
from axagents.stores.tracking.tags import CLAIMED, SPLIT

FOLD = "fold."
"""Before a metric's name: its curve over the outer folds, the step counting the folds from 0."""


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison: the run that stands for `name`."""

    project: Project
    name: str
    experiment: str
    run: RunRecord

    @cached_property
    def predictions(self) -> OutOfFold | None:
        """The out-of-fold predictions stored with the run."""
        return fetch_predictions(self.project, self.run.run_id)

    @cached_property
    def claimed(self) -> frozenset[str]:
        """The metrics that somebody typed, by their standard names."""
        return frozenset(standard_name(each) for each in split_tags(self.run.tags.get(CLAIMED, "")))

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The run's metrics by their standard names."""
        return {standard_name(name): value for name, value in self.run.metrics.items()}

    def fold_scores(self, metric: str) -> list[float]:
        """Return a metric's scores on the outer folds, in their order; empty when none were kept."""
        if FOLD + metric not in self.run.metrics:
            return []
        return [value for _, value in read_curve(self.project, self.run.run_id, FOLD + metric)]


def find_side(project: Project, name: str) -> Side:
    """Return the run that `name` stands for: an experiment's newest run with figures, or the run of that id.

    A run with out-of-fold predictions goes before one without.

    Raises:
        NotFound: neither an experiment nor a run is called so.
        UserError: the experiment has no run with a metric yet.
    """
    experiments = list_experiments(project)
    found = next((each for each in experiments if each.name == name), None)
    if found is None:
        return _side_of_run(project, name, experiments)
    run = newest_run(project, found)
    if run is None:
        raise UserError(
            f"experiment {name!r} has no finished run with a metric yet, so there is nothing to compare",
            field="experiments",
            hint="ax run ml-experiment-tracker --input '"
            f'{{"experiment_name": "{name}", "dataset": "NAME", "target": "COLUMN"}}\'',
        )
    return Side(project, name, found.name, run)


def newest_run(project: Project, experiment: ExperimentRecord, *, before: str | None = None) -> RunRecord | None:
    """Return an experiment's newest finished run with figures, other than the run `before`."""
    runs = search_runs(project, [experiment], where="attributes.status = 'FINISHED'")
    told = [each for each in runs if each.metrics and each.run_id != before]
    return next((each for each in told if SPLIT in each.tags), told[0] if told else None)


def _side_of_run(project: Project, name: str, experiments: list[ExperimentRecord]) -> Side:
    names = {each.experiment_id: each.name for each in experiments}
    try:
        run = find_run(project, name)
    except NotFound:
        # Raises, with the nearest experiments.
        find_experiment(project, name)
        raise
    return Side(project, name, names.get(run.experiment_id, run.experiment_id), run)
