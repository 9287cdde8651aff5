"""One version of a model with everything that is recorded of it, as a person reads it at a terminal."""

from pydantic import ValidationError

from axagents.layout import table
from axagents.stores.registry.request import ShownDetails
from axagents.workflows.registry.report import list_facts, metrics_table, tell_lineage
from axagents.workflows.registry.request import VersionMetadata

_MOST_COLUMNS = 30


def details_text(shown: ShownDetails) -> str:
    """Return what `ax registry show` prints."""
    facts = [
        ("stage", shown.stage + (f" (aliases {', '.join(shown.aliases)})" if shown.aliases else "")),
        ("SHA-256", shown.sha256 or "unknown"),
        ("created", f"{shown.created_at[:19]}Z" + (f" by {shown.created_by}" if shown.created_by else "")),
        ("evaluation", shown.evaluation or "none of this SHA-256"),
    ]
    if shown.note:
        facts.append((shown.standing, shown.note))
    metadata = _metadata(shown)
    if metadata is None:
        return f"{shown.model} {shown.version}\n\n{list_facts(facts)}"
    return f"{shown.model} {shown.version}\n\n{list_facts(facts + _facts(metadata))}\n\n{_tables(metadata)}"


def _metadata(shown: ShownDetails) -> VersionMetadata | None:
    try:
        return VersionMetadata.model_validate(shown.metadata)
    except ValidationError:
        return None


def _facts(metadata: VersionMetadata) -> list[tuple[str, str]]:
    artifact = metadata.artifact
    return [
        ("model", f"{metadata.framework} {metadata.task or ''} {metadata.estimator or ''}".replace("  ", " ")),
        ("predicts", f"{metadata.target or 'unknown'} {', '.join(metadata.classes)}".strip()),
        ("threshold", f"{metadata.threshold:.4g}" if metadata.threshold is not None else "none"),
        ("artifact", f"{artifact.size_bytes:,} bytes in {artifact.files} files, {artifact.format}"),
        ("lineage", tell_lineage(metadata.lineage)),
        ("training", ", ".join(f"{name} {value}" for name, value in _configuration(metadata).items()) or "unknown"),
        ("needs", ", ".join(metadata.dependencies) or "unknown"),
        ("tags", ", ".join(f"{name}={value}" for name, value in metadata.tags.items()) or "none"),
    ]


def _configuration(metadata: VersionMetadata) -> dict[str, object]:
    told = metadata.training
    return {name: told[name] for name in ("candidate", "split", "seed", "configuration") if told.get(name) is not None}


def _tables(metadata: VersionMetadata) -> str:
    columns = [(each.name, each.type) for each in metadata.inputs[:_MOST_COLUMNS]]
    more = len(metadata.inputs) - len(columns)
    schema = table(("reads", "type"), columns) if columns else "it has no signature: what it reads is unknown"
    parts = [schema + (f"\nand {more} more" if more else "")]
    if metadata.metrics.claimed or metadata.metrics.verified:
        parts.append(metrics_table(metadata))
    return "\n\n".join(parts)
