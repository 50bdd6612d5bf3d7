"""What a command has to show: to the terminal, or to the file that `--out` names.

Knows one text and one place. Does not know what the text says.
"""

import sys
from pathlib import Path

from models.errors import InputError


def show(text: str, out: Path | None) -> None:
    """Raises InputError where the file cannot be written."""
    if not out:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise InputError(f"cannot write {out}: {fault.strerror}; name another file with --out") from None
