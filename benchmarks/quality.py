"""Détente against what one would use instead, on the same statements, in one run.

    pip install '.[benchmark,teacher]'
    python -m benchmarks.quality GOLD.jsonl [MORE.jsonl …]

Without files: the shipped gold. Stores benchmarks/results/quality.json and a plot of it. Every figure has
a 95 % cluster-bootstrap interval; ours minus each peer is drawn over the same clusters, with its p. Knows the order
of things; the peers are in quality_peers.py, the statistics in eval/.
"""

import argparse
import json
import platform
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import quality_peers as peers
from eval.baselines import Lexicon, TfidfRegression, majority
from eval.comparison import differences
from eval.gold_set import GoldSet, read_gold
from eval.harness import predict
from eval.resampling import draw
from eval.scores import Predictions, measures, replicate_measures
from models.axis import Axis, load_axis
from models.classifier import StanceClassifier
from models.statement import Statement
from training.build_corpus import build_corpus
from training.corpus_file import LabelledStatement
from training.train import gold_files

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "quality.json"
SHOWN = ("alpha_ordinal", "macro_f1", "accuracy", "on_axis_f1", "mae", "ece")
OURS = "Détente"
# MPNet is slow on a CPU: a part of the corpus, named in the results; all of it may do better.
EMBEDDED = 6_000


def peer_probabilities(
    axis: Axis,
    train: Sequence[LabelledStatement],
    gold: GoldSet,
    *,
    embedded: int,
    work: Path,
    report: Callable[[str], None],
) -> dict[str, Predictions]:
    """Each peer's predictions for the gold's units."""
    statements, labels = [unit.statement for unit in gold.units], gold.labels
    few = random.Random(1).sample(list(train), min(embedded, len(train)))

    def given(probabilities: np.ndarray) -> Predictions:
        return Predictions(axis=axis, gold=tuple(labels), probabilities=probabilities)

    found: dict[str, Predictions] = {"majority label": majority(axis, labels)}
    found["CAMEO-style lexicon"] = Lexicon(axis).predict(statements, labels)
    report("TF-IDF")
    tfidf = TfidfRegression(axis, [s.statement for s in train], [s.label for s in train])
    found["TF-IDF + LR"] = tfidf.predict(statements, labels)
    report("zero-shot NLI")
    sets = {name: given(peers.zero_shot(axis, statements, hypotheses=one)) for name, one in peers.HYPOTHESES.items()}
    best = max(sets, key=lambda name: measures(sets[name])["macro_f1"])
    found[f"zero-shot NLI (best of {len(sets)}: {best})"] = sets[best]
    for shots in (8, 32):
        report(f"SetFit {shots}")
        found[f"SetFit, {shots} a label"] = given(
            peers.setfit(axis, train, statements, shots=shots, seed=1, work=work / f"setfit-{shots}")
        )
    report("frozen MPNet")
    found["frozen MPNet + LR"] = given(peers.frozen_encoder(axis, few, statements, encoder="mpnet", report=report))
    return found


def measured(gold: GoldSet, ours: Predictions, others: dict[str, Predictions]) -> dict[str, Any]:
    """For each system its measures with intervals, and for each peer ours minus it with p."""
    draws = draw(gold.clusters)
    systems: dict[str, Any] = {}
    for name, predictions in {**others, OURS: ours}.items():
        values, samples = measures(predictions), replicate_measures(predictions, draws.counts)
        systems[name] = {one: draws.interval(values[one], samples[one]).as_json() for one in SHOWN}
        if name != OURS:
            found = differences((predictions, ours), draws)
            systems[name]["ours_minus_it"] = {
                one: {key: found[one][key] for key in ("value", "low", "high", "p")} for one in SHOWN
            }
    return {"n": len(gold.units), "clusters": len(set(gold.clusters)), "sha256": gold.sha256, "systems": systems}


def run(files: Sequence[Path], *, model: Path | None, embedded: int) -> dict[str, Any]:
    axis = load_axis()
    classifier = StanceClassifier.load(model)
    corpus = build_corpus([ROOT / "training" / "corpus"], axis, against=gold_files(axis))
    started = time.perf_counter()

    def report(text: str) -> None:
        print(f"{time.perf_counter() - started:6.0f} s  {text}", flush=True)

    golds = [read_gold(path, axis) for path in files]
    # All statements in one pass, so that what a peer learns is learnt once.
    joined = GoldSet(path=files[0], axis=axis, units=tuple(u for gold in golds for u in gold.units), sha256="")
    with tempfile.TemporaryDirectory() as work:
        everyone = peer_probabilities(axis, corpus.train, joined, embedded=embedded, work=Path(work), report=report)
    statements: list[Statement] = [unit.statement for unit in joined.units]
    ours = predict(classifier, statements, joined.labels)
    results: dict[str, Any] = {
        "model": classifier.bundle.version,
        "machine": f"{platform.machine()}, {platform.system()}",
        "trained_on": {"statements": len(corpus.train), "of them embedded by MPNet": min(embedded, len(corpus.train))},
        "setfit": {"encoder": "minilm", "iterations": peers.SETFIT_ITERATIONS, "seed": 1},
        "data": {},
    }
    first = 0
    for gold in golds:
        rows = np.arange(first, first + len(gold.units))
        first += len(gold.units)
        others = {name: one.take(rows) for name, one in everyone.items()}
        others["majority label"] = majority(axis, gold.labels)
        results["data"][gold.path.stem] = measured(gold, ours.take(rows), others)
    results["seconds"] = round(time.perf_counter() - started)
    return results


def plot(results: dict[str, Any], path: Path) -> None:
    """One panel a data set and measure: value and interval of each system."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(next(iter(results["data"].values()))["systems"])
    shown = (("alpha_ordinal", "α, ordinal"), ("macro_f1", "macro-F1"))
    figure, panels = plt.subplots(
        len(results["data"]), len(shown), figsize=(9, 0.6 + 2.6 * len(results["data"])), squeeze=False, sharey=True
    )
    for row, (data, content) in zip(panels, results["data"].items(), strict=True):
        for panel, (measure, title) in zip(row, shown, strict=True):
            for place, name in enumerate(names):
                one = content["systems"][name][measure]
                if one["value"] is None:
                    continue
                colour = "#b3411e" if name == OURS else "#44546a"
                panel.plot(one["value"], place, "o", color=colour)
                if one["low"] is not None:
                    panel.plot([one["low"], one["high"]], [place, place], "-", color=colour)
            panel.set_yticks(range(len(names)), names)
            panel.set_title(f"{data} (n = {content['n']}): {title}", fontsize=9)
            panel.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path, nargs="*", default=[ROOT / "eval" / "gold" / "seed_article.jsonl"])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--embedded", type=int, default=EMBEDDED, help="corpus statements that MPNet embeds")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    results = run(options.gold, model=options.model, embedded=options.embedded)
    options.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    plot(results, options.out.with_suffix(".png"))
    for data, content in results["data"].items():
        print(f"\n{data}, n = {content['n']}")
        for name, one in content["systems"].items():
            p = one.get("ours_minus_it", {}).get("macro_f1", {}).get("p")
            cells = "  ".join(f"{m} {one[m]['value']:.3f}" for m in SHOWN if one[m]["value"] is not None)
            print(f"{name:42} {cells}" + (f"  p(F1) {p:.4f}" if p is not None else ""))


if __name__ == "__main__":
    main()
