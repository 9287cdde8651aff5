"""Versions, placeholders, and the canonical form of JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from axagents.fields import Version, canonical_json, parse_version

VERSION = TypeAdapter(Version)

# The order given as an example in semver.org 2.0.0, section 11.
SEMVER_ORDER = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "10.0.0",
]


def test_versions_are_ordered_as_semver_says() -> None:
    shuffled = SEMVER_ORDER[::-1]
    assert sorted(shuffled, key=parse_version) == SEMVER_ORDER


@pytest.mark.parametrize(("typed", "meant"), [("v2.1.0", "2.1.0"), ("2", "2.0.0"), ("v2.1", "2.1.0"), ("3.0", "3.0.0")])
def test_a_leading_v_and_missing_parts_are_normalised(typed: str, meant: str) -> None:
    assert VERSION.validate_python(typed) == meant


@pytest.mark.parametrize("typed", ["", "...", "latest", "1.2.3.4", "01.2.3", "1.-1"])
def test_what_is_no_version_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        VERSION.validate_python(typed)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()))
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))
