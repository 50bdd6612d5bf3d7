"""A corpus too large for memory: read line by line into an Arrow table on disk, checked and split on the way.

Knows `datasets` and the same rules as `build_corpus`, less one: near-duplicates are not looked for, which needs
a sketch of every text in memory; exact repeats are dropped and conflicts refused all the same. What stays in
memory is some 30 bytes a row.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, overload

import numpy as np
from datasets import Dataset, Features, Value
from datasets.exceptions import DatasetGenerationError

from models.axis import Axis
from models.errors import CorpusError
from training.build_corpus import Corpus, OverlapCheck, evaluation_texts, repeat_key, split_of
from training.corpus_file import LabelledStatement, corpus_files, statements_of

LARGE = 200_000_000
"""Bytes of corpus files from which on a corpus is stored."""
HELD_BACK = 20_000
"""Most examples of the calibration and test parts that are used: beyond that only the time grows."""
ROWS_AT_ONCE = 1000
PARTS = ("train", "calibration", "test")


class StoredStatements(Sequence[LabelledStatement]):
    """Rows of a memory-mapped table as statements; each is made when it is asked for."""

    def __init__(self, rows: Dataset) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> LabelledStatement: ...
    @overload
    def __getitem__(self, place: slice) -> list[LabelledStatement]: ...
    def __getitem__(self, place: int | slice) -> LabelledStatement | list[LabelledStatement]:
        if isinstance(place, slice):
            return _statements(self._rows[place])
        return LabelledStatement(**self._rows[place])

    def __iter__(self) -> Iterator[LabelledStatement]:
        for start in range(0, len(self), ROWS_AT_ONCE):
            yield from self[start : start + ROWS_AT_ONCE]


def is_large(paths: Iterable[Path]) -> bool:
    return sum(file.stat().st_size for file in corpus_files(paths)) >= LARGE


def store_corpus(paths: Sequence[Path], axis: Axis, folder: Path, *, against: Sequence[Path]) -> Corpus:
    """As `build_corpus`, with parts on disk in `folder`. Raises CorpusError naming file and line."""
    overlap = OverlapCheck([text for path in against for text in evaluation_texts(path)])
    keys, labels, splits = array("Q"), array("b"), array("b")

    def rows() -> Iterator[dict[str, Any]]:
        for statement in statements_of(paths, axis):
            overlap.refuse(statement)
            keys.append(_key(statement))
            labels.append(axis.index(statement.label))
            splits.append(PARTS.index(split_of(statement.group)))
            yield asdict(statement)

    names = {field.name: Value("string") for field in fields(LabelledStatement)}
    # A fingerprint of its own each time: the arrays above are filled while the table is written.
    digest = hashlib.sha256("".join(f"{file}{file.stat()}" for file in corpus_files(paths)).encode()).hexdigest()[:32]
    for stale in folder.glob("*"):
        _remove(stale)
    try:
        table = Dataset.from_generator(rows, features=Features(names), cache_dir=str(folder), fingerprint=digest)
    except DatasetGenerationError as fault:
        # `datasets` wraps what the rows raise: a fault of the corpus is to be read as such.
        raise fault.__cause__ if isinstance(fault.__cause__, CorpusError) else fault from None
    kept = _without_repeats(table, np.array(keys), np.array(labels))
    split = np.array(splits)[kept]
    parts = [StoredStatements(table.select(kept[split == place])) for place in range(len(PARTS))]
    return Corpus(
        train=parts[0],
        calibration=parts[1][:HELD_BACK],
        test=parts[2][:HELD_BACK],
        removed=(),
        dropped=len(table) - len(kept),
    )


def _without_repeats(table: Dataset, keys: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Places of the first of each statement and perspective, in order. Raises CorpusError for two labels of one."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    for place in same:
        first, second = int(order[place]), int(order[place + 1])
        if labels[first] != labels[second]:
            one, other = table[first], table[second]
            raise CorpusError(
                f"{other['where']}: the statement and holder of {one['where']} again, here labelled {other['label']}, "
                f"there {one['label']}: decide for one"
            )
    keep = np.ones(len(keys), bool)
    keep[order[same + 1]] = False
    return np.flatnonzero(keep)


def _key(statement: LabelledStatement) -> int:
    text = "\0".join(repeat_key(statement))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _statements(columns: dict[str, list[Any]]) -> list[LabelledStatement]:
    names = list(columns)
    return [LabelledStatement(**dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path) if path.is_dir() else path.unlink()
