"""What is known of a gold file besides its units: who labelled it, what it covers, what it must protect.

It lies beside the gold as `<gold>.meta.json` (`seed_article.jsonl` has `seed_article.meta.json`):

    {
      "scope": "what the units are a sample of",
      "annotators": {"a": {"kind": "independent_person", "person": "coder 1", "note": "..."}, ...},
      "adjudication": "how `label` follows from the passes",
      "slice_fields": ["voice", ...],
      "protected_slices": ["label=refuse", ...],
      "equivalence_margin": 0.05
    }

Every field may be left out; without the file, or for a pass that it does not name, the kind is
`unknown`. Knows that form and its rules. Does not know units or measures.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from models.errors import GoldError

Kind = Literal["independent_person", "same_person_again", "machine_assisted", "model", "unknown"]
KINDS: tuple[str, ...] = get_args(Kind)
FIELDS = (
    "scope",
    "annotators",
    "adjudication",
    "slice_fields",
    "protected_slices",
    "equivalence_margin",
)


@dataclass(frozen=True, kw_only=True)
class Annotator:
    """Who made a pass; `person` tells people apart where it is given."""

    name: str
    kind: Kind = "unknown"
    person: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class GoldMetadata:
    """The sidecar of a gold file; empty where there is none."""

    annotators: dict[str, Annotator] = field(default_factory=dict)
    scope: str = ""
    adjudication: str = ""
    slice_fields: tuple[str, ...] = ()
    protected_slices: tuple[str, ...] = ()
    equivalence_margin: float | None = None

    def annotator(self, name: str) -> Annotator:
        return self.annotators.get(name, Annotator(name=name))


def metadata_path(gold: Path) -> Path:
    return gold.with_name(gold.stem + ".meta.json")


def read_metadata(gold: Path) -> GoldMetadata:
    """The metadata beside a gold file. Raises GoldError naming file and field of the first fault."""
    path = metadata_path(gold)
    if not path.exists():
        return GoldMetadata()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as fault:
        raise GoldError(f"{path}: cannot be read as JSON ({fault})") from None
    if not isinstance(content, dict):
        raise GoldError(f"{path}: not a JSON object")
    foreign = sorted(set(content) - set(FIELDS))
    if foreign:
        raise GoldError(f"{path}: unknown field {foreign[0]!r}; the fields are {', '.join(FIELDS)}")
    margin = content.get("equivalence_margin")
    if margin is not None and not (isinstance(margin, int | float) and 0 < margin < 1):
        raise GoldError(f"{path}: the field 'equivalence_margin' must lie between 0 and 1, not {margin!r}")
    return GoldMetadata(
        annotators=_annotators(path, content.get("annotators", {})),
        scope=_text(path, content, "scope"),
        adjudication=_text(path, content, "adjudication"),
        slice_fields=_names(path, content, "slice_fields"),
        protected_slices=_names(path, content, "protected_slices"),
        equivalence_margin=margin,
    )


def _annotators(path: Path, entries: Any) -> dict[str, Annotator]:
    if not isinstance(entries, dict):
        raise GoldError(f"{path}: the field 'annotators' must map the name of each pass to its kind")
    found: dict[str, Annotator] = {}
    for name, entry in entries.items():
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if kind not in KINDS:
            raise GoldError(
                f"{path}: annotators: the kind of {name!r} is {kind!r}, which is not one of {', '.join(KINDS)}"
            )
        found[name] = Annotator(
            name=name, kind=kind, person=str(entry.get("person", "")), note=str(entry.get("note", ""))
        )
    return found


def _text(path: Path, content: dict[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise GoldError(f"{path}: the field {name!r} must be text, not {value!r}")
    return value


def _names(path: Path, content: dict[str, Any], name: str) -> tuple[str, ...]:
    value = content.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise GoldError(f"{path}: the field {name!r} must be a list of text, not {value!r}")
    return tuple(value)
