"""Two reports on the same units: is one better, by how much, and where?

The bootstrap draws the same clusters for both, so that units hard for both do not blur the difference.
Over slices the p-values are corrected by Holm 1979. Knows reports, not models or gold files.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.resampling import Draws, Interval, draw
from eval.scores import MEASURE, MEASURES, Predictions, measures, replicate_measures
from models.axis import Axis, load_axis
from models.errors import InputError

LEAST_CLUSTERS = 5


@dataclass(frozen=True, kw_only=True)
class Side:
    """One report as read: its name, its units in file order, and what they were measured on."""

    path: Path
    model: str
    axis: Axis
    data_hash: str
    units: dict[str, dict[str, Any]]


def read_report(path: Path) -> Side:
    """Raises InputError naming file and field where it is no report of `detente evaluate`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InputError(f"{path}: cannot be read as a report ({fault})") from None
    try:
        provenance = content["provenance"]
        axis = load_axis(provenance["axis"])
        units = {unit["id"]: unit for unit in content["units"]}
        for unit in content["units"]:
            for name in ("gold", "probabilities", "cluster", "slices"):
                unit[name]
        side = Side(path=path, model=provenance["model"], axis=axis, data_hash=provenance["data_hash"], units=units)
    except (KeyError, TypeError) as missing:
        raise InputError(f"{path}: no report of `detente evaluate --out`: it lacks the field {missing}") from None
    if provenance["axis_hash"] != axis.content_hash:
        raise InputError(f"{path}: measured on another {axis.name!r} axis: evaluate again")
    return side


def compare(left: Side, right: Side, *, measure: str = "alpha_ordinal", margin: float | None = None) -> dict[str, Any]:
    """Right minus left on the units that both reports have, over all measures and, for `measure`, over slices.

    Raises InputError where the reports share fewer than two units or give one unit different gold labels.
    """
    if measure not in MEASURE:
        raise InputError(f"no measure {measure!r}: use one of {', '.join(MEASURE)}")
    if left.axis != right.axis:
        raise InputError(f"{left.path} is on the axis {left.axis.name!r}, {right.path} on {right.axis.name!r}")
    shared = [name for name in left.units if name in right.units]
    if len(shared) < 2:
        raise InputError(f"{left.path} and {right.path} share {len(shared)} unit(s): a comparison needs the same units")
    for name in shared:
        if left.units[name]["gold"] != right.units[name]["gold"]:
            raise InputError(
                f"unit {name!r} has the gold label {left.units[name]['gold']!r} in {left.path} and "
                f"{right.units[name]['gold']!r} in {right.path}: evaluate both on one gold file"
            )
    pair = (_predictions(left, shared), _predictions(right, shared))
    clusters = [str(left.units[name]["cluster"]) for name in shared]
    draws = draw(clusters)
    overall = differences(pair, draws)
    result: dict[str, Any] = {
        "left": left.model,
        "right": right.model,
        "n": len(shared),
        "left_out": {"left": len(left.units) - len(shared), "right": len(right.units) - len(shared)},
        "same_data": left.data_hash == right.data_hash,
        "clusters": len(set(clusters)),
        "measure": measure,
        "differences": overall,
        "slices": _slices(left, shared, pair, draws, clusters, measure),
        "sentence": sentence(left.model, right.model, measure, overall[measure], margin),
    }
    if margin is not None:
        result["margin"] = margin
    return result


def _predictions(side: Side, shared: Sequence[str]) -> Predictions:
    names = side.axis.names
    rows = np.array([[side.units[unit]["probabilities"][name] for name in names] for unit in shared], dtype=float)
    return Predictions(
        axis=side.axis,
        gold=tuple(side.units[unit]["gold"] for unit in shared),
        # Reports round to six digits.
        probabilities=rows / rows.sum(axis=1, keepdims=True),
        ids=tuple(shared),
    )


def differences(pair: tuple[Predictions, Predictions], draws: Draws) -> dict[str, dict[str, Any]]:
    """For each measure the value of both sides and right minus left, with 95 % and 90 % paired intervals and p."""
    values = [measures(side) for side in pair]
    samples = [replicate_measures(side, draws.counts) for side in pair]
    found: dict[str, dict[str, Any]] = {}
    for measure in MEASURES:
        left, right = (one[measure.name] for one in values)
        drawn = samples[1][measure.name] - samples[0][measure.name]
        narrow = draws.interval(right - left, drawn, level=0.90).as_json()
        found[measure.name] = {
            "left": _finite(left),
            "right": _finite(right),
            **draws.interval(right - left, drawn).as_json(),
            "low_90": narrow["low"],
            "high_90": narrow["high"],
            "p": _finite(draws.two_sided_p(right - left, drawn)),
        }
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _slices(
    left: Side,
    shared: Sequence[str],
    pair: tuple[Predictions, Predictions],
    draws: Draws,
    clusters: Sequence[str],
    measure: str,
) -> dict[str, dict[str, Any]]:
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(shared):
        for key in left.units[name]["slices"]:
            rows_of.setdefault(key, []).append(row)
    found: dict[str, dict[str, Any]] = {}
    for key, rows in sorted(rows_of.items()):
        # By gold label agreement has no variation on one side; its accuracy is its recall.
        used = "accuracy" if key.startswith("label=") else measure
        if len({clusters[row] for row in rows}) < LEAST_CLUSTERS:
            continue
        places = np.array(rows)
        part = (pair[0].take(places), pair[1].take(places))
        found[key] = {"n": len(rows), "measure": used, **differences(part, draws.take(places))[used]}
    tested = [key for key, one in found.items() if one["p"] is not None]
    for key, corrected in zip(tested, holm([found[key]["p"] for key in tested]), strict=True):
        found[key]["p_holm"] = corrected
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction, in the order given (Holm 1979, Scandinavian Journal of Statistics 6)."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.zeros(len(p_values))
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return [float(p) for p in corrected]


def sentence(left: str, right: str, measure: str, found: dict[str, Any], margin: float | None) -> str:
    """What follows from a difference, and what does not, in plain words."""
    title = MEASURE[measure].title
    if found["value"] is None:
        return f"{title} is undefined for one of the two: nothing follows."
    if found["low"] is None:
        return f"{title} is the same in every replicate: on these units the two do not differ."
    difference = Interval(value=found["value"], low=found["low"], high=found["high"])
    numbers = f"{difference.value:+.3f}, 95 % interval {difference.low:+.3f} to {difference.high:+.3f}"
    inside = margin is not None and found["low_90"] > -margin and found["high_90"] < margin
    within = f" Either way they are equivalent within ±{margin:g} (two one-sided tests at 5 %)." if inside else ""
    if difference.low > 0 or difference.high < 0:
        better = right if (difference.value > 0) == MEASURE[measure].higher_is_better else left
        return f"On these units {better} is better: {title}, {right} minus {left} {numbers}.{within}"
    if inside:
        return f"{left} and {right} are equivalent within ±{margin:g}: {title}, {right} minus {left} {numbers}."
    return (
        f"No difference is shown: {title}, {right} minus {left} {numbers}. That is not evidence that they are "
        "equal: differences anywhere in the interval are compatible with the data."
    )
