"""The profile of a table that does not fit in memory: exact sums in one pass, shapes from a sample, both marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from axagents.ml.columns import ColumnSpec, Kind, prepare_frame
from axagents.ml.columns.sql import quote_text
from axagents.ml.columns.tokens import MISSING_TOKENS, WEAK_MISSING_TOKENS
from axagents.ml.profile.distributions import find_top_values, write_moment
from axagents.ml.profile.frame import Subject, complete_profile, profile_column, profile_frame
from axagents.ml.profile.hashes import Value, count_hashes
from axagents.ml.profile.model import ColumnProfile, DataProfile, DateFacts, Duplicates, NumberFacts
from axagents.ml.table import Table, fetch_raw, sample_size
from axagents.progress import note

# Different values in the sample up to which each value is counted in the pass over all rows.
_COUNTED_LEVELS = 1_000
# Different values in the sample up to which all are counted, and up to which a sixteenth of them.
_COUNTED_WHOLE = 20_000
_COUNTED_IN_PART = 60_000
ESTIMATED = ("distinct of many", "quantiles", "skew", "histogram", "class counts", "correlations", "suspicions")
_KIND_OF_DTYPE: dict[str, Kind] = {"number": "numeric", "boolean": "boolean", "date": "date", "string": "category"}


@dataclass(frozen=True)
class _Facts:
    """What one pass over all rows says of a column."""

    present: int
    unreadable: int
    low: Any = None
    high: Any = None
    mean: float | None = None
    std: float | None = None
    zeros: int = 0
    negatives: int = 0
    levels: dict[Any, int] | None = None


def profile_table(table: Table, subject: Subject, rows: int) -> DataProfile:
    """Profile a table of `rows` rows: exactly when it is small, else as the profile's `estimated` says."""
    sampled = sample_size(table, rows)
    if sampled is None:
        return profile_frame(fetch_raw(table, [spec.name for spec in subject.columns]), subject)
    note(f"counting {rows:,} rows")
    facts = [_gather(table, batch) for batch in _batches(subject.columns)]
    merged = {name: each for batch in facts for name, each in batch.items()}
    note("looking for rows that repeat")
    duplicates, distinct = count_different(table, subject.columns, rows)
    note(f"drawing {sampled:,} rows")
    frame: Any = fetch_raw(table, [spec.name for spec in subject.columns], sample=sampled)
    prepared: Any = prepare_frame(frame, subject.columns)
    profiles = tuple(
        _correct(
            profile_column(frame[spec.name], prepared[spec.name], spec=spec, subject=subject),
            merged[spec.name],
            spec=spec,
            distinct=distinct.get(spec.name),
            rows=rows,
        )
        for spec in subject.columns
    )
    note("correlating")
    profile = complete_profile(frame, prepared, subject=subject, profiles=profiles, duplicates=duplicates, rows=rows)
    return profile.model_copy(update={"sampled_rows": sampled, "estimated": ESTIMATED})


def count_different(table: Table, columns: Sequence[ColumnSpec], rows: int) -> tuple[Duplicates, dict[str, int]]:
    """Count the rows that repeat an earlier one, and the different values of the columns that have many."""
    kinds = {"": [table.column(column.name) for column in columns]}
    others = [table.column(column.name) for column in columns if column.kind != "identifier"]
    if 0 < len(others) < len(columns):
        kinds["apart"] = others
    shares = {column.name: _share(column) for column in columns if column.distinct > _COUNTED_LEVELS}
    values = {f"value {name}": _value(table, _find(columns, name), share) for name, share in shares.items()}
    counted = count_hashes(table, rows=rows, row_columns=kinds, values=values)
    duplicates = Duplicates(
        rows=counted.repeats[""], rows_without_identifiers=counted.repeats.get("apart"), estimated=counted.row_share > 1
    )
    return duplicates, {name: counted.distinct[f"value {name}"] for name in shares}


def _share(column: ColumnSpec) -> int:
    return 1 if column.distinct <= _COUNTED_WHOLE else 16 if column.distinct <= _COUNTED_IN_PART else 256


def _value(table: Table, column: ColumnSpec, share: int) -> Value:
    raw = table.column(column.name) if column.dtype == "string" else None
    return Value(table.expression(column), share, sliced_by=raw)


def _find(columns: Sequence[ColumnSpec], name: str) -> ColumnSpec:
    return next(column for column in columns if column.name == name)


def _batches(columns: tuple[ColumnSpec, ...]) -> list[tuple[ColumnSpec, ...]]:
    """Cut wide tables into groups of columns, so that one pass does not hold too many aggregates."""
    size = 60
    return [columns[start : start + size] for start in range(0, len(columns), size)]


def _gather(table: Table, columns: tuple[ColumnSpec, ...]) -> dict[str, _Facts]:
    inner: list[str] = []
    outer: list[str] = []
    for place, spec in enumerate(columns):
        inner += [f"{table.expression(spec)} AS v{place}", f"{table.column(spec.name)} AS r{place}"]
        outer.append(_aggregates(table, spec, place))
    sql = f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {table.view})"
    (row,) = table.query(sql)
    return {spec.name: _Facts(**row[place]) for place, spec in enumerate(columns)}


def _aggregates(table: Table, spec: ColumnSpec, place: int) -> str:
    value = f"v{place}"
    facts = {
        "present": f"count({value})",
        "unreadable": _unreadable(table, spec, place),
    }
    if spec.dtype == "number":
        facts |= {
            "low": f"min({value})",
            "high": f"max({value})",
            "mean": f"avg({value})",
            "std": f"stddev_samp({value})",
            "zeros": f"count(*) FILTER (WHERE {value} = 0)",
            "negatives": f"count(*) FILTER (WHERE {value} < 0)",
        }
    elif spec.dtype == "date":
        facts |= {"low": f"epoch(min({value}))", "high": f"epoch(max({value}))"}
    elif spec.dtype == "boolean":
        true, false = quote_text((spec.true_tokens or ("true",))[0]), quote_text((spec.false_tokens or ("false",))[0])
        facts["levels"] = f"histogram(CASE WHEN {value} = 1 THEN {true} WHEN {value} = 0 THEN {false} END)"
    if spec.distinct <= _COUNTED_LEVELS and spec.dtype != "boolean":
        facts["levels"] = f"histogram({value})"
    return "{" + ", ".join(f"'{name}': {sql}" for name, sql in facts.items()) + "}"


def _unreadable(table: Table, spec: ColumnSpec, place: int) -> str:
    if spec.dtype == "string" or table.stored[table.names.index(spec.name)] != "text":
        return "0"
    marks = ", ".join(quote_text(token) for token in sorted(MISSING_TOKENS | WEAK_MISSING_TOKENS))
    return (
        f"count(*) FILTER (WHERE v{place} IS NULL AND r{place} IS NOT NULL AND lower(trim(r{place})) NOT IN ({marks}))"
    )


def _correct(
    profile: ColumnProfile, facts: _Facts, *, spec: ColumnSpec, distinct: int | None, rows: int
) -> ColumnProfile:
    """Replace the sample's figures by those of all rows."""
    estimated = spec.distinct > _COUNTED_WHOLE
    levels: dict[Any, int] = dict(facts.levels or {})
    levels.pop(None, None)
    distinct = min(max(len(levels) if distinct is None else distinct, profile.distinct), facts.present)
    update: dict[str, Any] = {
        "missing": rows - facts.present,
        "unreadable": facts.unreadable,
        "distinct": distinct,
        "distinct_estimated": estimated,
        "numbers": _correct_numbers(profile.numbers, facts),
        "dates": _correct_dates(profile.dates, facts),
    }
    if profile.withheld is None and levels and profile.dtype in ("string", "boolean"):
        spelled: dict[Any, str] = (
            {each.value.casefold(): each.value for each in profile.top} if profile.dtype == "boolean" else {}
        )
        update["top"] = find_top_values({spelled.get(value, str(value)): count for value, count in levels.items()})
    if profile.kind in ("constant", "empty") and distinct > 1:
        update |= {"kind": _KIND_OF_DTYPE[profile.dtype], "because": "values outside the sample differ"}
    return profile.model_copy(update=update)


def _correct_numbers(numbers: NumberFacts | None, facts: _Facts) -> NumberFacts | None:
    if numbers is None:
        return None
    update = {"minimum": facts.low, "maximum": facts.high, "mean": facts.mean, "std": facts.std}
    return numbers.model_copy(update=update | {"zeros": facts.zeros, "negatives": facts.negatives})


def _correct_dates(dates: DateFacts | None, facts: _Facts) -> DateFacts | None:
    if dates is None:
        return None
    days = (facts.high - facts.low) / 86_400
    return dates.model_copy(update={"first": write_moment(facts.low), "last": write_moment(facts.high), "days": days})
