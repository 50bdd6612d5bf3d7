"""The checks of the gate that run the model: leaks, behaviours, parity of the engines, budgets.

Knows bundles and classifiers. Does not know the statistics of labelled units (`gate_checks.py`).
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eval.behaviour_cases import BEHAVIOURS, BehaviourSuite, read_behaviours
from eval.behaviour_runs import CheckedCase, Classifies, check, grouped
from eval.leakage import check_leakage
from eval.randomisation import worse_share_p
from eval.resampling import draw
from models.axis import Axis
from models.bundle import Bundle
from models.classifier import StanceClassifier, make_backend
from models.statement import Statement
from training.gate_checks import Drop
from training.gate_pair import Check, Example, as_sentence
from training.gate_rules import GateRules
from training.gate_sets import GateSet

ROUNDS = 5
TIMED = 64


def leak_check(candidate: Bundle, sets: Sequence[GateSet]) -> Check:
    """No gold text, nor one like it, among the traces of the candidate's corpus; traces there must be."""
    figures, faults = {}, []
    examples: list[Example] = []
    for units in sets:
        if units.gold is None:
            continue
        found = check_leakage(units.gold, candidate)
        figures[units.name] = {"checked": list(found.looked_for), "units": [leak.id for leak in found.leaks]}
        if len(found.looked_for) < 2:
            faults.append("the bundle carries no traces of its corpus, so that leaks cannot be ruled out")
        if found.leaks:
            faults.append(
                f"{len(found.leaks)} of {len(units.labels)} units of {units.name} were in its training corpus"
            )
        by_id = {unit.id: unit for unit in units.gold.units}
        for leak in found.leaks[:10]:
            unit = by_id[leak.id]
            examples.append(
                Example(
                    text=unit.statement.text,
                    holder=unit.statement.holder,
                    counterpart=unit.statement.counterpart,
                    expected=unit.label,
                    released="",
                    candidate="",
                    where=f"{units.name}, {leak.how}",
                )
            )
    sentence = as_sentence("; ".join(dict.fromkeys(faults)) or "it was trained on no gold text")
    return Check(name="leaks", passed=not faults, sentence=sentence, figures=figures, examples=tuple(examples[:10]))


def behaviour_suite(axis: Axis, folder: Path = BEHAVIOURS) -> BehaviourSuite | None:
    """The cases of an axis; None where there are none."""
    own = axis.folder(folder)
    return read_behaviours(axis, own) if any(own.glob("*.jsonl")) else None


def behaviours_check(
    suite: BehaviourSuite, candidate: Classifies, released: Classifies, rules: GateRules
) -> tuple[Check, list[Drop]]:
    """Share of cases passed, not inferior by the margin; swaps that move the score. The capabilities as drops."""
    before, after = check(suite, released), check(suite, candidate)
    difference = np.array([b.passed for b in after], float) - np.array([a.passed for a in before], float)
    draws = draw([one.case.group for one in after])
    samples = draws.counts @ difference / draws.counts.sum(axis=1)
    interval = draws.interval(float(difference.mean()), samples, level=0.90)
    low = float(interval.low) if np.isfinite(interval.low) else float(difference.mean())
    margin = rules.behaviours["margin"]
    shares = [sum(one.passed for one in side) / len(side) for side in (before, after)]
    moves = [_swap_move(side) for side in (before, after)]
    allowed = max(rules.behaviours["swap_move"], moves[0] + rules.behaviours["swap_slack"])
    faults = []
    if low <= -margin:
        faults.append(
            f"it passes {shares[1]:.1%} of {len(after)} behavioural cases, before {shares[0]:.1%} "
            f"(the difference may be {low:+.1%}, and {-margin:+.0%} is allowed)"
        )
    if moves[1] > allowed:
        faults.append(
            f"a swapped country, name or gender moves the score by {moves[1]:.2f} (before {moves[0]:.2f}, "
            f"allowed {allowed:.2f})"
        )
    lost = [(b, a) for b, a in zip(before, after, strict=True) if b.passed and not a.passed]
    sentence = "; ".join(faults) or f"it passes {shares[1]:.1%} of the behavioural cases, before {shares[0]:.1%}"
    result = Check(
        name="behaviours",
        passed=not faults,
        sentence=as_sentence(sentence),
        figures={
            "n": len(after),
            "released": shares[0],
            "candidate": shares[1],
            "low_90": low,
            "margin": margin,
            "swap_move": {"released": moves[0], "candidate": moves[1], "allowed": allowed},
            "behaviours_hash": suite.sha256,
        },
        examples=tuple(_example(b, a) for b, a in lost[:10]) if faults else (),
    )
    return result, _capability_drops(before, after)


def _swap_move(side: Sequence[CheckedCase]) -> float:
    """Mean absolute move of the score over the swap cases; 0 without any."""
    moves = [abs(one.move) for one in side if one.case.swap]
    return float(np.mean(moves)) if moves else 0.0


def _capability_drops(before: Sequence[CheckedCase], after: Sequence[CheckedCase]) -> list[Drop]:
    released = {one.case.id: one for one in before}
    drops = []
    for name, rows in grouped(after, lambda one: one.case.capability).items():
        first = np.array([released[one.case.id].passed for one in rows], int)
        second = np.array([one.passed for one in rows], int)
        lost = [one for one in rows if released[one.case.id].passed and not one.passed]
        drops.append(
            Drop(
                name=f"capability={name}",
                n=len(rows),
                measure="pass rate",
                released=float(first.mean()),
                candidate=float(second.mean()),
                p=worse_share_p(second - first, [one.case.group for one in rows]),
                examples=tuple(_example(released[one.case.id], one) for one in lost[:10]),
            )
        )
    return drops


def _example(before: CheckedCase, after: CheckedCase) -> Example:
    case = after.case
    expected = " or ".join(case.expect) or (
        f"score within {case.limit:g} of its base" if case.kind == "INV" else f"score {case.direction} from its base"
    )
    return Example(
        text=case.statement.text,
        holder=case.statement.holder,
        counterpart=case.statement.counterpart,
        expected=expected,
        released=f"{before.stance.label} {before.stance.score:+.2f}",
        candidate=f"{after.stance.label} {after.stance.score:+.2f}",
        where=f"behaviour {case.capability}",
    )


def parity_check(candidate: StanceClassifier, sets: Sequence[GateSet], rules: GateRules) -> Check:
    """The engine that serves, against torch on the same checkpoint: labels and the largest |Δp|."""
    statements = [one for units in sets if units.gold for one in units.statements]
    for units in sets:
        if units.role == "corpus_test":
            step = max(1, len(units.statements) // int(rules.parity["sample"]))
            statements += units.statements[::step][: int(rules.parity["sample"])]
    torch = StanceClassifier(candidate.bundle, make_backend(candidate.bundle.checkpoint, engine="torch"))
    ours, theirs = candidate.classify(statements), torch.classify(statements)
    moved = np.array(
        [np.abs(np.subtract(a.probabilities, b.probabilities)).max() for a, b in zip(ours, theirs, strict=True)]
    )
    same = float(np.mean([a.label == b.label for a, b in zip(ours, theirs, strict=True)]))
    largest = float(moved.max())
    passed = same >= rules.parity["label_agreement"] and largest <= rules.parity["largest_difference"]
    examples = tuple(
        Example(
            text=statements[row].text,
            holder=statements[row].holder,
            counterpart=statements[row].counterpart,
            expected=f"torch: {theirs[row].label}",
            released="",
            candidate=f"cpu: {ours[row].label}",
            where=f"engines differ by {moved[row]:.3f}",
        )
        for row in np.argsort(-moved)[:10]
    )
    return Check(
        name="parity of the engines",
        passed=passed,
        sentence=f"The cpu engine gives the label of torch in {same:.1%} of {len(statements)} statements; "
        f"probabilities differ by at most {largest:.4f}.",
        figures={"n": len(statements), "label_agreement": same, "largest_difference": largest},
        examples=examples if not passed else (),
    )


def budgets_check(
    candidate: StanceClassifier, released: StanceClassifier | None, statements: Sequence[Statement], rules: GateRules
) -> Check:
    """Size on disk, and speed beside the released model.

    Both models are timed in turn and the best round of each counts, so that a busy machine slows both.
    """
    size = sum((candidate.bundle.path / name).stat().st_size for name in candidate.bundle.manifest["files"])
    faults = []
    if size > rules.budgets["largest_bytes"]:
        faults.append(f"it takes {size / 1e6:.1f} MB, and {rules.budgets['largest_bytes'] / 1e6:.0f} are allowed")
    figures: dict[str, float] = {"bytes": size, "largest_bytes": rules.budgets["largest_bytes"]}
    if released and statements:
        sample = list(statements[:TIMED])
        best = {"released": 0.0, "candidate": 0.0}
        for _ in range(ROUNDS):
            for name, model in (("released", released), ("candidate", candidate)):
                start = time.perf_counter()
                model.classify(sample)
                best[name] = max(best[name], len(sample) / (time.perf_counter() - start))
        figures |= {f"statements_per_second_{name}": rate for name, rate in best.items()}
        figures["relative_throughput"] = best["candidate"] / best["released"]
        if figures["relative_throughput"] < rules.budgets["least_relative_throughput"]:
            faults.append(f"it is slower: {best['candidate']:.0f} statements a second, before {best['released']:.0f}")
    sentence = "; ".join(faults) or f"it takes {size / 1e6:.1f} MB, within the budgets"
    return Check(
        name="budgets",
        passed=not faults,
        sentence=as_sentence(sentence),
        figures=figures,
    )
