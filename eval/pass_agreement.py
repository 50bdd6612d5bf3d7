"""How far the annotators agree with one another, the model with each, and what that may be called.

Knows passes, their kinds and the rules of naming. Only passes of independent people may be called
inter-coder reliability or be read as a human ceiling; everything else gets a name of its own and a
note that says what it is not. Does not know how labels were made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from eval import contingency
from eval.agreement import Level, codes, on_axis_only, panel_alpha
from eval.gold_metadata import Annotator
from eval.gold_set import GoldSet
from eval.resampling import Draws, Interval
from models.axis import Axis

SHARED_BIAS = (
    "A model that agrees with these labels agrees with this reading of the codebook; an error that the passes "
    "share is invisible."
)


@dataclass(frozen=True, kw_only=True)
class AgreementName:
    """What the agreement of some passes is called; `people` says whether a claim about people is allowed."""

    kind: str
    called: str
    people: bool
    note: str


def name_agreement(annotators: Sequence[Annotator]) -> AgreementName:
    """The only name that the agreement of these passes may carry."""
    kinds = {annotator.kind for annotator in annotators}
    persons = [annotator.person for annotator in annotators if annotator.person]
    if kinds == {"independent_person"} and len(set(persons)) == len(persons):
        return AgreementName(
            kind="independent people",
            called="inter-coder reliability",
            people=True,
            note="Passes of independent people: the figure is inter-coder reliability, and may stand as a human "
            "ceiling for this codebook and material.",
        )
    if kinds <= {"independent_person", "same_person_again"}:
        return AgreementName(
            kind="the same person again",
            called="intra-coder consistency",
            people=False,
            note="One person labelled twice: the figure is intra-coder consistency, neither inter-coder "
            "reliability nor a human ceiling.",
        )
    if kinds in ({"machine_assisted"}, {"model"}):
        kind = "machine-assisted" if kinds == {"machine_assisted"} else "model"
        return AgreementName(
            kind=kind,
            called="self-consistency",
            people=False,
            note=f"The passes are {kind} and of one kind of annotator: their agreement is self-consistency, neither "
            f"inter-coder reliability nor a human ceiling. {SHARED_BIAS}",
        )
    if "unknown" in kinds:
        return AgreementName(
            kind="unknown kind",
            called="agreement of passes of unknown kind",
            people=False,
            note="The gold's metadata does not say who made each pass: until it does, the figure may be called neither "
            f"inter-coder reliability nor a human ceiling. {SHARED_BIAS}",
        )
    return AgreementName(
        kind="mixed kinds",
        called="agreement of passes of different kinds",
        people=False,
        note="Not all passes were made by independent people: the figure is neither inter-coder reliability nor a "
        f"human ceiling. {SHARED_BIAS}",
    )


def coded_passes(gold: GoldSet) -> np.ndarray:
    """Codes of shape (passes, units), passes in the order of `gold.annotators`."""
    return codes(gold.axis, [[unit.passes.get(name) for unit in gold.units] for name in gold.annotators])


def alpha_interval(coded: np.ndarray, axis: Axis, level: Level, draws: Draws) -> Interval:
    """Alpha of a panel with its cluster bootstrap interval."""
    return draws.interval(panel_alpha(coded, axis, level), alpha_samples(coded, axis, level, draws))


def alpha_samples(coded: np.ndarray, axis: Axis, level: Level, draws: Draws) -> np.ndarray:
    """Alpha of a panel in every draw, shape (replicates + clusters,)."""
    size = len(axis.names)
    if level == "ordinal":
        coded, size = on_axis_only(coded, axis), len(axis.labels)
    return contingency.alphas(draws.counts, contingency.coincidences(coded, size), level)


def pass_agreement(gold: GoldSet, predicted: np.ndarray, draws: Draws) -> dict[str, Any]:
    """The report's part on annotators: alpha of all passes, of each pair, of the model against each.

    `predicted` are label numbers, shape (units,). Empty without any pass; without a second one there is
    only the model against the first.
    """
    names = gold.annotators
    if not names:
        return {}
    coded = coded_passes(gold)
    who = [gold.metadata.annotator(name) for name in names]
    model_against = {
        name: {**_both(np.stack([coded[place], predicted]), gold.axis, draws), "n": int((coded[place] >= 0).sum())}
        for place, name in enumerate(names)
    }
    found = name_agreement(who)
    part: dict[str, Any] = {
        "annotators": {
            "passes": names,
            "kinds": {annotator.name: annotator.kind for annotator in who},
            "kind": found.kind,
            "called": found.called,
            "may_be_called_inter_coder_reliability": found.people,
            "note": found.note,
            "model_against": model_against,
        }
    }
    if len(names) < 2:
        part["annotators"]["called"] = "a single pass"
        part["annotators"]["may_be_called_inter_coder_reliability"] = False
        part["annotators"]["note"] = f"One pass: there is no agreement of annotators to report. {SHARED_BIAS}"
        return part
    part["annotator_alpha"] = _both(coded, gold.axis, draws)
    part["annotators"]["disagreements"] = int(
        sum(len(set(unit.passes.values())) > 1 for unit in gold.units if len(unit.passes) > 1)
    )
    if len({annotator.kind for annotator in who}) > 1:
        part["annotators"]["by_kind"] = _by_kind(coded, who, gold.axis, draws)
    if len(names) > 2:
        part["annotators"]["pairs"] = [
            {
                "passes": [names[a], names[b]],
                "called": name_agreement([who[a], who[b]]).called,
                **_both(coded[[a, b]], gold.axis, draws),
            }
            for a, b in combinations(range(len(names)), 2)
        ]
    return part


def _by_kind(coded: np.ndarray, who: Sequence[Annotator], axis: Axis, draws: Draws) -> list[dict[str, Any]]:
    """Agreement among the passes of each kind that has two or more, under the name that these may carry."""
    found = []
    for kind in sorted({annotator.kind for annotator in who}):
        places = [place for place, annotator in enumerate(who) if annotator.kind == kind]
        if len(places) > 1:
            group = [who[place] for place in places]
            found.append(
                {
                    "passes": [annotator.name for annotator in group],
                    "called": name_agreement(group).called,
                    **_both(coded[places], axis, draws),
                }
            )
    return found


def _both(coded: np.ndarray, axis: Axis, draws: Draws) -> dict[str, Any]:
    levels: tuple[Level, Level] = ("ordinal", "nominal")
    return {level: alpha_interval(coded, axis, level, draws).as_json() for level in levels}
