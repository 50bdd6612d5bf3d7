"""Scored files: what `detente score` writes, or any other method in the same form, for the harness to use.

JSON lines, CSV or Parquet with `text`, `label`, `probabilities` (an object {label: p}, in CSV as JSON text) and
whatever else the statements had. Knows that form and its rules. Does not know who scored.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold_set import GoldSet
from eval.scores import Predictions
from models.axis import Axis, axis_with
from models.errors import GoldError, InputError
from models.json_lines import json_object


@dataclass(frozen=True, kw_only=True)
class ScoredRow:
    """One scored statement; `line` counts records from 1 where the format has no lines."""

    line: int
    id: str
    text: str
    holder: str
    counterpart: str
    label: str
    probabilities: tuple[float, ...]
    fields: dict[str, Any] = field(repr=False)

    @property
    def cluster(self) -> str:
        """The source document, or the text where none is named."""
        return str(self.fields.get("cluster") or self.fields.get("source_id") or f"text: {self.text}")

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.text, self.holder, self.counterpart)


@dataclass(frozen=True, kw_only=True)
class ScoredFile:
    """The usable rows of a scored file; `failed` counts those that carry an error instead of a stance."""

    path: Path
    axis: Axis
    rows: tuple[ScoredRow, ...]
    failed: int
    model: str
    sha256: str

    @property
    def probabilities(self) -> np.ndarray:
        """Shape (rows, labels)."""
        return np.array([row.probabilities for row in self.rows])


def read_scored(path: Path, axis: Axis | None = None) -> ScoredFile:
    """Without `axis`, the one that the file's labels are of. Raises InputError naming line and field of a fault."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise InputError(f"cannot read the scored file {path}: {fault.strerror}") from None
    rows: list[ScoredRow] = []
    failed = 0
    records = list(_records(path, data))
    axis = axis or axis_with(record.get("label") for _, record in records)
    for line, record in records:
        if record.get("error"):
            failed += 1
            continue
        rows.append(_row(record, line, f"{path}:{line}", axis))
    if not rows:
        raise InputError(f"{path} holds no scored row: score the statements with `detente score` first")
    models = Counter(str(row.fields["model"]) for row in rows if row.fields.get("model"))
    if len(models) > 1:
        raise InputError(f"{path}: the field 'model' names several models ({', '.join(sorted(models))}): use one")
    return ScoredFile(
        path=path,
        axis=axis,
        rows=tuple(rows),
        failed=failed,
        model=next(iter(models), ""),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _records(path: Path, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(io.BytesIO(data))
        except pa.ArrowInvalid as fault:
            raise InputError(f"{path}: not a Parquet file ({fault})") from None
        yield from enumerate(table.to_pylist(), 1)
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8; convert the file to UTF-8") from None
    if path.suffix == ".csv":
        reader = csv.DictReader(io.StringIO(text, newline=""))
        for row in reader:
            yield reader.line_num, dict(row)
        return
    if path.suffix not in (".jsonl", ".ndjson"):
        raise InputError(f"{path}: the name must end in .jsonl, .csv or .parquet")
    # Not splitlines(): a statement may hold U+2028, which is no line end in JSON lines.
    for line, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        yield line, json_object(raw, f"{path}:{line}", InputError)


def _row(record: dict[str, Any], line: int, where: str, axis: Axis) -> ScoredRow:
    if not isinstance(record.get("text"), str) or not record["text"].strip():
        raise InputError(f"{where}: the field 'text' is missing or not text")
    probabilities = _probabilities(record, where, axis)
    label = record.get("label")
    if label not in axis.names:
        raise InputError(f"{where}: the field 'label' is {label!r}, which is not one of {', '.join(axis.names)}")
    return ScoredRow(
        line=line,
        id=str(record.get("id") or ""),
        text=record["text"],
        holder=str(record.get("holder") or ""),
        counterpart=str(record.get("counterpart") or ""),
        label=label,
        probabilities=probabilities,
        fields=record,
    )


def _probabilities(record: dict[str, Any], where: str, axis: Axis) -> tuple[float, ...]:
    """In axis order; without the field, all on the label."""
    given = record.get("probabilities")
    if given in (None, ""):
        return tuple(float(name == record.get("label")) for name in axis.names)
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise InputError(f"{where}: the field 'probabilities' is not a JSON object") from None
    try:
        by_label = dict(given)  # Parquet gives maps as lists of pairs
        row = tuple(float(by_label[name]) for name in axis.names)
    except KeyError as missing:
        raise InputError(f"{where}: the field 'probabilities' lacks the label {missing}") from None
    except (TypeError, ValueError):
        raise InputError(f"{where}: the field 'probabilities' must give a number for each label") from None
    if not all(-1e-6 <= p <= 1 + 1e-6 for p in row):
        raise InputError(f"{where}: the field 'probabilities' holds NaN or a number outside 0 to 1: {list(row)}")
    if abs(sum(row) - 1) > 1e-3:
        raise InputError(f"{where}: the field 'probabilities' sums to {sum(row):.4f}, not to 1")
    return row


def match_gold(gold: GoldSet, scored: ScoredFile) -> dict[str, ScoredRow]:
    """The scored row of each gold unit that has one, by unit id: same text, holder and counterpart."""
    known = {row.key: row for row in scored.rows}
    found = {}
    for unit in gold.units:
        row = known.get((unit.statement.text, unit.statement.holder, unit.statement.counterpart))
        if row:
            found[unit.id] = row
    return found


def predictions_for(gold: GoldSet, scored: ScoredFile) -> Predictions:
    """A file's predictions in the order of the gold, matched by id. Raises GoldError for what does not match."""
    by_id: dict[str, ScoredRow] = {}
    for row in scored.rows:
        if not row.id:
            raise GoldError(f"{scored.path}:{row.line}: the field 'id' is missing: predictions are matched by it")
        if row.id in by_id:
            raise GoldError(f"{scored.path}:{row.line}: the id {row.id!r} stands already on line {by_id[row.id].line}")
        by_id[row.id] = row
    for unit in gold.units:
        if unit.id not in by_id:
            raise GoldError(f"{scored.path} has no prediction for the gold unit {unit.id!r} ({gold.path}:{unit.line})")
        if by_id[unit.id].text != unit.statement.text:
            raise GoldError(
                f"{scored.path}:{by_id[unit.id].line}: the field 'text' of {unit.id!r} differs from the gold's "
                f"({gold.path}:{unit.line}): the ids do not mean the same units"
            )
    return Predictions(
        axis=gold.axis,
        gold=tuple(gold.labels),
        probabilities=np.array([by_id[unit.id].probabilities for unit in gold.units]),
        ids=tuple(unit.id for unit in gold.units),
    )
