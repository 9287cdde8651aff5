"""The ladder of engines: each held against the answers of the model's own library; the fastest that is right wins."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from axagents.errors import Failed
from axagents.serving.engine.answering import Engine, Raw, Rung, Taken
from axagents.serving.engine.columns import Columns
from axagents.serving.engine.deciding import calibrate, decide
from axagents.serving.engine.encoding import make_encoder
from axagents.serving.engine.prepared import Prepared, read_arrays
from axagents.serving.engine.schema import Schema
from axagents.serving.engine.scoring import make_scorer
from axagents.serving.engine.unfit import Unfit

TOLERANCE = 1e-6
NAMES = ("onnx", "native", "arrays", "frame")
_BATCH = 100
_TIMES = 60
_PASSES = 6
_ABSENT = {
    "onnx": "no graph was made",
    "native": "the last step is no XGBoost model",
    "arrays": "the last step has an engine of its own",
    "frame": "not needed: an engine without pandas gives the same answers",
}


def climb(
    folder: Path, place: Path, *, prepared: Prepared, ignored: Sequence[str] = (), held: Collection[str] = ()
) -> Engine:
    """Return the engine of a prepared version that gives its library's answers and takes the least time.

    Args:
        folder: the model's own.
        place: where it was prepared.
        held: SHA-256 of the pickles that may be read.

    Raises:
        Failed: not even the library itself answers as it did when the version was prepared.
    """
    schema = Schema(prepared.schema, ignored)
    probe = list(_probe(prepared, schema))
    tried: dict[str, tuple[Rung, Raw]] = {}
    for name, make in _makers(folder, place, prepared=prepared, schema=schema).items():
        tried[name] = _try(name, make, prepared=prepared, probe=probe)
    if not any(rung.equal for rung, _ in tried.values()):
        tried["frame"] = _try("frame", lambda: _frame(folder, schema, held), prepared=prepared, probe=probe)
        if not tried["frame"][0].equal:
            raise Failed(f"{folder}: {tried['frame'][0].why}", hint="prepare it anew with the libraries installed here")
    right = [(rung, raw) for rung, raw in tried.values() if rung.equal]
    taken = _fastest(right)
    rungs = [_told(name, tried, taken=taken, prepared=prepared) for name in NAMES]
    return Engine(prepared, schema=schema, taken=taken, rungs=rungs)


def _fastest(right: Sequence[tuple[Rung, Raw]]) -> list[Taken]:
    """Choose by the time for one row, and another from as many rows on as it is the faster by."""
    (few, raw), (many, other) = (min(right, key=lambda each: each[0].took(rows)) for rows in (1, _BATCH))
    taken = [Taken(few.name, raw)]
    if many is not few:
        ahead = many.took(1) - few.took(1)
        gain = (few.took(_BATCH) - few.took(1) - many.took(_BATCH) + many.took(1)) / (_BATCH - 1)
        taken.append(Taken(many.name, other, rows=2 + int(ahead / gain)))
    return taken


def _told(name: str, tried: dict[str, tuple[Rung, Raw]], *, taken: Sequence[Taken], prepared: Prepared) -> Rung:
    if name not in tried:
        return Rung(name, equal=False, why=prepared.absent.get(name, _ABSENT[name]))
    rung = tried[name][0]
    if not rung.equal:
        return rung
    first = next((each.rows for each in taken if each.name == name), None)
    if first is None:
        return replace(rung, why=f"gives the same answers, but {taken[0].name} is faster")
    beyond = f" from {first} rows on" if first > 1 else f" up to {taken[-1].rows - 1} rows" if len(taken) > 1 else ""
    return replace(rung, why=f"taken{beyond}: the fastest that gives the answers of the model's own library")


def _probe(prepared: Prepared, schema: Schema) -> Iterator[tuple[Columns, np.ndarray]]:
    """Yield the probe's tables with the library's scores; rows that no request may bring are left out."""
    at = 0
    for table in prepared.probe:
        rows = len(next(iter(table.values())))
        scores = prepared.scores[at : at + rows]
        at += rows
        try:
            yield schema.read(table), scores
        except Unfit:
            yield from _row_by_row(table, schema, scores=scores)


def _row_by_row(
    table: dict[str, list[object]], schema: Schema, *, scores: np.ndarray
) -> Iterator[tuple[Columns, np.ndarray]]:
    for row in range(len(scores)):
        try:
            yield schema.read({name: cells[row : row + 1] for name, cells in table.items()}), scores[row : row + 1]
        except Unfit:
            continue


def _makers(folder: Path, place: Path, *, prepared: Prepared, schema: Schema) -> dict[str, Callable[[], Raw]]:
    makers: dict[str, Callable[[], Raw]] = {}
    if prepared.whole_graph:
        makers["onnx"] = lambda: _graph(folder / str(prepared.whole_graph), prepared, schema=schema)
    if prepared.graph:
        makers["onnx"] = lambda: _graph(place / str(prepared.graph), prepared, schema=None, arrays=read_arrays(place))
    if prepared.scorer:
        name = "native" if prepared.scorer["kind"] == "booster" else "arrays"
        makers[name] = lambda: _compiled(place, prepared)
    return makers


def _graph(
    path: Path, prepared: Prepared, *, schema: Schema | None, arrays: dict[str, np.ndarray] | None = None
) -> Raw:
    from axagents.serving.engine.graph import Graph

    graph = Graph(path, prepared.labels)
    if schema is not None:
        names = {"numbers": schema.number_names, "texts": schema.text_names}
        return lambda columns: graph.score_columns(columns, names)
    encode = make_encoder(prepared.encoder, arrays or {})
    return lambda columns: graph.score(encode(columns))


def _compiled(place: Path, prepared: Prepared) -> Raw:
    arrays = read_arrays(place)
    encode = make_encoder(prepared.encoder, arrays)
    score = make_scorer(prepared.scorer or {}, arrays, place)
    return lambda columns: score(encode(columns))


def _frame(folder: Path, schema: Schema, held: Collection[str]) -> Raw:
    from axagents.serving.engine.frame import frame_engine

    return frame_engine(folder, schema, held)


def _try(
    name: str, make: Callable[[], Raw], *, prepared: Prepared, probe: Sequence[tuple[Columns, np.ndarray]]
) -> tuple[Rung, Raw]:
    def refuse(_: Columns) -> np.ndarray:
        raise ValueError(f"the engine {name} was not taken")

    try:
        raw = make()
        found = [calibrate(raw(columns), prepared.calibrator) for columns, _ in probe]
        rung = _compare(name, found, expected=[scores for _, scores in probe], prepared=prepared)
        usual = max((columns for columns, _ in probe), key=len)
        one, many = _microseconds(raw, usual, 1), _microseconds(raw, usual, _BATCH)
        return replace(rung, one_row=one, hundred_rows=many), raw
    except (ValueError, RuntimeError, OSError, KeyError, ImportError) as error:
        told = " ".join(str(error).split())[:200]
        return Rung(name, equal=False, why=f"cannot answer: {told}"), refuse


def _compare(name: str, found: Sequence[np.ndarray], *, expected: Sequence[np.ndarray], prepared: Prepared) -> Rung:
    ours, theirs = np.concatenate(found), np.concatenate(expected)
    if ours.shape != theirs.shape:
        return Rung(name, equal=False, why=f"gives scores of the shape {ours.shape}, not {theirs.shape}")
    scale = np.maximum(1.0, np.abs(theirs)) if prepared.task == "regression" else 1.0
    difference = float(np.max(np.abs(ours - theirs) / scale))
    flipped = 0
    if prepared.task != "regression":
        flipped = int((decide(ours, prepared.threshold) != decide(theirs, prepared.threshold)).sum())
    equal = difference <= TOLERANCE and flipped == 0
    told = f"differs by {difference:.2g} and labels {flipped} of {len(theirs)} rows otherwise"
    return Rung(name, equal=equal, why="" if equal else told, difference=difference, flipped=flipped)


def _microseconds(raw: Raw, columns: Columns, rows: int) -> float:
    """Return the microseconds for so many rows: of CPU time, the best of some passes over different ones.

    The same rows again and again would teach the processor which way each tree goes.
    """
    starts = range(0, max(1, min(len(columns), rows * _TIMES) - rows + 1), rows)
    parts = [columns.take(slice(at, at + rows)) for at in starts]
    passes: list[float] = []
    for _ in range(_PASSES):
        began = time.thread_time()
        for part in parts:
            raw(part)
        passes.append((time.thread_time() - began) / len(parts))
    return round(1e6 * min(passes), 1)
