"""The classifier: statements in, calibrated stance distributions out. The facade of `models`.

Knows how statements become rows, how rows are batched (sorted by length, bounded by a token
budget) and how logits become distributions. Which engine multiplies the matrices is behind
`Backend`; files, HTTP and articles are elsewhere.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from models.bundle import Bundle, open_bundle, released_path
from models.calibration import read_calibration
from models.errors import InputError
from models.stance import StanceDistribution
from models.statement import Statement
from models.tokens import EncodedPair, PairTokenizer, padded_length

Engine = Literal["cpu", "torch"]
TOKEN_BUDGET = 2048


class Backend(Protocol):
    """What multiplies the matrices."""

    def logits(self, ids: Sequence[Sequence[int]], segments: Sequence[Sequence[int]]) -> np.ndarray:
        """Logits, shape (rows, labels), for rows of token ids and segment ids."""
        ...


class StanceClassifier:
    """Classifies statements with one bundle. Not thread-safe: one instance a thread."""

    def __init__(self, bundle: Bundle, backend: Backend) -> None:
        self.bundle = bundle
        self._backend = backend
        self._calibration = read_calibration(bundle.calibration)
        self._tokenizer = PairTokenizer(bundle.checkpoint, max_length=bundle.max_length)

    @classmethod
    def load(cls, path: Path | None = None, *, engine: Engine = "cpu", threads: int = 0) -> "StanceClassifier":
        """Opens and verifies the bundle at `path`, or the released one. Raises BundleError."""
        bundle = open_bundle(path or released_path())
        return cls(bundle, make_backend(bundle.checkpoint, engine=engine, threads=threads))

    def classify(self, statements: Sequence[Statement]) -> list[StanceDistribution]:
        """One distribution for each statement, in order. Raises InputError for an empty text."""
        for number, statement in enumerate(statements, 1):
            if not statement.text.strip():
                raise InputError(f"statement {number} has no text")
        logits, windows = self._window_mean(statements)
        return [
            StanceDistribution(
                axis=self.bundle.axis,
                probabilities=tuple(float(p) for p in row),
                abstain_below=self._calibration.abstain_below,
                truncated=count > 1,
            )
            for row, count in zip(self._calibration.probabilities(logits), windows, strict=True)
        ]

    def logits(self, statements: Sequence[Statement]) -> np.ndarray:
        """Uncalibrated logits, shape (statements, labels)."""
        return self._window_mean(statements)[0]

    def _window_mean(self, statements: Sequence[Statement]) -> tuple[np.ndarray, list[int]]:
        """Logits of each statement and the number of windows it took; windows count alike."""
        encoded = self._tokenizer.encode([(s.text, s.perspective) for s in statements])
        rows = self._row_logits([row for windows in encoded for row in windows])
        counts = [len(windows) for windows in encoded]
        logits = np.zeros((len(statements), len(self.bundle.axis.names)))
        first = 0
        for place, count in enumerate(counts):
            logits[place] = rows[first : first + count].mean(axis=0)
            first += count
        return logits, counts

    def _row_logits(self, rows: Sequence[EncodedPair]) -> np.ndarray:
        logits = np.zeros((len(rows), len(self.bundle.axis.names)))
        for batch in token_budget_batches([len(row.ids) for row in rows], TOKEN_BUDGET):
            logits[batch] = self._backend.logits(
                [rows[index].ids for index in batch], [rows[index].segments for index in batch]
            )
        return logits


def make_backend(checkpoint: Path, *, engine: Engine, threads: int = 0) -> Backend:
    # Imported here: torch costs seconds, and whoever uses one engine must not pay for the other.
    if engine == "cpu":
        from models.cpu_engine import CpuEngine

        return CpuEngine(checkpoint, threads=threads)
    if engine == "torch":
        from models.encoder import TorchEncoder

        return TorchEncoder(checkpoint, threads=threads)
    raise InputError(f"no engine {engine!r}: use cpu or torch")


def token_budget_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices in batches of one padded length each, at most `budget` padded tokens a batch.

    Longest first; a row longer than the budget is a batch of its own.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-padded_length(lengths[index]), index))
    batch: list[int] = []
    width = 0
    for index in order:
        length = padded_length(lengths[index])
        if batch and (length != width or (len(batch) + 1) * width > budget):
            yield batch
            batch = []
        width = length
        batch.append(index)
    if batch:
        yield batch
