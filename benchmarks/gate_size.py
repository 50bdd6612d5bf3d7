"""How often does the gate call one of two equal models worse at a protected part? Old test beside new.

    python -m benchmarks.gate_size [--pairs 300]

Equal models by construction: in every cluster both are right with the same probability (drawn for the cluster,
Beta(2, 1.2), about 0.62 on average), independently. The parts are the real ones: slices of the corpus test and
capabilities of the behaviours, with their clusters. A pair counts as refused where any part has a p below the gate's
level after Holm. `bootstrap` is what rules 1 used, `exchange` what rules 2 use. Power is the same count where the
second model forgets one capability (its probability there times 0.6).

Stores benchmarks/results/gate_size.json. Knows parts and p-values; no model is run.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from eval.comparison import holm
from eval.randomisation import worse_share_p
from eval.resampling import Draws, draw
from models.axis import load_axis
from models.bundle import open_bundle, released_path
from training.gate_checks import protected_rows
from training.gate_engine import behaviour_suite
from training.gate_rules import read_rules, rules_path
from training.gate_sets import corpus_of, gate_sets

RESULTS = Path(__file__).parent / "results" / "gate_size.json"
FORGOTTEN = "capability=counterpart_swap"
Parts = dict[str, tuple[np.ndarray, list[str]]]


def parts() -> tuple[Parts, list[str]]:
    """Name to rows and their clusters, and the cluster of every row."""
    axis = load_axis()
    rules = read_rules(rules_path(axis.name))
    test = next(
        one
        for one in gate_sets(
            axis, corpus_of(open_bundle(released_path(axis.name))), new_gold=(), slice_fields=rules.slices["fields"]
        )
        if one.role == "corpus_test"
    )
    clusters = [f"test {name}" for name in test.clusters]
    kept = {
        name: (rows, [clusters[row] for row in rows])
        for name, rows in protected_rows(test, rules).items()
        if not name.startswith("label=")
    }
    suite = behaviour_suite(axis)
    assert suite is not None
    cases: dict[str, list[int]] = {}
    for case in suite.cases:
        cases.setdefault(f"capability={case.capability}", []).append(len(clusters))
        clusters.append(f"case {case.group}")
    # Capabilities are tested whatever their size, as the gate does.
    kept |= {name: (np.array(rows), [clusters[row] for row in rows]) for name, rows in cases.items()}
    return kept, clusters


def bootstrap_p(difference: np.ndarray, draws: Draws) -> float:
    """The test of rules 1."""
    if not difference.any():
        return 1.0
    samples = draws.counts @ difference / np.maximum(draws.counts.sum(axis=1), 1)
    p = 1 - draws.below(float(difference.mean()), samples, 0.0)
    return float(min(1.0, p)) if np.isfinite(p) else 1.0


def simulate(found: Parts, clusters: list[str], pairs: int, forget: str | None, replicates: int) -> dict[str, Any]:
    names = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    of_row = np.array([names[name] for name in clusters])
    drawn = {name: draw(own, replicates=replicates) for name, (_, own) in found.items()}
    generator = np.random.default_rng(5)
    refused = {"bootstrap": 0, "exchange": 0}
    for _ in range(pairs):
        skill = generator.beta(2, 1.2, len(names))[of_row]
        later = skill.copy()
        if forget:
            later[found[forget][0]] *= 0.6
        change = (generator.random(len(skill)) < later).astype(int) - (generator.random(len(skill)) < skill)
        p_values = {
            "bootstrap": [bootstrap_p(change[rows].astype(float), drawn[name]) for name, (rows, _) in found.items()],
            "exchange": [worse_share_p(change[rows], own) for rows, own in found.values()],
        }
        for name, listed in p_values.items():
            refused[name] += min(holm(listed)) < 0.05
    return {"pairs": pairs, "parts": len(found), "refused": {name: n / pairs for name, n in refused.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--replicates", type=int, default=10_000)
    options = parser.parse_args()
    found, clusters = parts()
    results = {
        "equal models": simulate(found, clusters, options.pairs, None, options.replicates),
        f"{FORGOTTEN} times 0.6": simulate(found, clusters, options.pairs, FORGOTTEN, options.replicates),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
