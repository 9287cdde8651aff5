"""The geometry of a profile's plots; the page's template only draws it."""

from dataclasses import dataclass, replace

from axagents.ml.profile.distributions import write_moment
from axagents.ml.profile.figures import write_count, write_number, write_share
from axagents.ml.profile.model import ColumnProfile, CorrelationMatrix, Histogram, TopValue

WIDTH, HEIGHT = 320.0, 92.0
CELL = 22.0
_LABELS = 150.0


@dataclass(frozen=True)
class Bar:
    """A rectangle with what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class HistogramChart:
    """Bars over an axis from `low` to `high`; `marks` are the places of the median and the quartiles."""

    bars: tuple[Bar, ...]
    low: str
    high: str
    outside: str
    median: float | None
    box: tuple[float, float] | None


@dataclass(frozen=True)
class ValueBar:
    """One category with its share of the rows that have a value, in percent of the commonest."""

    label: str
    count: str
    share: str
    width: float


@dataclass(frozen=True)
class HeatCell:
    """One pair of columns."""

    x: float
    y: float
    strength: float
    positive: bool
    title: str
    text: str


@dataclass(frozen=True)
class HeatLabel:
    """A column's name beside its row and above its column."""

    name: str
    place: float


@dataclass(frozen=True)
class Heatmap:
    """The lower half of a correlation matrix."""

    cells: tuple[HeatCell, ...]
    labels: tuple[HeatLabel, ...]
    cell: float
    left: float
    width: float
    height: float


def draw_column(column: ColumnProfile) -> HistogramChart | None:
    """Return the histogram of a column of numbers or dates; None for any other."""
    if column.numbers is not None:
        facts, quantiles = column.numbers, column.numbers.quantiles
        chart = _draw_histogram(facts.histogram, (quantiles.p25, quantiles.p50, quantiles.p75), dates=False)
        whole = facts.histogram.below == facts.histogram.above == 0
        return replace(chart, low=write_number(facts.minimum), high=write_number(facts.maximum)) if whole else chart
    if column.dates is not None:
        return _draw_histogram(column.dates.histogram, None, dates=True)
    return None


def draw_values(top: tuple[TopValue, ...], present: int, distinct: int) -> tuple[ValueBar, ...]:
    """Return bars for the commonest values, and one for all others together."""
    if not top:
        return ()
    most = max(top[0].rows, 1)
    bars = [
        ValueBar(each.value[:60], write_count(each.rows), write_share(each.rows, present), 100 * each.rows / most)
        for each in top
    ]
    rest = present - sum(each.rows for each in top)
    if rest > 0 and distinct > len(top):
        label = f"{write_count(distinct - len(top))} others"
        bars.append(ValueBar(label, write_count(rest), write_share(rest, present), min(100.0, 100 * rest / most)))
    return tuple(bars)


def draw_heatmap(matrix: CorrelationMatrix) -> Heatmap:
    """Return Pearson's correlations as a heat map; Spearman's stand in the titles."""
    size = len(matrix.names)
    cell = CELL if size <= 24 else max(9.0, 24 * CELL / size)
    cells: list[HeatCell] = []
    for row in range(1, size):
        for column in range(row):
            straight, ranked = matrix.pearson[row][column], matrix.spearman[row][column]
            if straight is None:
                continue
            told = f"{matrix.names[row]} and {matrix.names[column]}: {straight:.2f}, by ranks {write_number(ranked)}"
            text = f"{straight:.1f}".replace("0.", ".") if cell >= CELL and abs(straight) >= 0.3 else ""
            cells.append(HeatCell(_LABELS + column * cell, (row - 1) * cell, abs(straight), straight >= 0, told, text))
    labels = tuple(HeatLabel(_shorten(name), (place + 0.5) * cell) for place, name in enumerate(matrix.names))
    width, height = _LABELS + size * cell + 90, (size - 1) * cell + 110
    return Heatmap(tuple(cells), labels, cell, _LABELS, width, height)


def _draw_histogram(
    histogram: Histogram, quartiles: tuple[float, float, float] | None, *, dates: bool
) -> HistogramChart:
    edges, counts = histogram.edges, histogram.counts
    low, high = edges[0], edges[-1]
    # Bins of whole numbers begin and end half-way between two of them.
    inset = 0.5 if all(edge % 1 == 0.5 for edge in edges) and not dates else 0.0
    most = max(*counts, 1)
    width = WIDTH / len(counts)
    bars: list[Bar] = []
    for place, count in enumerate(counts):
        height = 0.0 if count == 0 else max(1.0, HEIGHT * count / most)
        first, last = _write(edges[place] + inset, dates), _write(edges[place + 1] - inset, dates)
        span = first if first == last else f"{first} to {last}"
        told = f"{span}: {write_count(count)} rows"
        bars.append(Bar(place * width + 0.5, HEIGHT - height, max(width - 1.0, 0.8), height, told))
    outside = ", ".join(
        f"{write_count(count)} {where}"
        for count, where in ((histogram.below, "below"), (histogram.above, "above"))
        if count
    )
    places = [_place(value, low, high) for value in quartiles] if quartiles else None
    return HistogramChart(
        bars=tuple(bars),
        low=_write(low + inset, dates),
        high=_write(high - inset, dates),
        outside=outside,
        median=places[1] if places else None,
        box=(places[0], places[2]) if places else None,
    )


def _place(value: float, low: float, high: float) -> float:
    return min(WIDTH, max(0.0, WIDTH * (value - low) / (high - low))) if high > low else WIDTH / 2


def _write(value: float, dates: bool) -> str:
    return write_moment(value)[:10] if dates else write_number(value)


def _shorten(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"
