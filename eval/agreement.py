"""Agreement between two codings of the same units.

Knows label sequences and the axis they are on. The coefficients themselves come from libraries
(krippendorff, scikit-learn). Undefined agreement (no variation, no shared unit) is NaN here; the
harness says so in words.
"""

import warnings
from collections.abc import Sequence

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score

from models.axis import Axis


def alpha_ordinal(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Krippendorff's alpha, ordinal metric, over the units that both codings put on the axis."""
    pairs = _on_axis(axis, left, right)
    return _alpha(pairs, "ordinal", len(axis.labels))


def alpha_nominal(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Krippendorff's alpha, nominal metric, over all labels."""
    pairs = np.array([[axis.index(name) for name in side] for side in (left, right)])
    return _alpha(pairs, "nominal", len(axis.names))


def kappa_quadratic(axis: Axis, left: Sequence[str], right: Sequence[str]) -> float:
    """Cohen's kappa with quadratic weights over the units that both codings put on the axis."""
    pairs = _on_axis(axis, left, right)
    if pairs.shape[1] < 2 or len(np.unique(pairs)) < 2:
        return float("nan")
    return float(cohen_kappa_score(pairs[0], pairs[1], weights="quadratic", labels=list(range(len(axis.labels)))))


def _on_axis(axis: Axis, left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    off = axis.off_axis.name
    kept = [(axis.index(a), axis.index(b)) for a, b in zip(left, right, strict=True) if off not in (a, b)]
    return np.array(kept, dtype=int).reshape(-1, 2).T


def _alpha(pairs: np.ndarray, level: str, labels: int) -> float:
    if pairs.shape[1] < 2 or len(np.unique(pairs)) < 2:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(
            krippendorff.alpha(reliability_data=pairs, level_of_measurement=level, value_domain=list(range(labels)))
        )
