"""Does a model follow the perspective? Pairs of questions to one text whose labels differ, held back from training.

    python -m benchmarks.perspective [BUNDLE …]

A pair is one text with two holders, or two counterparts, and two labels, from the calibration and test parts of the
corpus. Counted is where both labels are right, where both answers are the same, and, where both belong on the axis,
where the scores differ in the right direction; each with a bootstrap interval over texts. `holders` and `counterparts`
tell what differs in the pair. Without arguments: the released model. Stores benchmarks/results/perspective.json.

Knows the corpus and its labels. Calibration was fitted on part of these texts: it moves few labels, and no weight.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from eval.resampling import draw
from models.axis import load_axis
from models.bundle import released_path
from models.classifier import StanceClassifier
from models.stance import StanceDistribution
from training.build_corpus import build_corpus
from training.corpus_file import LabelledStatement
from training.gold_files import gold_files

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "perspective.json"
Pair = tuple[LabelledStatement, LabelledStatement]


def pairs_of(statements: Sequence[LabelledStatement]) -> list[Pair]:
    """Neighbouring examples of one text with different labels, in the order of the corpus."""
    by_text: dict[str, list[LabelledStatement]] = defaultdict(list)
    for one in statements:
        by_text[one.text].append(one)
    return [pair for same in by_text.values() for pair in pairwise(same) if pair[0].label != pair[1].label]


@cache
def held_back_pairs(axis_name: str) -> list[Pair]:
    """Built once, however many models are measured: the check for near-duplicates takes a minute."""
    axis = load_axis(axis_name)
    corpus = build_corpus([ROOT / "training" / "corpus"], axis, against=gold_files(axis))
    return pairs_of([*corpus.calibration, *corpus.test])


def measured(pairs: Sequence[Pair], found: dict[str, StanceDistribution]) -> dict[str, Any]:
    values = {label.name: label.value for label in next(iter(found.values())).axis.all_labels}
    both, same, right_way, on_axis = [], [], [], []
    for one, other in pairs:
        first, second = found[one.id], found[other.id]
        both.append(first.label == one.label and second.label == other.label)
        same.append(first.label == second.label)
        low, high = values[one.label], values[other.label]
        on_axis.append(low is not None and high is not None)
        right_way.append(on_axis[-1] and (first.score - second.score) * ((low or 0) - (high or 0)) > 0)
    draws = draw([one.text for one, _ in pairs])

    def share(hits: Sequence[bool], among: Sequence[bool]) -> dict[str, float | None]:
        counted = np.asarray(among, float)
        samples = draws.counts @ np.asarray(hits, float) / np.maximum(draws.counts @ counted, 1)
        value = float(np.sum(hits) / max(1.0, counted.sum()))
        return draws.proportion(value, samples, int(counted.sum())).as_json()

    everywhere = [True] * len(pairs)
    return {
        "pairs": len(pairs),
        "both_right": share(both, everywhere),
        "same_answer": share(same, everywhere),
        "right_direction": share(right_way, on_axis),
        "pairs_on_axis": sum(on_axis),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="*", default=[released_path()])
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for path in options.model:
        classifier = StanceClassifier.load(path)
        pairs = held_back_pairs(classifier.bundle.axis.name)
        asked = {one.id: one for pair in pairs for one in pair}
        stances = classifier.classify([one.statement for one in asked.values()])
        found = dict(zip(asked, stances, strict=True))
        kinds = {
            "all": pairs,
            "holders": [pair for pair in pairs if pair[0].holder != pair[1].holder],
            "counterparts": [pair for pair in pairs if pair[0].holder == pair[1].holder],
        }
        results[classifier.bundle.version] = {name: measured(part, found) for name, part in kinds.items()}
        print(classifier.bundle.version, json.dumps(results[classifier.bundle.version], indent=1), flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
