"""Bootstrap intervals, resampling whole clusters where units are not independent.

A replicate is a row of counts (how often each unit was drawn), so that a statistic over all
replicates is a matrix product. Knows counts and percentiles. Does not know what is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REPLICATES = 1000
LEVEL = 0.95
SEED = 20


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its 95 % interval; NaN where it is undefined."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """`{value, low, high}` with None for NaN: JSON has no NaN."""
        return {
            name: float(number) if np.isfinite(number) else None
            for name, number in (("value", self.value), ("low", self.low), ("high", self.high))
        }


def draw_counts(clusters: Sequence[str], *, replicates: int = REPLICATES, seed: int = SEED) -> np.ndarray:
    """How often each unit is drawn: shape (replicates, units), whole clusters with replacement.

    Field and Welsh 2007, Bootstrapping clustered data, JRSS B 69(3). With every unit its own cluster it
    is the ordinary bootstrap of Efron 1979.
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    of_unit = np.array([names[name] for name in clusters])
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    counts: np.ndarray = drawn[:, of_unit].astype(np.float64)
    return counts


def percentile_interval(value: float, samples: np.ndarray, level: float = LEVEL) -> Interval:
    """Percentile interval of the replicates in which the value is defined.

    No interval (NaN) for a value that is itself undefined, for one that fewer than half of the replicates
    define (what they then show is a chosen part of the sampling distribution), and where all replicates
    agree: units without any error have no spread to resample, and [1, 1] would claim certainty.
    """
    defined = samples[np.isfinite(samples)]
    if not np.isfinite(value) or defined.size < max(2, samples.size / 2):
        return Interval(value=value, low=float("nan"), high=float("nan"))
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(defined, [tail, 100 - tail])
    if high - low < 1e-12:
        return Interval(value=value, low=float("nan"), high=float("nan"))
    return Interval(value=value, low=float(low), high=float(high))


def proportion_interval(value: float, samples: np.ndarray, clusters: int) -> Interval:
    """Percentile interval of a share; Wilson's where all replicates agree.

    A bootstrap of units that are all right (or all wrong) has no spread and would claim certainty. Wilson
    1927, with the number of clusters as the sample size, which is the cautious choice.
    """
    found = percentile_interval(value, samples)
    if not np.isfinite(value) or np.isfinite(found.low):
        return found
    z = 1.959963984540054
    centre = (value + z * z / (2 * clusters)) / (1 + z * z / clusters)
    half = z / (1 + z * z / clusters) * np.sqrt(value * (1 - value) / clusters + z * z / (4 * clusters * clusters))
    return Interval(value=value, low=float(max(0.0, centre - half)), high=float(min(1.0, centre + half)))


def two_sided_p(differences: np.ndarray) -> float:
    """Bootstrap p-value of 'the difference is zero': twice the smaller tail at zero.

    It rejects at 5 % exactly where the 95 % percentile interval leaves zero out. One is added to both
    counts (Davison and Hinkley 1997, 4.2), so that it is never zero.
    """
    defined = differences[np.isfinite(differences)]
    if defined.size == 0:
        return float("nan")
    tail = min(int((defined <= 0).sum()), int((defined >= 0).sum()))
    return float(min(1.0, 2 * (tail + 1) / (defined.size + 1)))
