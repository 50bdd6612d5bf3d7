"""Cuts a long statement to one row, from the left or the right, as text-embeddings-inference does on request.

Works on the windows that `models.tokens` made: [CLS] statement [SEP], then perspective [SEP]. Without a
request to cut, all windows are read and nothing is lost.
"""

from collections.abc import Sequence
from typing import Literal

from models.tokens import WINDOW_OVERLAP, EncodedPair

Direction = Literal["left", "right"]


def cut(windows: Sequence[EncodedPair], direction: Direction) -> tuple[EncodedPair]:
    """One row with the first or the last tokens of the statement; the perspective stays whole."""
    if direction == "right" or len(windows) == 1:
        return (windows[0],)
    last = windows[-1]
    needed = _statement_length(windows[0])
    # Windows overlap, so the tokens before the last window's own end in the one before it.
    tokens = list(windows[-2].ids[1 : 1 + _statement_length(windows[-2])])[:-WINDOW_OVERLAP]
    tokens += last.ids[1 : 1 + _statement_length(last)]
    kept = tokens[-needed:]
    rest = _statement_length(last) + 1
    ids = (last.ids[0], *kept, *last.ids[rest:])
    return (EncodedPair(ids=ids, segments=(0,) * (len(kept) + 2) + last.segments[rest + 1 :]),)


def _statement_length(row: EncodedPair) -> int:
    """Tokens of the statement in a row, without the special ones around it."""
    return (row.segments.index(1) if 1 in row.segments else len(row.segments)) - 2
