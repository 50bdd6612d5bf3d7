"""Columns for output with a fixed set of them: names, and for Parquet types that hold all values.

Knows how types of values join into the type of a column. A column whose values share no type
becomes text, each value as JSON. Does not read or write files.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from models.errors import InputError
from serve.record_block import as_json, carried_name, whole_text

EXACT_INTEGERS = 2**53


@dataclass(frozen=True, kw_only=True)
class Column:
    """An input column and how it is written; `json` where its values share no type."""

    source: str
    name: str
    type: pa.DataType
    json: bool = False


@dataclass(frozen=True, kw_only=True)
class Columns:
    """All columns that the inputs have, in order of first appearance."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def table(self, records: Sequence[dict[str, Any]]) -> pa.Table:
        """Records as a table with these columns. Raises InputError where a value does not fit."""
        return (
            pa.table(
                {column.name: _array([row.get(column.source) for row in records], column) for column in self.columns}
            )
            if self.columns
            else _no_columns(len(records))
        )

    def fit(self, table: pa.Table) -> pa.Table:
        """A table of one input file with these columns: renamed, in this order, missing ones null."""
        arrays = []
        for column in self.columns:
            if column.source in table.column_names:
                found = table.column(column.source)
                arrays.append(found if found.type == column.type else found.cast(column.type))
            else:
                arrays.append(pa.chunked_array([pa.nulls(table.num_rows, column.type)]))
        if not arrays:
            return _no_columns(table.num_rows)
        return pa.table(arrays, names=list(self.names))

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])


def _no_columns(rows: int) -> pa.Table:
    return pa.table({"": pa.nulls(rows)}).select([])


def _array(values: list[Any], column: Column) -> pa.Array:
    if column.json:
        values = [None if value is None else as_json(value) for value in values]
    try:
        return pa.array(values, column.type)
    except UnicodeEncodeError:
        return pa.array([_whole(value) for value in values], column.type)
    except (pa.ArrowException, OverflowError) as fault:
        raise InputError(
            f"the column {column.source!r} cannot be written as {column.type} ({fault}): write .jsonl instead"
        ) from None


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, dict):
        return {whole_text(name): _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


class ColumnSurvey:
    """Collects the columns of records and tables, block by block."""

    def __init__(self) -> None:
        self._types: dict[str, pa.DataType | None] = {}  # None: values share no type
        self._large: set[str] = set()

    def add_names(self, names: Iterable[str]) -> None:
        """Columns of text (CSV)."""
        for name in names:
            self._join(name, pa.string())

    def add_schema(self, schema: pa.Schema, *, where: str) -> None:
        """Raises InputError where a column of two files has types that cannot be joined."""
        for field in schema:
            known = self._types.get(field.name, field.type)
            self._join(field.name, field.type)
            if self._types[field.name] is None:
                raise InputError(
                    f"{where}: the column {field.name!r} is {field.type} here and {known} in another file: "
                    "score them to different outputs, or to .jsonl"
                )

    def add_records(self, records: Sequence[dict[str, Any]]) -> None:
        names = dict.fromkeys(name for record in records for name in record)
        for name in names:
            if self._types.get(name, pa.null()) is None:
                continue
            values = [record.get(name) for record in records]
            if any(isinstance(v, int) and abs(v) > EXACT_INTEGERS for v in values):
                self._large.add(name)
            self._join(name, _type_of(values))

    def columns(self) -> Columns:
        taken = set(self._types)
        return Columns(
            columns=tuple(
                Column(source=name, name=carried_name(name, taken), type=type_ or pa.string(), json=type_ is None)
                for name, type_ in self._types.items()
            )
        )

    def _join(self, name: str, found: pa.DataType | None) -> None:
        if name not in self._types:
            self._types[name] = found
            return
        known = self._types[name]
        if known is not None and found is not None and known != found:
            found = _joined(known, found)
            if found is not None and pa.types.is_floating(found) and name in self._large:
                found = None  # a float would not hold the integers of this column
        self._types[name] = None if known is None else found


def _type_of(values: list[Any]) -> pa.DataType | None:
    if any(isinstance(v, float) for v in values) and any(
        isinstance(v, int) and abs(v) > EXACT_INTEGERS for v in values
    ):
        return None
    if any(isinstance(v, float) and not math.isfinite(v) for v in values):
        return pa.float64() if all(v is None or isinstance(v, float) for v in values) else None
    try:
        found = pa.array(values).type
    except UnicodeEncodeError:
        return _type_of([_whole(value) for value in values])
    except (pa.ArrowException, OverflowError):
        return None
    return found if _writable(found) else None


def _writable(found: pa.DataType) -> bool:
    """Parquet has no struct without fields."""
    if pa.types.is_struct(found):
        return found.num_fields > 0 and all(_writable(field.type) for field in found)
    return _writable(found.value_type) if pa.types.is_list(found) else True


def _joined(a: pa.DataType, b: pa.DataType) -> pa.DataType | None:
    try:
        one = pa.unify_schemas([pa.schema([("x", a)]), pa.schema([("x", b)])], promote_options="permissive")
    except pa.ArrowException:
        return None
    return one.field("x").type
