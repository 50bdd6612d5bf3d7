"""What is written stays written: syncing of files and folders, files that are only appended to.

Knows the disk. Does not know what the lines mean.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def sync(path: Path) -> None:
    """Returns once the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: Path, fields: dict[str, Any]) -> None:
    """Appends one JSON line with its time to a file that nothing is ever taken from, and syncs it.

    A last line torn by a crash is closed first, or the new one would be torn with it.
    """
    line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds"), **fields}, ensure_ascii=False)
    with path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write(line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    sync(path.parent)
