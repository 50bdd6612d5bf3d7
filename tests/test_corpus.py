"""Building a corpus: rules of the record, overlap with evaluation data, duplicates, splits."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.axis import load_axis
from models.errors import CorpusError
from training.build_corpus import build_corpus, split_of
from training.corpus_file import read_corpus
from training.train import gold_files

AXIS = load_axis()


def record(text: str, label: str = "open", **fields: Any) -> dict[str, Any]:
    return {"text": text, "holder": "the union", "counterpart": "the port", "label": label, **fields}


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


def test_a_training_text_that_overlaps_the_gold_is_refused(tmp_path: Path) -> None:
    gold = json.loads((gold_files(AXIS)[0]).read_text(encoding="utf-8").splitlines()[10])["text"]
    path = write(
        tmp_path / "c.jsonl", [record("An invented remark about a harbour."), record(gold.upper() + " So there.")]
    )
    with pytest.raises(CorpusError, match="overlaps the evaluation text"):
        build_corpus([path], AXIS, against=gold_files(AXIS))


def test_near_duplicates_go_unless_they_contrast_by_design(tmp_path: Path) -> None:
    text = "The harbour master told the crews on Monday that the tugs will stay at the pier until the weekend was over."
    near = text.replace("over.", "over!")
    path = write(tmp_path / "c.jsonl", [record(text, id="a"), record(near, id="b", holder="the crews")])
    assert build_corpus([path], AXIS, against=[]).removed == ("b",)
    path = write(tmp_path / "c.jsonl", [record(text, group="g"), record(near, "none", group="g", holder="the crews")])
    assert build_corpus([path], AXIS, against=[]).removed == ()


def test_the_same_unit_with_two_labels_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl", [record("We sit down today."), record("We sit down today", "refuse")])
    with pytest.raises(CorpusError, match=r"c\.jsonl:2: .* of .*c\.jsonl:1 again, here labelled refuse, there open"):
        build_corpus([path], AXIS, against=[])


@given(st.text(min_size=1))
def test_a_group_has_one_split_for_ever(group: str) -> None:
    assert split_of(group) == split_of(group)
    assert split_of(group) in ("train", "calibration", "test")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"text": "x", "holder": "y", "label": "maybe"}', "'maybe'"),
        (b'{"text": "x", "label": "open"}', "'holder'"),
        (b'{"text": "", "holder": "y", "label": "open"}', "'text'"),
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"text": "\xff", "holder": "y", "label": "open"}', "not UTF-8"),
        (b'{"text": "x", "holder": "y", "label": "open", "label_b": "often"}', "label_b 'often'"),
    ],
)
def test_a_faulty_record_is_named_by_line(tmp_path: Path, line: bytes, says: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'{"text": "good", "holder": "y", "label": "open"}\n' + line + b"\n")
    with pytest.raises(CorpusError, match=says) as caught:
        read_corpus([path], AXIS)
    assert "c.jsonl:2" in str(caught.value)


def test_the_shipped_corpus_is_clean_and_broad() -> None:
    corpus = build_corpus([Path("training/corpus")], AXIS, against=gold_files(AXIS))
    everything = list(corpus.all)
    assert len(everything) >= 3000
    assert len({s.conflict for s in everything}) >= 40
    assert {s.label for s in corpus.train} == {s.label for s in corpus.test} == set(AXIS.names)
    groups = [{s.group for s in part} for part in (corpus.train, corpus.calibration, corpus.test)]
    assert sum(map(len, groups)) == len(set.union(*groups))
