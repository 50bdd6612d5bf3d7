"""Applies a fitted calibration: logits to probabilities, and the confidence to abstain below.

Knows the form of `calibration.json`. How it is fitted is `training/fit_calibration.py`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models.errors import BundleError


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Vector scaling with one temperature: p = softmax(logits / temperature + bias).

    Guo et al. 2017, On Calibration of Modern Neural Networks. `bias` has one entry a label, in
    axis order (all zero for plain temperature scaling).
    """

    temperature: float
    bias: tuple[float, ...]
    abstain_below: float

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Shape (rows, labels) in, the same out; float64; rows sum to 1."""
        scaled = logits.astype(np.float64) / self.temperature + np.asarray(self.bias)
        # Row by row sums in a fixed order: a row's result must not depend on the other rows.
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def uncalibrated(labels: int) -> Calibration:
    return Calibration(temperature=1.0, bias=(0.0,) * labels, abstain_below=0.0)


def read_calibration(path: Path) -> Calibration:
    """Raises BundleError where the file is missing or malformed."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Calibration(
            temperature=float(content["temperature"]),
            bias=tuple(float(value) for value in content["bias"]),
            abstain_below=float(content["abstain_below"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise BundleError(f"cannot read the calibration {path}: {fault}") from None
