"""Words are cut, stemmed, and grouped with those that mean the same."""

import pytest

from axagents.stores.memory.terms import stem, stems, synonyms


# Pairs of Porter's own vocabulary (tartarus.org/martin/PorterStemmer, voc.txt and output.txt).
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("abandoned", "abandon"),
        ("adjustment", "adjust"),
        ("generously", "gener"),
        ("relational", "relat"),
        ("sky", "sky"),
    ],
)
def test_stems_are_porters(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_stems_leave_function_words_out() -> None:
    assert stems("How often do we rebuild the predictors?") == ["often", "rebuild", "predictor"]


def test_stems_of_function_words_alone_are_kept() -> None:
    assert stems("who is it") == ["who", "is", "it"]


def test_keys_fall_into_words() -> None:
    assert stems("churn-classifier/versions/2.1.0_rc") == ["churn", "classifi", "version", "2", "1", "0", "rc"]


def test_other_alphabets_stay_as_they_are() -> None:
    assert stems("Прогноз überprüft 模型") == ["прогноз", stem("überprüft"), "模型"]


def test_synonyms_hold_both_ways() -> None:
    listed = synonyms()
    assert stem("attrition") in listed.alike[stem("churn")]
    assert stem("churn") in listed.alike[stem("attrition")]


def test_every_group_of_synonyms_has_members_and_no_word_is_its_own() -> None:
    listed = synonyms()
    assert len({number for numbers in listed.groups.values() for number in numbers}) > 400
    assert all(each not in others for each, others in listed.alike.items())
