"""From corpus files to clean splits: conflicting labels, near-duplicates, overlap with evaluation data.

Knows how texts resemble each other and how groups are dealt to splits. Does not know the encoder.
"""

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
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
    """Clean splits; a group lies in one split only. Of a stored corpus only the number of repeats is `dropped`."""

    train: Sequence[LabelledStatement]
    calibration: Sequence[LabelledStatement]
    test: Sequence[LabelledStatement]
    removed: tuple[str, ...]
    dropped: int = 0

    @property
    def content_hash(self) -> str:
        """sha256 over split, text, perspective and label of every example."""
        digest = hashlib.sha256()
        for name, part in (("train", self.train), ("calibration", self.calibration), ("test", self.test)):
            for s in part:
                digest.update(json.dumps([name, s.text, s.holder, s.counterpart, s.label]).encode())
        return digest.hexdigest()

    @property
    def all(self) -> Iterator[LabelledStatement]:
        """Every example, one after the other."""
        return chain(self.train, self.calibration, self.test)


@dataclass(frozen=True, kw_only=True)
class CorpusTexts:
    """The texts of a corpus, to be gone through as often as needed."""

    corpus: Corpus

    def __iter__(self) -> Iterator[str]:
        return (statement.text for statement in self.corpus.all)


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


def refuse_empty_classes(corpus: Corpus, axis: Axis) -> None:
    """Raises CorpusError where a label has no training example, or where nothing is held back."""
    found = {s.label for s in corpus.train}
    missing = [name for name in axis.names if name not in found]
    if missing:
        raise CorpusError(
            f"none of the {len(corpus.train)} training examples is labelled {', '.join(missing)}: add some, "
            "or add the recipe's corpus to yours"
        )
    for name, part in (("calibration", corpus.calibration), ("test", corpus.test)):
        if not part:
            raise CorpusError(
                f"no example falls into the {name} part, which a tenth of the groups do: give more, in more groups"
            )


def replayed(
    train: Sequence[LabelledStatement], data: Sequence[Path], *, share: float, seed: int
) -> Sequence[LabelledStatement]:
    """All examples of `data` (files or folders) and a random `share` of the others, in their order.

    What a model is not shown again it forgets (replay: Robins 1995, Connection Science 7).
    """
    if share >= 1 or not data:
        return train
    chance = random.Random(seed)
    folders = {path.resolve() for path in data}

    def new(statement: LabelledStatement) -> bool:
        file = Path(statement.where.rpartition(":")[0]).resolve()
        return file in folders or file.parent in folders

    return tuple(s for s in train if new(s) or chance.random() < share)


def emphasised(statements: Sequence[LabelledStatement], patterns: Sequence[str]) -> list[LabelledStatement]:
    """The statements again whose corpus file matches, once for each pattern."""
    return [s for pattern in patterns for s in statements if fnmatchcase(s.origin, pattern)]


def contrasting(statements: Iterable[LabelledStatement]) -> list[LabelledStatement]:
    """Those whose text has several labels, one for each holder or counterpart."""
    labels: dict[str, set[str]] = {}
    for s in statements:
        labels.setdefault(s.text, set()).add(s.label)
    return [s for s in statements if len(labels[s.text]) > 1]


def split_of(group: str) -> Split:
    """80 % train, 10 % calibration, 10 % test, from the group's name alone: it never moves."""
    place = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100
    return "train" if place < 80 else "calibration" if place < 90 else "test"


def evaluation_texts(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines if line.strip()]


def repeat_key(statement: LabelledStatement) -> tuple[str, str, str]:
    """Equal for examples that ask the same of the same text, whatever their case and punctuation."""
    return normalised(statement.text), statement.holder.lower(), statement.counterpart.lower()


def _refuse_conflicts(statements: Sequence[LabelledStatement]) -> None:
    labels: dict[tuple[str, str, str], LabelledStatement] = {}
    for statement in statements:
        known = labels.setdefault(repeat_key(statement), statement)
        if known.label != statement.label:
            raise CorpusError(
                f"{statement.where}: the statement and holder of {known.where} again, here labelled "
                f"{statement.label}, there {known.label}: decide for one"
            )


def _grams(text: str) -> set[str]:
    clean = normalised(text)
    return {clean[i : i + GRAM] for i in range(max(1, len(clean) - GRAM + 1))}


class OverlapCheck:
    """Evaluation texts by their character 8-grams."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._index: dict[str, set[int]] = defaultdict(set)
        self._sizes = []
        for number, text in enumerate(texts):
            grams = _grams(text)
            self._sizes.append(len(grams))
            for gram in grams:
                self._index[gram].add(number)

    def refuse(self, statement: LabelledStatement) -> None:
        """Raises CorpusError where the statement overlaps one of the texts."""
        grams = _grams(statement.text)
        shared: dict[int, int] = defaultdict(int)
        for gram in grams:
            for number in self._index.get(gram, ()):
                shared[number] += 1
        for number, count in shared.items():
            if count > OVERLAP * min(len(grams), self._sizes[number]):
                raise CorpusError(
                    f"{statement.where}: the training example overlaps the evaluation text "
                    f"{self._texts[number][:60]!r}: remove it from the corpus"
                )


def refuse_overlap(statements: Sequence[LabelledStatement], texts: Sequence[str]) -> None:
    """Raises CorpusError at the first statement that overlaps one of the texts by character 8-grams."""
    check = OverlapCheck(texts)
    for statement in statements:
        check.refuse(statement)


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
        key = repeat_key(statement)
        clean = key[0]
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
