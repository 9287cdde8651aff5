"""The preprocessing of a scikit-learn pipeline, in numpy: columns become the matrix its last step was fitted on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from axagents.serving.engine.columns import Columns

Arrays = Mapping[str, np.ndarray]
Block = Callable[[Columns], np.ndarray]


def make_encoder(plan: Mapping[str, Any] | None, arrays: Arrays) -> Block:
    """Return the function that encodes columns as `compiling` planned it; without a plan, numbers as they are.

    The function returns (n, m) float64; it raises ValueError at a category that the model refuses.
    """
    if plan is None:
        return _numbers
    blocks = [_BLOCKS[each["kind"]](each, arrays) for each in plan["blocks"]]
    after = [_OPERATIONS[each["kind"]](each, arrays) for each in plan["after"]]

    def encode(columns: Columns) -> np.ndarray:
        made = [block(columns) for block in blocks]
        matrix = made[0] if len(made) == 1 else np.concatenate(made, axis=1)
        for operation in after:
            matrix = operation(matrix)
        return matrix

    return encode


def _numbers(columns: Columns) -> np.ndarray:
    return columns.numbers


def _number_block(plan: Mapping[str, Any], arrays: Arrays) -> Block:
    slots: list[int] = plan["slots"]
    operations = [_OPERATIONS[each["kind"]](each, arrays) for each in plan["operations"]]

    def block(columns: Columns) -> np.ndarray:
        matrix = columns.numbers[:, slots]
        for operation in operations:
            matrix = operation(matrix)
        return matrix

    return block


def _codes(texts: Sequence[str], known: Mapping[str, int], *, refuses: bool) -> list[int]:
    found = [known.get(text, -1) for text in texts]
    if refuses and -1 in found:
        raise ValueError(f"{texts[found.index(-1)]!r} is a category that the model was not taught")
    return found


def _known(plan: Mapping[str, Any]) -> list[dict[str, int]]:
    return [{text: code for code, text in enumerate(each)} for each in plan["categories"]]


def _one_hot_block(plan: Mapping[str, Any], _: Arrays) -> Block:
    known, slots, refuses = _known(plan), plan["slots"], plan["refuses"]
    offsets = np.cumsum([0, *map(len, known)]).tolist()

    def block(columns: Columns) -> np.ndarray:
        made = np.zeros((len(columns), offsets[-1]))
        for slot, codes, offset in zip(slots, known, offsets, strict=False):
            for row, code in enumerate(_codes(columns.texts[slot], codes, refuses=refuses)):
                if code >= 0:
                    made[row, offset + code] = 1.0
        return made

    return block


def _ordinal_block(plan: Mapping[str, Any], _: Arrays) -> Block:
    known, slots, refuses = _known(plan), plan["slots"], plan["refuses"]
    unknown = plan["unknown"]

    def block(columns: Columns) -> np.ndarray:
        codes = [_codes(columns.texts[slot], each, refuses=refuses) for slot, each in zip(slots, known, strict=True)]
        made = np.array(codes, dtype=np.float64).T
        if unknown != -1:
            made[made == -1] = np.nan if unknown is None else unknown
        return made

    return block


def _impute(plan: Mapping[str, Any], arrays: Arrays) -> Callable[[np.ndarray], np.ndarray]:
    statistics, marks = arrays[plan["statistics"]], plan["marks"]

    def operation(matrix: np.ndarray) -> np.ndarray:
        missing = np.isnan(matrix)
        filled = np.where(missing, statistics, matrix)
        return np.concatenate([filled, missing[:, marks]], axis=1) if marks else filled

    return operation


def _scale(plan: Mapping[str, Any], arrays: Arrays) -> Callable[[np.ndarray], np.ndarray]:
    mean = arrays[plan["mean"]] if plan["mean"] else None
    scale = arrays[plan["scale"]] if plan["scale"] else None

    def operation(matrix: np.ndarray) -> np.ndarray:
        if mean is not None:
            matrix = matrix - mean
        return matrix if scale is None else matrix / scale

    return operation


def _stretch(plan: Mapping[str, Any], arrays: Arrays) -> Callable[[np.ndarray], np.ndarray]:
    scale, least = arrays[plan["scale"]], arrays[plan["least"]]
    return lambda matrix: matrix * scale + least


_BLOCKS: dict[str, Callable[[Mapping[str, Any], Arrays], Block]] = {
    "numbers": _number_block,
    "one-hot": _one_hot_block,
    "ordinal": _ordinal_block,
}
_OPERATIONS = {"impute": _impute, "scale": _scale, "stretch": _stretch}
