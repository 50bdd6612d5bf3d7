"""How often test data was looked at: each run of the gate is a line in the registry, never taken away.

A test set that chooses between many candidates slowly becomes training data. Knows counts, not results.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from models.bundle import Bundle
from models.durable_files import append_line
from models.errors import GateError
from models.registry import locked
from training.gate_sets import GateSet

LOOKS = "looks.jsonl"


def count_look(registry: Path, candidate: Bundle, sets: Sequence[GateSet]) -> dict[str, int]:
    """Writes this look down before anything is measured; returns how often each set was looked at, this one included.

    A set is known by the hash of its units: changed data starts from one again.
    """
    path = registry / LOOKS
    with locked(registry):
        append_line(
            path,
            {
                "candidate": candidate.version,
                "hash": candidate.content_hash,
                "data": {units.name: units.sha256 for units in sets},
            },
        )
        earlier = _looks(path)
    return {units.name: sum(units.sha256 in look for look in earlier) for units in sets}


def _looks(path: Path) -> list[set[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise GateError(f"cannot read {path}: {fault}") from None
    looks = []
    for line in lines:
        try:
            looks.append(set(json.loads(line)["data"].values()))
        except (ValueError, KeyError, TypeError, AttributeError):  # torn by a crash
            continue
    return looks
