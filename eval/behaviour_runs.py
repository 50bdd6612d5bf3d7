"""Behavioural cases through a model: what it said of each case and whether that passes.

After CheckList (Ribeiro et al. 2020, ACL). MFT: the label is one of the expected ones. INV: the score stays within
a tolerance of the base's, on the same side of on axis / off it. DIR: the score moves the given way by a least amount.
Knows cases and distributions. Does not know how cases are read, nor any rate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.behaviour_cases import BehaviourCase, BehaviourSuite
from models.stance import StanceDistribution
from models.statement import Statement

ROUNDING = 1e-9


class Classifies(Protocol):
    def classify(self, statements: Sequence[Statement]) -> list[StanceDistribution]: ...


@dataclass(frozen=True, kw_only=True)
class CheckedCase:
    """A case with what the model said of it and, for INV and DIR, of its base."""

    case: BehaviourCase
    stance: StanceDistribution
    base: StanceDistribution | None = None

    @property
    def move(self) -> float:
        """Score minus the base's score; 0 without a base."""
        return self.stance.score - self.base.score if self.base else 0.0

    @property
    def crossed(self) -> bool:
        """Whether one of case and base is off the axis and the other on it."""
        off = self.stance.axis.off_axis.name
        return self.base is not None and (self.stance.label == off) != (self.base.label == off)

    @property
    def passed(self) -> bool:
        if self.case.kind == "MFT":
            return self.stance.label in self.case.expect
        if self.case.kind == "INV":
            return abs(self.move) <= self.case.limit + ROUNDING and not self.crossed
        return (self.move if self.case.direction == "up" else -self.move) >= self.case.limit - ROUNDING


def check(suite: BehaviourSuite, classifier: Classifies) -> tuple[CheckedCase, ...]:
    """Every case through the classifier, in one call, in the suite's order."""
    wanted = [one for case in suite.cases for one in (case.statement, case.base) if one is not None]
    distinct = list(dict.fromkeys(wanted))
    found = dict(zip(distinct, classifier.classify(distinct), strict=True))
    return tuple(
        CheckedCase(case=case, stance=found[case.statement], base=found[case.base] if case.base else None)
        for case in suite.cases
    )


def grouped(rows: Sequence[CheckedCase], key: Callable[[CheckedCase], str]) -> dict[str, list[CheckedCase]]:
    found: dict[str, list[CheckedCase]] = {}
    for one in rows:
        found.setdefault(key(one), []).append(one)
    return found
