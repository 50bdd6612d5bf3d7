"""One pass over the inputs before scoring: content hash, rows, and the columns where the output needs them.

Knows what the later stages must know of an input beforehand. Does not score.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from models.bundle import file_hash
from models.errors import InputError
from serve.record_columns import Columns, ColumnSurvey
from serve.record_files import Inputs, RecordForm, read_error
from serve.record_readers import ParquetRows, open_rows


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file as it was when it was surveyed."""

    path: Path
    name: str
    sha256: str
    size: int
    modified: int
    rows: int

    def check_unchanged(self) -> None:
        """Raises InputError where the file is no longer what was surveyed."""
        try:
            state = self.path.stat()
        except OSError as fault:
            raise read_error(self.path, fault) from None
        if (state.st_size, state.st_mtime_ns) != (self.size, self.modified):
            raise InputError(f"{self.path} changed while it was being scored: score it to a new output")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """`columns` is None where the output needs none (JSON lines)."""

    files: tuple[InputFile, ...]
    columns: Columns | None

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.files)


def survey(inputs: Inputs, out: RecordForm) -> Survey:
    """Raises InputError where a file as a whole cannot be scored."""
    found = ColumnSurvey() if out.kind != "jsonl" else None
    files = tuple(_survey_file(path, inputs.name(path), found, typed=out.kind == "parquet") for path in inputs.files)
    return Survey(files=files, columns=found.columns() if found else None)


def _survey_file(path: Path, name: str, found: ColumnSurvey | None, *, typed: bool) -> InputFile:
    try:
        state = path.stat()
        digest = file_hash(path)
    except OSError as fault:
        raise read_error(path, fault) from None
    reader = open_rows(path)
    rows = 0
    if isinstance(reader, ParquetRows):
        rows = reader.rows
        if found and typed:
            found.add_schema(reader.schema, where=str(path))
        elif found:
            found.add_names(reader.columns)
    elif reader.columns is not None or found is None:
        rows = reader.skip(sys.maxsize)
        if found:
            found.add_names(reader.columns or ())
    else:
        for block in reader.take(sys.maxsize):
            rows += len(block)
            found.add_records(block.as_records())
    if rows and reader.columns is not None and "text" not in reader.columns:
        raise InputError(f"{path} has no column 'text' (it has {', '.join(reader.columns)}): rename the one with text")
    return InputFile(path=path, name=name, sha256=digest, size=state.st_size, modified=state.st_mtime_ns, rows=rows)
