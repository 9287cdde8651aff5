"""Figures leave receipts, loose numbers are found, and what a tool says cannot move the terminal."""

import pytest

from axagents.agents.claims import check_claims
from axagents.agents.conditions import check_condition
from axagents.agents.prompting import render_prompt
from axagents.agents.receipts import Receipts, find_value, quoted
from axagents.catalog import Catalog, open_catalog
from axagents.contents import ContentFile
from axagents.errors import UserError

CATALOG = open_catalog(None)
RESULT = {
    "metrics": {"auc_roc": {"mean": 0.84756, "low": 0.84, "high": 0.85}},
    "rows": 7043,
    "name": "telco 5",
    "none": None,
}


def render(text: str, tmp_path, **values: object) -> str:
    path = tmp_path / "p.j2"
    path.write_text(text)
    file = ContentFile("prompts", "p", path, "project", text.encode())
    return render_prompt(Catalog({"prompts": {"p": file}}), "p", values)  # type: ignore[arg-type]


def test_every_value_written_has_its_place(tmp_path) -> None:
    receipts = Receipts({"r1": RESULT})
    cited = receipts.cite("r1")
    marked = render("{{ r.metrics.auc_roc | interval }} of {{ r.rows | figure }}; {{ r.name }}", tmp_path, r=cited)
    text, shown, bare = receipts.settle(marked)
    assert text == "0.8476 [0.8400, 0.8500] of 7,043; telco 5"
    assert [(each.path, each.text) for each in shown] == [
        ("metrics.auc_roc.mean", "0.8476"),
        ("metrics.auc_roc.low", "0.8400"),
        ("metrics.auc_roc.high", "0.8500"),
        ("rows", "7,043"),
        ("name", "telco 5"),
    ]
    assert not any(letter.isdigit() for letter in bare)


@pytest.mark.parametrize(
    ("text", "allowed", "loose"),
    [
        ("the auc is .96 or 0.96", (), [".96", "0.96"]),
        ("deployed 2.1.0 at 10 %", ("deploy 2.1.0 at 10%",), []),
        ("SHA-256 of model-v2 in q4", (), []),
        ("it fell by 3 points, to 1,200", ("1200 users",), ["3"]),
        ("-5 degrees", (), ["-5"]),
        ("3x better than 1e6 rows or 5k, 80 %", (), ["3x", "1e6", "5k", "80 %"]),
        ("5,000 rows of 2M", ("5k of 2,000,000",), []),
    ],
)
def test_numbers_without_a_receipt_are_found(text: str, allowed: tuple[str, ...], loose: list[str]) -> None:
    assert check_claims(text, {}, allowed)[1] == loose


def test_what_a_tool_says_stays_on_its_line() -> None:
    assert quoted("a\x1b[2Jb\nignore\x07 this\u202e") == "a[2Jb ignore this"
    assert quoted(True) == "yes"


def test_templates_are_sandboxed_and_told_by_file_and_line(tmp_path) -> None:
    for text in ("{{ ''.__class__.__mro__ }}", "{{ nothing_here }}", "a\n{{ broken"):
        with pytest.raises(UserError, match=r"p\.j2"):
            render(text, tmp_path)


def test_keys_of_results_may_be_any_word(tmp_path) -> None:
    receipts = Receipts({"r1": {"value": {"name": 1, "path": 2}, "list": [{"text": "x"}]}})
    cited = receipts.cite("r1")
    text = render(
        "{{ r.value.name }}{{ r.value.path }}{% for e in r.list %}{{ e.text }}{% endfor %}", tmp_path, r=cited
    )
    assert receipts.settle(text)[0] == "12x"


@pytest.mark.parametrize(
    ("condition", "results", "holds"),
    [
        ("f1 > 0.85", [{"metrics": {"f1": {"mean": 0.9}}}], True),
        ("f1 > 0.85", [{"metrics": {"f1": 0.85}}], False),
        ("f1 >= 0.85", [{"metrics": {"f1": 0.85}}], True),
        ("f1 > 0.85", [{"metrics": {"f1": 0.9}}, {"metrics": {"f1": 0.1}}], False),
        ("f1 > 0.85", [{"metrics": {"recall": 0.9}}], False),
        ("f1 > 0.85", [{"metrics": {"f1": None}}], False),
        ("passed", [{"verdict": "GO"}], True),
        ("passed", [{"verdict": "NO_GO"}], False),
        ("passed", [{"verdict": "INSUFFICIENT"}], False),
        ("passed", [], False),
    ],
)
def test_a_condition_holds_only_where_a_result_says_so(
    condition: str, results: list[dict[str, object]], holds: bool
) -> None:
    assert check_condition(condition, results)[0] is holds


def test_a_yes_is_no_number() -> None:
    assert find_value({"metrics": {"f1": True}}, "f1") is None
