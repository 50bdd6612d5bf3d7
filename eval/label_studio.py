"""Label Studio: labelling configuration from the axis, tasks out, annotations back in as gold.

Knows Label Studio's JSON (tasks with `data`, `predictions`, `annotations`) and the form of gold. Talks to no
server: files go in and out, over its pages or its API.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from eval.gold_metadata import KINDS
from models.axis import Axis
from models.errors import InputError

CHOICES, TEXT = "stance", "text"
STANCE_FIELDS = ("label", "score", "confidence", "abstain", "probabilities", "truncated", "error", "model")


def labelling_config(axis: Axis) -> str:
    """The XML of a Label Studio project for an axis: question, statement, holder and counterpart, one choice."""
    choices = "\n".join(
        f'    <Choice value={quoteattr(label.name)} hint={quoteattr(label.definition)} hotkey="{number}"/>'
        for number, label in enumerate(axis.all_labels, 1)
    )
    rules = "".join(f'\n    <Header size="6" value={quoteattr(rule)}/>' for rule in axis.borderlines)
    borderlines = (
        f'\n  <Collapse><Panel value="Borderlines"><View>{rules}\n  </View></Panel></Collapse>' if rules else ""
    )
    return f"""<View>
  <Header value={quoteattr(axis.question)}/>{borderlines}
  <Text name="perspective" value="$perspective"/>
  <View style="font-size: 1.25em; line-height: 1.5; margin: 0.6em 0">
    <Text name="{TEXT}" value="$text"/>
  </View>
  <Choices name="{CHOICES}" toName="{TEXT}" choice="single-radio" required="true" showInline="false">
{choices}
  </Choices>
  <TextArea name="comment" toName="{TEXT}" rows="2" placeholder="a doubt, or what the codebook does not say"/>
</View>
"""


def as_task(record: Mapping[str, Any], axis: Axis, *, preannotate: bool) -> dict[str, Any]:
    """One task of a statement record; with `preannotate` the model's label is shown as a prediction.

    Whatever else the record holds travels in `data.record`, less what a model or an earlier pass said: the first
    must not come back as gold, and annotators can look at a task's source.
    """
    text, holder, counterpart = (str(record.get(name) or "") for name in ("text", "holder", "counterpart"))
    label = record.get("label")
    # A hand label is no prediction: only scored records have probabilities.
    shown = preannotate and label in axis.names and bool(record.get("probabilities"))
    task: dict[str, Any] = {
        "data": {
            "id": str(record.get("id") or unit_id(text, holder, counterpart)),
            "text": text,
            "perspective": f"Holder: {holder or 'the speaker'}. Counterpart: {counterpart or 'the main one'}.",
            "preannotated": shown,
            "record": {name: value for name, value in record.items() if not _is_label(name)},
        }
    }
    if shown:
        task["predictions"] = [
            {
                "model_version": str(record.get("model") or "unknown"),
                "score": record.get("confidence"),
                "result": [
                    {"from_name": CHOICES, "to_name": TEXT, "type": "choices", "value": {"choices": [label]}},
                ],
            }
        ]
    return task


def _is_label(name: str) -> bool:
    return name in STANCE_FIELDS or name.startswith(("label_", "input_label"))


def unit_id(text: str, holder: str, counterpart: str) -> str:
    """An id that follows from what is labelled, for records without one."""
    return "s" + hashlib.sha256("\0".join((text, holder, counterpart)).encode()).hexdigest()[:12]


def choices_of(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every label that an annotation gives, whatever it is: what tells the axis of an export."""
    results = [one for task in tasks for annotation in task["annotations"] for one in annotation.get("result") or []]
    return [
        choice
        for result in results
        if result.get("from_name") == CHOICES
        for choice in result.get("value", {}).get("choices", [])
    ]


@dataclass(frozen=True, kw_only=True)
class Coder:
    """How an annotator of Label Studio (e-mail address or user id) is called in the gold, and their kind."""

    name: str
    kind: str = "unknown"


@dataclass(frozen=True, kw_only=True)
class ImportedGold:
    """Gold records with a label, all records on which passes differ, those still without one, and the sidecar."""

    records: tuple[dict[str, Any], ...]
    disagreements: tuple[dict[str, Any], ...]
    undecided: int
    unlabelled: int
    metadata: dict[str, Any]


def read_export(path: Path) -> list[dict[str, Any]]:
    """The tasks of a JSON export. Raises InputError for anything else, JSON-MIN and CSV exports included."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise InputError(f"cannot read the export {path}: {fault.strerror}") from None
    except ValueError as fault:
        raise InputError(f"{path}: not JSON ({fault}); export the project as JSON") from None
    if not isinstance(content, list) or not content:
        raise InputError(f"{path}: holds no tasks; export the project as JSON")
    for number, task in enumerate(content, 1):
        if not isinstance(task, dict) or not isinstance(task.get("annotations"), list) or "data" not in task:
            raise InputError(
                f"{path}: task {number}: the field 'annotations' or 'data' is missing; export as JSON, not as JSON-MIN"
            )
    return content


def merge_exports(exports: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The tasks of several exports, by name, as one list: annotations of one unit come together.

    In Label Studio's community edition annotators of one project see each other's labels; blind passes need a
    project each. Raises InputError where one id stands for two texts.
    """
    merged: dict[str, dict[str, Any]] = {}
    for where, tasks in exports.items():
        for number, task in enumerate(tasks, 1):
            unit = str(task["data"].get("id") or f"{where}: task {number}")
            known = merged.setdefault(unit, {**task, "annotations": []})
            if known["data"].get("text") != task["data"].get("text"):
                raise InputError(f"{where}: task {number}: the id {unit!r} has another 'text' in another export")
            known["annotations"] = [*known["annotations"], *task["annotations"]]
            if task["data"].get("preannotated"):
                known["data"] = {**known["data"], "preannotated": True}
    return list(merged.values())


def import_annotations(
    tasks: Sequence[Mapping[str, Any]],
    axis: Axis,
    *,
    coders: Mapping[str, Coder],
    adjudicator: str = "",
    sampling: str = "",
    where: str = "export",
) -> ImportedGold:
    """Gold from exported tasks: a pass for each annotator, and the label that follows from the passes.

    The label is the adjudicator's (or an annotation marked as ground truth), else the one that all passes
    give, else that of more than half of three or more; units without one are left out and listed among the
    disagreements. `sampling` keeps only units so marked. A pass that saw the model's label on any unit is
    machine-assisted, whatever its coder is. Raises InputError naming task and field.
    """
    records: list[dict[str, Any]] = []
    disagreements: list[dict[str, Any]] = []
    undecided = unlabelled = 0
    helped: set[str] = set()
    seen: dict[str, int] = {}
    names = _names(tasks, coders, where)
    for number, task in enumerate(tasks, 1):
        data = task["data"]
        record = dict(data.get("record") or {})
        if sampling and record.get("sampling") != sampling:
            continue
        here = f"{where}: task {number}"
        unit = str(data.get("id") or "")
        if not unit or not isinstance(data.get("text"), str):
            raise InputError(f"{here}: the field 'id' or 'text' is missing from 'data': import `detente label export`")
        if unit in seen:
            raise InputError(f"{here}: the id {unit!r} stands already in task {seen[unit]}")
        seen[unit] = number
        passes, decided = _passes(task, axis, names, adjudicator, here)
        if not passes and decided is None:
            unlabelled += 1
            continue
        if data.get("preannotated"):
            helped |= set(passes)
        record.update(id=unit, text=data["text"])
        record.update({f"label_{name}": label for name, label in sorted(passes.items())})
        if data.get("preannotated"):
            record["preannotated"] = True
        label = decided or _majority(list(passes.values()))
        if decided:
            record["adjudicated"] = True
        if len(set(passes.values())) > 1:
            record["disagreement"] = True
            disagreements.append({**record, "label": label})
        if label is None:
            undecided += 1
        else:
            records.append({**record, "label": label})
    return ImportedGold(
        records=tuple(records),
        disagreements=tuple(disagreements),
        undecided=undecided,
        unlabelled=unlabelled,
        metadata=_metadata(records, coders, helped, adjudicator),
    )


def _who(annotation: Mapping[str, Any]) -> str:
    """E-mail address where the export has it, else the user id."""
    by = annotation.get("completed_by")
    if isinstance(by, Mapping):
        return str(by.get("email") or by.get("id"))
    return str(by)


def _names(tasks: Sequence[Mapping[str, Any]], coders: Mapping[str, Coder], where: str) -> dict[str, str]:
    """Pass name of each annotator: the given one, else made from address or id. Raises where two would share one."""
    names: dict[str, str] = {}
    for task in tasks:
        for annotation in task["annotations"]:
            who = _who(annotation)
            given = coders.get(who)
            local = who.partition("@")[0].lower()
            names[who] = given.name if given else re.sub(r"\W+", "_", f"user{local}" if local.isdigit() else local)
    for name, count in Counter(names.values()).items():
        if count > 1:
            twins = sorted(who for who, given in names.items() if given == name)
            raise InputError(
                f"{where}: the annotators {' and '.join(twins)} would both be called {name!r}: name them with "
                f"--annotator {twins[0]}=NAME"
            )
    unknown = sorted(set(coders) - set(names))
    if unknown:
        raise InputError(f"{where}: no annotation by {unknown[0]!r}; the annotators are {', '.join(sorted(names))}")
    return names


def _passes(
    task: Mapping[str, Any], axis: Axis, names: Mapping[str, str], adjudicator: str, here: str
) -> tuple[dict[str, str], str | None]:
    """Label of each pass, and the adjudicated one. Of several annotations by one person the last counts."""
    passes: dict[str, str] = {}
    decided: str | None = None
    for annotation in sorted(task["annotations"], key=lambda one: str(one.get("created_at") or "")):
        if annotation.get("was_cancelled"):
            continue
        chosen = [
            choice
            for result in annotation.get("result", [])
            if result.get("from_name") == CHOICES
            for choice in result.get("value", {}).get("choices", [])
        ]
        who = _who(annotation)
        if len(chosen) != 1:
            raise InputError(f"{here}: the field '{CHOICES}' of {who} holds {len(chosen)} choices instead of one")
        if chosen[0] not in axis.names:
            raise InputError(
                f"{here}: the field '{CHOICES}' of {who} is {chosen[0]!r}, which is not one of {', '.join(axis.names)}"
            )
        if annotation.get("ground_truth") or who == adjudicator:
            decided = chosen[0]
        if who != adjudicator:
            passes[names[who]] = chosen[0]
    return passes, decided


def _majority(labels: Sequence[str]) -> str | None:
    label, count = Counter(labels).most_common(1)[0]
    if count == len(labels) or (len(labels) > 2 and count > len(labels) / 2):
        return label
    return None


def _metadata(
    records: Sequence[Mapping[str, Any]], coders: Mapping[str, Coder], helped: set[str], adjudicator: str
) -> dict[str, Any]:
    kinds = {coder.name: coder.kind for coder in coders.values()}
    passes = sorted({name.removeprefix("label_") for record in records for name in record if name.startswith("label_")})
    annotators: dict[str, Any] = {}
    for name in passes:
        kind = kinds.get(name, "unknown")
        annotators[name] = {"kind": kind}
        if name in helped and kind in ("independent_person", "same_person_again"):
            annotators[name] = {
                "kind": "machine_assisted",
                "note": f"{kind.replace('_', ' ')}, but the model's label was shown on some units",
            }
    rule = "the adjudicator's label, else the passes' own" if adjudicator else "ground truth where marked, else"
    return {
        "annotators": annotators,
        "adjudication": f"{rule} label if all agree, or more than half of three or more; other units are left out",
    }


def parse_coder(text: str) -> tuple[str, Coder]:
    """`WHO=NAME` or `WHO=NAME:KIND`, WHO being an e-mail address or a user id. Raises InputError."""
    who, _, rest = text.partition("=")
    name, _, kind = rest.partition(":")
    if not who or not re.fullmatch(r"\w+", name):
        raise InputError(f"--annotator {text!r}: write WHO=NAME or WHO=NAME:KIND, the name in letters and digits")
    if kind and kind not in KINDS:
        raise InputError(f"--annotator {text!r}: the kind {kind!r} is not one of {', '.join(KINDS)}")
    return who, Coder(name=name, kind=kind or "unknown")
