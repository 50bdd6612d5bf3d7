"""Behavioural cases: authored statements with what the model must say of them, one file a capability.

Knows the record form (`eval/behaviours/README.md`) and its rules. Does not know any model, nor how cases are scored.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from models.axis import Axis
from models.errors import GoldError
from models.json_lines import json_object
from models.statement import Statement

BEHAVIOURS = Path(__file__).parent / "behaviours"
Kind = Literal["MFT", "INV", "DIR"]
Direction = Literal["up", "down"]
Swap = Literal["country", "name", "gender"]
COMMON = {"id", "capability", "kind", "text", "holder", "counterpart", "conflict", "group"}
OF_KIND: dict[str, set[str]] = {
    "MFT": {"expect"},
    "INV": {"base", "tolerance", "swap", "swapped_in", "origin"},
    "DIR": {"base", "direction", "least_move"},
}


@dataclass(frozen=True, kw_only=True)
class BehaviourCase:
    """One case: `expect` belongs to MFT, `base` and `limit` to INV and DIR, `direction` to DIR.

    `limit` is how far the score may move at most (INV) or must move at least (DIR). Cases of one `group` share a
    sentence and are not independent. A swap case says what was put in (`swapped_in`) and of which language a name is.
    """

    id: str
    capability: str
    kind: Kind
    statement: Statement
    conflict: str
    group: str
    expect: tuple[str, ...] = ()
    base: Statement | None = None
    limit: float = 0.0
    direction: Direction | None = None
    swap: Swap | None = None
    swapped_in: str = ""
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class BehaviourSuite:
    """All cases of a folder, by file and line; `sha256` is over the files' names and bytes."""

    cases: tuple[BehaviourCase, ...] = field(repr=False)
    sha256: str


def read_behaviours(axis: Axis, folder: Path | None = None) -> BehaviourSuite:
    """The cases of `folder/*.jsonl`, by default the axis's own. Raises GoldError naming file, line and field."""
    folder = folder or axis.folder(BEHAVIOURS)
    cases: list[BehaviourCase] = []
    seen: dict[str, str] = {}
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        data = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + data)
        for number, raw in enumerate(data.splitlines(), 1):
            if not raw.strip():
                continue
            where = f"{path}:{number}"
            case = _case(raw, where, path.stem, axis)
            if case.id in seen:
                raise GoldError(f"{where}: the id {case.id!r} stands already at {seen[case.id]}")
            seen[case.id] = where
            cases.append(case)
    if not cases:
        raise GoldError(f"no behavioural cases in {folder}: each capability is a file of it, such as negation.jsonl")
    return BehaviourSuite(cases=tuple(cases), sha256=digest.hexdigest())


def _case(raw: bytes, where: str, capability: str, axis: Axis) -> BehaviourCase:
    record = json_object(raw, where, GoldError)
    for name in ("id", "capability", "kind", "text", "conflict"):
        _text(record, name, where)
    if record["capability"] != capability:
        raise GoldError(f"{where}: capability {record['capability']!r} in the file of {capability!r}; move the case")
    kind = record["kind"]
    if kind not in get_args(Kind):
        raise GoldError(f"{where}: kind {kind!r} is not one of {', '.join(get_args(Kind))}")
    foreign = sorted(record.keys() - COMMON - OF_KIND[kind])
    if foreign:
        raise GoldError(f"{where}: the field {foreign[0]!r} has no meaning in a case of kind {kind}")
    statement = _statement(record, where)
    return BehaviourCase(
        id=record["id"],
        capability=capability,
        kind=kind,
        statement=statement,
        conflict=record["conflict"],
        group=_text(record, "group", where) if "group" in record else record["id"],
        **(_expectation(record, where, axis) if kind == "MFT" else _comparison(record, where, kind, statement)),
    )


def _expectation(record: dict[str, Any], where: str, axis: Axis) -> dict[str, Any]:
    expect = record.get("expect")
    if not isinstance(expect, list) or not expect:
        raise GoldError(f"{where}: the field 'expect' must list at least one acceptable label")
    for label in expect:
        if label not in axis.names:
            raise GoldError(f"{where}: expect {label!r} is not one of {', '.join(axis.names)}")
    if len(set(expect)) == len(axis.names):
        raise GoldError(f"{where}: 'expect' lists every label, so that nothing could fail; leave some out")
    return {"expect": tuple(expect)}


def _comparison(record: dict[str, Any], where: str, kind: Kind, statement: Statement) -> dict[str, Any]:
    base = record.get("base")
    if not isinstance(base, dict):
        raise GoldError(f"{where}: the field 'base' must be an object with text, holder and counterpart")
    before = _statement(base, f"{where}: base")
    if before == statement:
        raise GoldError(f"{where}: 'base' is the case itself, so that nothing could move; change one of the two")
    name = "tolerance" if kind == "INV" else "least_move"
    limit = record.get(name)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < 4:
        raise GoldError(f"{where}: the field {name!r} must be a number between 0 and 4, not {limit!r}")
    found: dict[str, Any] = {"base": before, "limit": float(limit)}
    if kind == "DIR":
        if record.get("direction") not in get_args(Direction):
            raise GoldError(f"{where}: direction {record.get('direction')!r} is not one of up, down")
        found["direction"] = record["direction"]
    if "swap" in record:
        if record["swap"] not in get_args(Swap):
            raise GoldError(f"{where}: swap {record['swap']!r} is not one of {', '.join(get_args(Swap))}")
        needed = ("swapped_in",) if record["swap"] == "country" else ("swapped_in", "origin")
        found |= {"swap": record["swap"], **{field: _text(record, field, where) for field in needed}}
    return found


def _statement(record: dict[str, Any], where: str) -> Statement:
    for name in ("holder", "counterpart"):
        if not isinstance(record.get(name), str | None):
            raise GoldError(f"{where}: the field {name!r} must be text or null, not {record[name]!r}")
    return Statement(
        text=_text(record, "text", where),
        holder=record.get("holder") or "",
        counterpart=record.get("counterpart") or "",
    )


def _text(record: dict[str, Any], name: str, where: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise GoldError(f"{where}: the field {name!r} is missing or not text")
    return value
