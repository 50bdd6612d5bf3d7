"""Text pairs to token ids, without torch or transformers: the checkpoint's own `tokenizer.json`.

Knows the pair form (statement, perspective) and the windows that a long statement is cut into.
Does not know the model that reads the ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from models.errors import BundleError

WINDOW_OVERLAP = 32
LENGTH_STEP = 8


def padded_length(tokens: int) -> int:
    """The padded length of a row of that many tokens: the next multiple of LENGTH_STEP.

    It follows from the row alone, so that a row's arithmetic does not depend on its batch.
    """
    return -(-tokens // LENGTH_STEP) * LENGTH_STEP


@dataclass(frozen=True, kw_only=True)
class EncodedPair:
    """One row for the model: token ids and segment ids (0 statement, 1 perspective), same length."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]


class PairTokenizer:
    """Encodes (statement, perspective) pairs exactly as `transformers` does for the checkpoint."""

    def __init__(self, checkpoint: Path, *, max_length: int) -> None:
        """`max_length` is the most tokens in one row, special tokens included."""
        path = checkpoint / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as fault:  # tokenizers raises bare Exception for a missing or broken file
            raise BundleError(f"cannot read the tokenizer {path}: {fault}") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, stride=WINDOW_OVERLAP, strategy="only_first")
        self.max_length = max_length

    def encode(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[EncodedPair, ...]]:
        """For each pair its windows: one row where it fits, else overlapping ones in text order.

        A perspective too long to leave room for the statement is cut to a quarter of the row.
        """
        inputs = [(text, self._short(second)) if second else text for text, second in pairs]
        encodings = self._tokenizer.encode_batch(inputs)
        return [
            tuple(
                EncodedPair(ids=tuple(window.ids), segments=tuple(window.type_ids))
                for window in (encoding, *encoding.overflowing)
            )
            for encoding in encodings
        ]

    def _short(self, perspective: str) -> str:
        most = self.max_length // 4
        if len(perspective) <= most:  # never more tokens than characters
            return perspective
        encoding = self._tokenizer.encode(perspective, add_special_tokens=False)
        if len(encoding.ids) <= most and not encoding.overflowing:
            return perspective
        return perspective[: encoding.offsets[min(most, len(encoding.offsets)) - 1][1]]
