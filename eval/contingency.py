"""Coefficients from contingency and coincidence matrices, for all bootstrap replicates at once.

The point values that the report prints come from libraries (`eval/agreement.py`, scikit-learn); here
the same quantities are computed over a first axis of replicates, which takes milliseconds where a
thousand library calls take minutes. Tests hold the two equal. Knows arrays only.
"""

import numpy as np

from eval.agreement import MISSING, Level


def tables(counts: np.ndarray, left: np.ndarray, right: np.ndarray, size: int) -> np.ndarray:
    """Contingency tables, shape (replicates, size, size), of codes of shape (units,); missing pairs are left out."""
    cells = np.zeros((len(left), size * size))
    kept = np.flatnonzero((left != MISSING) & (right != MISSING))
    cells[kept, left[kept] * size + right[kept]] = 1.0
    found: np.ndarray = (counts @ cells).reshape(-1, size, size)
    return found


def coincidences(coded: np.ndarray, size: int) -> np.ndarray:
    """Each unit's coincidence matrix, shape (units, size, size), from codes of shape (passes, units).

    Krippendorff 2019, 12.3: each pair of labels within a unit of m labels counts 1 / (m - 1).
    """
    hot = (coded[:, :, None] == np.arange(size)).astype(float)
    held = hot.sum(axis=0)
    number = held.sum(axis=1)
    pairs = held[:, :, None] * held[:, None, :] - held[:, :, None] * np.eye(size)
    found: np.ndarray = pairs / np.maximum(number - 1, 1)[:, None, None]
    return found


def alphas(counts: np.ndarray, per_unit: np.ndarray, level: Level) -> np.ndarray:
    """Krippendorff's alpha of each replicate, shape (replicates,), from the matrices of `coincidences`."""
    size = per_unit.shape[1]
    matrix = (counts @ per_unit.reshape(len(per_unit), -1)).reshape(-1, size, size)
    share = matrix.sum(axis=2)
    total = share.sum(axis=1)
    if level == "nominal":
        distance = np.broadcast_to(1 - np.eye(size), matrix.shape)
    else:
        # Half of the two ends and all that lies between: the distance depends on how labels are used.
        middle = np.cumsum(share, axis=1) - share / 2
        distance = (middle[:, :, None] - middle[:, None, :]) ** 2
    observed = (matrix * distance).sum(axis=(1, 2))
    expected = (share[:, :, None] * share[:, None, :] * distance).sum(axis=(1, 2))
    shared_units = counts @ (per_unit.sum(axis=(1, 2)) > 0).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha: np.ndarray = 1 - (total - 1) * observed / expected
    return np.where((expected > 0) & (shared_units >= 2), alpha, np.nan)


def kappas(matrix: np.ndarray, agreement: np.ndarray) -> np.ndarray:
    """Weighted kappa of each table, shape (replicates,)."""
    total = matrix.sum(axis=(1, 2))
    rows, columns = matrix.sum(axis=2), matrix.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        disagreement = ((1 - agreement) * matrix).sum(axis=(1, 2)) / total
        chance = np.einsum("ri,ij,rj->r", rows, 1 - agreement, columns) / total**2
        value: np.ndarray = 1 - disagreement / chance
    return np.where((total >= 2) & (chance > 0), value, np.nan)


def gwet_acs(matrix: np.ndarray, agreement: np.ndarray, least: int = 1) -> np.ndarray:
    """Gwet's AC1 or AC2 of each table, shape (replicates,); NaN with fewer than `least` units."""
    size = matrix.shape[1]
    total = matrix.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (agreement * matrix).sum(axis=(1, 2)) / total
        share = (matrix.sum(axis=1) + matrix.sum(axis=2)) / (2 * total[:, None])
        chance = agreement.sum() / (size * (size - 1)) * (share * (1 - share)).sum(axis=1)
        value: np.ndarray = (observed - chance) / (1 - chance)
    return np.where(total >= least, value, np.nan)


def label_scores(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and F1, each of shape (replicates, labels); rows of the tables are gold.

    Zero for a label that only one side uses, NaN for one that neither uses (recall: that gold lacks).
    """
    hits = np.einsum("rii->ri", matrix)
    gold, predicted = matrix.sum(axis=2), matrix.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(predicted > 0, hits / predicted, np.where(gold > 0, 0.0, np.nan))
        recall = np.where(gold > 0, hits / gold, np.nan)
        f1 = np.where(gold + predicted > 0, 2 * hits / (gold + predicted), np.nan)
    return precision, recall, f1


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is defined there; NaN where nothing is."""
    defined = np.isfinite(values)
    number = defined.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        mean: np.ndarray = np.where(defined, values, 0.0).sum(axis=-1) / np.where(number, number, np.nan)
    return mean
