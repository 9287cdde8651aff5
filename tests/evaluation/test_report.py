"""Figures of reports against closed forms and published values."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from axagents.errors import UserError
from axagents.evaluation.comparison import compare_reports, read_report
from axagents.evaluation.estimates import bootstrap_interval, mcnemar, pass_hat_k
from axagents.evaluation.gates import Gates, broken_gates
from axagents.evaluation.report import Report, make_report, write_text
from axagents.evaluation.trial import Trial


def trial(task: str, number: int, passed: bool, **fields: Any) -> Trial:
    given = {"model": "offline", "area": "data", "attack": None, "must_catch": None, "known_failure": False, **fields}
    return Trial(task=task, number=number, passed=passed, wrong={} if passed else {"exit": ["exit 1"]}, **given)


def report(*passed: tuple[str, list[int]], **fields: Any) -> Report:
    trials = [trial(task, at, bool(one), **fields) for task, ones in passed for at, one in enumerate(ones, start=1)]
    return make_report(trials, seconds=1.0)


@pytest.mark.parametrize(("trials", "successes"), [(5, 3), (6, 6), (4, 0), (8, 5)])
def test_pass_hat_k_is_the_share_of_all_choices_of_k_trials(trials: int, successes: int) -> None:
    """The unbiased estimate of Yao et al. 2024 (tau-bench) is the share of k-subsets that all pass: counted here."""
    outcomes = [True] * successes + [False] * (trials - successes)
    for k in range(1, trials + 1):
        chosen = list(combinations(outcomes, k))
        assert pass_hat_k(successes, trials, k) == pytest.approx(sum(map(all, chosen)) / len(chosen), abs=1e-15)


def test_pass_hat_k_refuses_more_than_was_tried() -> None:
    with pytest.raises(UserError, match=r"pass\^4"):
        pass_hat_k(2, 3, 4)


def test_mcnemar_is_the_sign_test() -> None:
    """By hand: 1 against 8 of 9 that differ, two-sided: 2 (C(9,0) + C(9,1)) / 2^9 = 20 / 512."""
    assert mcnemar(1, 8) == pytest.approx(20 / 512)
    assert mcnemar(0, 0) == 1.0


def test_the_interval_of_a_difference_holds_it_and_is_null_where_nothing_varies() -> None:
    low, high = bootstrap_interval([0.0, 0.5, 1.0, 0.0, 0.5, 1.0, 0.0, 0.5])
    assert low is not None
    assert high is not None
    assert low < 0.4375 < high
    assert bootstrap_interval([0.5, 0.5]) == (None, None)
    assert bootstrap_interval([1.0]) == (None, None)


def test_totals_are_means_over_tasks() -> None:
    made = report(("a", [1, 1, 0]), ("b", [1, 1, 1]))
    assert [(row.name, row.passed, row.trials) for row in made.rows] == [("a", 2, 3), ("b", 3, 3)]
    total = made.models[0]
    assert (total.k, total.tasks, total.pass_1) == (3, 2, pytest.approx((2 / 3 + 1) / 2))
    assert total.pass_k == pytest.approx((0 + 1) / 2)
    # Wilson's interval of 5 of 6: R's prop.test(5, 6, correct = FALSE) gives 0.4365 to 0.9699.
    assert (total.low, total.high) == (pytest.approx(0.4365, abs=5e-5), pytest.approx(0.9699, abs=5e-5))


def test_k_may_be_less_than_the_trials() -> None:
    made = make_report([trial("a", at, at < 4) for at in range(1, 6)], seconds=1.0, k=2)
    # 3 of 5 passed; of the 10 pairs of trials 3 have both passed.
    assert (made.rows[0].k, made.rows[0].pass_k) == (2, pytest.approx(0.3))


def test_bad_runs_count_for_the_graders_only() -> None:
    trials = [
        trial("a", 1, True),
        trial("a", 1, True, model="script:liar", must_catch="exit"),
        trial("a", 1, False, model="script:sloppy", must_catch="calls"),
    ]
    made = make_report(trials, seconds=1.0)
    assert (made.graders_tested, made.graders_caught) == (2, 1)
    assert [row.model for row in made.models] == ["offline"]
    text = write_text(made)
    assert "1 of 2 bad runs" in text
    assert "script:sloppy) was to be caught by calls" in text


def test_gates_break_and_known_failures_do_not_break_them() -> None:
    gates = Gates.model_validate({"gates": [{"model": "offline", "figure": "pass_1", "at_least": 0.9}]})
    assert broken_gates(report(("a", [1, 0])), gates) == ("pass_1 of offline is 0.5, at least 0.9 is wanted",)
    assert broken_gates(report(("a", [1, 1])), gates) == ()
    assert broken_gates(report(("a", [1, 0]), model="claude"), gates) == ()
    known = make_report([trial("a", 1, True), trial("b", 1, False, known_failure=True)], seconds=1.0)
    assert broken_gates(known, gates) == ()
    assert known.models[0].pass_1 == 0.5
    missed = make_report([trial("a", 1, False, must_catch="exit")], seconds=1.0)
    assert broken_gates(missed, Gates()) == ("graders caught 0 of 1 bad runs",)


def test_reports_are_compared_pair_by_pair() -> None:
    first = report(("a", [1, 0]), ("b", [0, 0]), ("c", [1, 1]), ("only-here", [1]))
    second = report(("a", [1, 1]), ("b", [1, 1]), ("c", [1, 0]), ("only-there", [0]), model="claude")
    (found,) = compare_reports(first, second)
    assert (found.first_model, found.second_model, found.pairs, found.tasks) == ("offline", "claude", 6, 3)
    assert (found.only_first, found.only_second, found.lost, found.won) == (1, 3, ("c",), ("a", "b"))
    assert found.difference == pytest.approx((0.5 + 1 - 0.5) / 3)
    # By hand: 1 against 3 of 4 that differ: 2 (1 + 4) / 2^4.
    assert found.p_value == pytest.approx(10 / 16)


def test_reports_without_a_common_trial_are_told() -> None:
    with pytest.raises(UserError, match="no trial in common"):
        compare_reports(report(("a", [1])), report(("b", [1])))


def test_what_is_no_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_report(tmp_path / "none.json")
    (tmp_path / "some.json").write_text("{}")
    with pytest.raises(UserError, match="is no report"):
        read_report(tmp_path / "some.json")
