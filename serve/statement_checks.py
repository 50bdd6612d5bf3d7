"""The fields of a row to a statement, or to the reason why it cannot be one.

Knows what a statement must be to get a stance. Does not know where the row came from.
"""

from typing import Any

from models.statement import Statement
from serve.record_block import RowFault

TEXT_LIMIT = 1_000_000


def statement_of(text: Any, holder: Any, counterpart: Any) -> Statement | RowFault:
    """A statement with text, or what is wrong with the first field that is wrong."""
    if text is None:
        return RowFault(kind="no text", message="no text: the field 'text' is missing or null")
    if not isinstance(text, str):
        return RowFault(kind="text is not a string", message=f"the field 'text' is not a string but {_name(text)}")
    if not text.strip():
        return RowFault(kind="no text", message="no text: the field 'text' is empty")
    for name, value in (("text", text), ("holder", holder), ("counterpart", counterpart)):
        fault = _fault(name, value)
        if fault:
            return fault
    return Statement(text=text, holder=holder or "", counterpart=counterpart or "")


def _fault(name: str, value: Any) -> RowFault | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return RowFault(
            kind=f"{name} is not a string", message=f"the field '{name}' is not a string but {_name(value)}"
        )
    if len(value) > TEXT_LIMIT:
        return RowFault(
            kind=f"{name} too long",
            message=f"the field '{name}' has {len(value):,} characters, more than {TEXT_LIMIT:,}: split it",
        )
    if "\0" in value:
        return RowFault(
            kind=f"NUL in {name}", message=f"the field '{name}' holds a NUL character at {value.index(chr(0)) + 1}"
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as fault:
        return RowFault(
            kind="not UTF-8", message=f"the field '{name}' is not valid Unicode text (character {fault.start + 1})"
        )
    return None


def _name(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object", bytes: "bytes"}
    return names.get(type(value), type(value).__name__)
