"""Could the model stand in for one of the annotators? Two tests, both with their margin given beforehand.

The alternative annotator test (Calderon, Reichart and Dror 2025, ACL; arXiv 2501.10970) asks, for each
annotator in turn, whether the model agrees with the others about as often as that annotator does. Two
one-sided tests (Schuirmann 1987; Lakens 2017) ask whether alpha stays within a margin when the model
takes an annotator's place. Both say something of people only if the passes are theirs: the caller
names the result by that. Knows label numbers and clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import false_discovery_control, t

from eval.agreement import MISSING, panel_alpha
from eval.gold_set import GoldSet
from eval.pass_agreement import alpha_samples, coded_passes, name_agreement
from eval.resampling import Draws, Interval
from models.axis import Axis

LEAST_ANNOTATORS = 3
LEAST_UNITS = 30
EPSILON = 0.1
"""The smallest cost-benefit margin of Calderon et al. (0.1 crowd, 0.15 skilled, 0.2 experts): the hardest to pass."""
FALSE_DISCOVERY = 0.05


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """One annotator's turn: `advantage` is the share of units on which the model agrees with the others as
    much as the annotator does; `p` of the null 'worse than the annotator by epsilon or more'.
    """

    annotator: str
    units: int
    advantage: float
    p: float
    won: bool


def alternative_annotator_test(
    coded: np.ndarray, predicted: np.ndarray, names: Sequence[str], clusters: Sequence[str], epsilon: float = EPSILON
) -> list[Replacement]:
    """Each annotator's turn, over codes of shape (passes, units); annotators with fewer than 30 units are left out.

    Alignment is the share of the other annotators with the same label; false discoveries are held at 5 % by
    Benjamini and Yekutieli 2001. With clusters the variance of the t-test is the cluster-robust one, which
    is the paper's own where every unit is a cluster.
    """
    usable = (coded != MISSING).sum(axis=0) >= 2
    turns: list[tuple[str, int, float, float]] = []
    for place, name in enumerate(names):
        rows = np.flatnonzero(usable & (coded[place] != MISSING))
        if rows.size < LEAST_UNITS:
            continue
        others = np.delete(coded, place, axis=0)[:, rows]
        number = (others != MISSING).sum(axis=0)
        model = (others == predicted[rows]).sum(axis=0) / number
        person = (others == coded[place, rows]).sum(axis=0) / number
        behind = (person >= model).astype(float) - (model >= person)
        p = _mean_below(behind, epsilon, [clusters[row] for row in rows.tolist()])
        turns.append((name, int(rows.size), float((model >= person).mean()), p))
    if not turns:
        return []
    adjusted = false_discovery_control([turn[3] for turn in turns], method="by")
    return [
        Replacement(annotator=name, units=units, advantage=advantage, p=p, won=bool(corrected <= FALSE_DISCOVERY))
        for (name, units, advantage, p), corrected in zip(turns, adjusted, strict=True)
    ]


def _mean_below(values: np.ndarray, bound: float, clusters: Sequence[str]) -> float:
    """One-sided p of 'the mean is at least `bound`', with cluster-robust variance and clusters - 1 degrees."""
    mean = float(values.mean())
    sums: dict[str, float] = {}
    for value, cluster in zip(values - mean, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + float(value)
    groups = len(sums)
    if groups < 2:
        return 1.0
    error = np.sqrt(groups / (groups - 1) * sum(total * total for total in sums.values())) / len(values)
    if error == 0:
        return 0.0 if mean < bound else 1.0
    return float(t.cdf((mean - bound) / error, groups - 1))


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Change of alpha when the model takes an annotator's place, averaged over annotators.

    `interval` is the 90 % one: it lies within the margin exactly where both one-sided tests reject at 5 %.
    """

    interval: Interval
    margin: float
    p: float

    @property
    def equivalent(self) -> bool:
        return bool(self.interval.low > -self.margin and self.interval.high < self.margin)


def equivalence_test(coded: np.ndarray, predicted: np.ndarray, axis: Axis, draws: Draws, margin: float) -> Equivalence:
    """Two one-sided tests by cluster bootstrap on nominal alpha over all labels; codes of shape (passes, units)."""
    whole = panel_alpha(coded, axis, "nominal")
    whole_samples = alpha_samples(coded, axis, "nominal", draws)
    changes, samples = [], []
    for place in range(len(coded)):
        panel = coded.copy()
        panel[place] = np.where(coded[place] == MISSING, MISSING, predicted)
        changes.append(panel_alpha(panel, axis, "nominal") - whole)
        samples.append(alpha_samples(panel, axis, "nominal", draws) - whole_samples)
    change, drawn = float(np.mean(changes)), np.mean(samples, axis=0)
    return Equivalence(
        interval=draws.interval(change, drawn, level=0.90),
        margin=margin,
        p=max(draws.below(change, drawn, -margin), 1 - draws.below(change, drawn, margin)),
    )


def replacement_report(gold: GoldSet, predicted: np.ndarray, draws: Draws, margin: float | None) -> dict[str, Any]:
    """The report's part on taking an annotator's place; empty with fewer than three passes."""
    people = [name for name in gold.annotators if gold.metadata.annotator(name).kind == "independent_person"]
    # Three people are asked alone: beside passes of another kind nothing would follow for them.
    names = people if len(people) >= LEAST_ANNOTATORS else gold.annotators
    if len(names) < LEAST_ANNOTATORS:
        return {}
    coded = coded_passes(gold)[[gold.annotators.index(name) for name in names]]
    found = name_agreement([gold.metadata.annotator(name) for name in names])
    subject = "a person" if found.people else "one of these passes"
    turns = alternative_annotator_test(coded, predicted, names, gold.clusters)
    part: dict[str, Any] = {
        "passes": names,
        "passes_of": found.kind,
        "speaks_of_people": found.people,
        "note": ""
        if found.people
        else f"The passes are of {found.kind}: nothing follows for the replacement of people. {found.note}",
    }
    if turns:
        rate = sum(turn.won for turn in turns) / len(turns)
        part["alternative_annotator_test"] = {
            "epsilon": EPSILON,
            "winning_rate": rate,
            "average_advantage": float(np.mean([turn.advantage for turn in turns])),
            "passed": rate >= 0.5,
            "annotators": [
                {
                    "annotator": turn.annotator,
                    "units": turn.units,
                    "advantage": turn.advantage,
                    "p": turn.p,
                    "won": turn.won,
                }
                for turn in turns
            ],
            "sentence": f"Set in the place of {subject}, the model agrees with the others as often (less {EPSILON}) "
            f"against {sum(turn.won for turn in turns)} of {len(turns)} annotators: the alternative annotator test is "
            f"{'passed' if rate >= 0.5 else 'not passed'} (half are needed).",
        }
    else:
        part["not_tested"] = f"No annotator has {LEAST_UNITS} units that another one labelled too."
    if margin is None:
        part["equivalence"] = {
            "not_tested": "No margin was given beforehand: set 'equivalence_margin' in the gold's metadata."
        }
        return part
    tested = equivalence_test(coded, predicted, gold.axis, draws, margin)
    verdict = "is equivalent to" if tested.equivalent else "is not shown to be equivalent to"
    part["equivalence"] = {
        "measure": "alpha_nominal",
        "margin": margin,
        "change": tested.interval.as_json(),
        "level": 0.90,
        "p": tested.p,
        "equivalent": tested.equivalent,
        "sentence": f"Within ±{margin:g} of nominal α the model {verdict} {subject} (two one-sided tests, p = "
        f"{tested.p:.3f}).",
    }
    return part
