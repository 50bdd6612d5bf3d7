"""Agreement between two codings of the same units, as point values.

Knows label sequences and the axis they are on. The coefficients come from libraries (krippendorff,
scikit-learn); Gwet's AC1 and AC2 are ours, for irrCAC needs a numpy that nothing else here can use.
Undefined agreement (no variation, no shared unit) is NaN here; the harness says so in words. The same
coefficients over many bootstrap replicates at once are `eval/contingency.py`.
"""

import warnings
from collections.abc import Sequence
from typing import Literal

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

from models.axis import Axis

Level = Literal["ordinal", "nominal"]
MISSING = -1


def alpha_ordinal(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Krippendorff's alpha, ordinal metric, over the units that both codings put on the axis."""
    return panel_alpha(codes(axis, [left, right]), axis, "ordinal")


def alpha_nominal(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Krippendorff's alpha, nominal metric, over all labels."""
    return panel_alpha(codes(axis, [left, right]), axis, "nominal")


def codes(axis: Axis, passes: Sequence[Sequence[str | None]]) -> np.ndarray:
    """Label numbers in `axis.names` order, shape (passes, units); MISSING where a pass has no label."""
    place = {name: number for number, name in enumerate(axis.names)}
    return np.array([[MISSING if label is None else place[label] for label in one] for one in passes], dtype=int)


def on_axis_only(coded: np.ndarray, axis: Axis) -> np.ndarray:
    """The same codes with the label off the axis taken as missing."""
    return np.where(coded == axis.index(axis.off_axis.name), MISSING, coded)


def panel_alpha(coded: np.ndarray, axis: Axis, level: Level) -> float:
    """Krippendorff's alpha of two or more passes, codes of shape (passes, units); missing codes are allowed.

    Krippendorff 2019, Content Analysis, chapter 12. Ordinal: over the axis, pairs on it only. Nominal:
    over all labels. NaN with fewer than two units that two passes share, or with one label only.
    """
    labels = len(axis.names)
    if level == "ordinal":
        coded, labels = on_axis_only(coded, axis), len(axis.labels)
    shared = coded[:, (coded != MISSING).sum(axis=0) >= 2]
    if shared.shape[1] < 2 or len(np.unique(shared[shared != MISSING])) < 2:
        return float("nan")
    with warnings.catch_warnings():
        # The library warns of a division that the check above has ruled out.
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(
            krippendorff.alpha(
                reliability_data=np.where(shared == MISSING, np.nan, shared),
                level_of_measurement=level,
                value_domain=list(range(labels)),
            )
        )


def kappa(axis: Axis, left: Sequence[str], right: Sequence[str], weights: Literal["linear", "quadratic"]) -> float:
    """Cohen's weighted kappa (Cohen 1968) over the units that both codings put on the axis."""
    pairs = _pairs(axis, left, right)
    if pairs.shape[1] < 2 or len(np.unique(pairs)) < 2:
        return float("nan")
    return float(cohen_kappa_score(pairs[0], pairs[1], weights=weights, labels=list(range(len(axis.labels)))))


def gwet_ac2(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Gwet's AC2 with quadratic weights over the units that both codings put on the axis."""
    pairs = _pairs(axis, left, right)
    if pairs.shape[1] < 2:
        return float("nan")
    size = len(axis.labels)
    table = np.bincount(pairs[0] * size + pairs[1], minlength=size * size).reshape(size, size)
    return gwet_ac(table, quadratic_agreement(size))


def gwet_ac1(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Gwet's AC1 over all labels."""
    both = codes(axis, [left, right])
    size = len(axis.names)
    table = np.bincount(both[0] * size + both[1], minlength=size * size).reshape(size, size)
    return gwet_ac(table, np.eye(size))


def gwet_ac(table: np.ndarray, agreement: np.ndarray) -> float:
    """Gwet's coefficient of a table of two codings, shape (labels, labels), with agreement weights in [0, 1].

    AC1 with the identity, AC2 with any other weights. Gwet 2008, Computing inter-rater reliability and
    its variance in the presence of high agreement, BJMSP 61(1); Gwet 2014, Handbook, chapter 3.
    """
    total = table.sum()
    if total == 0:
        return float("nan")
    size = len(table)
    observed = float((agreement * table).sum() / total)
    share = (table.sum(axis=0) + table.sum(axis=1)) / (2 * total)
    chance = float(agreement.sum() / (size * (size - 1)) * (share * (1 - share)).sum())
    return (observed - chance) / (1 - chance)


def quadratic_agreement(size: int) -> np.ndarray:
    """Weights 1 - (i - j)² / (size - 1)², shape (size, size)."""
    steps = np.subtract.outer(np.arange(size), np.arange(size))
    weights: np.ndarray = 1 - (steps / (size - 1)) ** 2
    return weights


def linear_agreement(size: int) -> np.ndarray:
    """Weights 1 - |i - j| / (size - 1), shape (size, size)."""
    steps = np.subtract.outer(np.arange(size), np.arange(size))
    weights: np.ndarray = 1 - np.abs(steps) / (size - 1)
    return weights


def _pairs(axis: Axis, left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """Codes of shape (2, units) of the units that both put on the axis."""
    coded = on_axis_only(codes(axis, [left, right]), axis)
    return coded[:, (coded != MISSING).all(axis=0)]
