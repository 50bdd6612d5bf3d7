"""Bootstrap intervals, resampling whole clusters where units are not independent.

Knows index arrays and a statistic. Does not know what is measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

REPLICATES = 1000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its 95 % percentile bootstrap interval."""

    value: float
    low: float
    high: float


def cluster_draws(clusters: Sequence[str], *, replicates: int = REPLICATES, seed: int = 20) -> list[np.ndarray]:
    """For each replicate the rows drawn: clusters with replacement, all rows of each.

    Field and Welsh 2007, Bootstrapping clustered data.
    """
    rows_of: dict[str, list[int]] = {}
    for row, cluster in enumerate(clusters):
        rows_of.setdefault(cluster, []).append(row)
    groups = [np.array(rows) for rows in rows_of.values()]
    generator = np.random.default_rng(seed)
    return [
        np.concatenate([groups[place] for place in generator.integers(0, len(groups), len(groups))])
        for _ in range(replicates)
    ]


def intervals(
    statistic: Callable[[np.ndarray], dict[str, float]], rows: int, draws: Sequence[np.ndarray]
) -> dict[str, Interval]:
    """Intervals of every value that `statistic` returns for an array of row numbers.

    A replicate in which a value is undefined (NaN) is left out for that value.
    """
    whole = statistic(np.arange(rows))
    samples: dict[str, list[float]] = {name: [] for name in whole}
    for draw in draws:
        for name, value in statistic(draw).items():
            samples[name].append(value)
    result = {}
    for name, value in whole.items():
        defined = np.array(samples[name])
        defined = defined[np.isfinite(defined)]
        low, high = np.percentile(defined, [2.5, 97.5]) if defined.size else (float("nan"), float("nan"))
        result[name] = Interval(value=value, low=float(low), high=float(high))
    return result
