"""A model of ours fitted anew with a weight for each row, all else as it was."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from axagents.errors import UserError
from axagents.ml.candidates import CANDIDATES, build_model, row_weights
from axagents.ml.fitted import FittedModel
from axagents.ml.importance import split_estimator


def refit(model: FittedModel, features: pd.DataFrame, y: np.ndarray, *, weights: np.ndarray) -> FittedModel:
    """Return the model fitted on these rows with these weights: same configuration, encoder, calibrator and threshold.

    Args:
        y: class codes of the model, or values.

    Raises:
        UserError: the model does not say how it was made, or is of a kind that takes no weights.
    """
    name, config = model.facts.get("candidate"), model.facts.get("config")
    if name not in CANDIDATES or not isinstance(config, dict) or name == "dummy":
        raise UserError("the model does not say how it was made, so it cannot be made anew", field="model_id")
    encoder, _ = split_estimator(model)
    matrix = model.matrix(features)
    balance = None if model.task == "regression" else row_weights(y, float(config.get("balance", 0)))
    fresh = build_model(name, model.task, config, seed=int(model.facts.get("seed", 0)))
    own = weights if balance is None else weights * balance
    fresh.fit(matrix if encoder is None else encoder.transform(matrix), y, sample_weight=own)
    return replace(model, estimator=fresh if encoder is None else Pipeline([("encode", encoder), ("model", fresh)]))
