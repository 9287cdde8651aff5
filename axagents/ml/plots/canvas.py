"""One look for every plot, and its bytes; no pyplot, so no state is shared between threads."""

from io import BytesIO
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREY, GREEN, RED = "#2b6cb0", "#dd6b20", "#a0aec0", "#2f855a", "#c53030"
SERIES = (BLUE, ORANGE, GREEN, "#805ad5", RED, "#319795", "#b7791f", "#4a5568")
_INK, _LINES = "#1a202c", "#e2e8f0"
_DPI = 130


def make_axes(title: str, x: str, y: str, *, size: tuple[float, float] = (5.6, 4.4)) -> Axes:
    """Return the axes of a new figure with a title and labels."""
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=_INK)
    axes.set_xlabel(x, color=_INK)
    axes.set_ylabel(y, color=_INK)
    axes.grid(visible=True, color=_LINES, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(colors=_INK, labelsize=9)
    return axes


def to_png(axes: Axes) -> bytes:
    """Return the figure of some axes as PNG bytes."""
    figure: Any = axes.figure
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def add_legend(axes: Axes, where: Literal["best", "lower right", "upper left"] = "best") -> None:
    """Add a quiet legend."""
    axes.legend(loc=where, frameon=False, fontsize=9)
