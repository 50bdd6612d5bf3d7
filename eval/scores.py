"""How good predictions are against a gold: accuracy, F1, errors on the axis, calibration.

Every measure exists twice: as a point value from a library (`measures`), and over all bootstrap
replicates at once (`replicate_measures`); a test holds the two equal. Knows arrays of labels and
probabilities on an axis. Does not know statements, models or files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from eval import contingency
from eval.agreement import (
    MISSING,
    alpha_nominal,
    alpha_ordinal,
    gwet_ac1,
    gwet_ac2,
    kappa,
    linear_agreement,
    on_axis_only,
    quadratic_agreement,
)
from models.axis import Axis
from models.errors import GoldError
from models.stance import ordinal_score

CALIBRATION_BINS = 10


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a measure is called and how it is read."""

    name: str
    title: str
    higher_is_better: bool = True
    proportion: bool = False


MEASURES = (
    Measure(name="alpha_ordinal", title="Krippendorff's α, ordinal (on-axis units)"),
    Measure(name="alpha_nominal", title="Krippendorff's α, nominal (all labels)"),
    Measure(name="kappa_quadratic", title="Cohen's κ, quadratic weights (on-axis units)"),
    Measure(name="kappa_linear", title="Cohen's κ, linear weights (on-axis units)"),
    Measure(name="gwet_ac2", title="Gwet's AC2, quadratic weights (on-axis units)"),
    Measure(name="gwet_ac1", title="Gwet's AC1 (all labels)"),
    Measure(name="macro_f1", title="macro-F1 (all labels)"),
    Measure(name="accuracy", title="accuracy", proportion=True),
    Measure(name="within_one", title="within one step", proportion=True),
    Measure(name="on_axis_precision", title="on axis against off it: precision", proportion=True),
    Measure(name="on_axis_recall", title="on axis against off it: recall", proportion=True),
    Measure(name="on_axis_f1", title="on axis against off it: F1"),
    Measure(name="mae", title="mean absolute error of the score", higher_is_better=False),
    Measure(name="ece", title="expected calibration error", higher_is_better=False),
    Measure(name="brier", title="Brier score (sum over labels)", higher_is_better=False),
    Measure(name="aurc", title="area under risk–coverage", higher_is_better=False),
)
MEASURE = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Gold labels beside predicted distributions, shape (units, labels), rows in `axis.names` order.

    `ids` name the units in messages. Raises GoldError for a row that is no distribution.
    """

    axis: Axis
    gold: tuple[str, ...]
    probabilities: np.ndarray
    ids: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.gold), len(self.axis.names)):
            raise GoldError(f"{self.probabilities.shape} probabilities for {len(self.gold)} units")
        for fault, bad in (
            ("NaN or infinite probabilities", ~np.isfinite(self.probabilities).all(axis=1)),
            ("probabilities below 0", (self.probabilities < -1e-6).any(axis=1)),
            ("probabilities that do not sum to 1", abs(self.probabilities.sum(axis=1) - 1) > 1e-3),
        ):
            rows = np.flatnonzero(bad)
            if rows.size:
                name = self.ids[rows[0]] if self.ids else f"number {rows[0] + 1}"
                raise GoldError(f"the prediction for unit {name} holds {fault}: the field 'probabilities' is unusable")

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.axis.names[place] for place in self.predicted)

    @cached_property
    def predicted(self) -> np.ndarray:
        """Numbers of the predicted labels, shape (units,)."""
        places: np.ndarray = self.probabilities.argmax(axis=1)
        return places

    @cached_property
    def truth(self) -> np.ndarray:
        """Numbers of the gold labels, shape (units,)."""
        return np.array([self.axis.index(label) for label in self.gold], dtype=int)

    @cached_property
    def correct(self) -> np.ndarray:
        return np.asarray(self.truth == self.predicted)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted label, shape (units,)."""
        return np.asarray(self.probabilities.max(axis=1))

    @cached_property
    def scores(self) -> np.ndarray:
        """Ordinal scores, shape (units,), on the scale of `axis.values`."""
        return np.array([ordinal_score(row, self.axis.values) for row in self.probabilities.tolist()])

    def take(self, rows: np.ndarray) -> "Predictions":
        return Predictions(
            axis=self.axis,
            gold=tuple(self.gold[row] for row in rows),
            probabilities=self.probabilities[rows],
            ids=tuple(self.ids[row] for row in rows) if self.ids else (),
        )


def from_labels(axis: Axis, gold: Sequence[str], labels: Sequence[str]) -> Predictions:
    """Predictions of a method that gives labels only: all probability on the label."""
    probabilities = np.zeros((len(labels), len(axis.names)))
    probabilities[np.arange(len(labels)), [axis.index(label) for label in labels]] = 1.0
    return Predictions(axis=axis, gold=tuple(gold), probabilities=probabilities)


def measures(predictions: Predictions) -> dict[str, float]:
    """Every scalar of MEASURES by name; NaN where it is undefined."""
    axis, gold, labels = predictions.axis, predictions.gold, predictions.labels
    names = list(axis.names)
    _, _, f1, support = precision_recall_fscore_support(gold, labels, labels=names, zero_division=0.0)
    # A label that neither side uses has no F1: it must not count as a zero in the mean.
    used = [place for place, name in enumerate(names) if support[place] or name in labels]
    off = axis.off_axis.name
    on_axis = precision_recall_fscore_support(
        [label != off for label in gold],
        [label != off for label in labels],
        average="binary",
        pos_label=True,
        zero_division=np.nan,
    )
    units = np.ones((1, len(gold)))
    return {
        "alpha_ordinal": alpha_ordinal(axis, gold, labels),
        "alpha_nominal": alpha_nominal(axis, gold, labels),
        "kappa_quadratic": kappa(axis, gold, labels, "quadratic"),
        "kappa_linear": kappa(axis, gold, labels, "linear"),
        "gwet_ac2": gwet_ac2(axis, gold, labels),
        "gwet_ac1": gwet_ac1(axis, gold, labels),
        "macro_f1": float(np.mean(f1[used])),
        "accuracy": float(accuracy_score(gold, labels)),
        "within_one": float(_near(predictions).mean()),
        "on_axis_precision": float(on_axis[0]),
        "on_axis_recall": float(on_axis[1]),
        "on_axis_f1": float(on_axis[2]),
        "mae": float(_errors(predictions)[0].mean()) if _errors(predictions)[0].size else float("nan"),
        "ece": expected_calibration_error(predictions.confidence, predictions.correct),
        "brier": float(_squares(predictions).mean()),
        "aurc": float(areas_under_risk(units, predictions)[0]),
    }


def replicate_measures(predictions: Predictions, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Every measure over bootstrap replicates: counts of shape (replicates, units) to (replicates,) each."""
    axis = predictions.axis
    size, on_axis_size = len(axis.names), len(axis.labels)
    total = counts.sum(axis=1)
    both = np.stack([predictions.truth, predictions.predicted])
    whole = contingency.tables(counts, both[0], both[1], size)
    on_axis = on_axis_only(both, axis)
    part = contingency.tables(counts, on_axis[0], on_axis[1], on_axis_size)
    paired = np.where((on_axis == MISSING).any(axis=0), MISSING, on_axis)
    off = axis.index(axis.off_axis.name)
    hits = whole.sum(axis=(1, 2)) - whole[:, off, :].sum(axis=1) - whole[:, :, off].sum(axis=1) + whole[:, off, off]
    gold_on, predicted_on = total - whole[:, off, :].sum(axis=1), total - whole[:, :, off].sum(axis=1)
    errors, rated = _errors(predictions)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "alpha_ordinal": contingency.alphas(counts, contingency.coincidences(paired, on_axis_size), "ordinal"),
            "alpha_nominal": contingency.alphas(counts, contingency.coincidences(both, size), "nominal"),
            "kappa_quadratic": contingency.kappas(part, quadratic_agreement(on_axis_size)),
            "kappa_linear": contingency.kappas(part, linear_agreement(on_axis_size)),
            "gwet_ac2": contingency.gwet_acs(part, quadratic_agreement(on_axis_size), least=2),
            "gwet_ac1": contingency.gwet_acs(whole, np.eye(size)),
            "macro_f1": contingency.mean_defined(contingency.label_scores(whole)[2]),
            "accuracy": counts @ predictions.correct / total,
            "within_one": counts @ _near(predictions) / total,
            "on_axis_precision": hits / predicted_on,
            "on_axis_recall": hits / gold_on,
            "on_axis_f1": 2 * hits / (gold_on + predicted_on),
            "mae": counts[:, rated] @ errors / counts[:, rated].sum(axis=1),
            "ece": _calibration_errors(counts, predictions),
            "brier": counts @ _squares(predictions) / total,
            "aurc": areas_under_risk(counts, predictions),
        }


def _near(predictions: Predictions) -> np.ndarray:
    """Which units are right or one step off; a label off the axis is near only to itself."""
    on_axis = len(predictions.axis.labels)
    a, b = predictions.truth, predictions.predicted
    near: np.ndarray = (a == b) | ((a < on_axis) & (b < on_axis) & (abs(a - b) <= 1))
    return near


def _errors(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors of the ordinal score, and the rows they are of: those whose gold is on the axis."""
    rated = np.flatnonzero(predictions.truth < len(predictions.axis.labels))
    values = np.array(predictions.axis.values)
    return abs(predictions.scores[rated] - values[predictions.truth[rated]]), rated


def _squares(predictions: Predictions) -> np.ndarray:
    """Brier's squared distance of each distribution from its gold label (Brier 1950, all labels summed)."""
    hot = np.eye(len(predictions.axis.names))[predictions.truth]
    squares: np.ndarray = ((predictions.probabilities - hot) ** 2).sum(axis=1)
    return squares


def calibration_bins(confidence: np.ndarray) -> np.ndarray:
    """Bin of each unit, ten of equal width."""
    places: np.ndarray = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return places


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """ECE over ten bins of equal width (Naeini, Cooper and Hauskrecht 2015, AAAI)."""
    bins = calibration_bins(confidence)
    total = 0.0
    for place in np.unique(bins):
        inside = bins == place
        total += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return float(total)


def _calibration_errors(counts: np.ndarray, predictions: Predictions) -> np.ndarray:
    hot = np.eye(CALIBRATION_BINS)[calibration_bins(predictions.confidence)]
    gaps = counts @ (hot * (predictions.confidence - predictions.correct)[:, None])
    errors: np.ndarray = abs(gaps).sum(axis=1) / counts.sum(axis=1)
    return errors


def areas_under_risk(counts: np.ndarray, predictions: Predictions) -> np.ndarray:
    """Mean error rate over all coverages, most confident units first, shape (replicates,).

    Geifman and El-Yaniv 2017, Selective classification for deep neural networks. Units of one confidence
    are kept or left together, so that a method without confidences has its plain error rate here.
    """
    order = np.argsort(-predictions.confidence, kind="stable")
    drawn = counts[:, order]
    kept = np.cumsum(drawn, axis=1)
    wrong = np.cumsum(drawn * ~predictions.correct[order], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        risk = np.where(kept > 0, wrong / kept, 0.0)
    falling = -predictions.confidence[order]
    risk = risk[:, np.searchsorted(falling, falling, side="right") - 1]
    areas: np.ndarray = (risk * drawn).sum(axis=1) / kept[:, -1]
    return areas


def per_label(predictions: Predictions) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each label."""
    names = list(predictions.axis.names)
    found = precision_recall_fscore_support(predictions.gold, predictions.labels, labels=names, zero_division=0.0)
    return {
        name: {
            "precision": float(found[0][place]),
            "recall": float(found[1][place]),
            "f1": float(found[2][place]),
            "support": int(found[3][place]),
        }
        for place, name in enumerate(names)
    }


def confusion(predictions: Predictions) -> list[list[int]]:
    """Rows gold, columns predicted, both in `axis.names` order."""
    table = confusion_matrix(predictions.gold, predictions.labels, labels=list(predictions.axis.names))
    return [[int(cell) for cell in row] for row in table]
