"""New passes for a gold that exists: independent people label what was labelled before.

Joins imported annotations to the gold's units by id. The gold's labels stand unless an adjudicator spoke;
who made each pass is kept from both sides. Knows gold and imports, not Label Studio.
"""

import json
from typing import Any

from eval.gold_metadata import metadata_path
from eval.gold_set import GoldSet
from eval.label_studio import ImportedGold
from models.errors import GoldError


def add_passes(gold: GoldSet, found: ImportedGold) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Records of the gold with the new passes, and its sidecar with the new annotators.

    Raises GoldError for a unit that the gold lacks or has with another text, and for a pass name it has already.
    """
    new = {record["id"]: record for record in (*found.disagreements, *found.records)}
    known = {unit.id: unit for unit in gold.units}
    for name in found.metadata["annotators"]:
        if name in gold.annotators:
            raise GoldError(f"{gold.path}: has a pass {name!r} already: name the new one with --annotator WHO=NAME")
    for unit, record in new.items():
        if unit not in known:
            raise GoldError(
                f"{gold.path}: has no unit {unit!r}, which the export labels: give the gold it was made from"
            )
        if record["text"] != known[unit].statement.text:
            raise GoldError(f"{gold.path}:{known[unit].line}: the field 'text' of {unit!r} differs from the export's")
    records = []
    for gold_unit in gold.units:
        added = new.get(gold_unit.id, {})
        passes = {name: label for name, label in added.items() if name.startswith("label_")}
        record = {**gold_unit.fields, **passes}
        if added.get("adjudicated"):
            record.update(label=added["label"], adjudicated=True)
        if added.get("preannotated"):
            record["preannotated"] = True
        records.append(record)
    sidecar = metadata_path(gold.path)
    metadata: dict[str, Any] = json.loads(sidecar.read_text(encoding="utf-8")) if sidecar.exists() else {}
    metadata["annotators"] = {**metadata.get("annotators", {}), **found.metadata["annotators"]}
    return records, metadata
