"""From corpus files to clean splits: conflicting labels, near-duplicates, overlap with evaluation data.

Knows how texts resemble each other and how groups are dealt to splits. Does not know the encoder.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datasketch import MinHash, MinHashLSH

from eval.leakage import GRAM, normalised
from models.axis import Axis
from models.errors import CorpusError
from training.corpus_file import LabelledStatement, read_corpus

Split = Literal["train", "calibration", "test"]
NEAR_DUPLICATE = 0.8
OVERLAP = 0.5


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Clean splits; a group lies in one split only."""

    train: tuple[LabelledStatement, ...]
    calibration: tuple[LabelledStatement, ...]
    test: tuple[LabelledStatement, ...]
    removed: tuple[str, ...]

    @property
    def content_hash(self) -> str:
        """sha256 over split, text, perspective and label of every example."""
        digest = hashlib.sha256()
        for name, part in (("train", self.train), ("calibration", self.calibration), ("test", self.test)):
            for s in part:
                digest.update(json.dumps([name, s.text, s.holder, s.counterpart, s.label]).encode())
        return digest.hexdigest()

    @property
    def all(self) -> tuple[LabelledStatement, ...]:
        return (*self.train, *self.calibration, *self.test)


def build_corpus(paths: Iterable[Path], axis: Axis, *, against: Sequence[Path]) -> Corpus:
    """Reads, checks and splits. Raises CorpusError naming the example at fault.

    `against` are evaluation files (JSONL with `text`): an example that shares more than half of its
    character 8-grams with one of their texts is refused, never silently dropped.
    """
    statements = read_corpus(paths, axis)
    _refuse_conflicts(statements)
    refuse_overlap(statements, [text for path in against for text in evaluation_texts(path)])
    kept, removed = drop_near_duplicates(statements)
    parts: dict[Split, list[LabelledStatement]] = {"train": [], "calibration": [], "test": []}
    for statement in kept:
        parts[split_of(statement.group)].append(statement)
    return Corpus(
        train=tuple(parts["train"]),
        calibration=tuple(parts["calibration"]),
        test=tuple(parts["test"]),
        removed=removed,
    )


def split_of(group: str) -> Split:
    """80 % train, 10 % calibration, 10 % test, from the group's name alone: it never moves."""
    place = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100
    return "train" if place < 80 else "calibration" if place < 90 else "test"


def evaluation_texts(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines if line.strip()]


def _refuse_conflicts(statements: Sequence[LabelledStatement]) -> None:
    labels: dict[tuple[str, str, str], LabelledStatement] = {}
    for statement in statements:
        key = (normalised(statement.text), statement.holder.lower(), statement.counterpart.lower())
        known = labels.setdefault(key, statement)
        if known.label != statement.label:
            raise CorpusError(
                f"{known.id} and {statement.id} are the same statement and holder with the labels "
                f"{known.label} and {statement.label}: decide for one"
            )


def _grams(text: str) -> set[str]:
    clean = normalised(text)
    return {clean[i : i + GRAM] for i in range(max(1, len(clean) - GRAM + 1))}


def refuse_overlap(statements: Sequence[LabelledStatement], texts: Sequence[str]) -> None:
    """Raises CorpusError at the first statement that overlaps one of the texts by character 8-grams."""
    index: dict[str, set[int]] = defaultdict(set)
    sizes = []
    for number, text in enumerate(texts):
        grams = _grams(text)
        sizes.append(len(grams))
        for gram in grams:
            index[gram].add(number)
    for statement in statements:
        grams = _grams(statement.text)
        shared: dict[int, int] = defaultdict(int)
        for gram in grams:
            for number in index.get(gram, ()):
                shared[number] += 1
        for number, count in shared.items():
            if count > OVERLAP * min(len(grams), sizes[number]):
                raise CorpusError(
                    f"the training example {statement.id} overlaps the evaluation text "
                    f"{texts[number][:60]!r}: remove it from the corpus"
                )


def drop_near_duplicates(
    statements: Sequence[LabelledStatement],
) -> tuple[list[LabelledStatement], tuple[str, ...]]:
    """Keeps the first of texts whose word trigrams have an estimated Jaccard of 0.8 or more.

    Within a group nothing is dropped: there likeness is the point. Exact repeats of text and
    perspective are dropped everywhere.
    """
    index = MinHashLSH(threshold=NEAR_DUPLICATE, num_perm=64)
    owner: dict[str, str] = {}
    kept: list[LabelledStatement] = []
    removed: list[str] = []
    seen: set[tuple[str, str, str]] = set()
    decided: dict[tuple[str, str], bool] = {}
    for statement in statements:
        clean = normalised(statement.text)
        key = (clean, statement.holder.lower(), statement.counterpart.lower())
        if key in seen:
            removed.append(statement.id)
            continue
        seen.add(key)
        if (clean, statement.group) not in decided:
            words = clean.split()
            sketch = MinHash(num_perm=64, seed=1)
            for place in range(max(1, len(words) - 2)):
                sketch.update(" ".join(words[place : place + 3]).encode())
            foreign = any(owner[hit] != statement.group for hit in index.query(sketch))
            decided[(clean, statement.group)] = not foreign
            if not foreign:
                index.insert(statement.id, sketch)
                owner[statement.id] = statement.group
        if decided[(clean, statement.group)]:
            kept.append(statement)
        else:
            removed.append(statement.id)
    return kept, tuple(removed)
