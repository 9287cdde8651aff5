"""The catalog: names, declarations, fingerprints, and nothing kept of what was refused."""

import hashlib
import shlex
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.datasets import fingerprint
from axagents.stores.datasets.catalog import add_command, add_dataset, find_dataset, find_state, list_datasets
from axagents.stores.datasets.layout import LayoutOptions
from axagents.stores.datasets.loading import load_frame
from axagents.stores.datasets.profiling import profile_dataset
from axagents.stores.datasets.record import Declarations

TEXT = "id,plan,spend,churn\n" + "".join(
    f"c{i},{'ab'[i % 2]},{i * 1.5},{'Yes' if i % 3 else 'No'}\n" for i in range(60)
)


@pytest.fixture
def customers(project: Project) -> Path:
    path = project.root / "data/customers.csv"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


def test_a_reference_and_no_copy(project: Project, customers: Path) -> None:
    added = add_dataset(project, "customer", "data/customers.csv", declared=Declarations(target="churn"))
    dataset = added.dataset
    assert (added.outcome, dataset.location, dataset.rows, dataset.format) == ("added", "data/customers.csv", 60, "csv")
    assert dataset.target_choice is not None
    assert dataset.target_choice.positive == "Yes"
    assert dataset.fingerprint.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    state = [path for path in project.state.rglob("*") if path.is_file() and path.suffix in (".csv", ".parquet")]
    assert state == []


def test_adding_again(project: Project, customers: Path) -> None:
    first = add_dataset(project, "customer", "data/customers.csv", declared=Declarations(target="churn"))
    again = add_dataset(project, "customer", str(customers), declared=Declarations(target="churn"))
    assert (again.outcome, again.dataset) == ("unchanged", first.dataset)
    other = add_dataset(project, "customer", "data/customers.csv", declared=Declarations(target="plan"))
    assert (other.outcome, other.previous) == ("replaced", first.dataset)
    assert [each.target for each in list_datasets(project)] == ["plan"]


def test_a_changed_file_is_told_with_the_command(project: Project, customers: Path) -> None:
    declared = Declarations(target="churn", entity="id", sensitive=("plan",), role="holdout")
    add_dataset(project, "customer", "data/customers.csv", declared=declared)
    customers.write_text(TEXT.replace("c0,a", "c0,b"))
    for use in (load_frame, profile_dataset):
        with pytest.raises(UserError, match="changed since it was added") as caught:
            use(project, "customer")
    assert caught.value.hint == (
        "ax data add customer data/customers.csv --target churn --entity id --role holdout --sensitive plan"
    )
    again = add_dataset(project, "customer", "data/customers.csv", declared=declared)
    assert again.outcome == "replaced"
    assert len(load_frame(project, "customer").frame) == 60
    customers.unlink()
    with pytest.raises(UserError, match="there is no file data/customers"):
        load_frame(project, "customer")
    assert find_state(project, again.dataset) == "missing"


def test_a_large_file_is_read_again_only_when_touched(
    project: Project, customers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = add_dataset(project, "customer", "data/customers.csv").dataset
    reads: list[Path] = []
    real = fingerprint.hash_file
    monkeypatch.setattr(fingerprint, "hash_file", lambda path: reads.append(path) or real(path))
    monkeypatch.setattr(fingerprint, "ALWAYS_READ_BYTES", 10)
    assert (find_state(project, dataset), reads) == ("same", [])
    customers.write_text(TEXT.replace("c0,a", "c0,b"))
    assert (find_state(project, dataset), len(reads)) == ("changed", 1)


def test_the_command_to_add_again_repeats_everything(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "events of may.csv"
    path.write_text("u1,2026-05-01,3\nu2,2026-05-02,4\n")
    declared = Declarations(
        target="gone", entity="who", time="when", cutoff="2026-05-01", label_window="30d", unknown_at_prediction=("n",)
    )
    added = add_dataset(
        project, "events", str(path), declared=declared, layout=LayoutOptions(columns=("who", "when", "n"))
    )
    words = shlex.split(add_command(added.dataset))
    assert words == [
        *("ax", "data", "add", "events", str(path), "--target", "gone", "--entity", "who", "--time", "when"),
        *("--cutoff", "2026-05-01", "--label-window", "30d", "--unknown-at-prediction", "n"),
        *("--columns", "who,when,n"),
    ]
    assert added.dataset.target_is_derived


def test_names_in_their_order(project: Project, customers: Path, tmp_path: Path) -> None:
    outside = tmp_path / "customers.csv"
    outside.write_text(TEXT)
    # A file of data/ needs no entry.
    for name in ("customers", "customers.csv"):
        found = find_dataset(project, name)
        assert (found.location, found.catalogued, found.name) == ("data/customers.csv", False, "customers")
    # An entry that points at it lends its declarations.
    add_dataset(project, "customer", "data/customers.csv", declared=Declarations(target="churn"))
    assert find_dataset(project, "customers.csv").target == "churn"
    # A name of the catalog goes first.
    add_dataset(project, "customers", str(outside), declared=Declarations(target="plan"))
    assert find_dataset(project, "customers").target == "plan"


def test_paths_are_for_people(project: Project, customers: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(TEXT)
    with pytest.raises(UserError, match="is a path; here a dataset is named by the catalog") as caught:
        find_dataset(project, str(outside))
    assert caught.value.hint == f"ax data add outside {outside}"
    assert find_dataset(project, str(outside), allow_paths=True).rows == 60
    for name in ("../outside", "../outside.csv", "data/../../outside.csv", "/etc/passwd", ".hidden"):
        with pytest.raises(UserError):
            find_dataset(project, name)


def test_the_nearest_names(project: Project, customers: Path) -> None:
    add_dataset(project, "customer", "data/customers.csv")
    with pytest.raises(NotFound, match="no dataset called 'custmer'; did you mean customer or customers"):
        find_dataset(project, "custmer")
    with pytest.raises(NotFound, match="did you mean spend"):
        load_frame(project, "customer", columns=["spent"])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"target": "chrun"}, "no column called 'chrun'; did you mean churn"),
        ({"entity": "idd"}, "no column called 'idd'; did you mean id"),
        ({"sensitive": ("gender",)}, "no column called 'gender'"),
        ({"unknown_at_prediction": ("x",)}, "no column called 'x'"),
        ({"target": "churn", "unknown_at_prediction": ("churn",)}, "is never known at prediction time"),
        ({"time": "plan"}, "the time column 'plan' holds no dates"),
        ({"target": "gone", "entity": "id", "cutoff": "2026-01-01"}, "no column called 'gone'"),
    ],
)
def test_declarations_are_checked(project: Project, customers: Path, declared: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        add_dataset(project, "customer", "data/customers.csv", declared=Declarations(**declared))
    assert list_datasets(project) == ()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["x"] * 300, "has one class only in 300 rows"),
        ([f"text {i}" for i in range(300)], "is text of 300 different values in 300 rows"),
        ([None] * 300, "has no value in any row"),
        (pd.date_range("2026-01-01", periods=300), "is a date"),
    ],
)
def test_hopeless_targets_are_refused(project: Project, column: object, message: str) -> None:
    pd.DataFrame({"x": np.arange(300), "y": column}).to_parquet(project.root / "t.parquet")
    with pytest.raises(UserError, match=message):
        add_dataset(project, "t", "t.parquet", declared=Declarations(target="y"))
    assert list_datasets(project) == ()


@pytest.mark.slow
def test_a_target_of_a_million_texts(project: Project) -> None:
    table = pa.table({"y": pa.array([f"t{i} of many" for i in range(1_000_000)]), "x": np.arange(1_000_000)})
    pq.write_table(table, project.root / "many.parquet")
    with pytest.raises(UserError, match="is text of 1,000,000 different values in 1,000,000 rows"):
        add_dataset(project, "many", "many.parquet", declared=Declarations(target="y"))


def test_an_all_missing_column_is_told(project: Project) -> None:
    (project.root / "holes.csv").write_text("a,b\n1,\n2,\n3,\n")
    dataset = add_dataset(project, "holes", "holes.csv").dataset
    assert dataset.notices == ("column 'b' has no value at all",)
    assert profile_dataset(project, "holes").column("b").kind == "empty"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"a,b\n", "has a header and no rows"),
        ("ragged.csv", b"a,b\n1,2\n3\n", "line 3: 1 field where 2 are expected"),
        ("bad.parquet", b"PAR1 and then nothing", "is no Parquet file"),
        ("folder", None, "is a folder"),
        ("gone.csv", None, "there is no file"),
    ],
)
def test_what_is_refused_leaves_nothing(project: Project, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (project.root / name).write_bytes(content)
    elif name == "folder":
        (project.root / name).mkdir()
    with pytest.raises(UserError, match=message) as caught:
        add_dataset(project, "x", name)
    assert caught.value.exit_code == 2
    assert list_datasets(project) == ()


def test_parquet_of_many_types(project: Project) -> None:
    table = pa.table(
        {
            "n": pa.array([1, None, 3] * 20, pa.int64()),
            "big": pa.array([2**60 + 1, None, 2**60 + 3] * 20, pa.int64()),
            "price": pa.array(["1.50", None, "2.25"] * 20).cast(pa.decimal128(8, 2)),
            "flag": pa.array([True, None, False] * 20),
            "tags": pa.array([[1], None, [2, 3]] * 20),
            "at": pa.array(pd.to_datetime(["2026-01-01T00:00Z", None, "2026-02-01T00:00Z"] * 20)),
            "kind": pa.array(["a", None, "b"] * 20).dictionary_encode(),
        }
    )
    pq.write_table(table, project.root / "types.parquet")
    add_dataset(project, "types", "types.parquet")
    loaded = load_frame(project, "types")
    assert [column.kind for column in loaded.columns] == [
        *("numeric", "identifier", "numeric", "boolean", "category", "date", "category"),
    ]
    assert loaded.frame.iloc[0].tolist() == [
        *(1.0, "1152921504606846977", 1.5, 1.0, "[1]", pd.Timestamp("2026-01-01"), "a"),
    ]
    assert int(loaded.frame.isna().sum().sum()) == 7 * 20


def test_dates_do_not_depend_on_where_one_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        (project.root / "days.csv").write_text("day,n\n2026-01-31,1\n2026-02-01T00:00:00+02:00,2\n")
        add_dataset(project, "days", "days.csv")
        loaded = load_frame(project, "days").frame["day"].tolist()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert loaded == [pd.Timestamp("2026-01-31"), pd.Timestamp("2026-01-31T22:00")]


def test_loading(project: Project, customers: Path) -> None:
    add_dataset(project, "customer", "data/customers.csv", declared=Declarations(target="churn"))
    loaded = load_frame(project, "customer", columns=["spend", "churn"])
    assert loaded.frame.columns.tolist() == ["spend", "churn"]
    assert [spec.name for spec in loaded.columns] == ["spend", "churn"]
    # Rows keep the order of the file: i * 1.5.
    assert loaded.frame["spend"].tolist() == [i * 1.5 for i in range(60)]
    assert load_frame(project, "customer", raw=True).frame["churn"].tolist()[:2] == ["No", "Yes"]
    sample = load_frame(project, "customer", max_rows=10)
    assert (len(sample.frame), sample.sampled) == (10, True)


def test_public_data(project: Project, data_dir: Path) -> None:
    place = data_dir / "cdnow/CDNOW_master.txt"
    declared = Declarations(
        target="churned", entity="customer_id", time="date", cutoff="1997-10-01", label_window="180d"
    )
    dataset = add_dataset(project, "cdnow", str(place), declared=declared).dataset
    # data/README.md: 69,659 purchases of 23,570 customers.
    assert (dataset.rows, dataset.column("customer_id").distinct, dataset.target_is_derived) == (69_659, 23_570, True)
    names = ("age", "workclass", "fnlwgt", "education", "years", "marital", "occupation", "relation", "race", "sex")
    names += ("gain", "loss", "hours", "country", "income")
    adult = add_dataset(
        project,
        "adult",
        str(data_dir / "adult/adult-train.csv"),
        declared=Declarations(target="income", sensitive=("race", "sex")),
        layout=LayoutOptions(columns=names),
    ).dataset
    # data/README.md: 32,561 training rows x 15; adult.names: 16 levels of education.
    assert (adult.rows, len(adult.columns), adult.column("education").distinct) == (32_561, 15, 16)
    profile = profile_dataset(project, "adult")
    assert profile.column("race").withheld == "declared sensitive"
    assert profile_dataset(project, "adult", show_sensitive=True).column("race").top[0].value == "White"
