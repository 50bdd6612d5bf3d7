"""Is the second of two models worse on the same units? Randomisation tests that exchange their answers.

If neither is better, who gave which answer in a cluster is chance (Fisher 1935; for language models Noreen 1989 and
Yeh 2000, COLING). Unlike a bootstrap of the difference these keep their level where only a handful of units changed.
Knows answers and clusters. Does not know how many tests there are (`eval.comparison.holm`).
"""

from collections.abc import Sequence

import numpy as np

SEED = 21


def cluster_sums(values: np.ndarray, clusters: Sequence[str]) -> np.ndarray:
    """Sums over units, shape (units, …) to (clusters, …), clusters in order of appearance."""
    places = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(places), *values.shape[1:]), values.dtype)
    np.add.at(sums, [places[name] for name in clusters], values)
    return sums


def worse_share_p(difference: np.ndarray, clusters: Sequence[str]) -> float:
    """Exact one-sided p of 'the second is not worse'; `difference` of shape (units,) in {-1, 0, 1}, second minus first.

    The sign of each cluster's sum is flipped in all ways at once, by convolution. With one unit a cluster this is
    the exact sign test (one-sided McNemar). 1 where nothing differs.
    """
    sums = np.abs(cluster_sums(difference.astype(np.int64), clusters))
    # ways[k] is the probability that the flipped sums add up to k minus their largest total.
    ways = np.ones(1)
    for size in sums[sums > 0]:
        one = np.zeros(2 * size + 1)
        one[[0, -1]] = 0.5
        ways = np.convolve(ways, one)
    found = int(difference.sum()) + int(sums.sum())
    return float(min(1.0, ways[: found + 1].sum()))


def worse_f1_p(
    first: np.ndarray, second: np.ndarray, clusters: Sequence[str], *, replicates: int, seed: int = SEED
) -> float:
    """One-sided p of 'the second's F1 is not lower', by `replicates` random exchanges of whole clusters.

    `first` and `second` have shape (units, 3): whether the unit is a true positive, a false positive, a false
    negative of the label. One is added to both counts, so that p is never zero.
    """
    sums, others = cluster_sums(first.astype(np.int64), clusters), cluster_sums(second.astype(np.int64), clusters)
    observed = f1_of_counts(others.sum(axis=0)) - f1_of_counts(sums.sum(axis=0))
    if (sums == others).all():
        return 1.0
    exchanged = np.random.default_rng(seed).random((replicates, len(sums))) < 0.5
    moved = exchanged.astype(np.float32) @ (others - sums).astype(np.float32)
    differences = f1_of_counts(others.sum(axis=0) - moved) - f1_of_counts(sums.sum(axis=0) + moved)
    return float(((differences <= observed + 1e-12).sum() + 1) / (replicates + 1))


def f1_of_counts(counts: np.ndarray) -> np.ndarray:
    """F1 from true positives, false positives and false negatives along the last axis; 0 without any."""
    positives, wrong, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    return np.asarray(2 * positives / np.maximum(2 * positives + wrong + missed, 1))
