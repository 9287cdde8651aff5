"""Where a model comes from: looked up in MLflow by its SHA-256, completed by what was given."""

from dataclasses import dataclass
from typing import Any

from axagents.errors import NotFound, UserError
from axagents.ml.metrics import METRICS
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset, list_datasets
from axagents.stores.models.folder import ModelFolder
from axagents.stores.tracking.experiments import ExperimentRecord, list_experiments
from axagents.stores.tracking.runs import RunRecord, find_run, search_runs
from axagents.stores.tracking.tags import FINGERPRINT, MODEL_SHA256, TRAINING
from axagents.workflows.registry.request import Lineage, RegistryRequest


@dataclass(frozen=True)
class Origin:
    """The run a model came from, if any, and how it was found; `trained` when our ml-train made this very model."""

    run: RunRecord | None
    experiment: ExperimentRecord | None
    found_by: str

    @property
    def trained(self) -> bool:
        return self.run is not None and self.found_by == "sha256" and TRAINING in self.run.tags

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures that ml-train computed of this very model, with their intervals; none of another origin."""
        if self.run is None or not self.trained:
            return {}
        logged = self.run.metrics
        return {
            name: {"mean": value, "low": logged.get(f"{name}.low"), "high": logged.get(f"{name}.high")}
            for name, value in logged.items()
            if name in METRICS
        }


def find_origin(project: Project, request: RegistryRequest, opened: ModelFolder) -> Origin:
    """Return the run that logged this very folder, else the one that was named, else none.

    Raises:
        NotFound: `experiment_id` names neither an experiment nor a run.
    """
    experiments = list_experiments(project)
    given_run, given = _given(project, request.experiment_id, experiments)
    found = search_runs(project, experiments, where=f"tags.`{MODEL_SHA256}` = '{opened.sha256}'", limit=10)
    run = next((each for each in found if given_run and each.run_id == given_run.run_id), found[0] if found else None)
    if run:
        return Origin(run, _of(run, experiments), "sha256")
    named = given_run or _named_by_folder(project, opened)
    if named:
        return Origin(named, _of(named, experiments), "given")
    return Origin(None, given, "given" if given else "nothing")


def find_lineage(project: Project, request: RegistryRequest, opened: ModelFolder, *, origin: Origin) -> Lineage:
    """Return data, features and experiment of a model, with what is missing.

    Raises:
        NotFound: no such dataset.
        UserError: the dataset given is not the one that the training run read.
    """
    name, fingerprint = _data(project, request, opened, origin=origin)
    features = [column.name for column in opened.mlmodel.inputs]
    if opened.card:
        features = [column.name for column in opened.card.columns]
    experiment = origin.experiment
    missing = [
        word
        for word, known in (("data", name and fingerprint), ("features", features), ("experiment", origin.run))
        if not known
    ]
    given = "given" if request.training_data or origin.found_by == "given" else "nothing"
    return Lineage(
        dataset=name,
        fingerprint=fingerprint,
        features=features,
        feature_set=opened.card.features if opened.card else None,
        experiment=experiment.name if experiment else None,
        experiment_id=experiment.experiment_id if experiment else None,
        run_id=origin.run.run_id if origin.run else None,
        found_by="sha256" if origin.found_by == "sha256" else given,
        complete=not missing,
        missing=missing,
    )


def _data(
    project: Project, request: RegistryRequest, opened: ModelFolder, *, origin: Origin
) -> tuple[str | None, str | None]:
    read = _data_of_run(origin.run)
    if request.training_data is None:
        return read if read[0] else _data_of_folder(project, opened)
    dataset = find_dataset(project, request.training_data)
    given = dataset.name, dataset.fingerprint.sha256
    if origin.found_by == "sha256" and read[0] and read[0] != given[0] and read[1] != given[1]:
        run = origin.run.run_id if origin.run else ""
        raise UserError(
            f"training_data: MLflow run {run} trained this model on {read[0]!r}, not on {given[0]!r}",
            field="training_data",
            legal=[read[0]],
            hint="leave training_data out: it is looked up",
        )
    # What the run read stands, should the dataset have changed since.
    return (given[0], read[1] or given[1]) if read[0] in {None, given[0]} else given


def _data_of_run(run: RunRecord | None) -> tuple[str | None, str | None]:
    return (run.params.get("dataset"), run.tags.get(FINGERPRINT)) if run else (None, None)


def _data_of_folder(project: Project, opened: ModelFolder) -> tuple[str | None, str | None]:
    """Return the dataset that the folder says it was trained on, if the catalog holds that very content."""
    told = opened.card.training.get("fingerprint") if opened.card else None
    found = next((each for each in list_datasets(project) if each.fingerprint.sha256 == told), None)
    return (found.name, found.fingerprint.sha256) if found else (None, None)


def _given(
    project: Project, asked: str | None, experiments: list[ExperimentRecord]
) -> tuple[RunRecord | None, ExperimentRecord | None]:
    if asked is None:
        return None, None
    experiment = next((each for each in experiments if asked in {each.name, each.experiment_id}), None)
    if experiment:
        return None, experiment
    try:
        run = find_run(project, asked)
    except NotFound:
        known = [each.name for each in experiments]
        raise NotFound("experiment or run", asked, known, field="experiment_id", hint="ax experiments list") from None
    return run, _of(run, experiments)


def _named_by_folder(project: Project, opened: ModelFolder) -> RunRecord | None:
    if not opened.mlmodel.run_id:
        return None
    try:
        return find_run(project, opened.mlmodel.run_id)
    except NotFound:
        return None


def _of(run: RunRecord, experiments: list[ExperimentRecord]) -> ExperimentRecord | None:
    return next((each for each in experiments if each.experiment_id == run.experiment_id), None)
