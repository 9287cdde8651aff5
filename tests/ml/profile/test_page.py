"""The profile as text and as a page: readable, whole, and safe whatever the data says."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from axagents.ml.profile.figures import write_number, write_share
from axagents.ml.profile.page import write_page
from axagents.ml.profile.text import write_text
from tests.ml.profile.subjects import profile_of

EVIL = "<script>alert('x')</script>"


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": [f"C-{i:05d}" for i in range(300)],
            "spend": rng.gamma(2, 30, 300),
            "visits": rng.integers(0, 50, 300),
            "plan": rng.choice([EVIL, "gold"], 300),
            EVIL: rng.choice(["a", "b"], 300),
            "gender": rng.choice(["secret-f", "secret-m"], 300),
            "seen": pd.date_range("2026-01-01", periods=300, freq="D"),
            "nothing": [None] * 300,
            "churn": rng.choice(["Yes", "No"], 300),
        }
    )


class Checker(HTMLParser):
    """Collects what a page loads and how its elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "line"):
            assert self.open.pop() == tag


def test_the_page_is_whole_and_alone(frame: pd.DataFrame) -> None:
    page = write_page(profile_of(frame, "churn", sensitive=frozenset({"gender"})))
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.links == []
    assert "script" not in checker.seen
    assert checker.seen.count("article") == 9
    assert checker.seen.count("svg") == 4
    assert "prefers-color-scheme: dark" in page


def test_no_value_that_names_somebody(frame: pd.DataFrame) -> None:
    profile = profile_of(frame, "churn", sensitive=frozenset({"gender"}))
    for shown in (write_page(profile), write_text(profile), profile.model_dump_json()):
        assert "C-0000" not in shown
        assert "secret-" not in shown
    assert "gender" not in {each.column for each in profile.target_associations}


def test_the_text_says_what_the_profile_says(frame: pd.DataFrame) -> None:
    text = write_text(profile_of(frame, "churn"))
    assert text.startswith("small: 300 rows, 9 columns")
    assert "2026-01-01 .. 2026-10-27" in text
    assert "(not shown: an identifier)" in text
    assert "! nothing has no value at all" in text.replace("!  ", "! ")


def test_a_sample_is_told(frame: pd.DataFrame) -> None:
    profile = profile_of(frame).model_copy(update={"sampled_rows": 100_000, "estimated": ("histogram",)})
    assert "100,000 rows drawn at random" in write_text(profile)
    assert "100,000 rows drawn at random" in write_page(profile)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0"), (1234567, "1,234,567"), (0.123456, "0.1235"), (12.5, "12.5"), (118.75, "118.8")),
        *((1e9, "1e+09"), (0.00001234, "1.23e-05"), (-3.10, "-3.1"), (None, "-")),
    ],
)
def test_numbers(number: float | None, text: str) -> None:
    assert write_number(number) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [(0, "0 %"), (1, "<0.1 %"), (100_000, "100 %"), (99_999, ">99.9 %"), (250, "0.2 %"), (5_000, "5 %")],
)
def test_shares_never_hide_the_rare(part: int, text: str) -> None:
    assert write_share(part, 100_000) == text
