"""Writes scored rows as JSON lines, CSV or Parquet: a shard each, and shards joined to one file.

Knows the three forms of output. The same rows in the same shards give the same bytes. Does not
know where shards lie or when they count as written.
"""

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from serve.record_block import ADDED_FIELDS, Block, as_json, carried, whole_text
from serve.record_columns import Columns
from serve.record_files import RecordForm

ROW_GROUP_BYTES = 64_000_000


class ShardWriter(Protocol):
    """Writes blocks of scored rows to one file."""

    def write(self, block: Block, scores: Sequence[dict[str, Any]]) -> None:
        """Adds the rows of a block, each with its fields of a score."""
        ...

    def close(self) -> None: ...


def make_writer(path: Path, form: RecordForm, columns: Columns | None, labels: Sequence[str]) -> ShardWriter:
    """`columns` may be None for JSON lines only; `labels` are those of the axis, in its order."""
    if form.kind == "jsonl":
        return JsonLinesWriter(path, form)
    assert columns is not None
    return CsvWriter(path, form, columns) if form.kind == "csv" else ParquetWriter(path, columns, labels)


class JsonLinesWriter:
    def __init__(self, path: Path, form: RecordForm) -> None:
        self._stream = pa.output_stream(str(path), compression=form.compression)

    def write(self, block: Block, scores: Sequence[dict[str, Any]]) -> None:
        lines = []
        for place, (record, score) in enumerate(zip(block.as_records(), scores, strict=True)):
            head = {"line": block.lines[place]} if place in block.lines else carried(record)
            lines.append(as_json({**head, **score}) + "\n")
        self._stream.write("".join(lines).encode("utf-8"))

    def close(self) -> None:
        self._stream.close()


class CsvWriter:
    """Shards have no header; `join` writes it once. Values that are no text are written as JSON."""

    def __init__(self, path: Path, form: RecordForm, columns: Columns) -> None:
        self._stream = pa.output_stream(str(path), compression=form.compression)
        self._columns = columns

    def write(self, block: Block, scores: Sequence[dict[str, Any]]) -> None:
        buffer = io.StringIO(newline="")
        rows = csv.writer(buffer, lineterminator="\n")
        for record, score in zip(block.as_records(), scores, strict=True):
            cells = [_cell(record.get(column.source)) for column in self._columns.columns]
            rows.writerow(cells + [_cell(score[name]) for name in ADDED_FIELDS])
        self._stream.write(buffer.getvalue().encode("utf-8"))

    def close(self) -> None:
        self._stream.close()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return whole_text(value) if isinstance(value, str) else as_json(value)


class ParquetWriter:
    """One row group a shard, more where its rows are large."""

    def __init__(self, path: Path, columns: Columns, labels: Sequence[str]) -> None:
        self._columns = columns
        self._labels = labels
        self._writer = pq.ParquetWriter(path, parquet_schema(columns, labels), compression="zstd")
        self._tables: list[pa.Table] = []

    def write(self, block: Block, scores: Sequence[dict[str, Any]]) -> None:
        self._tables.append(scored_table(block, scores, self._columns, self._labels))
        if sum(table.nbytes for table in self._tables) >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._tables:
            self._writer.write_table(pa.concat_tables(self._tables))
            self._tables.clear()


def scored_table(block: Block, scores: Sequence[dict[str, Any]], columns: Columns, labels: Sequence[str]) -> pa.Table:
    """The rows of a block with their fields of a score, in the types of `parquet_schema`."""
    schema = parquet_schema(columns, labels)
    given = columns.fit(block.table) if block.table is not None else columns.table(block.as_records())
    added = pa.Table.from_pylist(list(scores), pa.schema([schema.field(name) for name in ADDED_FIELDS]))
    return pa.table([*given.columns, *added.columns], schema=schema)


def parquet_schema(columns: Columns, labels: Sequence[str]) -> pa.Schema:
    types = {
        "label": pa.string(),
        "score": pa.float64(),
        "confidence": pa.float64(),
        "abstain": pa.bool_(),
        "probabilities": pa.struct([(label, pa.float64()) for label in labels]),
        "truncated": pa.bool_(),
        "error": pa.string(),
        "model": pa.string(),
    }
    return pa.schema([*columns.schema, *((name, types[name]) for name in ADDED_FIELDS)])


def join(shards: Sequence[Path], out: Path, form: RecordForm, columns: Columns | None, labels: Sequence[str]) -> None:
    """Writes the shards one after another to `out`; with none it is a file without rows."""
    if form.kind == "parquet":
        assert columns is not None
        with pq.ParquetWriter(out, parquet_schema(columns, labels), compression="zstd") as writer:
            for shard in shards:
                with pq.ParquetFile(shard) as read:
                    for group in range(read.num_row_groups):
                        writer.write_table(read.read_row_group(group))
        return
    # Members of gzip and frames of zstd may stand one after another in a file.
    with out.open("wb") as stream:
        stream.write(_head(form, columns))
        for shard in shards:
            with shard.open("rb") as part:
                shutil.copyfileobj(part, stream, 1 << 20)


def _head(form: RecordForm, columns: Columns | None) -> bytes:
    text = io.StringIO(newline="")
    if form.kind == "csv":
        assert columns is not None
        names = [whole_text(name) for name in columns.names]
        csv.writer(text, lineterminator="\n").writerow([*names, *ADDED_FIELDS])
    sink = pa.BufferOutputStream()
    if form.compression:
        with pa.CompressedOutputStream(sink, form.compression) as packed:
            packed.write(text.getvalue().encode("utf-8"))
    else:
        sink.write(text.getvalue().encode("utf-8"))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
