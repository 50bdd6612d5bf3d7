"""The checks of the gate on labelled units: agreement, superiority, slices, calibration.

Each takes pairs of predictions and rules, and returns what it found. Knows statistics. Does not know how
models are run (`gate_engine.py`) nor what a refusal says as a whole (`gate_report.py`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval.comparison import holm
from eval.randomisation import f1_of_counts, worse_f1_p, worse_share_p
from eval.scores import MEASURE, Predictions
from training.gate_pair import Check, Example, Pair
from training.gate_rules import GateRules
from training.gate_sets import GateSet


@dataclass(frozen=True, kw_only=True)
class Drop:
    """One protected part: how the candidate's share differs, and the one-sided p of 'it is not worse'."""

    name: str
    n: int
    measure: str
    released: float
    candidate: float
    p: float
    examples: tuple[Example, ...] = field(default=(), repr=False)


def agreement_check(pair: Pair, margins: dict[str, float]) -> Check:
    """Non-inferiority: the one-sided 95 % lower bound of the difference lies above minus the margin.

    The lower end of the paired 90 % BCa interval is that bound (Schuirmann 1987). Two measures must both
    hold, which needs no correction: testing more of them only makes passing harder.
    """
    found: dict[str, Any] = {}
    faults, held = [], []
    for measure, margin in margins.items():
        one = pair.differences[measure]
        found[measure] = {**one, "margin": margin}
        title = MEASURE[measure].title
        if one["value"] is None:
            faults.append(f"{title} is undefined for one of the two")
        elif one["value"] == 0 and one["low_90"] is None:
            held.append(f"{title} is the same in every replicate")
        elif one["low_90"] is None or one["low_90"] <= -margin:
            bound = "cannot be bounded" if one["low_90"] is None else f"may be as low as {one['low_90']:+.3f}"
            faults.append(
                f"{title} went from {one['released']:.3f} to {one['candidate']:.3f}; the difference {bound}, "
                f"and {-margin:+.2f} is what may be lost"
            )
        else:
            held.append(f"{title} {one['value']:+.3f} (at least {one['low_90']:+.3f})")
    where = f"On {pair.units.name} (n = {len(pair.units.labels)}) "
    sentence = where + ("; ".join(faults) if faults else "; ".join(held)) + "."
    examples = pair.worst(np.arange(len(pair.units.labels))) if faults else ()
    return Check(
        name=f"agreement: {pair.units.name}", passed=not faults, sentence=sentence, figures=found, examples=examples
    )


def superiority_check(pairs: Sequence[Pair], rules: GateRules, *, against: str) -> Check:
    """At least one difference is above zero, one-sided with Holm's correction over all that were looked at."""
    tested: list[tuple[str, dict[str, Any]]] = []
    for pair in pairs:
        for measure in rules.superiority["measures"]:
            one = pair.differences[measure]
            if one["value"] is not None and one["p"] is not None:
                tested.append((f"{MEASURE[measure].title} on {pair.units.name}", one))
    one_sided = [one["p"] / 2 if one["value"] > 0 else 1 - one["p"] / 2 for _, one in tested]
    corrected = holm(one_sided)
    level = float(rules.superiority["level"])
    figures = {
        name: {"value": one["value"], "p_one_sided": p, "p_holm": c}
        for (name, one), p, c in zip(tested, one_sided, corrected, strict=True)
    }
    better = [name for name, row in figures.items() if row["p_holm"] < level]
    if better:
        shown = "; ".join(
            f"{name} {figures[name]['value']:+.3f} (p = {figures[name]['p_holm']:.3f})" for name in better
        )
        sentence = f"It is better than {against}: {shown}."
    else:
        best = min(figures, key=lambda name: figures[name]["p_holm"], default=None)
        detail = f": the clearest difference is {best}, {figures[best]['value']:+.3f}" if best else ""
        p = f" (p = {figures[best]['p_holm']:.3f}, Holm)" if best else ""
        sentence = f"No improvement on {against} is shown{detail}{p}."
    return Check(name="superiority", passed=bool(better), sentence=sentence, figures=figures)


def protected_rows(units: GateSet, rules: GateRules) -> dict[str, np.ndarray]:
    """Slice names, sorted, to the rows of each slice that has enough units and clusters to be tested."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, names in enumerate(units.slices):
        for name in names:
            rows_of[name].append(row)
    return {
        name: np.array(rows)
        for name, rows in sorted(rows_of.items())
        if len(rows) >= rules.slices["least_units"]
        and len({units.clusters[row] for row in rows}) >= rules.slices["least_clusters"]
    }


def slice_drops(pair: Pair, rules: GateRules) -> list[Drop]:
    """Every protected slice of the set: accuracy within it, or F1 of a label over the whole set."""
    drops = []
    for name, rows in protected_rows(pair.units, rules).items():
        clusters = [pair.units.clusters[row] for row in rows]
        if name.startswith("label="):
            # Recall alone would call it a loss where a label is merely used less and more precisely.
            drops.append(_label_drop(pair, name, rows, int(rules.slices["replicates"])))
        else:
            drops.append(_share_drop(pair, name, rows, clusters))
    return drops


def _share_drop(pair: Pair, name: str, rows: np.ndarray, clusters: Sequence[str]) -> Drop:
    before, after = pair.released.correct[rows], pair.candidate.correct[rows]
    return Drop(
        name=name,
        n=len(rows),
        measure="accuracy",
        released=float(before.mean()),
        candidate=float(after.mean()),
        p=worse_share_p(after.astype(int) - before.astype(int), clusters),
        examples=pair.worst(rows),
    )


def _label_drop(pair: Pair, name: str, rows: np.ndarray, replicates: int) -> Drop:
    place = pair.released.axis.index(name.partition("=")[2])

    def outcomes(side: Predictions) -> np.ndarray:
        said, true = side.predicted == place, side.truth == place
        return np.stack((said & true, said & ~true, ~said & true), axis=1)

    before, after = outcomes(pair.released), outcomes(pair.candidate)
    return Drop(
        name=name,
        n=len(rows),
        measure="F1",
        released=float(f1_of_counts(before.sum(axis=0))),
        candidate=float(f1_of_counts(after.sum(axis=0))),
        p=worse_f1_p(before, after, pair.units.clusters, replicates=replicates),
        examples=pair.worst(rows),
    )


def slices_check(drops: Sequence[Drop], rules: GateRules) -> Check:
    """No protected part is worse, with Holm's correction over all of them."""
    corrected = holm([drop.p for drop in drops])
    level = float(rules.slices["level"])
    figures = {
        drop.name: {
            "n": drop.n,
            "measure": drop.measure,
            "released": drop.released,
            "candidate": drop.candidate,
            "p": drop.p,
            "p_holm": p,
        }
        for drop, p in zip(drops, corrected, strict=True)
    }
    worse = sorted(
        (drop for drop, p in zip(drops, corrected, strict=True) if p < level and drop.candidate < drop.released),
        key=lambda drop: drop.candidate - drop.released,
    )
    if not worse:
        sentence = f"None of {len(drops)} protected parts is shown to be worse (Holm)."
    else:
        sentence = "It got worse at " + "; ".join(
            f"{drop.name} ({drop.measure} {drop.released:.2f} to {drop.candidate:.2f}, n = {drop.n}, "
            f"p = {figures[drop.name]['p_holm']:.3f})"
            for drop in worse[:5]
        )
        sentence += f" and {len(worse) - 5} more of {len(drops)} parts." if len(worse) > 5 else "."
    examples = tuple(one for drop in worse for one in drop.examples)[:10]
    return Check(name="protected parts", passed=not worse, sentence=sentence, figures=figures, examples=examples)


def calibration_check(pair: Pair, thresholds: tuple[float, float], rules: GateRules) -> Check:
    """ECE may not rise beyond its margin, nor may the labels above the abstention threshold be less reliable.

    `thresholds` are released, candidate.
    """
    one = pair.differences["ece"]
    margin, kept_margin = rules.calibration["ece_margin"], rules.calibration["kept_accuracy_margin"]
    kept = []
    for side, threshold in zip((pair.released, pair.candidate), thresholds, strict=True):
        above = side.confidence >= threshold
        kept.append((float(above.mean()), float(side.correct[above].mean()) if above.any() else None))
    faults = []
    high = one["high_90"] if one["high_90"] is not None else one["value"]
    if high is None or high >= margin:
        faults.append(
            f"the calibration error went from {_number(one['released'])} to {_number(one['candidate'])} "
            f"(it may have risen by {_number(high)}, and {margin:.2f} is allowed)"
        )
    before, after = kept[0][1], kept[1][1]
    if before is not None and after is not None and after < before - kept_margin:
        faults.append(f"of the labels not marked for a look {after:.0%} are right, before {before:.0%}")
    if before is not None and after is None:
        faults.append("every label is marked for a look")
    sentence = (
        f"On {pair.units.name} {'; '.join(faults)}."
        if faults
        else f"Calibration error {one['released']:.3f} to {one['candidate']:.3f} on {pair.units.name}."
    )
    figures = {
        "ece": {**one, "margin": margin},
        "kept": {
            name: {"share": share, "accuracy": accuracy, "threshold": threshold}
            for name, (share, accuracy), threshold in zip(("released", "candidate"), kept, thresholds, strict=True)
        },
    }
    return Check(name="calibration", passed=not faults, sentence=sentence, figures=figures)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
