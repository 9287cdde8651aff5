"""The slowest engine, which is right by definition: the model's own library on a pandas frame."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from axagents.serving.engine.answering import Raw
from axagents.serving.engine.columns import Columns
from axagents.serving.engine.schema import Schema
from axagents.stores.models.load import load_model


def frame_engine(folder: Path, schema: Schema, held: Collection[str]) -> Raw:
    """Load the model by the guarded loader and return the function that gives its raw scores.

    Args:
        held: SHA-256 of the pickles that may be read; none when empty.
    """
    fitted = load_model(folder, allow_pickle=bool(held), held=held)

    def raw(columns: Columns) -> np.ndarray:
        numbers = {name: columns.numbers[:, place] for place, name in enumerate(schema.number_names)}
        texts = {name: pd.Series(columns.texts[place], dtype=object) for place, name in enumerate(schema.text_names)}
        held_columns = {**numbers, **texts}
        return fitted.raw_matrix_scores(pd.DataFrame({name: held_columns[name] for name in schema.names}))

    return raw
