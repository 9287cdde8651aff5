"""What the planner may know of a project: the names in it, and few facts of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from axagents.fields import parse_version


@dataclass(frozen=True, slots=True)
class VersionFact:
    """A registered version; `stage` is staged, canary, production or archived."""

    version: str
    stage: str


@dataclass(frozen=True, slots=True)
class ModelFact:
    """A registered model with its versions."""

    name: str
    versions: tuple[VersionFact, ...] = ()

    @property
    def newest(self) -> str | None:
        """Return the highest version."""
        return max((each.version for each in self.versions), key=parse_version, default=None)

    def staged_as(self, stage: str) -> list[str]:
        """Return the versions in a stage."""
        return [each.version for each in self.versions if each.stage == stage]

    def has(self, version: str) -> bool:
        """Tell whether a version is registered."""
        return any(each.version == version for each in self.versions)


@dataclass(frozen=True, slots=True)
class DatasetFact:
    """A dataset of the catalog or of the project's data folder.

    Attributes:
        aliases: further names it is known by.
        target: as declared; `defined` tells that it is no column and follows from the events.
        declared: the names of what else is declared: entity, time, cutoff, label_window.
    """

    name: str
    aliases: tuple[str, ...] = ()
    target: str | None = None
    defined: bool = False
    declared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DeploymentFact:
    """A deployment on record, whether or not its processes run.

    Attributes:
        version: the one that serves.
        previous: the one that served before it.
        rollout: the version that a running rollout brings, if any.
    """

    name: str
    model: str
    version: str | None = None
    previous: str | None = None
    rollout: str | None = None


class World(Protocol):
    """A project as the planner sees it. Everything is read once a sentence at most, and only when asked for."""

    def models(self) -> Sequence[ModelFact]:
        """Return the registered models."""
        ...

    def datasets(self) -> Sequence[DatasetFact]:
        """Return the datasets."""
        ...

    def columns(self, dataset: str) -> Sequence[str]:
        """Return a dataset's column names, empty when they are not known."""
        ...

    def experiments(self) -> Sequence[str]:
        """Return the names of experiments."""
        ...

    def tests(self) -> Sequence[str]:
        """Return the names of A/B tests."""
        ...

    def deployments(self) -> Sequence[DeploymentFact]:
        """Return the deployments on record."""
        ...

    def namespaces(self) -> Sequence[str]:
        """Return the memory namespaces."""
        ...

    def preferred(self) -> Mapping[str, Any]:
        """Return argument values that the user asked to be remembered."""
        ...

    def trained(self) -> str | None:
        """Return the folder of the model that was trained last."""
        ...


@dataclass(frozen=True)
class FixedWorld:
    """A world given by hand, for tests, evals and examples."""

    known_models: tuple[ModelFact, ...] = ()
    known_datasets: tuple[DatasetFact, ...] = ()
    known_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    known_experiments: tuple[str, ...] = ()
    known_tests: tuple[str, ...] = ()
    known_deployments: tuple[DeploymentFact, ...] = ()
    known_namespaces: tuple[str, ...] = ("notes",)
    known_preferences: Mapping[str, Any] = field(default_factory=dict[str, Any])
    known_trained: str | None = None

    def models(self) -> Sequence[ModelFact]:
        return self.known_models

    def datasets(self) -> Sequence[DatasetFact]:
        return self.known_datasets

    def columns(self, dataset: str) -> Sequence[str]:
        return self.known_columns.get(dataset, ())

    def experiments(self) -> Sequence[str]:
        return self.known_experiments

    def tests(self) -> Sequence[str]:
        return self.known_tests

    def deployments(self) -> Sequence[DeploymentFact]:
        return self.known_deployments

    def namespaces(self) -> Sequence[str]:
        return self.known_namespaces

    def preferred(self) -> Mapping[str, Any]:
        return self.known_preferences

    def trained(self) -> str | None:
        return self.known_trained
