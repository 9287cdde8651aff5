"""Load a model folder as data: never through MLflow's loaders, never a class that the folder names."""

import json
import pickle
import zipfile
from collections.abc import Container
from pathlib import Path
from typing import Any

import skops.io
import xgboost
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UntrustedTypesFoundException

from axagents.errors import Refused, UserError
from axagents.ml.fitted import FittedModel
from axagents.stores.models.card import ModelCard
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.models.foreign import describe_foreign
from axagents.stores.models.onnx_model import read_onnx
from axagents.stores.models.trusted import TRUSTED_TYPES

_SAVE_AGAIN = "save it again with the libraries installed here"


def load_model(folder: Path, *, allow_pickle: bool = False, held: Container[str] = ()) -> FittedModel:
    """Return the model that the folder holds.

    Args:
        allow_pickle, held: a pickle is read only when both allow it; see `open_folder`.

    Raises:
        UserError: no such folder, not a model folder, or one that cannot be read with the libraries here.
        Refused: code, links, paths that leave the folder, a foreign loader, types nobody vetted, a pickle.
    """
    return load_opened(open_folder(folder, allow_pickle=allow_pickle, held=held))


def load_opened(opened: ModelFolder) -> FittedModel:
    """Return the model of a folder that `open_folder` did not refuse."""
    readers = {"xgboost": _read_xgboost, "skops": _read_skops, "onnx": read_onnx, "pickle": _read_pickle}
    estimator = readers[opened.format](opened)
    card = opened.card
    return describe_foreign(opened, estimator) if card is None else _described(card, estimator)


def _described(card: ModelCard, estimator: Any) -> FittedModel:
    return FittedModel(
        task=card.task,
        estimator=estimator,
        flavour="xgboost" if isinstance(estimator, xgboost.XGBModel) else "sklearn",
        columns=card.columns,
        target=card.target,
        classes=card.classes,
        calibrator=card.calibrator,
        threshold=card.threshold,
        facts=card.facts,
    )


def _read_xgboost(opened: ModelFolder) -> xgboost.XGBModel:
    """Read a native model into the class that its own objective asks for, whatever class MLmodel names."""
    try:
        objective = _objective(xgboost.Booster(model_file=opened.model_file))
        made = xgboost.XGBClassifier if objective.startswith(("binary:", "multi:")) else xgboost.XGBRegressor
        model = made()
        model.load_model(opened.model_file)
    except (xgboost.core.XGBoostError, ValueError, TypeError, KeyError) as error:
        raise _unreadable(opened, error) from error
    return model


def _objective(booster: xgboost.Booster) -> str:
    return json.loads(booster.save_config())["learner"]["objective"]["name"]


def _read_skops(opened: ModelFolder) -> Any:
    path = opened.model_file
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - TRUSTED_TYPES)
        if foreign:
            raise Refused(
                f"{path} holds types that nobody here vetted: {', '.join(foreign[:5])}",
                field="model_path",
                hint="use estimators of scikit-learn and xgboost only, or export the model to ONNX",
            )
        return skops.io.load(path, trusted=sorted(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise Refused(f"{path}: {error}", field="model_path") from error
    except _BROKEN as error:
        raise _unreadable(opened, error) from error


def _read_pickle(opened: ModelFolder) -> Any:
    # open_folder let it through: somebody allowed pickles, and this project's registry holds the folder's SHA-256.
    try:
        with opened.model_file.open("rb") as file:
            return pickle.load(file)  # noqa: S301
    except (pickle.UnpicklingError, *_BROKEN) as error:
        raise _unreadable(opened, error) from error


_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ImportError,
    IndexError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    InconsistentVersionWarning,
)


def _unreadable(opened: ModelFolder, error: BaseException) -> UserError:
    told = " ".join(str(error).split())[:200] or type(error).__name__
    return UserError(f"{opened.model_file} cannot be read: {told}", field="model_path", hint=_SAVE_AGAIN)
