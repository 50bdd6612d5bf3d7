"""Bootstrap intervals, resampling whole clusters where units are not independent.

A replicate is a row of counts (how often each unit was drawn), so that a statistic over all
replicates is a matrix product. Knows counts and quantiles. Does not know what is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm

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


UNDEFINED = Interval(value=float("nan"), low=float("nan"), high=float("nan"))


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Counts of shape (replicates + clusters, units): bootstrap draws, then each cluster left out once.

    A statistic is computed over all rows at once; the last ones are the jackknife that the BCa interval
    (Efron 1987, Better bootstrap confidence intervals, JASA 82) takes its skewness from.
    """

    counts: np.ndarray = field(repr=False)
    replicates: int

    def take(self, units: np.ndarray) -> "Draws":
        """The same draws seen from some of the units; a row that drew none of them has undefined statistics."""
        return Draws(counts=self.counts[:, units], replicates=self.replicates)

    def interval(self, value: float, samples: np.ndarray, level: float = LEVEL) -> Interval:
        """BCa interval from a statistic's samples, shape (replicates + clusters,).

        No interval (NaN) for a value that is itself undefined, for one that fewer than half of the
        replicates define (what they then show is a chosen part of the sampling distribution), and where all
        replicates agree: units without any error have no spread to resample, and [1, 1] would claim certainty.
        """
        drawn = _defined(samples[: self.replicates])
        if not np.isfinite(value) or drawn.size < max(2, self.replicates / 2) or np.ptp(drawn) < 1e-12:
            return Interval(value=value, low=float("nan"), high=float("nan"))
        bias, skew = self._correction(value, samples)
        tails = norm.ppf([(1 - level) / 2, (1 + level) / 2])
        low, high = np.quantile(drawn, norm.cdf(bias + (bias + tails) / _scale(1 - skew * (bias + tails))))
        # A statistic that resampling shifts (calibration error) may lie beyond all of its replicates.
        return Interval(value=value, low=float(min(low, value)), high=float(max(high, value)))

    def proportion(self, value: float, samples: np.ndarray, clusters: int) -> Interval:
        """BCa interval of a share; Wilson's where all replicates agree.

        Wilson 1927, with the number of clusters as the sample size, which is the cautious choice.
        """
        found = self.interval(value, samples)
        if not np.isfinite(value) or np.isfinite(found.low):
            return found
        z = float(norm.ppf((1 + LEVEL) / 2))
        centre = (value + z * z / (2 * clusters)) / (1 + z * z / clusters)
        half = z / (1 + z * z / clusters) * np.sqrt(value * (1 - value) / clusters + z * z / (4 * clusters * clusters))
        return Interval(value=value, low=float(max(0.0, centre - half)), high=float(min(1.0, centre + half)))

    def below(self, value: float, samples: np.ndarray, bound: float) -> float:
        """One-sided p of 'it lies at `bound` or below': the BCa interval turned round.

        One is added to both counts (Davison and Hinkley 1997, 4.2), so that it is never zero. NaN where the
        value is undefined.
        """
        drawn = _defined(samples[: self.replicates])
        if not np.isfinite(value) or drawn.size < 2:
            return float("nan")
        share = ((drawn < bound).sum() + 0.5 * (drawn == bound).sum() + 1) / (drawn.size + 2)
        if np.ptp(drawn) < 1e-12:
            return float(share)
        bias, skew = self._correction(value, samples)
        distance = norm.ppf(share) - bias
        return float(norm.cdf(distance / _scale(1 + skew * distance) - bias))

    def two_sided_p(self, value: float, samples: np.ndarray) -> float:
        """p of 'it is zero': below 5 % where the 95 % interval leaves zero out."""
        tail = self.below(value, samples, 0.0)
        return float(min(1.0, 2 * min(tail, 1 - tail)))

    def _correction(self, value: float, samples: np.ndarray) -> tuple[float, float]:
        """Bias (z0) and acceleration of the BCa interval."""
        drawn, jackknife = _defined(samples[: self.replicates]), _defined(samples[self.replicates :])
        share = ((drawn < value).sum() + 0.5 * (drawn == value).sum() + 0.5) / (drawn.size + 1)
        apart = jackknife.mean() - jackknife if jackknife.size else jackknife
        spread = float((apart**2).sum())
        skew = float((apart**3).sum()) / (6 * spread**1.5) if spread > 1e-18 else 0.0
        return float(norm.ppf(share)), skew


def draw(clusters: Sequence[str], *, replicates: int = REPLICATES, seed: int = SEED) -> Draws:
    """Whole clusters with replacement, and each cluster left out once.

    Field and Welsh 2007, Bootstrapping clustered data, JRSS B 69(3). With every unit its own cluster it
    is the ordinary bootstrap of Efron 1979.
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    of_unit = np.array([names[name] for name in clusters])
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    left_out = 1 - np.eye(len(names))
    return Draws(counts=np.concatenate([drawn, left_out])[:, of_unit].astype(np.float64), replicates=replicates)


def _defined(samples: np.ndarray) -> np.ndarray:
    return np.asarray(samples[np.isfinite(samples)])


def _scale(divisor: np.ndarray | float) -> np.ndarray:
    """The BCa divisor; far out it may cross zero, where the correction no longer means anything."""
    return np.asarray(np.maximum(divisor, 0.1))
