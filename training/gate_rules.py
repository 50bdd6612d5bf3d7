"""The rules of the gate: margins, levels and budgets, read from a versioned TOML file.

Knows names and types of the rules. Does not know how any of them is tested.
"""

import hashlib
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from models.errors import GateError

GATES_FOLDER = Path(__file__).parent / "gates"
MARGIN_MEASURES = ("alpha_ordinal", "macro_f1")


@dataclass(frozen=True, kw_only=True)
class GateRules:
    """One dict a table of the file; `sha256` is over its bytes."""

    version: int
    non_inferiority: dict[str, dict[str, float]]
    superiority: dict[str, Any]
    slices: dict[str, Any]
    behaviours: dict[str, float]
    calibration: dict[str, float]
    parity: dict[str, float]
    budgets: dict[str, float]
    sha256: str


def rules_path(axis: str) -> Path:
    """The rules of an axis: its own file where there is one."""
    own = GATES_FOLDER / f"{axis}.toml"
    return own if own.is_file() else GATES_FOLDER / "default.toml"


def read_rules(path: Path) -> GateRules:
    """Raises GateError naming the file and the table or rule that is missing or unknown."""
    try:
        data = path.read_bytes()
        content = tomllib.loads(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise GateError(f"cannot read the rules of the gate {path}: {fault}") from None
    tables = {field.name for field in fields(GateRules)} - {"sha256"}
    if set(content) != tables:
        wrong = sorted(set(content) ^ tables)[0]
        raise GateError(f"{path}: {wrong!r} is {'unknown' if wrong in content else 'missing'}")
    expected = tomllib.loads((GATES_FOLDER / "default.toml").read_text(encoding="utf-8"))
    for name, table in expected.items():
        if isinstance(table, dict) and (not isinstance(content[name], dict) or set(content[name]) != set(table)):
            raise GateError(f"{path}: [{name}] must hold exactly {', '.join(sorted(table))}")
    return GateRules(**content, sha256=hashlib.sha256(data).hexdigest())
