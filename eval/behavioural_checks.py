"""Behavioural checks: how many cases of each capability a model passes, with the fairness table beside them.

Knows checked cases and shares. Does not know how cases are read nor how the result is printed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.stats import norm

from eval.behaviour_cases import BehaviourSuite
from eval.behaviour_runs import CheckedCase, Classifies, check, grouped
from eval.fairness import FAIRNESS_LIMIT, fairness
from eval.resampling import LEVEL, Interval

LEAST_SPREAD = 0.5


@dataclass(frozen=True, kw_only=True)
class CapabilityRate:
    """Pass rate of one capability; `groups` is the number of independent sentences."""

    capability: str
    n: int
    groups: int
    passed: int
    rate: Interval
    kinds: dict[str, dict[str, int]]
    failures: tuple[CheckedCase, ...] = field(repr=False)


def wilson(share: float, n: int) -> Interval:
    """Wilson's 95 % interval of a share (Wilson 1927, JASA 22) with `n` independent units."""
    z = float(norm.ppf((1 + LEVEL) / 2))
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return Interval(value=share, low=max(0.0, min(centre - half, share)), high=min(1.0, max(centre + half, share)))


def capability_rates(checked: Sequence[CheckedCase]) -> list[CapabilityRate]:
    """Pass rates in the order of the cases. The interval counts groups, not cases, which is the cautious choice."""
    rates = []
    for name, rows in grouped(checked, lambda one: one.case.capability).items():
        groups, passed = len({one.case.group for one in rows}), sum(one.passed for one in rows)
        rates.append(
            CapabilityRate(
                capability=name,
                n=len(rows),
                groups=groups,
                passed=passed,
                rate=wilson(passed / len(rows), groups),
                kinds={
                    kind: {"n": len(part), "passed": sum(one.passed for one in part)}
                    for kind, part in grouped(rows, lambda one: one.case.kind).items()
                },
                failures=tuple(one for one in rows if not one.passed),
            )
        )
    return rates


def behaviour_report(suite: BehaviourSuite, classifier: Classifies) -> dict[str, Any]:
    """Rates, failures and the fairness table as JSON-ready dicts; `eval/behaviours/README.md` explains the fields.

    `score_spread` is the standard deviation of the scores of the MFT cases: a model that says the same of everything
    passes every INV case, and `invariance_is_empty` says so.
    """
    checked = check(suite, classifier)
    rows = fairness(checked)
    scores = [one.stance.score for one in checked if one.case.kind == "MFT"]
    spread = float(np.std(scores)) if scores else None
    return {
        "n": len(checked),
        "passed": sum(one.passed for one in checked),
        "behaviours_hash": suite.sha256,
        "score_spread": spread,
        "invariance_is_empty": spread is not None and spread < LEAST_SPREAD,
        "capabilities": {
            rate.capability: {
                "n": rate.n,
                "groups": rate.groups,
                "passed": rate.passed,
                "rate": rate.rate.as_json(),
                "kinds": rate.kinds,
                "failures": [_failure(one) for one in rate.failures],
            }
            for rate in capability_rates(checked)
        },
        "fairness": {
            "limit": FAIRNESS_LIMIT,
            "within_limit": all(row.within for row in rows if row.by == "swap"),
            "rows": [{**asdict(row), "absolute": row.absolute.as_json(), "within_limit": row.within} for row in rows],
        },
    }


def _failure(one: CheckedCase) -> dict[str, Any]:
    """What was wanted and what was found, for reading."""
    case, before = one.case, one.base
    found: dict[str, Any] = {"id": case.id, "kind": case.kind, "text": case.statement.text}
    found |= {"perspective": case.statement.perspective, "label": one.stance.label, "score": round(one.stance.score, 4)}
    if case.kind == "MFT":
        return found | {"expect": list(case.expect)}
    assert before is not None
    found |= {"base_label": before.label, "base_score": round(before.score, 4), "limit": case.limit}
    return found | ({"direction": case.direction} if case.direction else {})
