"""One line of a JSON-lines file to its object, with one wording of what may be wrong with it.

Knows JSON and UTF-8. Does not know what fields an object should have, nor where the lines come from.
"""

import json
from typing import Any

from models.errors import DetenteError


def json_object(raw: bytes | str, where: str, error: type[DetenteError]) -> dict[str, Any]:
    """The object on a line. Raises `error`, naming `where`, for what is not UTF-8, not JSON or no object."""
    try:
        record = json.loads(raw.decode("utf-8") if isinstance(raw, bytes) else raw)
    except UnicodeDecodeError as fault:
        raise error(f"{where}: not UTF-8 (byte {fault.start}); convert the file to UTF-8") from None
    except ValueError as fault:
        raise error(f"{where}: not JSON ({fault}); put one object on each line") from None
    if not isinstance(record, dict):
        raise error(f"{where}: not a JSON object")
    return record
