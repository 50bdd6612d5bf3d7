"""Reads JSON lines, CSV and Parquet in order, in blocks of bounded size; a bad row is a row with a fault.

Knows the three forms and what can go wrong inside them. Does not know what a row is read for.
Blank lines are rows with a fault where another line follows them; at the end of a file they are none.
"""

import csv
import io
import json
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import InputError
from serve.record_block import Block, RowFault
from serve.record_files import RecordForm, open_bytes, read_error, require_form

BLOCK_ROWS = 4096
BLOCK_BYTES = 2_000_000
LINE_LIMIT = 64_000_000
CELL_LIMIT = 16_000_000
MOST_LINES_IN_A_ROW = 100_000


class RowReader(Protocol):
    """A file of rows, read once from first to last."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Names of all columns, None where each row brings its own."""
        ...

    def skip(self, rows: int) -> int:
        """Passes over that many rows; returns how many there were."""
        ...

    def take(self, rows: int) -> Iterator[Block]:
        """The next rows in blocks; fewer where the file ends. Raises InputError where reading fails."""
        ...


def open_rows(path: Path) -> RowReader:
    """Raises InputError where the file as a whole cannot be read."""
    form = require_form(path)
    if form.kind == "jsonl":
        return JsonLines(path, form)
    return CsvRows(path, form) if form.kind == "csv" else ParquetRows(path)


def _blocks(found: Iterator[tuple[int, dict[str, Any], RowFault | None, int]], rows: int) -> Iterator[Block]:
    """The next `rows` of (line number, record, fault, size) in blocks of bounded rows and size."""
    while rows > 0:
        block, size = Block(records=[]), 0
        assert block.records is not None
        for number, record, fault, length in islice(found, min(rows, BLOCK_ROWS)):
            if fault:
                block.faults[len(block.records)] = fault
                if not record:
                    block.lines[len(block.records)] = number
            block.records.append(record)
            size += length
            if size >= BLOCK_BYTES:
                break
        if not block.records:
            return
        rows -= len(block.records)
        yield block


class JsonLines:
    """One JSON object a line, UTF-8 with or without a byte order mark."""

    columns: tuple[str, ...] | None = None

    def __init__(self, path: Path, form: RecordForm) -> None:
        self._path = path
        self._read = 0
        self._lines = self._numbered(open_bytes(path, form.compression))

    def skip(self, rows: int) -> int:
        return sum(1 for _ in islice(self._lines, rows))

    def take(self, rows: int) -> Iterator[Block]:
        return _blocks(((number, *_parsed(line, number), len(line or b"")) for number, line in self._lines), rows)

    def _numbered(self, stream: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
        """Line numbers from 1 with the lines; None for a line beyond LINE_LIMIT."""
        blank: list[int] = []
        number = 0
        with stream:
            try:
                while line := stream.readline(LINE_LIMIT):
                    number += 1
                    if number == 1:
                        line = _without_mark(line, self._path)
                    whole: bytes | None = line
                    while not line.endswith(b"\n") and len(line) == LINE_LIMIT:
                        whole, line = None, stream.readline(LINE_LIMIT)
                    if whole is not None and not whole.strip():
                        blank.append(number)
                        continue
                    yield from ((one, b"") for one in blank)
                    blank.clear()
                    yield number, whole
            except (OSError, pa.ArrowException) as fault:
                raise read_error(self._path, fault, after=number) from None


def _without_mark(line: bytes, path: Path) -> bytes:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path} is UTF-16: convert the file to UTF-8")
    return line.removeprefix(b"\xef\xbb\xbf")


def _parsed(line: bytes | None, number: int) -> tuple[dict[str, Any], RowFault | None]:
    """The record of a line; where it is not quite one, also why."""
    if line is None:
        return {}, RowFault(kind="line too long", message=f"line {number}: longer than {LINE_LIMIT // 1_000_000} MB")
    if not line.strip():
        return {}, RowFault(kind="empty line", message=f"line {number}: empty")
    fault = None
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        text = line.decode("utf-8", "replace")
        fault = RowFault(
            kind="not UTF-8", message=f"line {number}: not UTF-8 (byte 0x{line[error.start]:02x} at {error.start + 1})"
        )
    try:
        record = json.loads(text.rstrip("\r\n"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
        if isinstance(error, json.JSONDecodeError):
            reason = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
        return {}, fault or RowFault(kind="not JSON", message=f"line {number}: not JSON ({reason})")
    if not isinstance(record, dict):
        return {}, fault or RowFault(kind="not an object", message=f"line {number}: not a JSON object")
    return record, fault


class CsvRows:
    """Comma-separated values with a header, as RFC 4180 has them; cells stay text."""

    def __init__(self, path: Path, form: RecordForm) -> None:
        self._path = path
        csv.field_size_limit(CELL_LIMIT)
        stream = open_bytes(path, form.compression)
        try:
            _without_mark(stream.peek(4)[:4], path)
            # Bytes that are not UTF-8 become lone surrogates, which the cells are searched for.
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
            self._lines = _LineBuffer(text)
            header = next(csv.reader(self._lines), [])
        except (OSError, pa.ArrowException, csv.Error) as fault:
            raise read_error(path, fault) from None
        if len(set(header)) != len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise InputError(f"{path}: the column {twice!r} stands twice in the header: rename one")
        self._lines.done()
        self.columns: tuple[str, ...] = tuple(header)
        self._rows = self._checked()

    def skip(self, rows: int) -> int:
        return sum(1 for _ in islice(self._rows, rows))

    def take(self, rows: int) -> Iterator[Block]:
        found = (
            (number, dict(zip(self.columns, cells, strict=False)), fault, sum(map(len, cells)))
            for number, cells, fault in self._rows
        )
        return _blocks(found, rows)

    def _checked(self) -> Iterator[tuple[int, list[str], RowFault | None]]:
        """First line, cells and fault of each row. A row that breaks CSV costs one line, no more."""
        blank: list[int] = []
        read = 0
        try:
            while True:
                number = self._lines.number + 1
                try:
                    cells = next(csv.reader(self._lines, strict=True))
                    self._lines.done()
                except StopIteration:
                    return
                except csv.Error as error:
                    self._lines.give_back_all_but_one()
                    cells, reason = [], str(error)
                else:
                    reason = ""
                    if not cells:
                        blank.append(number)
                        continue
                for one in blank:
                    yield one, [], RowFault(kind="empty line", message=f"line {one}: empty")
                blank.clear()
                read += 1
                yield self._row(number, cells, reason)
        except (OSError, pa.ArrowException) as fault:
            raise read_error(self._path, fault, after=read) from None
        finally:
            self._lines.close()

    def _row(self, number: int, cells: list[str], reason: str) -> tuple[int, list[str], RowFault | None]:
        if reason:
            return number, [], RowFault(kind="not CSV", message=f"line {number}: not CSV ({reason})")
        fault = None
        if len(cells) != len(self.columns):
            message = f"line {number}: {len(cells)} cells where the header has {len(self.columns)}"
            fault = RowFault(kind="ragged row", message=message)
        try:
            "".join(cells).encode("utf-8")
        except UnicodeEncodeError:
            cells = [cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for cell in cells]
            fault = fault or RowFault(kind="not UTF-8", message=f"line {number}: not UTF-8")
        return number, cells, fault


class _LineBuffer:
    """Lines for one row of CSV, kept until the row is done, so that a broken one can be read anew."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._given: list[str] = []
        self._waiting: deque[str] = deque()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._text.readline(LINE_LIMIT)
        if not line:
            raise StopIteration
        self._given.append(line)
        self.number += 1
        if len(self._given) > MOST_LINES_IN_A_ROW:
            raise csv.Error(f"a quote is not closed within {MOST_LINES_IN_A_ROW:,} lines")
        return line

    def done(self) -> None:
        self._given.clear()

    def close(self) -> None:
        self._text.close()

    def give_back_all_but_one(self) -> None:
        self._waiting.extendleft(reversed(self._given[1:]))
        self.number -= max(0, len(self._given) - 1)
        self._given.clear()


class ParquetRows:
    """Parquet; columns keep their Arrow types."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as fault:
            raise read_error(path, fault) from None
        self.schema: pa.Schema = self._file.schema_arrow
        self.columns: tuple[str, ...] = tuple(self.schema.names)
        if len(set(self.columns)) != len(self.columns):
            twice = next(name for name in self.columns if self.columns.count(name) > 1)
            raise InputError(f"{path}: two columns are called {twice!r}: rename one")
        self.rows: int = self._file.metadata.num_rows
        self._done = 0
        self._batches = self._file.iter_batches(batch_size=BLOCK_ROWS)
        self._rest: pa.Table | None = None

    def skip(self, rows: int) -> int:
        return sum(len(block) for block in self.take(rows))

    def take(self, rows: int) -> Iterator[Block]:
        while rows > 0:
            table = self._rest if self._rest is not None else self._next()
            if table is None:
                return
            count = min(rows, table.num_rows)
            self._rest = table.slice(count) if count < table.num_rows else None
            rows -= count
            self._done += count
            yield Block(table=table.slice(0, count))

    def _next(self) -> pa.Table | None:
        try:
            batch = next(self._batches, None)
        except (OSError, pa.ArrowException) as fault:
            raise read_error(self._path, fault, after=self._done) from None
        return None if batch is None else pa.Table.from_batches([batch], schema=batch.schema)
