"""Let a loaded model answer its own input example."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from axagents.errors import Failed, UserError
from axagents.ml.fitted import FittedModel
from axagents.stores.models.card import Example, ModelCard
from axagents.stores.models.folder import ModelFolder
from axagents.stores.models.mlmodel import inside

_TOLERANCE = 1e-5


def answer_example(opened: ModelFolder, model: FittedModel) -> tuple[int, bool]:
    """Return how many rows the model answered, and whether that could be compared with what it said when saved.

    Raises:
        Failed: it answers with gaps, or otherwise than when it was saved.
    """
    card = opened.card
    frame = read_example(opened)
    if frame is None or frame.empty:
        return 0, False
    scores, labels = np.asarray(model.scores(frame), dtype=np.float64), model.predict(frame)
    if len(scores) != len(frame) or len(labels) != len(frame) or not np.isfinite(scores).all():
        raise Failed(f"{opened.path} answers its input example with gaps or in the wrong number")
    if card is None:
        return len(frame), False
    _compare(opened, card.example, scores=scores)
    if model.task != "regression" and [str(each) for each in labels] != [str(each) for each in card.example.labels]:
        raise Failed(f"{opened.path} labels its input example otherwise than when it was saved")
    return len(frame), True


def read_example(opened: ModelFolder) -> pd.DataFrame | None:
    """Return the rows of the input example as they would come in; None when there are none."""
    if opened.card:
        return _own_example(opened.card)
    named = opened.mlmodel.example_path
    path = inside(opened.path, named) if named else None
    if path is None or not path.is_file():
        return None
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        names = [column.name for column in opened.mlmodel.inputs]
        table: Any = content if isinstance(content, dict) else {"data": content}
        return _table(table["data"], table.get("columns", names))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no table: {error}", field="model_path") from None


def _own_example(card: ModelCard) -> pd.DataFrame:
    frame = _table(card.example.rows, card.example.columns)
    for spec in card.columns:
        if spec.dtype == "date" and spec.date_format is None:
            frame[spec.name] = pd.to_datetime(frame[spec.name])
    return frame


def _table(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: [row[place] for row in rows] for place, name in enumerate(names)})


def _compare(opened: ModelFolder, example: Example, *, scores: np.ndarray) -> None:
    expected = np.asarray(example.scores, dtype=np.float64)
    if scores.shape != expected.shape or not np.allclose(scores, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise Failed(
            f"{opened.path} answers its input example with {_shown(scores)}; saved, it said {_shown(expected)}",
            hint="install the versions in its requirements.txt, or save it again",
        )


def _shown(scores: np.ndarray) -> str:
    return ", ".join(f"{each:.5g}" for each in scores.ravel()[:3])
