"""A feature specification compiled to SQL by Ibis, for whichever engine runs it.

The query reads two tables, whose layout is the same for every engine and every data set:
    spine   row BIGINT, entity, as_of BIGINT, and what `value` reads as g0, g1, ...
    events  entity, t BIGINT, known BIGINT, and the columns that features and filters read as v0, v1, ...
Times are microseconds since 1970 in UTC, so that no engine's own arithmetic of times takes part; numbers are doubles,
so that none sums integers into decimals. An event counts for a row when it happened and was known strictly before the
row's `as_of`. Every value that cannot be computed becomes the feature's empty-window value by one rule, at the end.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, Literal

import ibis

from axagents.fields import parse_window
from axagents.ml.features.spec import Condition, EntityType, Feature, FeatureSpec

Dialect = Literal["duckdb", "pyspark"]
# Ibis expressions; their types say little that a checker could use.
Expression = Any

SECOND = 1_000_000
DAY = 86_400 * SECOND
# Days before 1970 are negative, and engines differ in what a remainder of those is: far enough to be above zero.
_WEEKS_AHEAD = 7 * 1_000_000


def compile_features(
    spec: FeatureSpec, *, texts: frozenset[str] = frozenset(), entity: EntityType = "string", dialect: Dialect
) -> str:
    """Return the query that gives `row` and every feature, one line a row of the spine, in no particular order.

    Args:
        texts: the columns, of those that features read, that hold texts; the others hold numbers.
        entity: how the entity is stored in both tables.
    """
    return _compile(spec.model_dump_json(by_alias=True), texts=texts, entity=entity, dialect=dialect)


@lru_cache(maxsize=64)
def _compile(form: str, *, texts: frozenset[str], entity: EntityType, dialect: Dialect) -> str:
    spec = FeatureSpec.model_validate_json(form)
    if dialect == "pyspark":
        # Its compiler reads options that only its backend makes known.
        import_module("ibis.backends.pyspark").Backend.register_options()
    kinds = {name: "string" if name in texts else "float64" for name in (*spec.spine_columns, *spec.event_columns)}
    given = {f"g{place}": kinds[name] for place, name in enumerate(spec.spine_columns)}
    spine = ibis.table({"row": "int64", "entity": entity, "as_of": "int64"} | given, name="spine")
    values = {f"v{place}": kinds[name] for place, name in enumerate(spec.event_columns)}
    events = ibis.table({"entity": entity, "t": "int64", "known": "int64"} | values, name="events")
    return str(ibis.to_sql(_query(spec, spine, events), dialect=dialect))


def _query(spec: FeatureSpec, spine: Expression, events: Expression) -> Expression:
    table = _join_measures(spec, spine, events) if spec.reads_events else spine
    columns = {name: spine[f"g{place}"] for place, name in enumerate(spec.spine_columns)}
    first = [each for each in spec.features if each.of is None]
    own = {
        each.name: _or_empty(
            columns[each.column] if each.function == "value" and each.column else table[f"m_{each.name}"], each
        )
        for each in first
    }
    plain = table.select(row=table["row"], **own)
    crossed = {each.name: _or_empty(_cross(each, plain), each) for each in spec.features if each.of is not None}
    both = {each.name: crossed[each.name] if each.of else plain[each.name] for each in spec.features}
    return plain.select(row=plain["row"], **both)


def _join_measures(spec: FeatureSpec, spine: Expression, events: Expression) -> Expression:
    """Return the spine with one column `m_<name>` for each feature of the events, missing where a row has none."""
    before = [spine["entity"] == events["entity"], events["t"] < spine["as_of"], events["known"] < spine["as_of"]]
    joined = spine.join(events, before)
    seen = joined.select(
        row=spine["row"],
        t=events["t"],
        age=spine["as_of"] - events["t"],
        **{name: events[name] for name in events.columns if name.startswith("v")},
    )
    columns = {name: seen[f"v{place}"] for place, name in enumerate(spec.event_columns)}
    measures = {
        f"m_{each.name}": _measure(each, seen, columns)
        for each in spec.features
        if each.operation.kind in ("aggregation", "temporal")
    }
    counted = seen.group_by("row").aggregate(**measures)
    found = spine.left_join(counted, "row")
    return found.select(*[spine[name] for name in spine.columns], **{name: counted[name] for name in measures})


def _or_empty(value: Expression, feature: Feature) -> Expression:
    """The value as a double (or a text), and the feature's own value in place of none."""
    if feature.dtype == "string":
        return value.cast("string")
    number = value.cast("float64")
    return number if feature.empty is None else ibis.coalesce(number, _double(feature.empty))


def _double(value: float) -> Expression:
    # By way of a text: written as a number it is a decimal to Spark, whose shares then have five digits.
    return ibis.literal(repr(float(value))).cast("float64")


def _cross(feature: Feature, table: Expression) -> Expression:
    assert feature.of is not None
    one, other = (table[name] for name in feature.of)
    return {
        "ratio": lambda: _divide(one, other),
        "difference": lambda: one - other,
        "product": lambda: one * other,
        "total": lambda: one + other,
    }[feature.function]()


def _divide(one: Expression, other: Expression) -> Expression:
    return one.cast("float64") / other.cast("float64").nullif(_double(0.0))


def _measure(feature: Feature, seen: Expression, columns: Mapping[str, Expression]) -> Expression:
    """Return one aggregate over the events that lie in the window and pass the filter."""
    column = columns[feature.column] if feature.column else None
    conditions = [_condition(each, columns) for each in feature.filter]
    if feature.operation.needs_window:
        now, before = (_all([*conditions, place]) for place in _two_windows(feature, seen))
        return _compare(feature, _amount(column, seen, now), _amount(column, seen, before))
    if feature.window is not None:
        conditions.append(seen["age"] <= _microseconds(feature.window))
    where = _all(conditions)
    if column is None:
        return _OF_EVENTS[feature.function](seen, where)
    if feature.function in _IN_TIME:
        return _IN_TIME[feature.function](column, seen, where)
    return _OF_VALUES[feature.function](column, where)


def _microseconds(window: str) -> int:
    return round(parse_window(window).total_seconds()) * SECOND


def _two_windows(feature: Feature, seen: Expression) -> tuple[Expression, Expression]:
    assert feature.window is not None
    span = _microseconds(feature.window)
    return seen["age"] <= span, (seen["age"] > span) & (seen["age"] <= 2 * span)


def _all(conditions: list[Expression]) -> Expression | None:
    together = None
    for each in conditions:
        together = each if together is None else together & each
    return together


def _condition(condition: Condition, columns: Mapping[str, Expression]) -> Expression:
    column, value = columns[condition.column], condition.value
    if condition.is_ in ("missing", "present"):
        return column.isnull() if condition.is_ == "missing" else column.notnull()
    if isinstance(value, tuple):
        return column.isin([_literal(each) for each in value])
    compared: dict[str, Callable[[Expression, Expression], Expression]] = {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }
    return compared[condition.is_](column, _literal(value))


def _literal(value: Any) -> Expression:
    return ibis.literal(value) if isinstance(value, str) else _double(value)


def _amount(column: Expression | None, seen: Expression, where: Expression | None) -> Expression:
    """The sum of a column, or the number of events; zero where there is none."""
    found = seen.count(where=where) if column is None else column.sum(where=where)
    return ibis.coalesce(found.cast("float64"), _double(0.0))


def _compare(feature: Feature, now: Expression, before: Expression) -> Expression:
    return now - before if feature.function == "change" else _divide(now, before)


def _mean_gap(seen: Expression, where: Expression | None) -> Expression:
    span = (seen["age"].max(where=where) - seen["age"].min(where=where)).cast("float64") / _double(DAY)
    return _divide(span, seen.count(where=where) - 1)


def _by_time(column: Expression, seen: Expression, where: Expression | None, *, last: bool) -> Expression:
    # The value stands behind the time, so that of several events at once every engine takes the same.
    stamped: Expression = ibis.struct({"t": seen["t"], "v": column})
    present = column.notnull() if where is None else where & column.notnull()
    return (stamped.max(where=present) if last else stamped.min(where=present))["v"]


def _trend(column: Expression, seen: Expression, where: Expression | None) -> Expression:
    present = column.notnull() if where is None else where & column.notnull()
    x = (0 - seen["age"]).cast("float64") / _double(DAY)
    n = seen.count(where=present).cast("float64")
    sum_x, sum_y = x.sum(where=present), column.sum(where=present)
    spread = n * (x * x).sum(where=present) - sum_x * sum_x
    # Below a second of spread between all events there is no slope to speak of, only rounding.
    solid = ibis.ifelse(spread > _double(1e-9), spread, ibis.null("float64"))
    return (n * (x * column).sum(where=present) - sum_x * sum_y) / solid


def _is_weekend(seen: Expression) -> Expression:
    # Day 0 was a Thursday; with three more Monday is 0.
    day = seen["t"] // DAY + 3 + _WEEKS_AHEAD
    return day % 7 >= 5


def _share(is_so: Expression, where: Expression | None) -> Expression:
    return is_so.ifelse(_double(1.0), _double(0.0)).mean(where=where)


def _positive_share(column: Expression, where: Expression | None) -> Expression:
    return _share(column > _double(0.0), column.notnull() if where is None else where & column.notnull())


def _median(column: Expression, where: Expression | None) -> Expression:
    # Not `where=`, by which Ibis makes even the quantile itself depend on the row, which Spark refuses.
    return column.median() if where is None else where.ifelse(column, ibis.null("float64")).median()


_Over = Callable[[Expression, Expression | None], Expression]
_OF_VALUES: dict[str, _Over] = {
    "count": lambda v, w: v.count(where=w),
    "sum": lambda v, w: v.sum(where=w),
    "mean": lambda v, w: v.mean(where=w),
    "min": lambda v, w: v.min(where=w),
    "max": lambda v, w: v.max(where=w),
    "range": lambda v, w: v.max(where=w) - v.min(where=w),
    "std": lambda v, w: v.std(where=w, how="sample"),
    "cv": lambda v, w: _divide(v.std(where=w, how="sample"), v.mean(where=w)),
    "median": _median,
    "distinct": lambda v, w: v.nunique(where=w),
    "missing_share": lambda v, w: _share(v.isnull(), w),
    "positive_share": _positive_share,
}
_IN_TIME: dict[str, Callable[[Expression, Expression, Expression | None], Expression]] = {
    "first": partial(_by_time, last=False),
    "last": partial(_by_time, last=True),
    "trend": _trend,
}
_OF_EVENTS: dict[str, _Over] = {
    "count": lambda s, w: s.count(where=w),
    "recency": lambda s, w: s["age"].min(where=w).cast("float64") / _double(DAY),
    "tenure": lambda s, w: s["age"].max(where=w).cast("float64") / _double(DAY),
    "active_days": lambda s, w: (s["t"] // DAY).nunique(where=w),
    "mean_gap": _mean_gap,
    "weekend_share": lambda s, w: _share(_is_weekend(s), w),
}
