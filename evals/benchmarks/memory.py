"""Memory: what search finds beside plain FTS5 and plain hashed n-grams, and how fast it is at 100,000 records.

The questions share no content word with their notes (evals/memory/paraphrases.jsonl, committed before the search).
Notes, questions and the list of synonyms were written by one hand, so the rate flatters the list: on definitions of
the same terms from glossaries of other authors, 36 over 46, the fusion's first hit was right for 9, FTS5's for 7,
the n-grams' for 4. What the fusion finds without the list is shown beside it.
"""

import json
import random
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from axagents.project import create_project
from axagents.stores.memory import terms
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.transfer import Bundle, import_bundle
from evals.benchmarks.row import Row, at_most

PARAPHRASES = Path(__file__).parents[1] / "memory" / "paraphrases.jsonl"
RECORDS = 100_000
TIMES = 1_000
QUERIES = 200
FEW = 30
WORDS_A_NOTE = 14
WORDS_A_QUERY = 5
NGRAM_DIMENSIONS = 1_024


@dataclass(frozen=True)
class Questions:
    """Notes by key, and for each question its text, the key of its note and which half it belongs to."""

    notes: dict[str, str]
    asked: list[tuple[str, str, str]]


def measure() -> list[Row]:
    """Measure quality, then speed."""
    return [*measure_quality(), *measure_speed()]


def measure_quality() -> list[Row]:
    """Return the share of questions whose note comes first."""
    questions = read_questions()
    ours = share_first(questions, search_ours(questions))
    halves = [share_first(questions, search_ours(questions), half=half) for half in ("unseen", "seen")]
    with (
        patch("axagents.stores.memory.words.synonyms", _none),
        patch("axagents.stores.memory.embedders.synonyms", _none),
    ):
        plain = share_first(questions, search_ours(questions))
    return [
        _better("first hit, beside FTS5 alone", ours, share_first(questions, search_fts5(questions))),
        _better("first hit, beside hashed n-grams alone", ours, share_first(questions, search_ngrams(questions))),
        Row("first hit, half not looked at, beside the other", "share", halves[0], halves[1], "", None),
        Row("first hit without the list of synonyms", "share", plain, None, "", None),
    ]


def _better(name: str, ours: float, peer: float) -> Row:
    return Row(name, "share", ours, peer, "> peer", ours > peer)


def measure_speed(records: int = RECORDS) -> list[Row]:
    """Return medians in CPU milliseconds at `records` records."""
    with tempfile.TemporaryDirectory() as name:
        memory, write = Memory(create_project(Path(name))), note_writer()

        def store(number: int) -> None:
            memory.store(f"note/{number}", {"text": write(number)}, namespace="notes")

        def search(number: int) -> None:
            memory.search(" ".join(write(-1 - number).split()[:WORDS_A_QUERY]), namespace="notes")

        filling = [memory.plan(f"note/{n}", {"text": write(n)}, namespace="notes") for n in range(records)]
        import_bundle(memory, Bundle("made", "", tuple(filling), 0), "filling")
        built = timed(search, 0)
        began = time.perf_counter()
        stored = [timed(store, number) for number in range(records, records + TIMES)]
        waited = 1_000 * (time.perf_counter() - began) / TIMES
        behind = timed(search, 1)
        one: list[float] = []
        for number in range(records + TIMES, records + TIMES + FEW):
            store(number)
            one.append(timed(search, number))
        step = max(1, records // TIMES)
        got = [timed(lambda n: memory.retrieve(f"note/{n}", namespace="notes"), n) for n in range(0, records, step)]
        found = [timed(search, number) for number in range(QUERIES)]
    at, usual = f"at {records:,} records", statistics.median(found)
    return [
        at_most(f"store {at}, median", "CPU ms", ours=statistics.median(stored), limit=1),
        Row(f"store {at}, mean with its wait for the disk", "ms", waited, None, "", None),
        at_most(f"retrieve {at}, median", "CPU ms", ours=statistics.median(got), limit=0.2),
        at_most(f"search {at}, caught up, median", "CPU ms", ours=usual, limit=25),
        Row(f"search {at}, caught up, 95th percentile", "CPU ms", float(np.quantile(found, 0.95)), None, "", None),
        at_most(f"search with {TIMES:,} behind, for each of them", "CPU ms", ours=(behind - usual) / TIMES, limit=2),
        Row("search with one behind, median", "CPU ms", statistics.median(one), None, "", None),
        at_most(f"first search of {records:,}, each of them", "CPU ms", ours=built / records, limit=2),
    ]


def timed(work: Callable[[Any], object], given: object) -> float:
    """Return the CPU milliseconds, of all threads, that `work` takes."""
    began = time.process_time()
    work(given)
    return 1_000 * (time.process_time() - began)


def note_writer() -> Callable[[int], str]:
    """Return what writes the n-th note: words of everyday frequency (Zipf), names and numbers among them."""
    words = sorted(terms.synonyms().groups)
    random.Random(0).shuffle(words)
    words += [f"name{number}" for number in range(5_000)]
    weights = [1 / (place + 5) for place in range(len(words))]
    return lambda number: " ".join(random.Random(number).choices(words, weights, k=WORDS_A_NOTE))


def read_questions() -> Questions:
    """Read the paraphrase set."""
    rows = [json.loads(line) for line in PARAPHRASES.read_text(encoding="utf-8").splitlines()]
    notes = {row["note"]: row["text"] for row in rows if "note" in row}
    return Questions(notes, [(row["text"], row["answer"], row["half"]) for row in rows if "question" in row])


def share_first(questions: Questions, search: Callable[[str], str | None], half: str | None = None) -> float:
    """Return the share of questions, of one half or of both, to which `search` gives the right note."""
    asked = [(text, answer) for text, answer, of in questions.asked if half in {None, of}]
    return sum(search(text) == answer for text, answer in asked) / len(asked)


def search_ours(questions: Questions) -> Callable[[str], str | None]:
    """Return a search through `ax memory`."""
    folder = tempfile.mkdtemp()
    memory = Memory(create_project(Path(folder)))
    for key, text in questions.notes.items():
        memory.store(key, {"text": text}, namespace="notes")

    def search(query: str) -> str | None:
        hits = memory.search(query, namespace="notes", limit=1)
        return hits[0].key if hits else None

    return search


def search_fts5(questions: Questions) -> Callable[[str], str | None]:
    """Return a search by SQLite's FTS5 with its Porter stemmer and BM25, any of the content words."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE notes USING fts5(key UNINDEXED, body, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO notes VALUES (?, ?)", questions.notes.items())

    def search(query: str) -> str | None:
        words = [word for word in terms.words(query) if word not in terms.FUNCTION_WORDS]
        match = " OR ".join(f'"{word}"' for word in words)
        row = connection.execute("SELECT key FROM notes WHERE notes MATCH ? ORDER BY rank LIMIT 1", (match,)).fetchone()
        return row[0] if row else None

    return search


def search_ngrams(questions: Questions) -> Callable[[str], str | None]:
    """Return a search by the cosine of hashed character 3- to 5-grams of the text as it stands."""
    keys = list(questions.notes)
    vectors = np.stack([_ngrams(text) for text in questions.notes.values()])
    return lambda query: keys[int(np.argmax(vectors @ _ngrams(query)))]


def _ngrams(text: str) -> np.ndarray:
    padded = f" {text.lower()} "
    grams = [padded[at : at + size] for size in (3, 4, 5) for at in range(len(padded) - size + 1)]
    vector = np.zeros(NGRAM_DIMENSIONS)
    for gram in grams:
        vector[zlib.crc32(gram.encode()) % NGRAM_DIMENSIONS] += 1
    return vector / np.linalg.norm(vector)


def _none() -> terms.Synonyms:
    return terms.Synonyms({}, {})
