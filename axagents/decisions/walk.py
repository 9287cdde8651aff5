"""Walk every combination of a table's inputs, and say what is wrong with the table."""

from collections.abc import Iterator
from itertools import pairwise, product

from axagents.decisions.rules import Boolean, Choice, Condition, Number, Table, Value, comparisons

MOST_COMBINATIONS = 2_000_000


def problems(table: Table) -> list[str]:
    """List what is wrong with a table: rows nobody reaches, rows out of order, worse inputs with milder verdicts."""
    found = _disorder(table)
    reached: set[str] = set()
    for inputs in combinations(table):
        row = table.match(inputs)
        reached.add(row.row)
        for name, worse in _one_step_worse(table, inputs):
            other = table.match(worse)
            if _milder(table, other.then, row.then):
                found.append(
                    f"{name} from {inputs[name]!r} to {worse[name]!r} is worse, yet {row.then} ({row.row})"
                    f" becomes {other.then} ({other.row})"
                )
    found += [f"row {row.row!r} is never reached" for row in table.rows if row.row not in reached]
    return list(dict.fromkeys(found))


def combinations(table: Table) -> Iterator[dict[str, Value]]:
    """Yield every combination of the inputs; numbers are taken at, and on both sides of, every threshold."""
    names = list(table.inputs)
    domains = [domain_values(table, name) for name in names]
    size = 1
    for domain in domains:
        size *= len(domain)
    if size > MOST_COMBINATIONS:
        raise ValueError(f"{size:,} combinations are too many to walk; the most is {MOST_COMBINATIONS:,}")
    for values in product(*domains):
        yield dict(zip(names, values, strict=True))


def domain_values(table: Table, name: str) -> list[Value]:
    """List the values to try for an input, from best to worst where it declares an order; null comes last."""
    domain = table.inputs[name]
    values: list[Value]
    match domain:
        case Choice():
            values = list(reversed(domain.values)) if domain.worse == "earlier" else list(domain.values)
        case Boolean():
            values = [True, False] if domain.worse is False else [False, True]
        case Number():
            numbers = _around_thresholds(table, name, domain)
            values = list(reversed(numbers)) if domain.worse == "lower" else list(numbers)
    return [*values, None] if domain.optional else values


def _around_thresholds(table: Table, name: str, domain: Number) -> list[float]:
    bounds: set[float] = set()
    for row in table.rows:
        bounds |= _bounds(row.when.get(name))
    ordered = sorted(bounds) or [0.0]
    between = [(one + other) / 2 for one, other in pairwise(ordered)]
    ends = [ordered[0] - 1 - abs(ordered[0]), ordered[-1] + 1 + abs(ordered[-1])]
    tried = {*ordered, *between, *ends}
    limits = [limit for limit in (domain.low, domain.high) if limit is not None]
    inside = {
        value
        for value in {*tried, *limits, *((one + limit) / 2 for one in ordered for limit in limits)}
        if (domain.low is None or value >= domain.low) and (domain.high is None or value <= domain.high)
    }
    return sorted(inside)


def _bounds(condition: Condition) -> set[float]:
    found: set[float] = set()
    for one in condition if isinstance(condition, list) else [condition]:
        if isinstance(one, str):
            found |= {bound for _, bound in comparisons(one)}
        elif isinstance(one, int | float) and not isinstance(one, bool):
            found.add(float(one))
    return found


def _one_step_worse(table: Table, inputs: dict[str, Value]) -> Iterator[tuple[str, dict[str, Value]]]:
    for name, domain in table.inputs.items():
        if domain.worse is None or inputs[name] is None:
            continue
        values = domain_values(table, name)
        after = values.index(inputs[name]) + 1
        if after < len(values) and values[after] is not None:
            yield name, {**inputs, name: values[after]}


def _milder(table: Table, verdict: str, than: str) -> bool:
    order = table.severity
    return verdict in order and than in order and order.index(verdict) < order.index(than)


def _disorder(table: Table) -> list[str]:
    found = [f"severity names {one!r}, which no row gives" for one in table.severity if one not in table.verdicts]
    ranked = [row for row in table.rows if row.then in table.severity]
    for before, after in pairwise(ranked):
        if _milder(table, before.then, after.then):
            found.append(f"row {after.row!r} ({after.then}) is worse than {before.row!r} above it")
    return found
