"""What turns a text into a vector: a sentence model already on disk, else hashed character n-grams."""

import zlib
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axagents.errors import UserError
from axagents.fields import sha256_text
from axagents.stores.memory.terms import stems, synonyms

Vectors = NDArray[np.float32]

# Where chromadb keeps the model that it would download; it is used when somebody put it there already.
CHROMA_MODEL = Path(".cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx")


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def identity(self) -> str:
        """What made a vector; vectors of another identity are made anew."""
        ...

    @property
    def floor(self) -> float:
        """The cosine similarity up to which two texts have nothing in common."""
        ...

    @property
    def caveat(self) -> str | None:
        """What a reader of the results should know."""
        ...

    def embed(self, texts: list[str]) -> Vectors:
        """Return one row a text."""
        ...


class NgramEmbedder:
    """Hashed character 3- to 5-grams of the stems, and as large a part for the synonyms that they stand for."""

    dimensions = 1024
    caveat: str | None = (
        "no sentence model on disk: search matches spelling and listed synonyms, not meaning (docs/memory.md)"
    )
    # Twice the standard deviation of the cosine of two random vectors, 1 / sqrt(1024).
    floor = 2 / 32

    def __init__(self) -> None:
        listed = sha256_text(repr(sorted(synonyms().groups.items())))[:12]
        self.identity = f"ngrams-{self.dimensions}-{listed}"

    def embed(self, texts: list[str]) -> Vectors:
        return np.stack([self._embed_one(stems(text)) for text in texts])

    def _embed_one(self, words: list[str]) -> Vectors:
        spelled = self._add([_hash_ngrams(word) for word in words])
        groups = synonyms().groups
        meant = self._add([_hash_groups(groups[word]) for word in words if word in groups])
        vector = _to_unit(np.sign(spelled) * np.sqrt(np.abs(spelled))) + _to_unit(meant)
        if not vector.any():
            vector[0] = 1.0
        return _to_unit(vector).astype(np.float32)

    def _add(self, parts: list[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> NDArray[np.float64]:
        if not parts:
            return np.zeros(self.dimensions)
        places = np.concatenate([places for places, _weights in parts])
        weights = np.concatenate([weights for _places, weights in parts])
        return np.bincount(places, weights, self.dimensions).astype(np.float64)


@lru_cache(maxsize=50_000)
def _hash_ngrams(word: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    padded = f" {word} "
    return _hash([padded[at : at + size] for size in (3, 4, 5) for at in range(len(padded) - size + 1)])


@lru_cache(maxsize=10_000)
def _hash_groups(numbers: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    places, signs = _hash([f"group {number}" for number in numbers])
    return places, signs / np.sqrt(len(numbers))


def _hash(features: list[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give each feature a place and a sign (Weinberger and others 2009, feature hashing)."""
    hashes = np.array([zlib.crc32(feature.encode()) for feature in features], dtype=np.int64)
    return hashes % NgramEmbedder.dimensions, np.where((hashes >> 16) & 1, 1.0, -1.0)


def _to_unit(vector: NDArray[Any]) -> NDArray[Any]:
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def choose_embedder(setting: str) -> Embedder:
    """Return the embedder that the setting `memory.embedder` names; `auto` takes a model on disk, and never loads one.

    Raises:
        UserError: the setting names a folder without a sentence model.
    """
    if setting == "ngrams":
        return _ngrams()
    if setting == "auto":
        folder = Path.home() / CHROMA_MODEL
        return _load(folder) if _holds_model(folder) else _ngrams()
    folder = Path(setting).expanduser()
    for candidate in (folder, folder / "onnx"):
        if _holds_model(candidate):
            return _load(candidate)
    raise UserError(
        f"memory.embedder: {setting} holds no model.onnx with its tokenizer.json",
        field="memory.embedder",
        legal=("auto", "ngrams", "a folder with model.onnx and tokenizer.json"),
        hint="ax config set memory.embedder auto",
    )


def _holds_model(folder: Path) -> bool:
    return (folder / "model.onnx").is_file() and (folder / "tokenizer.json").is_file()


@lru_cache(maxsize=1)
def _ngrams() -> NgramEmbedder:
    return NgramEmbedder()


@lru_cache(maxsize=2)
def _load(folder: Path) -> Embedder:
    # onnxruntime is loaded only where there is a model for it.
    return import_module("axagents.stores.memory.sentences").SentenceEmbedder(folder)
