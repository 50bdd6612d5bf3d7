"""Gold files: hand-labelled statements, with the passes that the labels come from.

Knows the record form and its rules. Does not know any model or measure.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.gold_metadata import GoldMetadata, metadata_path, read_metadata
from models.axis import Axis, axis_with
from models.errors import GoldError
from models.json_lines import json_object
from models.statement import Statement, Voice


@dataclass(frozen=True, kw_only=True)
class GoldUnit:
    """One hand-labelled unit; `passes` maps an annotator's name to the label given.

    `fields` is the whole record; `line` its place in the file.
    """

    id: str
    line: int
    statement: Statement
    label: str
    passes: dict[str, str]
    fields: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class GoldSet:
    """The units of one gold file, and what its sidecar says of them."""

    path: Path
    axis: Axis
    units: tuple[GoldUnit, ...]
    sha256: str
    metadata: GoldMetadata = field(default_factory=GoldMetadata)

    @property
    def labels(self) -> list[str]:
        return [unit.label for unit in self.units]

    @property
    def clusters(self) -> list[str]:
        """The source document of each unit, from `cluster` or `source_id`.

        Without one, units of the same text are one cluster: the same sentence read for two holders is not
        two independent observations.
        """
        return [
            str(unit.fields.get("cluster") or unit.fields.get("source_id") or f"text: {unit.statement.text}")
            for unit in self.units
        ]

    @property
    def annotators(self) -> list[str]:
        """Names of the passes, in alphabetical order; a pass need not cover every unit."""
        return sorted({name for unit in self.units for name in unit.passes})


def read_gold(path: Path, axis: Axis | None = None) -> GoldSet:
    """The units of a gold file and its sidecar; without `axis` the one that its labels are of.

    Raises GoldError naming line and field of the first fault.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise GoldError(f"no gold file {path}; the shipped one is eval/gold/seed_article.jsonl") from None
    except OSError as fault:
        raise GoldError(f"cannot read the gold file {path}: {fault.strerror}") from None
    lines = [(number, raw) for number, raw in enumerate(data.splitlines(), 1) if raw.strip()]
    if axis is None:
        axis = axis_with(json_object(raw, f"{path}:{number}", GoldError).get("label") for number, raw in lines)
    units: list[GoldUnit] = []
    seen: dict[str, int] = {}
    for number, raw in lines:
        unit = _unit(raw, f"{path}:{number}", number, axis)
        if unit.id in seen:
            raise GoldError(f"{path}:{number}: the id {unit.id!r} stands already on line {seen[unit.id]}")
        seen[unit.id] = number
        units.append(unit)
    if len(units) < 2:
        raise GoldError(f"{path} holds {len(units)} unit(s): agreement needs at least two")
    if len({unit.label for unit in units}) == 1:
        raise GoldError(
            f"{path}: the field 'label' is {units[0].label!r} on all lines from {units[0].line} to {units[-1].line}: "
            "without variation agreement is undefined; add units with other labels"
        )
    gold = GoldSet(
        path=path,
        axis=axis,
        units=tuple(units),
        sha256=hashlib.sha256(data).hexdigest(),
        metadata=read_metadata(path),
    )
    foreign = sorted(set(gold.metadata.annotators) - set(gold.annotators))
    if foreign:
        raise GoldError(
            f"{metadata_path(path)}: annotators: no unit has the pass {foreign[0]!r} (field 'label_{foreign[0]}')"
        )
    return gold


def _unit(raw: bytes, where: str, line: int, axis: Axis) -> GoldUnit:
    record = json_object(raw, where, GoldError)
    for name in ("id", "text", "label"):
        if not isinstance(record.get(name), str) or not record[name].strip():
            raise GoldError(f"{where}: the field {name!r} is missing or not text")
    for name in ("holder", "counterpart"):
        if not isinstance(record.get(name), str | None):
            raise GoldError(f"{where}: the field {name!r} must be text or null, not {record[name]!r}")
    passes: dict[str, str] = {}
    for name, value in record.items():
        if name == "label" or name.startswith("label_"):
            if value is None and name != "label":
                continue
            if value not in axis.names:
                raise GoldError(f"{where}: {name} {value!r} is not one of {', '.join(axis.names)}")
            if name != "label":
                passes[name.removeprefix("label_")] = value
    voice: Voice | None = record.get("voice") if record.get("voice") in ("narration", "quote", "nested") else None
    statement = Statement(
        text=record["text"],
        holder=record.get("holder") or "",
        counterpart=record.get("counterpart") or "",
        voice=voice,
        start=record.get("start"),
        end=record.get("end"),
        date=record.get("date"),
        source=record.get("source"),
    )
    return GoldUnit(
        id=record["id"], line=line, statement=statement, label=record["label"], passes=passes, fields=record
    )
