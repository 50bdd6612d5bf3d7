"""Slices: the same measures over parts of the gold, each with its interval, small ones marked.

A slice is named `field=value`. The fields are those of the gold record, and three that are derived:
`label` (the gold's own), `length` (words) and the tags of the record's `slice` field. Knows gold units.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from eval.gold_set import GoldSet, GoldUnit
from eval.resampling import UNDEFINED, Draws, Interval
from eval.scores import MEASURE, Predictions, measures, replicate_measures
from models.errors import GoldError

DEFAULT_FIELDS = ("label", "voice", "holder", "length", "conflict", "sampling", "slice")
LENGTHS = ((15, "up to 15 words"), (30, "16 to 30 words"), (10**9, "over 30 words"))
SMALL = 30
LEAST_CLUSTERS = 5
LEAST_UNITS_SHOWN = 5


def slice_values(unit: GoldUnit, name: str) -> list[str]:
    """The values of a unit in a field, usually one; none where the field is missing."""
    if name == "length":
        words = len(unit.statement.text.split())
        return [next(title for limit, title in LENGTHS if words <= limit)]
    value = unit.fields.get(name)
    if value is None or isinstance(value, dict):
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def slice_rows(gold: GoldSet, fields: Sequence[str]) -> dict[str, list[int]]:
    """Rows of each slice, by `field=value`, in the order of the fields.

    A value that fewer than five units have, or all of them, is left out unless it is protected. Raises GoldError for a
    field that no unit has, and for a protected slice without units.
    """
    found: dict[str, list[int]] = {}
    protected = gold.metadata.protected_slices
    for name in dict.fromkeys([*fields, *(entry.partition("=")[0] for entry in protected)]):
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, unit in enumerate(gold.units):
            for value in slice_values(unit, name):
                rows_of[value].append(row)
        if not rows_of and name not in DEFAULT_FIELDS:
            raise GoldError(f"{gold.path}: no unit has the field {name!r} that slices were asked for")
        for value in _in_order(name, rows_of, gold):
            key = f"{name}={value}"
            worth_showing = LEAST_UNITS_SHOWN <= len(rows_of[value]) < len(gold.units)
            if worth_showing or key in protected:
                found[key] = rows_of[value]
    missing = [key for key in protected if key not in found]
    if missing:
        raise GoldError(f"{gold.path}: the protected slice {missing[0]!r} of the metadata has no unit")
    return found


def _in_order(name: str, values: Iterable[str], gold: GoldSet) -> list[str]:
    """Labels in axis order, lengths by length, all else by the alphabet."""
    known = list(gold.axis.names) if name == "label" else [title for _, title in LENGTHS] if name == "length" else []
    return sorted(values, key=lambda value: (known.index(value) if value in known else len(known), value))


def with_intervals(predictions: Predictions, draws: Draws, clusters: int) -> dict[str, Interval]:
    """Every measure with its interval; `clusters` is the number of independent ones."""
    samples = replicate_measures(predictions, draws.counts)
    return {
        name: draws.proportion(value, samples[name], clusters)
        if MEASURE[name].proportion
        else draws.interval(value, samples[name])
        for name, value in measures(predictions).items()
    }


def slices_report(
    gold: GoldSet, predictions: Predictions, draws: Draws, fields: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Measures of each slice with intervals from the same draws as the whole.

    `small` marks fewer than 30 units. Below five clusters only shares (accuracy, within one step) are given:
    any other figure would be a bare number. In a slice by gold label agreement has no variation on one
    side, so that the coefficients are left out there too.
    """
    result: dict[str, dict[str, Any]] = {}
    cluster_of = gold.clusters
    for key, rows in slice_rows(gold, fields).items():
        places = np.array(rows)
        clusters = len({cluster_of[row] for row in rows})
        found = with_intervals(predictions.take(places), draws.take(places), clusters)
        shown = {}
        for name, interval in found.items():
            bare = clusters < LEAST_CLUSTERS and not MEASURE[name].proportion
            one_sided = key.startswith("label=") and name.startswith(("alpha", "kappa", "gwet", "macro", "on_axis"))
            shown[name] = (UNDEFINED if bare or one_sided else interval).as_json()
        result[key] = {
            "n": len(rows),
            "clusters": clusters,
            "small": len(rows) < SMALL,
            "protected": key in gold.metadata.protected_slices,
            **shown,
        }
    return result
