"""A profile as text for a terminal."""

from collections.abc import Iterable, Sequence

from axagents.ml.profile.figures import write_count, write_number, write_share
from axagents.ml.profile.model import ColumnProfile, DataProfile, Histogram

_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARK = 12
_MOST_LINES = 12
_NAME_WIDTH = 28
_MARKS = {"problem": "!!", "warning": "! ", "note": "  "}
_MEASURES = {
    "pearson": "correlation",
    "spearman": "rank correlation",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
}


def write_text(profile: DataProfile) -> str:
    """Write a profile as a page of text."""
    parts = [
        _write_head(profile),
        _write_columns(profile),
        _write_target(profile),
        _write_pairs(profile),
        _write_suspicions(profile),
    ]
    return "\n\n".join(part for part in parts if part)


def _write_head(profile: DataProfile) -> str:
    lines = [f"{profile.dataset}: {write_count(profile.rows)} rows, {len(profile.columns)} columns"]
    if profile.location:
        digest = f"  SHA-256 {profile.sha256[:12]}" if profile.sha256 else ""
        lines.append(f"{profile.location}{digest}")
    copies = profile.duplicates
    about = "about " if copies.estimated else ""
    if copies.rows:
        lines.append(f"{about}{write_count(copies.rows)} rows repeat an earlier one")
    else:
        lines.append("no row repeats another")
    facts = profile.target_facts
    if facts is not None:
        lines.append(f"target {profile.target}: {facts.task} ({facts.because})")
    elif profile.target:
        lines.append(f"target {profile.target}")
    if profile.sampled_rows is not None:
        lines.append(
            f"rows, missing, extremes, means and top values are counted on all rows; figures with ~ come from "
            f"{write_count(profile.sampled_rows)} rows drawn at random"
        )
    lines += [f"note: {notice}" for notice in profile.notices]
    return "\n".join(lines)


def _write_columns(profile: DataProfile) -> str:
    rows = [
        (
            column.name[:_NAME_WIDTH],
            column.kind,
            write_share(column.missing, profile.rows) if column.missing else "",
            ("~" if column.distinct_estimated else "") + write_count(column.distinct),
            _describe(column, profile),
        )
        for column in profile.columns
    ]
    return _lay_out(("column", "kind", "missing", "distinct", "values"), rows, right=(2, 3))


def _describe(column: ColumnProfile, profile: DataProfile) -> str:
    if column.withheld is not None:
        return f"(not shown: {column.withheld})"
    about = "~" if profile.sampled_rows is not None else ""
    if column.numbers is not None:
        facts = column.numbers
        spread = f"{write_number(facts.minimum)} .. {write_number(facts.maximum)}"
        middle = f"median {about}{write_number(facts.quantiles.p50)}, mean {write_number(facts.mean)}"
        return f"{_spark(facts.histogram)}  {spread}, {middle}, sd {write_number(facts.std)}"
    if column.dates is not None:
        return f"{_spark(column.dates.histogram)}  {column.dates.first} .. {column.dates.last}"
    if column.kind == "empty":
        return "(no value)"
    shown = [f"{each.value[:24]} {write_share(each.rows, profile.rows - column.missing)}" for each in column.top[:4]]
    more = column.distinct - len(shown)
    return ", ".join(shown) + (f", {write_count(more)} more" if shown and more > 0 else "")


def _write_target(profile: DataProfile) -> str:
    facts = profile.target_facts
    lines: list[str] = []
    if facts is not None and facts.counts:
        total = sum(facts.counts)
        ranked = sorted(zip(facts.classes, facts.counts, strict=True), key=lambda each: -each[1])
        shown = [f"{label[:24]} {write_count(count)} ({write_share(count, total)})" for label, count in ranked[:10]]
        about = "~" if profile.sampled_rows is not None else ""
        lines.append(f"classes of {profile.target}: {about}{', '.join(shown)}")
    if profile.target_associations:
        lines.append(f"goes together with {profile.target}:")
        rows = [
            (
                f"  {each.column[:_NAME_WIDTH]}",
                f"{each.value:+.3f}" if each.measure in ("pearson", "spearman") else f"{each.value:.3f}",
                _MEASURES[each.measure] + (f", AUC {max(each.auc, 1 - each.auc):.3f} alone" if each.auc else ""),
            )
            for each in profile.target_associations[:_MOST_LINES]
        ]
        lines.append(_lay_out(None, rows, right=(1,)))
    return "\n".join(lines)


def _write_pairs(profile: DataProfile) -> str:
    if not profile.associations:
        return ""
    rows = [
        (f"  {pair.one[:_NAME_WIDTH]}", pair.other[:_NAME_WIDTH], f"{pair.value:.3f}", _MEASURES[pair.measure])
        for pair in profile.associations[:_MOST_LINES]
    ]
    return "columns that go together:\n" + _lay_out(None, rows, right=(2,))


def _write_suspicions(profile: DataProfile) -> str:
    if not profile.suspicions:
        return "nothing suspicious was found"
    lines = [
        f"{_MARKS[each.severity]} {each.column + ' ' if each.column else ''}{each.text}" for each in profile.suspicions
    ]
    return "look at:\n" + "\n".join(lines)


def _spark(histogram: Histogram) -> str:
    counts = list(histogram.counts)
    if len(counts) > _SPARK:
        size = len(counts) / _SPARK
        counts = [sum(counts[int(place * size) : int((place + 1) * size)]) for place in range(_SPARK)]
    most = max(counts, default=0)
    if most == 0:
        return ""
    return "".join(" " if count == 0 else _BLOCKS[min(7, int(8 * count / (most + 1)))] for count in counts)


def _lay_out(headers: Sequence[str] | None, rows: Iterable[Sequence[str]], *, right: Sequence[int]) -> str:
    lines = [*([headers] if headers else []), *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
