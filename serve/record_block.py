"""Rows as they came from a file, some thousand at a time, and what is wrong with single ones.

Knows rows, faults, and under which name an input field goes on beside the fields of a score. Does
not know file forms.
"""

import base64
import json
import math
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

STATEMENT_FIELDS = ("text", "holder", "counterpart")
# Only what could not be parsed at all has `line`; there it cannot meet a field of the input.
ADDED_FIELDS = ("label", "score", "confidence", "abstain", "probabilities", "truncated", "error", "model")


@dataclass(frozen=True, kw_only=True)
class RowFault:
    """Why a row gets no stance. `kind` is what the summary counts by; `message` says it of this row."""

    kind: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """Consecutive rows of one file: as records, or as an Arrow table where the file had types.

    `faults` holds, by place in the block, what reading found wrong; `lines` the line numbers of
    rows that could not be parsed and so have no fields of their own.
    """

    records: list[dict[str, Any]] | None = None
    table: pa.Table | None = None
    faults: dict[int, RowFault] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records) if self.records is not None else int(self.table.num_rows)  # type: ignore[union-attr]

    def statement_fields(self) -> list[tuple[Any, Any, Any]]:
        """Text, holder and counterpart of each row, None where absent."""
        if self.records is not None:
            return [(row.get("text"), row.get("holder"), row.get("counterpart")) for row in self.records]
        assert self.table is not None
        columns = [
            values_of(self.table.column(name)) if name in self.table.column_names else [None] * len(self)
            for name in STATEMENT_FIELDS
        ]
        return list(zip(*columns, strict=True))

    def as_records(self) -> list[dict[str, Any]]:
        """The rows in the types of JSON."""
        if self.records is not None:
            return self.records
        assert self.table is not None
        columns = [[plain(value) for value in values_of(column)] for column in self.table.columns]
        return [dict(zip(self.table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column; text that is not UTF-8 keeps its bytes as lone surrogates."""
    try:
        values: list[Any] = column.to_pylist()
        return values
    except UnicodeDecodeError:
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            return [None] * len(column)
        raw = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in raw]


def plain(value: Any) -> Any:
    """A value of an Arrow column as JSON can hold it."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def carried_name(name: str, taken: Collection[str]) -> str:
    """The name under which an input field goes on: its own, or input_<name> beside a field of the score."""
    if name not in ADDED_FIELDS:
        return name
    name = f"input_{name}"
    while name in taken:
        name = f"input_{name}"
    return name


def carried(record: dict[str, Any]) -> dict[str, Any]:
    """A record's fields under the names they go on with."""
    if record.keys().isdisjoint(ADDED_FIELDS):
        return record
    return {carried_name(name, record.keys()): value for name, value in record.items()}


def whole_text(text: str) -> str:
    """Text that can be written as UTF-8: lone surrogates become U+FFFD."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def as_json(value: Any) -> str:
    """JSON on one line, in UTF-8 wherever the text allows it."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text
