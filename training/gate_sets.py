"""What a candidate is measured on: the frozen gold, the test part of the corpus, gold for new data.

Knows where these lie and which slices a unit is in. Does not know models or rules.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eval.gold_set import GoldSet, read_gold
from models.axis import Axis
from models.bundle import Bundle
from models.errors import GateError
from models.statement import Statement
from training.build_corpus import build_corpus
from training.gold_files import gold_files

RECIPES = Path(__file__).parent / "recipes"
Role = Literal["corpus_test", "gold", "new_gold"]


@dataclass(frozen=True, kw_only=True)
class GateSet:
    """Labelled units; `clusters` are independent of each other, `slices` holds the named parts of each unit."""

    name: str
    role: Role
    statements: tuple[Statement, ...] = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    clusters: tuple[str, ...] = field(repr=False)
    slices: tuple[tuple[str, ...], ...] = field(repr=False)
    sha256: str
    gold: GoldSet | None = field(default=None, repr=False)


def gate_sets(
    axis: Axis,
    corpus: Sequence[Path],
    *,
    new_gold: Sequence[Path] = (),
    slice_fields: Sequence[str] = ("conflict", "form", "voice", "label"),
) -> list[GateSet]:
    """The test part of the corpus, then each gold file. Raises GateError where a part is too small to test."""
    frozen = gold_files(axis)
    test = build_corpus(corpus, axis, against=frozen).test
    if len({s.label for s in test}) < 2:
        raise GateError(
            f"the test part of {', '.join(map(str, corpus))} holds {len(test)} example(s) with fewer than two labels: "
            "the gate needs a larger corpus"
        )
    digest = hashlib.sha256()
    for s in test:
        digest.update(json.dumps([s.text, s.holder, s.counterpart, s.label]).encode())
    sets = [
        GateSet(
            name="corpus test",
            role="corpus_test",
            statements=tuple(s.statement for s in test),
            labels=tuple(s.label for s in test),
            clusters=tuple(s.group for s in test),
            slices=tuple(tuple(name for key in slice_fields for name in slice_names(key, s)) for s in test),
            sha256=digest.hexdigest(),
        )
    ]
    sets += [_from_gold(read_gold(path, axis), "gold") for path in frozen]
    return sets + [_from_gold(read_gold(path, axis), "new_gold") for path in new_gold]


def slice_names(key: str, unit: Any) -> list[str]:
    """A field as slice names. A conflict counts under each word of its slug: `iran_us` is part of `iran`.

    Conflicts are many and small; what a model forgets is what it knew of a party or place, in all of them.
    """
    value = str(getattr(unit, key, "") or "")
    if key == "conflict":
        return [f"conflict={word}" for word in dict.fromkeys(value.split("_")) if len(word) > 1]
    return [f"{key}={value}"] if value else []


def corpus_of(bundle: Bundle) -> list[Path]:
    """The corpus that a bundle's recipe names. Raises GateError where it is not here."""
    entries = bundle.manifest.get("origin", {}).get("recipe", {}).get("corpus", [])
    paths = [RECIPES / entry for entry in entries]
    missing = [path for path in paths if not path.exists()]
    if not paths or missing:
        raise GateError(
            f"the corpus of {bundle.version} ({', '.join(entries) or 'not recorded'}) is not here: "
            "name it with --corpus"
        )
    return paths


def _from_gold(gold: GoldSet, role: Role) -> GateSet:
    return GateSet(
        name=gold.path.stem,
        role=role,
        statements=tuple(unit.statement for unit in gold.units),
        labels=tuple(gold.labels),
        clusters=tuple(gold.clusters),
        slices=tuple(() for _ in gold.units),
        sha256=gold.sha256,
        gold=gold,
    )
