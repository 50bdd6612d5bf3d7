"""A candidate beside the model that it would replace, on one set of units.

Knows predictions of both. Where no model is released yet, the majority label stands in for it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eval.baselines import majority
from eval.comparison import differences
from eval.harness import predict
from eval.resampling import draw
from eval.scores import Predictions
from models.classifier import StanceClassifier
from training.gate_sets import GateSet


@dataclass(frozen=True, kw_only=True)
class Example:
    """A unit that shows what a check found: what it should be, what the released model and the candidate say."""

    text: str
    holder: str
    counterpart: str
    expected: str
    released: str
    candidate: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that a candidate must show. `sentence` says what was found, in words that stand alone."""

    name: str
    passed: bool
    sentence: str
    figures: dict[str, Any]
    examples: tuple[Example, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "passed": self.passed, "sentence": self.sentence, "figures": self.figures}


def as_sentence(text: str) -> str:
    """Faults, joined by semicolons, as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


@dataclass(frozen=True, kw_only=True)
class Pair:
    """`released` and `candidate` predict the same units; differences are candidate minus released."""

    units: GateSet
    released: Predictions
    candidate: Predictions

    @cached_property
    def differences(self) -> dict[str, dict[str, Any]]:
        """All measures with paired cluster bootstrap intervals and p-values (`eval.comparison`)."""
        found = differences((self.released, self.candidate), draw(self.units.clusters))
        return {
            name: {{"left": "released", "right": "candidate"}.get(key, key): value for key, value in one.items()}
            for name, one in found.items()
        }

    @cached_property
    def drop(self) -> np.ndarray:
        """How much less probability the candidate gives the right label, shape (units,)."""
        rows = np.arange(len(self.units.labels))
        return np.asarray(
            self.released.probabilities[rows, self.released.truth]
            - self.candidate.probabilities[rows, self.candidate.truth]
        )

    def worst(self, rows: np.ndarray, count: int = 10) -> tuple[Example, ...]:
        """Units that the candidate has wrong, first those that the released model had right, by drop."""
        wrong = rows[~self.candidate.correct[rows]]
        order = sorted(wrong, key=lambda row: (not self.released.correct[row], -self.drop[row], row))
        return tuple(self.example(row) for row in order[:count])

    def example(self, row: int, where: str = "") -> Example:
        statement = self.units.statements[row]
        return Example(
            text=statement.text,
            holder=statement.holder,
            counterpart=statement.counterpart,
            expected=self.units.labels[row],
            released=self.released.labels[row],
            candidate=self.candidate.labels[row],
            where=where or self.units.name,
        )


def pair_on(units: GateSet, candidate: StanceClassifier, released: StanceClassifier | None) -> Pair:
    ours = predict(candidate, units.statements, units.labels)
    theirs = (
        predict(released, units.statements, units.labels)
        if released
        else majority(candidate.bundle.axis, list(units.labels))
    )
    return Pair(units=units, released=theirs, candidate=ours)
