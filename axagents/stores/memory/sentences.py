"""A sentence model in ONNX, run as it lies on disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import onnxruntime.capi.onnxruntime_pybind11_state as told_by_onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from axagents.errors import UserError
from axagents.fields import sha256_text

# onnxruntime's errors have no parent of their own but Exception.
_REFUSALS = (
    told_by_onnxruntime.Fail,
    told_by_onnxruntime.InvalidArgument,
    told_by_onnxruntime.InvalidGraph,
    told_by_onnxruntime.InvalidProtobuf,
    told_by_onnxruntime.NoSuchFile,
    told_by_onnxruntime.NotImplemented,
    told_by_onnxruntime.RuntimeException,
)
_MOST_TOKENS = 256
_BATCH = 32


class SentenceEmbedder:
    """The mean of a transformer's token vectors, as sentence-transformers pools them, made unit length."""

    caveat: str | None = None
    floor = 0.2

    def __init__(self, folder: Path) -> None:
        words = _read_tokenizer(folder / "tokenizer.json")
        self._tokenizer = Tokenizer.from_str(words)
        self._session = _open_model(folder / "model.onnx")
        self._tokenizer.enable_truncation(max_length=_MOST_TOKENS)
        self._tokenizer.enable_padding()
        self._inputs = {each.name for each in self._session.get_inputs()}
        self.identity = f"onnx-{(folder / 'model.onnx').stat().st_size}-{sha256_text(words)[:12]}"

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        parts = [self._embed_batch(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        return np.concatenate(parts)

    def _embed_batch(self, texts: list[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
        given: dict[str, Any] = {
            "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        (tokens, *_) = self._session.run(None, {name: given[name] for name in self._inputs if name in given})
        weights = mask[:, :, None].astype(np.float32)
        pooled = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        return (pooled / np.maximum(lengths, 1e-12)).astype(np.float32)


def _read_tokenizer(path: Path) -> str:
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        complete = isinstance(json.loads(text).get("model"), dict)
    except (OSError, ValueError, AttributeError):
        complete = False
    if not complete:
        raise UserError(f"memory.embedder: {path} is no tokenizer", field="memory.embedder")
    return text


def _open_model(path: Path) -> Any:
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        told = " ".join(str(error).split())[:200]
        raise UserError(f"memory.embedder: cannot load {path}: {told}", field="memory.embedder") from None
