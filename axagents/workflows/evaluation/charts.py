"""The geometry of an evaluation's plots; the page's template only draws it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from axagents.ml.evaluation.curves import Curves, Points
from axagents.workflows.evaluation.sections import CalibrationBin, ConfusionReport, ThresholdPoint
from axagents.workflows.train.request import Figure

WIDTH, HEIGHT = 360.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 12.0, 10.0, 38.0
ROW = 24.0
_MOST_SERIES = 8


@dataclass(frozen=True)
class Line:
    """A line through points, `style` naming its class of colour; `name` stands in the legend."""

    name: str
    path: str
    style: str


@dataclass(frozen=True)
class Mark:
    """A point with what it says when pointed at; `low` and `high` are the ends of its interval on the page."""

    x: float
    y: float
    title: str
    style: str = "s0"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Tick:
    """A number on an axis and where it stands."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Lines and marks over two axes."""

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    caption: str = ""
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Bar:
    """One row of a chart of intervals: where its value and its ends stand, in percent of the axis."""

    name: str
    text: str
    place: float
    low: float | None
    high: float | None
    style: str = ""
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """Rows over one axis from `low` to `high`; `limits` are lines across it, in percent."""

    rows: tuple[Bar, ...]
    low: str
    high: str
    limits: tuple[float, ...] = ()


@dataclass(frozen=True)
class Scale:
    """Where values stand on the page."""

    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)

    def across(self, value: float) -> float:
        return _LEFT + _share(value, self.x) * (WIDTH - _LEFT - _RIGHT)

    def up(self, value: float) -> float:
        return HEIGHT - _BOTTOM - _share(value, self.y) * (HEIGHT - _TOP - _BOTTOM)

    def path(self, points: Points) -> str:
        return " ".join(f"{self.across(x):.1f},{self.up(y):.1f}" for x, y in points)

    def ticks(self) -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
        across = tuple(Tick(self.across(each), write(each)) for each in _five(self.x))
        return across, tuple(Tick(self.up(each), write(each)) for each in _five(self.y))


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix."""

    count: str
    share: str
    strength: float
    right: bool
    title: str


@dataclass(frozen=True)
class Drawn:
    """Every plot of an evaluation; what does not fit the task is left out."""

    plots: tuple[Plot, ...] = ()
    confusion: tuple[tuple[Cell, ...], ...] = field(default=())


def draw(
    curves: Curves,
    *,
    bins: Sequence[CalibrationBin] = (),
    points: Sequence[ThresholdPoint] = (),
    threshold: float | None = None,
    confusion: ConfusionReport | None = None,
) -> Drawn:
    """Return the plots that fit the task."""
    plots: list[Plot] = []
    if curves.classes:
        plots += [_roc(curves), _precision_recall(curves)]
    if bins:
        plots.append(_calibration(bins))
    if points:
        plots.append(_thresholds(points, threshold))
    if curves.scatter:
        plots.append(_scatter(curves.scatter))
    return Drawn(tuple(plots), draw_confusion(confusion) if confusion else ())


def draw_bars(
    rows: Sequence[tuple[str, Figure, str, str]], *, axis: tuple[float, float], limits: Sequence[float] = ()
) -> Bars:
    """Return rows of (name, figure, style, note) over one axis."""
    bars = [
        Bar(
            name,
            tell(found),
            100 * _share(found.mean, axis),
            None if found.low is None else 100 * _share(found.low, axis),
            None if found.high is None else 100 * _share(found.high, axis),
            style,
            note,
        )
        for name, found, style, note in rows
    ]
    return Bars(tuple(bars), write(axis[0]), write(axis[1]), tuple(100 * _share(each, axis) for each in limits))


def axis_around(figures: Sequence[Figure], *, least: Sequence[float] = ()) -> tuple[float, float]:
    """Return an axis that holds every interval, and the values of `least`."""
    ends = [end for each in figures for end in (each.low, each.mean, each.high) if end is not None]
    low, high = min([*ends, *least]), max([*ends, *least])
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def draw_confusion(found: ConfusionReport) -> tuple[tuple[Cell, ...], ...]:
    """Return the cells of a confusion matrix, each as strong as its share of its row."""
    rows: list[tuple[Cell, ...]] = []
    for place, (counts, shares) in enumerate(zip(found.counts, found.shares, strict=True)):
        cells = [
            Cell(
                f"{count:,}",
                f"{share:.0%}",
                share,
                column == place,
                f"{count:,} of class {found.classes[place]} called {found.classes[column]} ({share:.1%})",
            )
            for column, (count, share) in enumerate(zip(counts, shares, strict=True))
        ]
        rows.append(tuple(cells))
    return tuple(rows)


def tell(found: Figure) -> str:
    """Write a figure with its interval, in few digits; those below 1 in as many, so that they stand in line."""
    if found.low is None or found.high is None:
        return write(found.mean)
    ends = (found.mean, found.low, found.high)
    mean, low, high = (f"{each:.3f}" for each in ends) if max(map(abs, ends)) <= 1 else (write(each) for each in ends)
    return f"{mean} [{low}, {high}]"


def write(value: float) -> str:
    """Write a number in few digits."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    text = f"{value:.1f}" if size >= 10 else f"{value:.3f}" if size >= 0.001 else f"{value:.4f}"
    return text.rstrip("0").rstrip(".") if size >= 0.0001 else f"{value:.1e}"


def _roc(curves: Curves) -> Plot:
    scale = Scale()
    lines = [Line("chance", scale.path(((0, 0), (1, 1))), "chance")]
    lines += [
        Line(_legend(each.name, f"AUC {each.auc_roc:.3f}"), scale.path(each.roc), f"s{place % _MOST_SERIES}")
        for place, each in enumerate(curves.classes)
    ]
    across, up = scale.ticks()
    return Plot("ROC", "false positive rate", "true positive rate", across, up, tuple(lines))


def _precision_recall(curves: Curves) -> Plot:
    scale = Scale()
    lines = [
        Line(
            _legend(each.name, f"average precision {each.auc_pr:.3f}"),
            scale.path(each.precision_recall),
            f"s{place % _MOST_SERIES}",
        )
        for place, each in enumerate(curves.classes)
    ]
    if len(curves.classes) == 1:
        share = curves.classes[0].share
        lines.insert(0, Line(f"share of positives {share:.3f}", scale.path(((0, share), (1, share))), "chance"))
    across, up = scale.ticks()
    return Plot("Precision and recall", "recall", "precision", across, up, tuple(lines))


def _calibration(bins: Sequence[CalibrationBin]) -> Plot:
    scale = Scale()
    marks: list[Mark] = []
    for each in bins:
        low, high = each.observed.low, each.observed.high
        told = f"predicted {each.predicted:.3f}, observed {tell(each.observed)}, {each.rows:,} rows"
        ends = (None, None) if low is None or high is None else (scale.up(low), scale.up(high))
        at = scale.across(each.predicted), scale.up(each.observed.mean)
        marks.append(Mark(*at, told, low=ends[0], high=ends[1]))
    ideal = Line("as it should be", scale.path(((0, 0), (1, 1))), "chance")
    points = tuple((each.predicted, each.observed.mean) for each in bins)
    across, up = scale.ticks()
    lines = (ideal, Line("observed, with 95 % intervals", scale.path(points), "s0"))
    return Plot("Calibration", "predicted probability", "observed share", across, up, lines, tuple(marks))


def _thresholds(points: Sequence[ThresholdPoint], threshold: float | None) -> Plot:
    scale = Scale()
    shown = sorted(points, key=lambda each: each.threshold)
    named = {
        "precision": [each.precision for each in shown],
        "recall": [each.recall for each in shown],
        "F1": [each.f1 for each in shown],
        "share called positive": [each.alerts / 1000 for each in shown],
    }
    cuts = [each.threshold for each in shown]
    lines = [
        Line(name, scale.path(tuple(zip(cuts, values, strict=True))), f"s{place}")
        for place, (name, values) in enumerate(named.items())
    ]
    if threshold is not None:
        lines.append(Line(f"in use {threshold:.3f}", scale.path(((threshold, 0), (threshold, 1))), "limit"))
    across, up = scale.ticks()
    return Plot("Thresholds", "threshold", "", across, up, tuple(lines))


def _scatter(points: Points) -> Plot:
    values = [each for point in points for each in point]
    axis = (min(values), max(values))
    scale = Scale(axis, axis)
    marks = [Mark(scale.across(x), scale.up(y), f"true {write(x)}, predicted {write(y)}") for x, y in points]
    ideal = Line("as it should be", scale.path(((axis[0], axis[0]), (axis[1], axis[1]))), "chance")
    across, up = scale.ticks()
    caption = f"{len(points):,} rows drawn at random" if len(points) >= 400 else ""
    return Plot("Predictions", "true value", "predicted value", across, up, (ideal,), tuple(marks), caption)


def _legend(name: str, told: str) -> str:
    return f"{name}: {told}"


def _share(value: float, axis: tuple[float, float]) -> float:
    low, high = axis
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def _five(axis: tuple[float, float]) -> list[float]:
    low, high = axis
    return [low + (high - low) * step / 4 for step in range(5)]
