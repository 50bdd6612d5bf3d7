"""Curves with bootstrap bands: reliability (is confidence what it says?) and risk against coverage.

Knows predictions and draws. Does not draw pictures: that is `eval/report_charts.py`.
"""

from typing import Any

import numpy as np

from eval.resampling import Draws
from eval.scores import CALIBRATION_BINS, Predictions, calibration_bins

COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))


def reliability_curve(predictions: Predictions, draws: Draws) -> list[dict[str, Any]]:
    """One entry for each of ten bins of confidence that holds a unit: mean confidence, accuracy, n.

    DeGroot and Fienberg 1983; Guo et al. 2017.
    """
    bins = calibration_bins(predictions.confidence)
    curve = []
    for place in range(CALIBRATION_BINS):
        inside = np.flatnonzero(bins == place)
        if not inside.size:
            continue
        drawn = draws.counts[:, inside]
        with np.errstate(divide="ignore", invalid="ignore"):
            samples = drawn @ predictions.correct[inside] / drawn.sum(axis=1)
        accuracy = draws.proportion(float(predictions.correct[inside].mean()), samples, int(inside.size))
        curve.append(
            {
                "from": place / CALIBRATION_BINS,
                "to": (place + 1) / CALIBRATION_BINS,
                "n": int(inside.size),
                "confidence": float(predictions.confidence[inside].mean()),
                "accuracy": accuracy.as_json(),
            }
        )
    return curve


def risk_coverage_curve(predictions: Predictions, draws: Draws) -> list[dict[str, Any]]:
    """Error rate among the most confident share of units, at coverages from 5 % to 100 %.

    El-Yaniv and Wiener 2010; the whole curve as a number is `aurc`. Ties in confidence are cut in file order.
    """
    order = np.argsort(-predictions.confidence, kind="stable")
    wrong = (~predictions.correct[order]).astype(float)
    whole = risks_at(np.ones((1, len(wrong))), wrong)[0]
    replicates = risks_at(draws.counts[:, order], wrong)
    confidence = predictions.confidence[order]
    curve = []
    for place, coverage in enumerate(COVERAGES):
        last = max(1, int(np.ceil(coverage * len(wrong) - 1e-9))) - 1
        band = draws.interval(float(whole[place]), replicates[:, place])
        curve.append(
            {
                "coverage": coverage,
                "n": last + 1,
                "confidence_from": float(confidence[last]),
                "risk": band.as_json(),
            }
        )
    return curve


def risks_at(counts: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Error rate at each of COVERAGES, shape (replicates, coverages); columns are sorted by confidence."""
    kept = np.cumsum(counts, axis=1)
    errors = np.cumsum(counts * wrong, axis=1)
    rows = np.arange(len(counts))
    columns = []
    for coverage in COVERAGES:
        wanted = np.maximum(1.0, np.ceil(coverage * kept[:, -1] - 1e-9))
        # The unit that crosses the wanted number counts only in part.
        place = np.minimum((kept < wanted[:, None]).sum(axis=1), counts.shape[1] - 1)
        before = np.where(place > 0, kept[rows, place - 1], 0.0)
        wrong_before = np.where(place > 0, errors[rows, place - 1], 0.0)
        risk = (wrong_before + (wanted - before) * wrong[place]) / wanted
        columns.append(np.where(kept[:, -1] > 0, risk, np.nan))
    return np.stack(columns, axis=1)
