"""What makes numbers of columns: gaps, unseen texts, dates, and where each column lies afterwards."""

import numpy as np
import pandas as pd
import pytest

from axagents.ml.preprocessing import MISSING, MOST_ONE_HOT, encoded_places, feature_matrix, make_encoder
from tests.ml.problems import churn_frame, make_problem


def mixed(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = churn_frame(rows)
    frame["since"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    frame["city"] = [f"city {place % 70}" for place in range(rows)]
    frame.loc[::10, "contract"] = None
    return frame


def test_the_matrix() -> None:
    problem = make_problem(mixed(), "churned")
    matrix = feature_matrix(mixed(), problem.columns)
    assert matrix["contract"].iloc[0] == MISSING
    # 1 January 2020 is day 18,262 since 1970 (50 years of 365 days and 12 leap days).
    assert matrix["since"].min() >= 18_262
    assert np.isnan(matrix["charge"]).any()
    assert {str(dtype) for dtype in matrix.dtypes} == {"float64", "object"}


@pytest.mark.parametrize("style", ["linear", "tree"])
def test_encoded_places_are_those_that_move(style: str) -> None:
    """Shuffle one column before encoding: exactly its own places change."""
    problem = make_problem(mixed(), "churned")
    matrix = feature_matrix(mixed(), problem.columns)
    encoder = make_encoder(matrix, problem.columns, style=style)  # type: ignore[arg-type]
    encoded = np.asarray(encoder.fit_transform(matrix), dtype=float)
    places = encoded_places(encoder)
    assert sorted(place for own in places.values() for place in own) == list(range(encoded.shape[1]))
    order = np.random.default_rng(1).permutation(len(matrix))
    for name, own in places.items():
        moved = np.asarray(encoder.transform(matrix.assign(**{name: matrix[name].to_numpy()[order]})), dtype=float)
        assert np.array_equal(moved[:, own], encoded[order][:, own], equal_nan=True)
        others = np.setdiff1d(np.arange(encoded.shape[1]), own)
        assert np.array_equal(moved[:, others], encoded[:, others], equal_nan=True)


def test_unseen_texts_and_very_many() -> None:
    problem = make_problem(mixed(), "churned")
    matrix = feature_matrix(mixed(), problem.columns)
    for style in ("linear", "tree"):
        encoder = make_encoder(matrix, problem.columns, style=style).fit(matrix)  # type: ignore[arg-type]
        strange = encoder.transform(matrix.head(3).assign(contract="unheard of", city="nowhere"))
        assert np.asarray(strange).shape[0] == 3
        places = encoded_places(encoder)
        assert np.asarray(strange)[:, places["contract"]].sum() == 0
        assert len(places["city"]) == (MOST_ONE_HOT if style == "linear" else 1)
