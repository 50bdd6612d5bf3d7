"""The gate: a candidate against the released model, every check in one run, one report.

Knows the order of the checks. What each of them tests is in `gate_checks.py` and `gate_engine.py`.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import RELEASED_FOLDER, Bundle, find_released, open_bundle
from models.calibration import read_calibration
from models.classifier import StanceClassifier
from models.errors import GateError
from training.gate_checks import (
    agreement_check,
    calibration_check,
    slice_drops,
    slices_check,
    superiority_check,
)
from training.gate_engine import (
    behaviour_suite,
    behaviours_check,
    budgets_check,
    leak_check,
    parity_check,
)
from training.gate_looks import count_look
from training.gate_pair import Check, Example, pair_on
from training.gate_report import paragraph, sentences_as_json, ten_sentences
from training.gate_rules import GateRules, read_rules, rules_path
from training.gate_sets import GateSet, corpus_of, gate_sets

FORMAT = 1
NO_MODEL = "the majority label"


def gate(
    candidate_path: Path,
    *,
    registry: Path = RELEASED_FOLDER,
    axis: str | None = None,
    corpus: Sequence[Path] = (),
    new_gold: Sequence[Path] = (),
    rules: GateRules | None = None,
    tell: Callable[[str], None] = lambda step: None,
) -> dict[str, Any]:
    """The report on a candidate; `passed` says whether it may be promoted.

    `corpus` is what the test part is taken from (default: what the released model's recipe names),
    `new_gold` gold files for what the candidate newly learned, on which it may show to be better.
    Raises BundleError where a file does not match the manifest or the axis is another one, GateError
    where nothing can be measured.
    """
    started = time.monotonic()
    tell("files and axis")
    bundle = open_bundle(candidate_path)
    if axis and bundle.axis.name != axis:
        raise GateError(f"{bundle.version} is for the axis {bundle.axis.name!r}, not {axis!r}: name another candidate")
    baseline = released_bundle(registry, bundle.axis.name)
    if baseline and baseline.content_hash == bundle.content_hash:
        raise GateError(f"{bundle.version} is the released model itself: there is nothing to compare")
    rules = rules or read_rules(rules_path(bundle.axis.name))
    tell("test data")
    sets = gate_sets(
        bundle.axis,
        list(corpus) or corpus_of(baseline or bundle),
        new_gold=new_gold,
        slice_fields=rules.slices["fields"],
    )
    candidate = StanceClassifier.load(bundle.path)
    released = StanceClassifier.load(baseline.path) if baseline else None
    looks = count_look(registry, bundle, sets)
    checks, worst = _checks(candidate, released, sets, rules, tell)
    against = baseline.version if baseline else NO_MODEL
    passed = all(check.passed for check in checks)
    return {
        "format": FORMAT,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "detente": version("detente"),
        "passed": passed,
        "candidate": {"version": bundle.version, "hash": bundle.content_hash},
        "released": {"version": baseline.version, "hash": baseline.content_hash} if baseline else None,
        "axis": {"name": bundle.axis.name, "hash": bundle.axis.content_hash},
        "rules": {"version": rules.version, "sha256": rules.sha256},
        "data": {
            one.name: {
                "role": one.role,
                "n": len(one.labels),
                "clusters": len(set(one.clusters)),
                "sha256": one.sha256,
            }
            for one in sets
        },
        "looks": looks,
        "checks": [check.as_json() for check in checks],
        "paragraph": paragraph(bundle.version, against, checks),
        "sentences": sentences_as_json(ten_sentences(checks, worst)) if not passed else [],
        "seconds": round(time.monotonic() - started, 1),
    }


def released_bundle(registry: Path, axis: str) -> Bundle | None:
    """What the registry has released for the axis; a registry without one starts from the shipped model."""
    path = find_released((registry, RELEASED_FOLDER), axis)
    return open_bundle(path) if path else None


def _checks(
    candidate: StanceClassifier,
    released: StanceClassifier | None,
    sets: Sequence[GateSet],
    rules: GateRules,
    tell: Callable[[str], None],
) -> tuple[list[Check], tuple[Example, ...]]:
    """The checks in the order in which they are reported, and the units of the test that fell most."""
    found = [
        Check(name="files and axis", passed=True, sentence="Every file matches the manifest.", figures={}),
        leak_check(candidate.bundle, sets),
    ]
    pairs = []
    for units in sets:
        tell(f"agreement on {units.name} ({len(units.labels)} units)")
        pairs.append(pair_on(units, candidate, released))
        if released:
            margins = rules.non_inferiority["corpus_test" if units.role == "corpus_test" else "gold"]
            found.append(agreement_check(pairs[-1], margins))
    against = released.bundle.version if released else NO_MODEL
    primary = [pair for pair in pairs if pair.units.role != "gold"]
    found.append(superiority_check(primary, rules, against=against))
    test = pairs[0]
    threshold = read_calibration(candidate.bundle.calibration).abstain_below
    if released:
        tell("protected parts and behaviours")
        drops = slice_drops(test, rules)
        suite = behaviour_suite(candidate.bundle.axis)
        if suite:
            behaviours, capabilities = behaviours_check(suite, candidate, released, rules)
            found.append(behaviours)
            drops += capabilities
        found.append(slices_check(drops, rules))
        before = read_calibration(released.bundle.calibration).abstain_below
        found.append(calibration_check(test, (before, threshold), rules))
    tell("engines and budgets")
    found.append(parity_check(candidate, sets, rules))
    found.append(budgets_check(candidate, released, test.units.statements, rules))
    return found, test.worst(np.arange(len(test.units.labels)))
