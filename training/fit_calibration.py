"""Fits the calibration on held-back corpus examples: temperature, label biases, abstention threshold.

Knows logits and gold places. Does not know texts or models. Never given evaluation data.
"""

import numpy as np
from scipy.optimize import minimize

from models.calibration import Calibration

BIAS_PENALTY = 0.05


def fit_calibration(logits: np.ndarray, gold: np.ndarray, *, accuracy: float) -> Calibration:
    """`logits` (rows, labels), `gold` label places (rows,); `accuracy` is wanted of the labels kept.

    Minimises the mean negative log likelihood (Guo et al. 2017) with a quadratic penalty on the
    biases, so that few examples do not move the label mix.
    """
    labels = logits.shape[1]

    def loss(parameters: np.ndarray) -> float:
        scaled = logits / np.exp(parameters[0]) + parameters[1:]
        top = scaled.max(axis=1, keepdims=True)
        log_sum = top[:, 0] + np.log(np.exp(scaled - top).sum(axis=1))
        nll = (log_sum - scaled[np.arange(len(gold)), gold]).mean()
        return float(nll + BIAS_PENALTY * np.square(parameters[1:]).sum())

    fitted = minimize(loss, np.zeros(labels + 1), method="L-BFGS-B").x
    calibration = Calibration(
        temperature=float(np.exp(fitted[0])), bias=tuple(float(value) for value in fitted[1:]), abstain_below=0.0
    )
    probabilities = calibration.probabilities(logits)
    threshold = abstention_threshold(probabilities.max(axis=1), probabilities.argmax(axis=1) == gold, accuracy)
    return Calibration(temperature=calibration.temperature, bias=calibration.bias, abstain_below=threshold)


def abstention_threshold(confidence: np.ndarray, correct: np.ndarray, accuracy: float) -> float:
    """The lowest confidence above which the labels kept reach `accuracy`; 1.0 where none does.

    Looks at every cut with at least 20 examples above it: fewer say nothing.
    """
    order = np.argsort(-confidence)
    kept_accuracy = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(kept_accuracy >= accuracy)
    good = good[good >= 19]
    return float(confidence[order[good[-1]]]) if good.size else 1.0
