"""The last step of a model as an ONNX graph, by the converters of the `onnx` extra."""

import contextlib
import copy
import io
import warnings
from importlib import import_module
from typing import Any

import xgboost

_OPSET = {"": 15, "ai.onnx.ml": 3}


class NotConverted(Exception):
    """There is no ONNX graph of a model; the message says why."""


def convert(last: Any, *, width: int) -> bytes:
    """Return the graph of an estimator that is fed a float32 matrix of `width` columns.

    Raises:
        NotConverted: the extra is not installed, or its converters refuse.
    """
    # The converters print and warn about what concerns nobody here, and raise what they like.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            made = _boosted(last, width) if isinstance(last, xgboost.XGBModel) else _of_sklearn(last, width)
        except ImportError as error:
            raise NotConverted(f"the onnx extra is not installed ({error.name})") from None
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
            told = " ".join(str(error).split())[:200] or type(error).__name__
            raise NotConverted(f"the converter refuses it: {told}") from error
    return made.SerializeToString()


def _boosted(last: Any, width: int) -> Any:
    converter, types = import_module("onnxmltools"), import_module("onnxmltools.convert.common.data_types")
    inputs = [("rows", types.FloatTensorType([None, width]))]
    return converter.convert_xgboost(_unnamed(last), initial_types=inputs, target_opset=15)


def _of_sklearn(last: Any, width: int) -> Any:
    converter, types = import_module("skl2onnx"), import_module("skl2onnx.common.data_types")
    options: Any = {id(last): {"zipmap": False}} if hasattr(last, "predict_proba") else None
    inputs = [("rows", types.FloatTensorType([None, width]))]
    return converter.convert_sklearn(last, initial_types=inputs, options=options, target_opset=_OPSET)


def _unnamed(last: Any) -> Any:
    """Return a copy whose columns have no names: the converter takes f0, f1, ... only."""
    copied = copy.deepcopy(last)
    copied.get_booster().feature_names = None
    return copied
