"""The mean stance of several statements, with an interval; the difference of two such means.

The mean weighs each statement by the probability that it shows a stance at all. The interval covers
which statements happened to be made and what the model is unsure of: each bootstrap draw takes
statements with replacement and for each a label from its distribution. Knows distributions only.
"""

from dataclasses import dataclass

import numpy as np

DRAWS = 2000
MOST_RESAMPLED = 300
SEED = 20_260_301


@dataclass(frozen=True, kw_only=True)
class StanceMean:
    """`weight` is the expected number of statements that show a stance; the bounds are those of 95 %."""

    statements: int
    weight: float
    value: float
    low: float
    high: float


def stance_mean(probabilities: np.ndarray, values: np.ndarray) -> StanceMean:
    """Of rows (statements, labels), the last label off the axis; `values` are those of the others."""
    on_axis = probabilities[:, :-1]
    weights = on_axis.sum(axis=1)
    total = float(weights.sum())
    middle = float(values[0] + values[-1]) / 2
    value = float((on_axis @ values).sum() / total) if total > 0 else middle
    low, high = (float(bound) for bound in np.quantile(mean_draws(probabilities, values), (0.025, 0.975)))
    return StanceMean(
        statements=len(probabilities), weight=total, value=value, low=min(low, value), high=max(high, value)
    )


def mean_draws(probabilities: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Draws of the mean; where a draw shows no stance at all, any value of the axis is as likely as another."""
    rng = np.random.default_rng(SEED)
    count = len(probabilities)
    if count > MOST_RESAMPLED:
        return _normal_draws(probabilities, values, rng)
    cumulative = probabilities.cumsum(axis=1)
    places = rng.integers(0, count, (DRAWS, count))
    labels = (rng.random((DRAWS, count))[:, :, None] > cumulative[places][:, :, :-1]).sum(axis=2)
    shown = labels < len(values)
    sums = np.where(shown, np.append(values, 0.0)[labels], 0.0).sum(axis=1)
    counts = shown.sum(axis=1)
    anything = rng.uniform(values[0], values[-1], DRAWS)
    return np.where(counts > 0, sums / np.maximum(counts, 1), anything)


def _normal_draws(probabilities: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For many statements: normal, with the variance of a ratio of sums."""
    on_axis = probabilities[:, :-1]
    weight = max(float(on_axis.sum()), 1e-9)
    value = float((on_axis @ values).sum() / weight)
    variance = float((on_axis * (values - value) ** 2).sum() / weight**2)
    return np.clip(rng.normal(value, variance**0.5, DRAWS), values[0], values[-1])


def difference(a: np.ndarray, b: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The bounds (95 %) of the mean of `b` minus that of `a`."""
    # The draws of both come from one seed; shuffled, those of b are independent of those of a.
    shuffled = np.random.default_rng(SEED + 1).permutation(mean_draws(b, values))
    low, high = np.quantile(shuffled - mean_draws(a, values), (0.025, 0.975))
    return float(low), float(high)
