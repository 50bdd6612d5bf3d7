"""Reads scored statements back: what `detente score` wrote, or `detente read --format json`.

Knows which fields a scored row has and how each form of file holds them. Does not know what they are for.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import Any

from models.axis import Axis, axis_with
from models.errors import InputError
from serve.record_files import read_error
from serve.record_readers import open_rows

HEAD = 1000
"""So many rows tell which axis a file is of; not all of them, for it may be long."""
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(r"([A-Za-z]+)\.? (\d{1,2})$|(\d{1,2}) ([A-Za-z]+)$")


@dataclass(frozen=True, kw_only=True)
class ScoredRow:
    """A statement with its stance; `day` is None where the date is unknown or lacks its year."""

    text: str
    holder: str
    counterpart: str
    voice: str
    side: str
    day: date | None
    probabilities: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ScoredStatements:
    """`failed` counts rows that carry an error instead of a stance."""

    axis: Axis
    rows: tuple[ScoredRow, ...]
    failed: int


def read_scored(path: Path, axis: Axis | None = None, *, year: int | None = None) -> ScoredStatements:
    """Without `axis`, the one that the file's labels are of; `year` is what a date without one is taken to be in.

    Raises InputError naming the row that cannot be used.
    """
    rows: list[ScoredRow] = []
    failed = 0
    records = _records(path)
    if axis is None:
        head = list(islice(records, HEAD))
        axis = axis_with(record.get("label") for record in head)
        records = chain(head, records)
    for number, record in enumerate(records, 1):
        if record.get("error"):
            failed += 1
        else:
            rows.append(_row(record, f"{path}: row {number}", axis, year))
    if not rows:
        raise InputError(f"{path} holds no scored statement: score it with `detente score` first")
    return ScoredStatements(axis=axis, rows=tuple(rows), failed=failed)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".json":
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as fault:
            raise read_error(path, fault) from None
        except ValueError as fault:
            raise InputError(f"{path}: not JSON in UTF-8 ({fault})") from None
        if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
            raise InputError(f"{path}: not a list of objects, as `detente read --format json` gives")
        yield from content
        return
    if not path.is_file():
        raise InputError(f"no file {path}: name what `detente score` wrote, or `detente read --format json`")
    for block in open_rows(path).take(sys.maxsize):
        for place, record in enumerate(block.as_records()):
            if place in block.faults:
                raise InputError(f"{path}: {block.faults[place].message}")
            yield record


def _row(record: dict[str, Any], where: str, axis: Axis, year: int | None) -> ScoredRow:
    return ScoredRow(
        text=str(record.get("text") or ""),
        holder=str(record.get("holder") or "").strip(),
        counterpart=str(record.get("counterpart") or "").strip(),
        voice=str(record.get("voice") or ""),
        side=str(record.get("side") or "").strip(),
        day=day_of(str(record.get("date") or ""), year),
        probabilities=_probabilities(record.get("probabilities"), where, axis.names),
    )


def _probabilities(given: Any, where: str, names: Sequence[str]) -> tuple[float, ...]:
    try:
        by_label = json.loads(given) if isinstance(given, str) else dict(given)
        found = tuple(float(by_label[name]) for name in names)
    except (TypeError, ValueError, KeyError):
        raise InputError(
            f"{where}: the field 'probabilities' does not give a number for each of {', '.join(names)}: "
            "name a file that `detente score` wrote"
        ) from None
    if not all(0 <= p <= 1 for p in found) or abs(sum(found) - 1) > 1e-3:
        raise InputError(f"{where}: the field 'probabilities' does not sum to 1")
    return found


def day_of(text: str, year: int | None = None) -> date | None:
    """The day of an ISO date (its first where only year or month is known), or of "March 10" in `year`."""
    found = _DATE.match(text.strip())
    try:
        if found:
            return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        named = _DAY.match(text.strip())
        if named and year:
            month = (named[1] or named[4]).lower()[:3]
            return date(year, _MONTHS.index(month) + 1, int(named[2] or named[3]))
    except ValueError:  # no month of that name, or 31 February
        return None
    return None
