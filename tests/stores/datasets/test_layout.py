"""CSV files as they come: encodings, delimiters, headers, and what is wrong with them in one line."""

import gzip
from pathlib import Path

import pytest

from axagents.errors import UserError
from axagents.ml.table import count_rows, fetch_raw
from axagents.stores.datasets.layout import LayoutOptions, find_layout
from axagents.stores.datasets.opening import open_table


def rows_of(path: Path, **options: object) -> list[list[object]]:
    layout, _ = find_layout(path, LayoutOptions(**options))
    with open_table(path, "csv", layout) as table:
        assert count_rows(table) == len(fetch_raw(table))
        return fetch_raw(table).to_numpy().tolist()


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        *(("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le")),
        *(("latin-1", "latin-1"), ("cp1252", "latin-1")),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, found: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("name,city\nZoë,Köln\nAnn,Łódź\n".replace("Łódź", "Orléans").encode(encoding))
    layout, notices = find_layout(path, LayoutOptions())
    assert layout.encoding == found
    assert (found == "latin-1") == bool(notices)
    assert rows_of(path) == [["Zoë", "Köln"], ["Ann", "Orléans"]]


def test_windows_quotes_are_cp1252(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("name,v\n“hi”,1\n".encode("cp1252"))
    assert rows_of(path) == [["“hi”", "1"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f'a{delimiter}b\n"1{delimiter}5"{delimiter}x\n2{delimiter}y\n')
    assert rows_of(path) == [[f"1{delimiter}5", "x"], ["2", "y"]]


def test_runs_of_spaces(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(" id   amount\n 001   12.5\n 002  7\n")
    assert rows_of(path) == [["001", "12.5"], ["002", "7"]]
    path.write_text("full name\nAnn Lee\nBob Ray\n")
    assert rows_of(path) == [["Ann Lee"], ["Bob Ray"]]


def test_gzip_blank_lines_and_quoted_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n'))
    assert rows_of(path) == [["1", "x\r\ny"], ["2", "z"]]


def test_names(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2,x\n3,4,y\n")
    with pytest.raises(UserError, match="the first line looks like data") as caught:
        find_layout(path, LayoutOptions())
    assert "--no-header" in str(caught.value.hint)
    assert find_layout(path, LayoutOptions(header=False))[0].columns == ("column_1", "column_2", "column_3")
    assert find_layout(path, LayoutOptions(columns=("a", "b", "c")))[0].header is False
    assert find_layout(path, LayoutOptions(header=True))[0].columns == ("1", "2", "x")
    with pytest.raises(UserError, match="2 names were given"):
        find_layout(path, LayoutOptions(columns=("a", "b")))
    path.write_text(",b\n0,x\n")
    layout, notices = find_layout(path, LayoutOptions())
    assert (layout.columns, notices) == (("unnamed_1", "b"), ("columns without a name are called unnamed_1",))


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "is empty"),
        (b" \n\n", {}, "is empty"),
        (b"a,b,a\n1,2,3\n", {}, "the column name 'a' stands 2 times (columns 1 and 3)"),
        (b"a,b,c\n1,2,3\n4,5\n", {}, "line 3: 2 fields where 3 are expected"),
        (b'a,b,c\n1,"x\ny",3\n4,5,6,7\n', {}, "line 4: 4 fields where 3 are expected"),
        (b"  a  b\n 1 2\n 3 4\n5 6\n7 8\n9 10\n1 2\n1 2\n1 2\n1 2\n 5 6 7\n", {}, "line 11: 3 fields where 2"),
        (b'a,b\n1,"open\n2,3\n', {}, "line 2: a quote is opened and not closed"),
        (b"a,b\ncaf\xe9,1\n", {"encoding": "utf-8"}, "line 2: not utf-8"),
        ("a,b\n" + "é,1\n" * 9, {"encoding": "ascii"}, "line 2: not ascii"),
        (("a,b\n" + "é,1\n" * 9).encode() + b"caf\xe9,1\n", {}, "line 11: not UTF-8, though the rest of the file is"),
        (b"a,b\n1,2\n", {"encoding": "klingon"}, "there is no encoding called 'klingon'"),
        (b"a,b\n1,2\n", {"delimiter": ";;"}, "a delimiter is one character"),
        (b"PK\x03\x04rest", {}, "a zip archive or an Excel workbook"),
        (bytes(range(256)) * 8, {}, "is no text: it holds zero bytes"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, content: bytes | str, options: dict[str, str], message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        rows_of(path, **options)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 2


def test_a_broken_line_far_down_is_found(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 300_000 + "1,2,3\n" + "1,2\n" * 1000)
    with pytest.raises(UserError, match="line 300002: 3 fields where 2"):
        rows_of(path)
