"""How a CSV file is laid out: its delimiter, its header, the names of its columns."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from axagents.errors import UserError
from axagents.stores.datasets.encoding import find_encoding, open_bytes
from axagents.stores.datasets.record import CsvLayout

_DELIMITERS = (",", ";", "\t", "|")
_LOOK_AT = 100
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True)
class LayoutOptions:
    """What the user says of a file's layout; None where the file shall tell."""

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()


def find_layout(path: Path, options: LayoutOptions) -> tuple[CsvLayout, tuple[str, ...]]:
    """Find the layout of a CSV file, and what the user should be told of it.

    Raises UserError for an empty file, wrong encoding, no header where one is needed, duplicate or missing names.
    """
    encoding = find_encoding(path, options.encoding)
    lines = _first_lines(path, encoding.name)
    delimiter = _unescape(options.delimiter) if options.delimiter else _find_delimiter(lines)
    records = _split(lines, delimiter)
    header = _find_header(path, records, options)
    names, notices = _name_columns(path, records, options, header=header)
    told = tuple(each for each in (encoding.notice, *notices) if each)
    return CsvLayout(encoding=encoding.name, delimiter=delimiter, header=header, columns=names), told


def _unescape(delimiter: str) -> str:
    found = {"\\t": "\t", "tab": "\t", "space": " "}.get(delimiter, delimiter)
    if len(found) != 1:
        raise UserError(f"a delimiter is one character, not {delimiter!r}", field="--delimiter", legal=_DELIMITERS)
    return found


def _first_lines(path: Path, encoding: str) -> list[str]:
    lines: list[str] = []
    with open_bytes(path) as opened, io.TextIOWrapper(opened, encoding=encoding, newline="") as text:
        for line in text:
            if line.strip():
                lines.append(line)
            if len(lines) >= _LOOK_AT:
                break
    return lines


def _find_delimiter(lines: Sequence[str]) -> str:
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        score = _score(_split(lines, delimiter))
        if score > best_score:
            best, best_score = delimiter, score
    if best_score[0] >= 0.9:
        return best
    spaced = _score(_split(lines, " "))
    return " " if spaced[0] >= 0.9 and spaced > best_score and _looks_aligned(lines) else best


def _looks_aligned(lines: Sequence[str]) -> bool:
    """Say whether blanks stand between columns rather than words: several in a row, or between numbers."""
    if any("  " in line.strip() or line.startswith(" ") for line in lines):
        return True
    fields = [field for line in lines[1:] for field in line.split()]
    return bool(fields) and sum(1 for field in fields if _NUMBER.match(field)) >= len(fields) / 2


def _score(records: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Return the share of records with the commonest width, and that width; one column scores nothing."""
    widths = Counter(len(record) for record in records)
    if not widths:
        return (0.0, 0)
    width, count = widths.most_common(1)[0]
    return (count / len(records), width) if width > 1 else (0.0, 0)


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    if delimiter == " ":
        return [line.split() for line in lines]
    try:
        return [record for record in csv.reader(lines, delimiter=delimiter) if record]
    except csv.Error:
        return [line.rstrip("\r\n").split(delimiter) for line in lines]


def _find_header(path: Path, records: Sequence[Sequence[str]], options: LayoutOptions) -> bool:
    if options.header is not None:
        return options.header
    if options.columns:
        return bool(records) and tuple(each.strip() for each in records[0]) == options.columns
    first = [field.strip() for field in records[0]]
    below = records[1:21]
    for place, field in enumerate(first):
        column = [record[place].strip() for record in below if place < len(record)]
        if _NUMBER.match(field) and column and all(_NUMBER.match(each) for each in column):
            raise UserError(
                f"{path}: the first line looks like data ({', '.join(first)[:60]}), not like names of columns",
                field="--header",
                hint="name them with --columns a,b,c, or say --no-header, or --header if these are the names",
            )
    return True


def _name_columns(
    path: Path, records: Sequence[Sequence[str]], options: LayoutOptions, *, header: bool
) -> tuple[tuple[str, ...], list[str]]:
    first = [field.strip() for field in records[0]]
    notices: list[str] = []
    if options.columns:
        if len(options.columns) != len(first):
            raise UserError(
                f"{len(options.columns)} names were given, and {path} has {len(first)} columns", field="--columns"
            )
        names = list(options.columns)
    elif not header:
        names = [f"column_{place}" for place in range(1, len(first) + 1)]
    else:
        names = [name or f"unnamed_{place}" for place, name in enumerate(first, 1)]
        blank = [name for name, given in zip(names, first, strict=True) if not given]
        if blank:
            notices.append(f"columns without a name are called {', '.join(blank)}")
    refuse_duplicates(path, names, hint="give each column its own name, with --columns a,b,c and --header")
    return tuple(names), notices


def refuse_duplicates(path: Path, names: Sequence[str], *, hint: str | None = None) -> None:
    """Raise UserError when a column name stands twice."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names, 1):
        places.setdefault(name, []).append(place)
    for name, found in places.items():
        if len(found) > 1:
            where = " and ".join(str(place) for place in found)
            raise UserError(
                f"{path}: the column name {name!r} stands {len(found)} times (columns {where})",
                field="--columns",
                hint=hint,
            )
