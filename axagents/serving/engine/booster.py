"""XGBoost's own library asked for predictions directly: its Python package costs 200 us a call and 100 MB to import."""

import ctypes
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

_NAMES = {"linux": "libxgboost.so", "darwin": "libxgboost.dylib", "win32": "xgboost.dll"}


class BoosterError(ValueError):
    """XGBoost refused; the message is its own."""


class Booster:
    """A model file opened by XGBoost's C interface, on one thread.

    Args:
        content: the model in UBJSON or JSON.
        rounds: how many boosting rounds to use; 0 for all.
    """

    def __init__(self, content: bytes, *, rounds: int = 0) -> None:
        self._library = _library()
        self._handle = ctypes.c_void_p()
        self._call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(self._handle))
        self._call("XGBoosterLoadModelFromBuffer", self._handle, content, ctypes.c_uint64(len(content)))
        self._call("XGBoosterSetParam", self._handle, b"nthread", b"1")
        asked = {"type": 0, "training": False, "iteration_begin": 0, "iteration_end": rounds, "missing": float("nan")}
        self._asked = json.dumps({**asked, "strict_shape": False, "cache_id": 0}).encode()

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Return what the model's objective makes of (n, m): (n,) or (n, k), float64."""
        # XGBoost reads the array where it lies; it must stay alive until the answer is copied.
        held = np.ascontiguousarray(matrix, dtype=np.float32)
        rows, width = held.shape
        place = f'{{"data":[{held.ctypes.data},true],"shape":[{rows},{width}],"typestr":"<f4","version":3}}'
        shape, dimensions = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        result = ctypes.POINTER(ctypes.c_float)()
        self._call(
            "XGBoosterPredictFromDense",
            self._handle,
            place.encode(),
            self._asked,
            None,
            ctypes.byref(shape),
            ctypes.byref(dimensions),
            ctypes.byref(result),
        )
        sizes = tuple(shape[: dimensions.value])
        return np.ctypeslib.as_array(result, shape=sizes).astype(np.float64)

    def __del__(self) -> None:
        if self._handle:
            self._library.XGBoosterFree(self._handle)

    def _call(self, name: str, *arguments: Any) -> None:
        if getattr(self._library, name)(*arguments) != 0:
            told = " ".join(self._library.XGBGetLastError().decode(errors="replace").split())
            raise BoosterError(told[:200])


def _library() -> Any:
    found = find_spec("xgboost")
    places = list(found.submodule_search_locations or ()) if found else []
    path = Path(places[0], "lib", _NAMES.get(sys.platform, "libxgboost.so")) if places else None
    if path is None or not path.is_file():
        raise BoosterError("the library of XGBoost is not where its package keeps it")
    library = ctypes.CDLL(str(path))
    library.XGBGetLastError.restype = ctypes.c_char_p
    return library
