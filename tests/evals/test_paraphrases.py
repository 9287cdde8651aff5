"""The paraphrase set of the memory evaluation keeps its promise: a question and its note share no content word."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

PARAPHRASES = Path(__file__).parents[2] / "evals" / "memory" / "paraphrases.jsonl"
ROWS = [json.loads(line) for line in PARAPHRASES.read_text(encoding="utf-8").splitlines()]
NOTES = {row["note"]: row["text"] for row in ROWS if "note" in row}
QUESTIONS = [row for row in ROWS if "question" in row]

# The closed classes of English: articles, pronouns, prepositions, conjunctions, auxiliaries, question words.
FUNCTION_WORDS = frozenset(
    """
    a about above after again against all also am among an and another any are as at be because been before being
    below between both but by can cannot could did do does doing down during each either every few for from further
    had has have having he her here hers herself him himself his how i if in into is it its itself may me might more
    most must my myself neither no nobody nor not nothing of off on once one only onto or other otherwise ought our
    ours ourselves out over own same shall she should since so some such than that the their theirs them themselves
    then there these they this those though through to too under until up upon us very was we were what when whenever
    where whether which while who whoever whom whose why will with within without would yet you your yours yourself
    """.split()
)


def stems(text: str) -> set[str]:
    """Stem the content words of a text with SQLite's own Porter stemmer, which no code of ours had a hand in."""
    words = [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in FUNCTION_WORDS]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE texts USING fts5(body, tokenize='porter unicode61')")
    connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(texts, row)")
    connection.execute("INSERT INTO texts VALUES (?)", (" ".join(words),))
    found = {term for (term,) in connection.execute("SELECT term FROM terms")}
    connection.close()
    return found


def test_set_is_large_enough() -> None:
    assert len(NOTES) >= 60
    assert len(QUESTIONS) >= 45
    assert len({row["answer"] for row in QUESTIONS}) == len(QUESTIONS)
    assert len(set(NOTES.values())) == len(NOTES)
    assert {row["half"] for row in QUESTIONS} == {"seen", "unseen"}


@pytest.mark.parametrize("row", QUESTIONS, ids=[row["question"] for row in QUESTIONS])
def test_question_shares_no_content_word_with_its_note(row: dict[str, str]) -> None:
    question, note = stems(row["text"]), stems(NOTES[row["answer"]])
    assert len(question) >= 2
    assert question & note == set()


def test_stemmer_sees_shared_words() -> None:
    assert stems("deployed models") & stems("Deploying the model") == {"deploi", "model"}
    assert stems("who is it") == set()
