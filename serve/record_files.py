"""Files of records by their names: which there are, of what form, how their bytes are read and written.

Knows suffixes, folders, globs and compression. Does not know what a record is.
"""

import glob
import io
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from models.durable_files import sync
from models.errors import InputError

Kind = Literal["jsonl", "csv", "parquet"]
KINDS: dict[str, Kind] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
FORMS = ".jsonl, .csv (both also with .gz or .zst) or .parquet"
SHARDS_SUFFIX = ".shards"


@dataclass(frozen=True, kw_only=True)
class RecordForm:
    """What a file's name says of its content."""

    kind: Kind
    compression: str | None = None


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The input files in their order, and the folder that their names are relative to."""

    base: Path
    files: tuple[Path, ...]

    def name(self, path: Path) -> str:
        return path.relative_to(self.base).as_posix()


def form_of(path: Path) -> RecordForm | None:
    """None for a name that is no record file's."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    if compression:
        suffixes.pop()
    kind = KINDS.get(suffixes[-1]) if suffixes else None
    if kind is None or (kind == "parquet" and compression):
        return None
    return RecordForm(kind=kind, compression=compression)


def require_form(path: Path) -> RecordForm:
    """Raises InputError for a name that is no record file's."""
    form = form_of(path)
    if form is None:
        raise InputError(f"{path}: the name must end in {FORMS}")
    return form


def find_inputs(given: str, *, out: Path) -> Inputs:
    """The record files of a file, a folder or a glob, sorted by name; what was written for `out` is left out."""
    path = Path(given)
    if path.is_file():
        require_form(path)
        if out.exists() and path.samefile(out):
            raise InputError(f"{out} is the input itself: name another file with --out")
        return Inputs(base=path.parent, files=(path,))
    if path.is_dir():
        found, base = [one for one in path.rglob("*") if one.is_file()], path
    elif glob.has_magic(given):
        found = [one for one in map(Path, glob.glob(given, recursive=True)) if one.is_file()]  # noqa: PTH207 (Path.glob takes no absolute one)
        base = Path(os.path.commonpath([one.parent for one in found])) if found else path
    else:
        raise InputError(f"no file or folder {given}: name {FORMS}, a folder of them or a glob in quotes")
    files = sorted((one for one in found if _counts(one, out, base)), key=lambda one: one.as_posix())
    if not files:
        raise InputError(f"{given} holds no file of records: their names end in {FORMS}")
    return Inputs(base=base, files=tuple(files))


def _counts(path: Path, out: Path, base: Path) -> bool:
    parts = path.relative_to(base).parts
    if form_of(path) is None or any(part.startswith(".") or part.endswith(SHARDS_SUFFIX) for part in parts):
        return False
    resolved, output = path.resolve(), out.resolve()
    return resolved != output and output not in resolved.parents


def output_folder(out: str) -> bool:
    """Whether an output is meant to be a folder: it is one, ends in a slash, or has no suffix."""
    return Path(out).is_dir() or out.endswith(("/", os.sep)) or not Path(out).suffix


def open_bytes(path: Path, compression: str | None) -> io.BufferedReader:
    """Raises InputError where the file cannot be opened."""
    try:
        stream: Any = pa.input_stream(str(path), compression=compression, buffer_size=1 << 20)
        return io.BufferedReader(stream, 1 << 20)
    except (OSError, pa.ArrowException) as fault:
        raise read_error(path, fault) from None


def read_error(path: Path, fault: Exception, *, after: int | None = None) -> InputError:
    """One line for a file that cannot be read (on); `after` says how many of its rows were."""
    reason = os.strerror(fault.errno) if isinstance(fault, OSError) and fault.errno else str(fault).split("\n")[0]
    place = "" if after is None else f" after row {after:,}"
    return InputError(f"cannot read {path}{place}: {reason}")


def write_error(path: Path, fault: Exception) -> InputError:
    reason = os.strerror(fault.errno) if isinstance(fault, OSError) and fault.errno else str(fault).split("\n")[0]
    return InputError(f"cannot write {path}: {reason}; make room, then go on with --resume")


def replace_durably(temporary: Path, path: Path) -> None:
    """Gives a written file its name, so that after a crash it is there whole or not at all."""
    sync(temporary)
    temporary.replace(path)
    with suppress(PermissionError):  # a folder that may not be read cannot be synced, but the name stands
        sync(path.parent)
