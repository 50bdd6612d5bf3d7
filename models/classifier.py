"""The classifier: statements in, calibrated stance distributions out. The facade of `models`.

Knows how statements become rows, how rows are batched (sorted by length, bounded by a token
budget) and how logits become distributions. Which engine multiplies the matrices is behind
`Backend`; files, HTTP and articles are elsewhere.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from models.axis import DEFAULT_AXIS, load_axis
from models.bundle import Bundle, open_bundle, released_path
from models.calibration import read_calibration
from models.errors import BundleError, InputError
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
    def load(
        cls, path: Path | None = None, *, engine: Engine = "cpu", threads: int = 0, axis: str | None = None
    ) -> "StanceClassifier":
        """The classifier of `chosen_bundle(path, axis)`. Raises BundleError."""
        bundle = chosen_bundle(path, axis)
        return cls(bundle, make_backend(bundle.checkpoint, engine=engine, threads=threads))

    def classify(self, statements: Sequence[Statement]) -> list[StanceDistribution]:
        """One distribution for each statement, in order. Raises InputError for an empty text."""
        return self.classify_encoded(self.encode(statements))

    def encode(self, statements: Sequence[Statement]) -> list[tuple[EncodedPair, ...]]:
        """The rows of each statement: one, or a window each where it is long. Raises InputError for an empty text.

        May run in one thread while `classify_encoded` runs in another.
        """
        for number, statement in enumerate(statements, 1):
            if not statement.text.strip():
                raise InputError(f"statement {number} has no text")
        return self._tokenizer.encode([(s.text, s.perspective) for s in statements])

    def classify_encoded(self, encoded: Sequence[Sequence[EncodedPair]]) -> list[StanceDistribution]:
        """One distribution for each statement that `encode` gave the rows of, in order."""
        return self.distributions(self.encoded_logits(encoded), encoded)

    def distributions(self, logits: np.ndarray, encoded: Sequence[Sequence[EncodedPair]]) -> list[StanceDistribution]:
        """The calibrated distributions of statements whose logits `encoded_logits` gave."""
        return [
            StanceDistribution(
                axis=self.bundle.axis,
                probabilities=tuple(float(p) for p in row),
                abstain_below=self._calibration.abstain_below,
                truncated=len(windows) > 1,
            )
            for row, windows in zip(self._calibration.probabilities(logits), encoded, strict=True)
        ]

    def logits(self, statements: Sequence[Statement]) -> np.ndarray:
        """Uncalibrated logits, shape (statements, labels)."""
        return self.encoded_logits(self.encode(statements))

    def encoded_logits(self, encoded: Sequence[Sequence[EncodedPair]]) -> np.ndarray:
        """Uncalibrated logits, shape (statements, labels); the windows of a statement count alike."""
        rows = self._row_logits([row for windows in encoded for row in windows])
        logits = np.zeros((len(encoded), len(self.bundle.axis.names)))
        first = 0
        for place, windows in enumerate(encoded):
            logits[place] = rows[first : first + len(windows)].mean(axis=0)
            first += len(windows)
        return logits

    def _row_logits(self, rows: Sequence[EncodedPair]) -> np.ndarray:
        logits = np.zeros((len(rows), len(self.bundle.axis.names)))
        for batch in token_budget_batches([len(row.ids) for row in rows], TOKEN_BUDGET):
            logits[batch] = self._backend.logits(
                [rows[index].ids for index in batch], [rows[index].segments for index in batch]
            )
        return logits


def chosen_bundle(path: Path | None = None, axis: str | None = None) -> Bundle:
    """The verified bundle at `path`, which must be of `axis` if one is named; else what is released for the axis.

    Raises BundleError, AxisError for an axis that is not there.
    """
    name = load_axis(axis or DEFAULT_AXIS).name
    bundle = open_bundle(path or released_path(name))
    if axis and bundle.axis.name != axis:
        raise BundleError(
            f"bundle {bundle.version} is of the axis {bundle.axis.name!r}, not {axis!r}: name another one with --model"
        )
    return bundle


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
