"""Lay rows out as a table: in columns for a terminal, or as Markdown."""

from collections.abc import Collection, Sequence


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[int] = ()) -> str:
    """Lay rows out in columns; numbers, and the columns named in `right`, stand right, text left."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(headers), *cells]) for i in range(len(headers))]
    numbers = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(headers))]
    aligned = [number or i in right for i, number in enumerate(numbers)]

    def line(values: Sequence[str]) -> str:
        parts = [v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, widths, aligned, strict=True)]
        return "  ".join(parts).rstrip()

    return "\n".join([line(headers), line(["-" * width for width in widths]), *[line(each) for each in cells]])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """Write a figure, and the ends of its interval where it has one."""
    return f"{value:.4f}" if low is None or high is None else f"{value:.4f} [{low:.4f}, {high:.4f}]"


def branches(depths: Sequence[int]) -> list[str]:
    """Return for each line of a tree, given by its depth, the strokes that lead to it; depth 0 has none."""
    found: list[str] = []
    open_levels: set[int] = set()
    for depth in reversed(depths):
        above = "".join("│  " if level in open_levels else "   " for level in range(1, depth))
        found.append(above + ("├─ " if depth in open_levels else "└─ ") if depth else "")
        open_levels = {level for level in open_levels if level < depth} | {depth}
    return found[::-1]


def shorten(text: str, most: int) -> str:
    """Cut a text to a length, and show that it was cut."""
    return text if len(text) <= most else text[: most - 3] + "..."


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay rows out as a Markdown table; numbers stand right, text left."""
    cells = [[_cell(value).replace("|", "\\|") for value in row] for row in rows]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(headers))]
    rule = ["---:" if each else "---" for each in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(headers), rule, *cells])
