"""Keep a feature set: its version in the store, its table in the catalog, and a note in memory."""

from dataclasses import dataclass

from axagents.clock import stamp
from axagents.errors import UserError
from axagents.faults import fault_point
from axagents.ml.features.computing import moment_of
from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset, list_datasets
from axagents.stores.datasets.fingerprint import take_fingerprint
from axagents.stores.datasets.record import Declarations
from axagents.stores.features.computation import Computation, write_table
from axagents.stores.features.material import Looked
from axagents.stores.features.plan import Plan
from axagents.stores.features.record import FeatureSet, Source
from axagents.stores.features.rows import read_spine
from axagents.stores.features.store import TABLE, list_versions, sets_path, store_set, version_path
from axagents.stores.memory.memory import Memory
from axagents.workflows.features.request import FeaturesResult
from axagents.workflows.graphs import StepContext

NAMESPACE = "ml-features"


@dataclass(frozen=True)
class Kept:
    """Where a feature set lies now."""

    version: str
    is_new: bool
    table: str


def keep(
    context: StepContext,
    plan: Plan,
    looked: Looked,
    *,
    wanted: Computation,
    result: FeaturesResult,
) -> Kept:
    """Compute the features for every row and keep them; the same definition on the same data is there already."""
    project, name, spec = context.project, result.feature_set, wanted.spec
    _check_name_is_free(project, name)
    draft = context.folder / TABLE
    spine = read_spine(context.folder)
    rows = write_table(project, wanted, spine=spine, names=(plan.entity, plan.target), path=draft)
    found = FeatureSet(
        name=name,
        version="0.0.0",
        spec=spec,
        spec_sha256=spec.sha256,
        source=Source(
            dataset=plan.dataset,
            fingerprint=looked.fingerprint,
            target=plan.target,
            spine=plan.spine,
            spine_fingerprint=looked.spine_fingerprint,
            cutoff=plan.cutoff,
            horizon=plan.horizon,
        ),
        entity=plan.entity,
        entity_type=looked.entity_type,
        texts=tuple(sorted(wanted.texts & {*spec.event_columns, *spec.spine_columns})),
        rows=rows,
        table_sha256=take_fingerprint(draft).sha256,
        leakage=result.leakage.verdict,
        quality=result.quality.score,
        gain=result.gain_told,
        run_id=context.run_id,
        created_at=stamp(),
    )
    stored, is_new = store_set(project, found, table=draft)
    draft.unlink()
    table = version_path(project, name, stored.version) / TABLE
    if stored.version == list_versions(project, name)[-1].version:
        # The set's name means its newest version, here as in the store.
        _declare(project, stored, plan=plan, looked=looked, table=str(table))
        fault_point("features.declared")
        _remember(project, stored, result)
    return Kept(stored.version, is_new, str(table))


def _check_name_is_free(project: Project, name: str) -> None:
    place = project.place_of(sets_path(project))
    for dataset in list_datasets(project):
        if dataset.name == name and not dataset.location.startswith(f"{place}/"):
            raise UserError(
                f"{name!r} is a dataset of the catalog; a feature set needs a name of its own", field="feature_set"
            )


def _declare(project: Project, stored: FeatureSet, *, plan: Plan, looked: Looked, table: str) -> None:
    """Put the table into the catalog under the set's name, so that ml-train learns from it as from any dataset."""
    # Features end before each row's own moment: the last of them is a cutoff that all keep.
    cutoff = plan.cutoff
    if cutoff is None and looked.events is not None:
        cutoff = moment_of(looked.last_moment).replace(tzinfo=None).isoformat()
    declared = Declarations(
        target=stored.source.target,
        entity=stored.entity,
        time="as_of" if looked.moments > 1 else None,
        cutoff=cutoff,
        label_window=plan.horizon,
    )
    add_dataset(project, stored.name, table, declared=declared)


def _remember(project: Project, stored: FeatureSet, result: FeaturesResult) -> None:
    memory, key = Memory(project), f"features/{stored.name}"
    value = {
        "name": stored.name,
        "features": list(stored.spec.names),
        "version": stored.version,
        "created": stored.created_at,
        "description": result.headline,
        "dataset": stored.source.dataset,
        "target": stored.source.target,
        "entity": stored.entity,
        "sha256": stored.spec_sha256,
        "quality": stored.quality,
        "leakage": stored.leakage,
    }
    known = memory.retrieve(key, namespace=NAMESPACE)
    if known is None or known.value != value:
        memory.store(key, value, namespace=NAMESPACE)
