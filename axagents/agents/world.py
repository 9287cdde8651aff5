"""The project as the planner may see it: names and few facts, read from the stores when first asked for."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from axagents.llm.offline.world import DatasetFact, DeploymentFact, ModelFact, VersionFact
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.datasets.names import KnownDataset, known_datasets
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.state import read_models
from axagents.stores.runs import Runs
from axagents.stores.tracking.names import experiment_names
from axagents.workflows.deployment.asked import Standing, standings

PREFERENCES = ("notes", "preferences")
"""Namespace and key of the record that holds argument values a user prefers, such as {"dataset": "telco"}."""


_TRAINING = ("ml-train", "ml-experiment-tracker")


def _trained_folder(result: Mapping[str, Any]) -> str | None:
    inner = result.get("result") or result
    trained = inner.get("training") or inner
    folder = trained.get("model_path")
    return str(folder) if folder else None


def _deployment(name: str, standing: Standing) -> DeploymentFact:
    stable, canary, routing = standing.stable, standing.canary, standing.routing
    before = [each.version for each in routing.served[1:]] if routing else []
    return DeploymentFact(
        name,
        standing.model,
        stable.version if stable else None,
        before[0] if before else None,
        canary.version if canary else None,
    )


class ProjectWorld:
    """A project's names. Loads no Chroma and no data library, and MLflow only where the project tracks on a server."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def models(self) -> Sequence[ModelFact]:
        """Return the registered models."""
        return self._models

    @cached_property
    def _models(self) -> tuple[ModelFact, ...]:
        return tuple(
            ModelFact(state.model, tuple(VersionFact(each.version, each.stage) for each in state.versions))
            for state in read_models(self._project).values()
        )

    def datasets(self) -> Sequence[DatasetFact]:
        """Return the datasets of the catalog and of data/."""
        return [
            DatasetFact(each.name, each.aliases, each.target, each.defined, each.declared)
            for each in self._datasets.values()
        ]

    @cached_property
    def _datasets(self) -> Mapping[str, KnownDataset]:
        return {each.name: each for each in known_datasets(self._project)}

    def columns(self, dataset: str) -> Sequence[str]:
        """Return a dataset's columns and its target, as far as the catalog or a CSV's first line tells them."""
        known = self._datasets.get(dataset)
        return known.columns if known else ()

    def experiments(self) -> Sequence[str]:
        """Return the names of experiments, newest first."""
        return self._experiments

    @cached_property
    def _experiments(self) -> list[str]:
        return experiment_names(self._project)

    def tests(self) -> Sequence[str]:
        """Return the names of A/B tests."""
        return self._column("ab_tests", "name")

    def deployments(self) -> Sequence[DeploymentFact]:
        """Return the deployments on record."""
        return self._deployments

    @cached_property
    def _deployments(self) -> tuple[DeploymentFact, ...]:
        return tuple(_deployment(name, each) for name, each in standings(self._project).items() if each.stable)

    def namespaces(self) -> Sequence[str]:
        """Return the memory namespaces."""
        memory = Memory(self._project)
        return [*memory.declared.declarations, *memory.declared.aliases]

    def preferred(self) -> Mapping[str, Any]:
        """Return the argument values that the user asked to be remembered."""
        return self._preferred

    @cached_property
    def _preferred(self) -> Mapping[str, Any]:
        namespace, key = PREFERENCES
        record = Memory(self._project).retrieve(key, namespace=namespace)
        return record.value or {} if record else {}

    def trained(self) -> str | None:
        """Return the folder of the model that was trained last, by ml-train or by a tracked run; None if it is gone."""
        finished = [
            (record.finished_at or "", folder)
            for name in _TRAINING
            for record in Runs(self._project).newest(limit=5, name=name, status="completed")
            if (folder := _trained_folder(record.result or {})) and (self._project.root / folder).is_dir()
        ]
        return max(finished)[1] if finished else None

    def _column(self, table: str, column: str) -> list[str]:
        return [row[column] for row in self._rows(table, {column})]

    def _rows(self, table: str, wanted: set[str]) -> list[dict[str, Any]]:
        # The table of A/B tests comes with its own migration; a project without it has none.
        with open_database(self._project).read() as connection:
            columns = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
            if not wanted <= columns:
                return []
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]
