"""Days on which a stance changed: where the mean before and after differ more than chance would have it.

Binary segmentation with the largest standardised difference as statistic and its permutation
distribution as yardstick. Knows values, weights and days. Does not know whose they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

PERMUTATIONS = 999
LEVEL = 0.05
LEAST = 3
MOST_UNITS = 5000
SEED = 7


@dataclass(frozen=True, kw_only=True)
class ChangePoint:
    """`day` is the first on the new level; `p` is the chance of such a step among exchangeable statements."""

    day: date
    before: float
    after: float
    p: float


def change_points(days: Sequence[date], values: np.ndarray, weights: np.ndarray) -> tuple[ChangePoint, ...]:
    """In order of time. At least LEAST statements lie on each side of a change."""
    order = sorted(range(len(days)), key=lambda place: days[place])
    ordinals = np.array([days[place].toordinal() for place in order])
    values, weights = np.asarray(values, float)[order], np.asarray(weights, float)[order]
    if len(order) > MOST_UNITS:
        ordinals, values, weights = _by_day(ordinals, values, weights)
    found = _split(ordinals, values, np.maximum(weights, 1e-9), np.random.default_rng(SEED))
    return tuple(sorted(found, key=lambda change: change.day))


def _by_day(ordinals: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    unique, first = np.unique(ordinals, return_index=True)
    sums = np.add.reduceat(weights, first)
    return unique, np.add.reduceat(values * weights, first) / np.maximum(sums, 1e-9), sums


def _split(
    ordinals: np.ndarray, values: np.ndarray, weights: np.ndarray, rng: np.random.Generator
) -> list[ChangePoint]:
    count = len(ordinals)
    # A change lies between two days, never within one.
    candidates = np.array([k for k in range(LEAST, count - LEAST + 1) if ordinals[k] != ordinals[k - 1]], int)
    if not len(candidates) or np.ptp(values) == 0:
        return []
    steps = _steps(values, weights, candidates)
    best = int(np.argmax(steps))
    reached = 1
    for _ in range(PERMUTATIONS):
        mixed = rng.permutation(count)
        reached += bool(_steps(values[mixed], weights[mixed], candidates).max() >= steps[best] - 1e-12)
    p = reached / (PERMUTATIONS + 1)
    if p > LEVEL:
        return []
    at = int(candidates[best])
    change = ChangePoint(
        day=date.fromordinal(int(ordinals[at])),
        before=float(np.average(values[:at], weights=weights[:at])),
        after=float(np.average(values[at:], weights=weights[at:])),
        p=p,
    )
    return [
        *_split(ordinals[:at], values[:at], weights[:at], rng),
        change,
        *_split(ordinals[at:], values[at:], weights[at:], rng),
    ]


def _steps(values: np.ndarray, weights: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """For each candidate the difference of the means around it, in units that make candidates comparable."""
    weight, weighted = weights.cumsum(), (weights * values).cumsum()
    left, right = weight[candidates - 1], weight[-1] - weight[candidates - 1]
    before = weighted[candidates - 1] / left
    after = (weighted[-1] - weighted[candidates - 1]) / np.maximum(right, 1e-12)
    steps: np.ndarray = np.abs(after - before) * np.sqrt(left * right / weight[-1])
    return steps
