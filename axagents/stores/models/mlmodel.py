"""Read an `MLmodel` file as data: safe YAML, known flavours, paths that stay inside the folder."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

import yaml

from axagents.errors import Refused, UserError

Flavour = Literal["xgboost", "sklearn", "onnx"]

MLMODEL = "MLmodel"
_LARGEST = 4 << 20
_LOADERS: dict[Flavour, str] = {"xgboost": "mlflow.xgboost", "sklearn": "mlflow.sklearn", "onnx": "mlflow.onnx"}
_CODE_KEYS = ("code", "model_code_path", "python_model", "code_paths")
_PATH_KEYS = frozenset(
    "data pickled_model model_path env conda virtualenv artifact_path serving_input_path config".split()
)


@dataclass(frozen=True)
class Column:
    """One column of a signature, in MLflow's type names (`double`, `long`, `string`, `boolean`, `datetime`, ...)."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True)
class MLmodel:
    """What an `MLmodel` file says.

    Attributes:
        flavour: the flavour our loader takes.
        model_path: the model file, relative to the folder.
        options: the flavour's own table.
        inputs, outputs: the signature; empty when there is none or when it names no columns.
        example_path: the input example, relative to the folder.
        run_id: the MLflow run that the file says it was logged in.
    """

    flavour: Flavour
    model_path: str
    options: dict[str, Any]
    inputs: tuple[Column, ...]
    outputs: tuple[dict[str, Any], ...]
    example_path: str | None
    mlflow_version: str | None
    python_version: str | None
    created: str | None
    run_id: str | None


def read_mlmodel(folder: Path) -> MLmodel:
    """Read and judge `folder/MLmodel`; nothing it names is imported or opened.

    Raises:
        UserError: it is missing or not what MLflow writes.
        Refused: it asks for code, a foreign loader, an unknown flavour, or a path outside the folder.
    """
    content = _read_yaml(folder / MLMODEL)
    flavours = content.get("flavors")
    if not isinstance(flavours, dict) or not flavours:
        raise UserError(f"{folder / MLMODEL} names no flavors: it is not what MLflow writes", field="model_path")
    for table in (content, *flavours.values()):
        _refuse_code(folder, table)
    _refuse_paths(folder, content)
    flavour = _choose(folder, flavours)
    options: dict[str, Any] = flavours[flavour]
    signature = _table(content.get("signature"))
    example = _table(content.get("saved_input_example_info"))
    return MLmodel(
        flavour=flavour,
        model_path=_model_path(folder, flavour, options),
        options=options,
        inputs=_columns(signature.get("inputs")),
        outputs=tuple(_described(signature.get("outputs"))),
        example_path=example.get("artifact_path"),
        mlflow_version=content.get("mlflow_version"),
        python_version=_table(flavours.get("python_function")).get("python_version"),
        created=content.get("utc_time_created"),
        run_id=content.get("run_id"),
    )


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_yaml(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST:
        raise UserError(f"{path} is larger than {_LARGEST >> 20} MB: it is not what MLflow writes", field="model_path")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        raise Refused(f"{path} asks YAML to make an object ({error.problem}); only plain data is read") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        told = " ".join(str(error).split())[:200]
        raise UserError(f"{path} is not valid YAML: {told}", field="model_path") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} is not an MLflow MLmodel file: it holds no table", field="model_path")
    return content


def _refuse_code(folder: Path, table: Any) -> None:
    if not isinstance(table, dict):
        raise UserError(f"{folder / MLMODEL}: every flavor must be a table", field="model_path")
    for key in _CODE_KEYS:
        if table.get(key):
            raise Refused(
                f"{folder / MLMODEL} brings code of its own ({key}: {table[key]!r}); models are loaded as data only",
                field="model_path",
                hint="save the model again without code, as native XGBoost, skops or ONNX",
            )


def _refuse_paths(folder: Path, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _PATH_KEYS and isinstance(inner, str):
                inside(folder, inner)
            _refuse_paths(folder, inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_paths(folder, inner)


def inside(folder: Path, named: str) -> Path:
    """Return the file that `named` means below `folder`.

    Raises:
        Refused: it is absolute, climbs out by `..`, or is an address.
    """
    posix, windows = PurePosixPath(named), PureWindowsPath(named)
    if posix.is_absolute() or windows.is_absolute() or windows.drive or "://" in named:
        raise Refused(f"{folder / MLMODEL} names the absolute path {named!r}; a model may only name its own files")
    if ".." in windows.parts:
        raise Refused(f"{folder / MLMODEL} names {named!r}, which leaves the model's folder")
    return folder / posix


def _choose(folder: Path, flavours: dict[str, Any]) -> Flavour:
    loader = _table(flavours.get("python_function")).get("loader_module")
    for flavour, own_loader in _LOADERS.items():
        if flavour in flavours:
            if loader not in {None, own_loader}:
                raise Refused(
                    f"{folder / MLMODEL} names the loader {loader!r}, which would run code that nobody vetted;"
                    f" for {flavour} only {own_loader} is accepted",
                    field="model_path",
                    legal=_LOADERS.values(),
                )
            return flavour
    found = ", ".join(sorted(map(str, flavours)))
    loaded = f" with the loader {loader!r}" if loader else ""
    raise Refused(
        f"{folder / MLMODEL} has only the flavors {found}{loaded}; accepted are {', '.join(_LOADERS)}",
        field="model_path",
        legal=_LOADERS,
    )


def _model_path(folder: Path, flavour: Flavour, options: dict[str, Any]) -> str:
    named = options.get("pickled_model" if flavour == "sklearn" else "data")
    if not isinstance(named, str):
        raise UserError(f"{folder / MLMODEL}: flavor {flavour} names no model file", field="model_path")
    return named


def _columns(text: Any) -> tuple[Column, ...]:
    found = _described(text)
    if not all("name" in one and isinstance(one.get("type"), str) for one in found):
        return ()
    return tuple(Column(str(one["name"]), one["type"], bool(one.get("required", True))) for one in found)


def _described(text: Any) -> list[dict[str, Any]]:
    if not isinstance(text, str):
        return []
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return []
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
