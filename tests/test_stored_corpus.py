"""A corpus stored on disk holds what one in memory holds, refuses what it refuses, and is read without being held."""

import json
from pathlib import Path

import pytest

from eval.leakage import near_duplicates, write_corpus_traces
from models.axis import load_axis
from models.errors import CorpusError
from training.build_corpus import CorpusTexts, build_corpus
from training.encoded_rows import in_order
from training.gold_files import gold_files
from training.stored_corpus import StoredStatements, is_large, store_corpus

AXIS = load_axis()
LINES = Path("training/corpus/plain_news.jsonl").read_text(encoding="utf-8").splitlines()[:150]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_it_holds_what_a_corpus_in_memory_holds(tmp_path: Path) -> None:
    again = json.dumps({**json.loads(LINES[0]), "id": "again"})
    path = write(tmp_path / "c.jsonl", [*LINES, again])
    assert not is_large([path])
    stored = store_corpus([path], AXIS, tmp_path / "rows", against=gold_files(AXIS))
    plain = build_corpus([path], AXIS, against=gold_files(AXIS))
    assert isinstance(stored.train, StoredStatements)
    assert stored.dropped == 1
    assert list(stored.train) == list(plain.train)
    assert [stored.train[5], stored.train[7]] == [plain.train[5], plain.train[7]]
    assert stored.train[2:4] == list(plain.train[2:4])
    assert stored.content_hash == plain.content_hash
    assert [s.id for _, s in in_order(stored.train, [1, 4, 9])] == [plain.train[place].id for place in (1, 4, 9)]
    write_corpus_traces(tmp_path, CorpusTexts(corpus=stored))
    text = plain.train[3].text
    assert near_duplicates([text + " So they said."], tmp_path / "corpus_sketches.npz")[0] > 0.8


def test_two_labels_of_one_statement_and_a_text_of_the_gold_are_refused(tmp_path: Path) -> None:
    first = json.loads(LINES[0])
    other = next(name for name in AXIS.names if name != first["label"])
    path = write(tmp_path / "c.jsonl", [*LINES, json.dumps({**first, "id": "again", "label": other})])
    with pytest.raises(CorpusError, match=r"c\.jsonl:151: .* of .*c\.jsonl:1 again"):
        store_corpus([path], AXIS, tmp_path / "rows", against=[])
    gold = json.loads(gold_files(AXIS)[0].read_text(encoding="utf-8").splitlines()[10])["text"]
    path = write(tmp_path / "c.jsonl", [*LINES, json.dumps({**first, "id": "g", "text": gold})])
    with pytest.raises(CorpusError, match="overlaps the evaluation text"):
        store_corpus([path], AXIS, tmp_path / "rows", against=gold_files(AXIS))
