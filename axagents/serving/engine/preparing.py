"""Open a version by the guarded loader, ask it, and take it apart: all that needs the libraries that made the model."""

from collections.abc import Container
from pathlib import Path
from typing import Any

import numpy as np

from axagents.ml.columns import ColumnSpec
from axagents.ml.columns.tokens import MISSING_TOKENS, WEAK_MISSING_TOKENS
from axagents.ml.fitted import FittedModel
from axagents.serving.engine.compiling import Compiled, NotCompiled, compile_model
from axagents.serving.engine.converting import NotConverted, convert
from axagents.serving.engine.encoding import make_encoder
from axagents.serving.engine.fields import Field
from axagents.serving.engine.prepared import GRAPH, Prepared, libraries, write_prepared
from axagents.serving.engine.probing import Probe, probe_model
from axagents.serving.engine.schema import Schema
from axagents.stores.models.answer import answer_example, read_example
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.models.load import load_opened

_INTEGERS = {"long", "integer"}


def prepare(folder: Path, into: Path, *, allow_pickle: bool = False, held: Container[str] = ()) -> None:
    """Prepare the version in `folder` and write what was found into the existing folder `into`.

    Raises:
        UserError, Refused: the guarded loader does not take the folder.
        Failed: the model answers its example otherwise than when it was saved, or answers nothing.
    """
    opened = open_folder(folder, allow_pickle=allow_pickle, held=held)
    fitted = load_opened(opened)
    answer_example(opened, fitted)
    integers = frozenset(column.name for column in _signature(opened) if column.type in _INTEGERS)
    probe = probe_model(fitted, read_example(opened), whole=integers)
    absent: dict[str, str] = {}
    compiled = None if opened.format == "onnx" else _compiled(fitted, absent)
    fields = tuple(_field(spec, opened, probe=probe, integers=integers) for spec in fitted.columns)
    prepared = Prepared(
        sha256=opened.sha256,
        libraries=libraries(),
        task=fitted.task,
        classes=fitted.classes,
        labels=_labels(fitted),
        threshold=fitted.threshold,
        calibrator=fitted.calibrator.model_dump(mode="json") if fitted.calibrator else None,
        schema=fields,
        encoder=compiled.encoder if compiled else None,
        scorer=compiled.scorer if compiled else None,
        graph=_converted(compiled, Schema(fields), into=into, probe=probe, absent=absent) if compiled else None,
        whole_graph=opened.mlmodel.model_path if opened.format == "onnx" else None,
        absent=absent,
        probe=probe.tables,
        scores=probe.scores,
        by_pickle=opened.format == "pickle",
    )
    if compiled and compiled.booster:
        (into / compiled.scorer["file"]).write_bytes(compiled.booster)
    write_prepared(into, prepared, compiled.arrays if compiled else {})


def _signature(opened: ModelFolder) -> Any:
    return () if opened.card else opened.mlmodel.inputs


def _compiled(fitted: FittedModel, absent: dict[str, str]) -> Compiled | None:
    try:
        return compile_model(fitted)
    except NotCompiled as error:
        absent["onnx"] = absent["arrays"] = f"{error} has no plan in numpy"
        return None


def _converted(compiled: Compiled, schema: Schema, *, into: Path, probe: Probe, absent: dict[str, str]) -> str | None:
    if compiled.scorer["kind"] not in {"booster", "trees"}:
        absent["onnx"] = "a model of one matrix product gains nothing by it"
        return None
    width = make_encoder(compiled.encoder, compiled.arrays)(schema.read(_head(probe.tables[-1]))).shape[1]
    try:
        (into / GRAPH).write_bytes(convert(compiled.last, width=width))
    except NotConverted as error:
        absent["onnx"] = str(error)
        return None
    return GRAPH


def _head(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: cells[:1] for name, cells in table.items()}


def _field(spec: ColumnSpec, opened: ModelFolder, *, probe: Probe, integers: frozenset[str]) -> Field:
    example = [cell for cell in probe.tables[0].get(spec.name, ()) if cell is not None]
    optional = {column.name for column in _signature(opened) if not column.required}
    strings = spec.dtype == "string"
    marks = (
        MISSING_TOKENS
        if strings
        else MISSING_TOKENS | WEAK_MISSING_TOKENS | {each.lower() for each in spec.missing_tokens}
    )
    written = spec.number_format is not None or bool(spec.missing_tokens)
    return Field(
        name=spec.name,
        dtype=spec.dtype,
        required=spec.name not in optional,
        nullable=spec.name not in probe.never_missing,
        integers=spec.name in integers,
        takes_numbers=strings and any(isinstance(cell, int | float) for cell in example),
        marks=tuple(sorted(marks)),
        gone=spec.missing_tokens if strings else (),
        kept=spec.kept_tokens if strings else (),
        true_tokens=tuple(sorted({*spec.true_tokens, "true", "1", "1.0"})),
        false_tokens=tuple(sorted({*spec.false_tokens, "false", "0", "0.0"})),
        date_format=spec.date_format,
        number_format=_number_format(spec) if written else None,
        suffix=spec.suffix,
    )


def _number_format(spec: ColumnSpec) -> dict[str, Any]:
    if spec.number_format is None:
        return {"thousands": "", "decimal": ".", "parentheses": False, "units": []}
    return spec.number_format.model_dump(mode="json")


def _labels(fitted: FittedModel) -> tuple[Any, ...]:
    """Return the classes as JSON holds them: whole numbers where the data had whole numbers, else texts."""
    own = getattr(fitted.estimator, "classes_", None)
    if own is not None and tuple(str(each) for each in np.asarray(own).tolist()) == fitted.classes:
        return tuple(np.asarray(own).tolist())
    if all(each.lstrip("-").isdecimal() and str(int(each)) == each for each in fitted.classes):
        return tuple(int(each) for each in fitted.classes)
    return fitted.classes
