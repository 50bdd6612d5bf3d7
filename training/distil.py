"""A teacher's soft labels for distillation.

Knows a bundle that teaches and the statements to be labelled. Does not know how the student learns.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.bundle import open_bundle
from models.classifier import StanceClassifier, make_backend
from models.statement import Statement


def teacher_probabilities(teacher: Path, statements: Sequence[Statement], *, temperature: float) -> np.ndarray:
    """Shape (statements, labels): softmax of the teacher's logits over `temperature` (Hinton et al. 2015)."""
    bundle = open_bundle(teacher)
    classifier = StanceClassifier(bundle, make_backend(bundle.checkpoint, engine="torch"))
    logits = classifier.logits(statements) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return result
