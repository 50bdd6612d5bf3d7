"""How common each stance is in a corpus that nobody labelled, corrected by a sample that somebody did.

Counting predicted labels repeats the classifier's errors, and more text does not help. Prediction-powered
inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, Science 382; with power tuning,
Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453) adds what the labelled sample shows of those
errors; its interval is valid however bad the model is. It presumes that the labelled units are a random
sample of the corpus. Design-based supervised learning (Egami et al. 2023, NeurIPS) is the same estimate
under known sampling probabilities. Knows arrays only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from eval.resampling import LEVEL, Interval


@dataclass(frozen=True, kw_only=True)
class Prevalence:
    """Shares of the labels in axis order; `tuning` is the weight that the predictions got (0: none, 1: full)."""

    corrected: tuple[Interval, ...]
    naive: tuple[float, ...]
    labelled_only: tuple[Interval, ...]
    tuning: float
    labelled: int
    unlabelled: int


def prevalence(
    labels: np.ndarray,
    predicted_labelled: np.ndarray,
    predicted_corpus: np.ndarray,
    *,
    labelled_clusters: Sequence[str],
    corpus_clusters: Sequence[str],
) -> Prevalence:
    """Share of each label in the corpus with its 95 % interval.

    `labels` are one-hot, shape (labelled, labels); the predictions are probabilities (or one-hot labels) of
    the labelled units and of the others, shapes (labelled, labels) and (unlabelled, labels). Variances are
    cluster-robust. One tuning weight for all labels, so that the shares still sum to one.
    """
    n, size = len(labels), len(predicted_corpus)
    centred_labels = labels - labels.mean(axis=0)
    centred = predicted_labelled - predicted_labelled.mean(axis=0)
    spread = float(predicted_corpus.var(axis=0, ddof=1).sum()) if size > 1 else 0.0
    covariance = float((centred_labels * centred).sum() / (n - 1))
    tuning = min(1.0, max(0.0, covariance / ((1 + n / size) * spread))) if spread > 0 else 0.0
    rectified = labels - tuning * predicted_labelled
    shares = tuning * predicted_corpus.mean(axis=0) + rectified.mean(axis=0)
    variance = tuning**2 * _variance_of_mean(predicted_corpus, corpus_clusters) + _variance_of_mean(
        rectified, labelled_clusters
    )
    freedom = len(set(labelled_clusters)) - 1
    return Prevalence(
        corrected=_intervals(shares, variance, freedom),
        naive=tuple(np.bincount(predicted_corpus.argmax(axis=1), minlength=labels.shape[1]) / size),
        labelled_only=_intervals(labels.mean(axis=0), _variance_of_mean(labels, labelled_clusters), freedom),
        tuning=tuning,
        labelled=n,
        unlabelled=size,
    )


def _variance_of_mean(values: np.ndarray, clusters: Sequence[str]) -> np.ndarray:
    """Cluster-robust variance of the mean of each column (Liang and Zeger 1986)."""
    place = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(place), values.shape[1]))
    np.add.at(sums, [place[name] for name in clusters], values - values.mean(axis=0))
    groups = len(place)
    variance: np.ndarray = groups / max(1, groups - 1) * (sums**2).sum(axis=0) / len(values) ** 2
    return variance


def _intervals(shares: np.ndarray, variance: np.ndarray, freedom: int) -> tuple[Interval, ...]:
    reach = float(t.ppf(0.5 + LEVEL / 2, max(1, freedom)))
    return tuple(
        Interval(
            value=float(share),
            low=float(max(0.0, share - reach * np.sqrt(one))),
            high=float(min(1.0, share + reach * np.sqrt(one))),
        )
        for share, one in zip(shares, variance, strict=True)
    )
