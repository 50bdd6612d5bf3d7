"""How good predictions are against a gold: accuracy, F1, errors on the axis, calibration.

Knows arrays of labels and probabilities on an axis. Does not know statements, models or intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from eval.agreement import alpha_nominal, alpha_ordinal, kappa_quadratic
from models.axis import Axis
from models.errors import GoldError
from models.stance import ordinal_score

CALIBRATION_BINS = 10


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Gold labels beside predicted distributions, shape (units, labels), rows in `axis.names` order."""

    axis: Axis
    gold: tuple[str, ...]
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.gold), len(self.axis.names)):
            raise GoldError(f"{self.probabilities.shape} probabilities for {len(self.gold)} units")
        bad = np.flatnonzero(~np.isfinite(self.probabilities).all(axis=1))
        if bad.size:
            raise GoldError(f"the prediction for unit {bad[0] + 1} holds NaN or infinite probabilities")

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.axis.names[place] for place in self.probabilities.argmax(axis=1))

    def take(self, rows: np.ndarray) -> "Predictions":
        return Predictions(
            axis=self.axis, gold=tuple(self.gold[row] for row in rows), probabilities=self.probabilities[rows]
        )


def from_labels(axis: Axis, gold: Sequence[str], labels: Sequence[str]) -> Predictions:
    """Predictions of a method that gives labels only: all probability on the label."""
    probabilities = np.zeros((len(labels), len(axis.names)))
    probabilities[np.arange(len(labels)), [axis.index(label) for label in labels]] = 1.0
    return Predictions(axis=axis, gold=tuple(gold), probabilities=probabilities)


def measures(predictions: Predictions) -> dict[str, float]:
    """Every scalar measure by name; NaN where it is undefined."""
    axis, gold, labels = predictions.axis, predictions.gold, predictions.labels
    names = list(axis.names)
    _, _, f1, support = precision_recall_fscore_support(gold, labels, labels=names, zero_division=0.0)
    # A label that neither side uses has no F1: it must not count as a zero in the mean.
    used = [place for place, name in enumerate(names) if support[place] or name in labels]
    correct = np.array([a == b for a, b in zip(gold, labels, strict=True)])
    confidence = predictions.probabilities.max(axis=1)
    hot = np.array([[name == label for name in names] for label in gold], dtype=float)
    return {
        "alpha_ordinal": alpha_ordinal(axis, gold, labels),
        "alpha_nominal": alpha_nominal(axis, gold, labels),
        "kappa_quadratic": kappa_quadratic(axis, gold, labels),
        "macro_f1": float(np.mean(f1[used])),
        "accuracy": float(correct.mean()),
        "within_one": _within_one(axis, gold, labels),
        "mae": _mae(predictions),
        "on_axis_f1": _on_axis_f1(axis, gold, labels),
        "ece": expected_calibration_error(confidence, correct),
        "brier": float(((predictions.probabilities - hot) ** 2).sum(axis=1).mean()),
    }


def _values(axis: Axis) -> dict[str, float]:
    return dict(zip(axis.on_axis_names, axis.values, strict=True))


def _within_one(axis: Axis, gold: Sequence[str], labels: Sequence[str]) -> float:
    """Share of units right or one step off; a label off the axis is near only to itself."""
    places = {name: place for place, name in enumerate(axis.on_axis_names)}
    near = [
        a == b or (a in places and b in places and abs(places[a] - places[b]) <= 1)
        for a, b in zip(gold, labels, strict=True)
    ]
    return float(np.mean(near))


def _mae(predictions: Predictions) -> float:
    """Mean absolute error of the ordinal score over the units whose gold label is on the axis."""
    values = _values(predictions.axis)
    errors = [
        abs(ordinal_score(row, predictions.axis.values) - values[label])
        for label, row in zip(predictions.gold, predictions.probabilities.tolist(), strict=True)
        if label in values
    ]
    return float(np.mean(errors)) if errors else float("nan")


def _on_axis_f1(axis: Axis, gold: Sequence[str], labels: Sequence[str]) -> float:
    off = axis.off_axis.name
    _, _, f1, _ = precision_recall_fscore_support(
        [label != off for label in gold],
        [label != off for label in labels],
        average="binary",
        pos_label=True,
        zero_division=0.0,
    )
    return float(f1)


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """ECE over ten bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    total = 0.0
    for place in np.unique(bins):
        inside = bins == place
        total += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return float(total)


def per_label(predictions: Predictions) -> dict[str, dict[str, float]]:
    names = list(predictions.axis.names)
    precision, recall, f1, support = precision_recall_fscore_support(
        predictions.gold, predictions.labels, labels=names, zero_division=0.0
    )
    return {
        name: {
            "precision": float(precision[place]),
            "recall": float(recall[place]),
            "f1": float(f1[place]),
            "support": int(support[place]),
        }
        for place, name in enumerate(names)
    }


def confusion(predictions: Predictions) -> list[list[int]]:
    """Rows gold, columns predicted, both in `axis.names` order."""
    table = confusion_matrix(predictions.gold, predictions.labels, labels=list(predictions.axis.names))
    return [[int(cell) for cell in row] for row in table]
