"""The history of a registry: one line a promotion or rollback, the last whole line of an axis in force.

Knows the lines. Does not know bundles, nor who may write one.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HISTORY = "history.jsonl"


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One line of the history; `fields` is all that it says."""

    action: str
    axis: str
    version: str
    time: str
    fields: dict[str, Any]


def read_history(folder: Path) -> list[HistoryEntry]:
    """Every whole line, oldest first. A line torn by a crash was never in force and is passed over."""
    path = folder / HISTORY
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            fields = json.loads(line)
            entry = HistoryEntry(
                axis=str(fields["axis"]),
                version=str(fields["version"]),
                # Not demanded: which line is in force never depended on it.
                action=str(fields.get("action", "")),
                time=str(fields.get("time", "")),
                fields=fields,
            )
        except (ValueError, KeyError, TypeError):
            continue
        entries.append(entry)
    return entries


def current_version(folder: Path, axis: str) -> str | None:
    """The version in force for an axis."""
    versions = [entry.version for entry in read_history(folder) if entry.axis == axis]
    return versions[-1] if versions else None
