"""What the classifier says of a statement: a distribution over labels and what follows from it.

Knows the arithmetic from probabilities to label, ordinal score, confidence and abstention. Does
not know where the probabilities come from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.axis import Axis
from models.errors import InputError


@dataclass(frozen=True, kw_only=True)
class StanceDistribution:
    """Calibrated probabilities in the order of `axis.names`; they sum to 1 within 1e-4.

    `abstain_below` is the confidence under which a label should not be used without a look.
    `truncated` says that the text was longer than the model reads at once and was scored by windows.
    """

    axis: Axis
    probabilities: tuple[float, ...]
    abstain_below: float = 0.0
    truncated: bool = False

    def __post_init__(self) -> None:
        if len(self.probabilities) != len(self.axis.names):
            raise InputError(
                f"{len(self.probabilities)} probabilities for the {len(self.axis.names)} labels of {self.axis.name!r}"
            )
        if any(not 0.0 <= p <= 1.0 + 1e-6 for p in self.probabilities):  # NaN fails the comparison too
            raise InputError(f"probabilities must lie in [0, 1], not {self.probabilities}")
        if not math.isclose(sum(self.probabilities), 1.0, abs_tol=1e-4):
            raise InputError(f"probabilities must sum to 1, not {sum(self.probabilities):.6f}")

    @property
    def label(self) -> str:
        return self.axis.names[max(range(len(self.probabilities)), key=self.probabilities.__getitem__)]

    @property
    def confidence(self) -> float:
        """Probability of the label."""
        return max(self.probabilities)

    @property
    def on_axis(self) -> float:
        """P(the statement shows a stance at all)."""
        return sum(self.probabilities[:-1])

    @property
    def score(self) -> float:
        """Expected value over the on-axis labels, given that the statement is on the axis."""
        return ordinal_score(self.probabilities, self.axis.values)

    @property
    def abstain(self) -> bool:
        return self.confidence < self.abstain_below

    @property
    def by_label(self) -> dict[str, float]:
        return dict(zip(self.axis.names, self.probabilities, strict=True))


def ordinal_score(probabilities: Sequence[float], values: Sequence[float]) -> float:
    """Expected value of the on-axis part (the last probability is the label off the axis).

    The midpoint of the axis if nothing at all is on it: no stance leans neither way.
    """
    on_axis = probabilities[: len(values)]
    mass = sum(on_axis)
    if mass <= 0.0:
        return (values[0] + values[-1]) / 2
    expected = sum(p * v for p, v in zip(on_axis, values, strict=True)) / mass
    return min(max(expected, values[0]), values[-1])
