"""A sentence model already on disk is used as it lies there; without one, n-grams; nothing is ever downloaded."""

import json
from pathlib import Path

import numpy as np
import pytest

from axagents.errors import UserError
from axagents.project import Project, open_project
from axagents.stores.memory.embedders import CHROMA_MODEL, NgramEmbedder, choose_embedder
from axagents.stores.memory.memory import Memory

onnx = pytest.importorskip("onnx")

# A "model" of three directions: what rains, what pays, everything else.
WORDS = {"[PAD]": 0, "[UNK]": 1, "rain": 2, "drizzle": 2, "umbrella": 2, "salary": 3, "wage": 3, "pay": 3}
DIRECTIONS = np.array([[0, 0, 0], [0.2, 0.2, 0.2], [1, 0, 0], [0, 1, 0]], dtype=np.float32)


def write_model(folder: Path) -> Path:
    """A model as sentence transformers export it: input_ids and attention_mask in, one vector a token out."""
    folder.mkdir(parents=True)
    ids = {"[PAD]": 0, "[UNK]": 1} | {word: 2 + place for place, word in enumerate(list(WORDS)[2:])}
    table = np.stack([DIRECTIONS[WORDS[word]] for word in ids])
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["batch", "length"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("last_hidden_state", onnx.TensorProto.FLOAT, ["batch", "length", 3])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


def test_vectors_are_the_mean_of_the_tokens_made_unit_length(tmp_path: Path) -> None:
    embedder = choose_embedder(str(write_model(tmp_path / "model")))
    vectors = embedder.embed(["rain drizzle", "Salary", "rain pay rain rain"])
    # Means (1,0,0), (0,1,0) and (3,1,0)/4, by hand; the padding of the shorter texts does not count.
    expected = np.array([[1, 0, 0], [0, 1, 0], [3 / np.sqrt(10), 1 / np.sqrt(10), 0]])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_meaning_is_found_by_a_model(tmp_path: Path, project: Project) -> None:
    model = write_model(tmp_path / "model")
    (project.root / "ax.toml").write_text(f'[memory]\nembedder = "{model}"\n')
    memory = Memory(open_project(project.root))
    memory.store("a", {"text": "drizzle"}, namespace="notes")
    memory.store("b", {"text": "wage"}, namespace="notes")
    assert [hit.key for hit in memory.search("umbrella", namespace="notes")] == ["a"]
    assert memory.search("salary", namespace="notes")[0].key == "b"


def test_changing_the_embedder_makes_the_index_anew(tmp_path: Path, project: Project) -> None:
    Memory(project).store("a", {"text": "drizzle"}, namespace="notes")
    assert Memory(project).search("umbrella", namespace="notes") == []
    test_meaning_is_found_by_a_model(tmp_path, project)


def test_auto_takes_the_model_in_chromas_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert isinstance(choose_embedder("auto"), NgramEmbedder)
    write_model(tmp_path / CHROMA_MODEL)
    assert choose_embedder("auto").identity.startswith("onnx-")
    assert isinstance(choose_embedder("ngrams"), NgramEmbedder)


def test_a_model_in_its_onnx_folder_is_found(tmp_path: Path) -> None:
    write_model(tmp_path / "all-MiniLM" / "onnx")
    assert choose_embedder(str(tmp_path / "all-MiniLM")).caveat is None


@pytest.mark.parametrize("spoiled", ["model.onnx", "tokenizer.json"])
def test_files_that_are_no_model(tmp_path: Path, spoiled: str) -> None:
    folder = write_model(tmp_path / "model")
    (folder / spoiled).write_bytes(b"rubbish" * 100)
    with pytest.raises(UserError, match=r"memory\.embedder"):
        choose_embedder(str(folder))


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no model\.onnx"):
        choose_embedder(str(tmp_path))


def test_ngrams_are_near_for_like_spelling_and_of_unit_length() -> None:
    embedder = NgramEmbedder()
    a, b, c, nothing = embedder.embed(["normalisation", "normalization", "giraffe", ""])
    assert a @ b > 0.5 > embedder.floor > abs(a @ c)
    for vector in (a, b, c, nothing):
        assert np.linalg.norm(vector) == pytest.approx(1)
