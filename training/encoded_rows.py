"""Statements as rows of token ids in an Arrow table on disk, read by memory map while training.

Knows the tokenizer and `datasets`. Memory does not grow with the corpus: rows go through in batches, and the
table's fingerprint is that of its rows, so that an interrupted training finds it again.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, List, Value
from datasets.utils.logging import disable_progress_bar

from training.corpus_file import LabelledStatement
from training.recipe import Recipe


def encoded(
    statements: Sequence[LabelledStatement],
    chosen: Sequence[int],
    targets: np.ndarray,
    tokenizer: Any,
    recipe: Recipe,
    folder: Path,
) -> Dataset:
    """The rows of `chosen`, with `labels` from `targets` (statements, labels) and their `length` in tokens."""
    disable_progress_bar()
    columns = {"input_ids": List(Value("int32")), "token_type_ids": List(Value("int8"))}
    features = Features(
        {**columns, "attention_mask": List(Value("int8")), "labels": List(Value("float32")), "length": Value("int32")}
    )

    def rows() -> Iterator[dict[str, Any]]:
        for place, statement in in_order(statements, chosen):
            row = _ids(statement, tokenizer, recipe)
            yield {
                **{
                    name: row.get(name, [0] * len(row["input_ids"]))
                    for name in features
                    if name in row or name in columns
                },
                "labels": targets[place].astype(np.float32),
                "length": len(row["input_ids"]),
            }

    digest = hashlib.sha256(repr((recipe.max_length, recipe.perspective, recipe.encoder, len(tokenizer))).encode())
    for place, s in in_order(statements, chosen):
        digest.update(f"{s.text}\0{s.holder}\0{s.counterpart}\0".encode() + targets[place].tobytes())
    return Dataset.from_generator(
        rows,
        features=features,
        cache_dir=str(folder / "rows"),
        fingerprint=digest.hexdigest()[:32],
        keep_in_memory=False,
    )


def in_order(statements: Sequence[LabelledStatement], chosen: Sequence[int]) -> Iterator[tuple[int, LabelledStatement]]:
    """The chosen places, ascending, with their statements, read in passing: a stored corpus is slow row by row."""
    wanted = iter(chosen)
    place = next(wanted, None)
    for number, statement in enumerate(statements):
        if number == place:
            yield number, statement
            place = next(wanted, None)


def _ids(statement: LabelledStatement, tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    second = statement.statement.perspective if recipe.perspective else ""
    # Without a perspective there is one segment only, as at inference: an empty second text adds a [SEP].
    found: dict[str, list[int]] = (
        tokenizer(statement.text, second, truncation="only_first", max_length=recipe.max_length)
        if second
        else tokenizer(statement.text, truncation=True, max_length=recipe.max_length)
    )
    return found
