"""What active learning saves: simulated annotation of the corpus, each strategy against random choice.

    pip install '.[benchmark]'
    OMP_NUM_THREADS=1 python -m benchmarks.active_learning

From 300 random labels of the corpus' training part on, a strategy names the next batch, its labels are revealed and
the learner is fitted anew. The learner is logistic regression on frozen MiniLM embeddings of statement and
perspective: fine-tuning some hundreds of times is out of reach on a CPU. The best strategy is chosen on the
calibration part; every figure is from the test part. Cost is counted in labels and in texts, for the perspectives of
a text are read together.

Stores benchmarks/results/active_learning.json and a plot of it; keeps embeddings and finished curves under
runs/active_learning, so that it goes on where it stopped. Knows the simulation; the strategies are in
query_strategies.py.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from benchmarks.query_strategies import STRATEGIES, Moment, Rows
from models.axis import load_axis
from models.statement import Statement
from training.build_corpus import Corpus, build_corpus
from training.corpus_file import LabelledStatement
from training.gold_files import gold_files
from training.pretrained import encoder_folder

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "active_learning.json"
WORK = ROOT / "runs" / "active_learning"
POOL = 8_000
START = 300
SIZES = (300, *range(400, 1001, 100), *range(1250, 3001, 250), 3500, 4000, 4500, 5000)
SEEDS = (1, 2, 3)
TARGET = 0.95
# As in benchmarks/quality_peers.py.
C = 0.01
RANDOM = "random"
SHOWN = (RANDOM, "random, whole texts", "queue: diverse", "queue: margin", "small-text: contrastive")


@dataclass(frozen=True, kw_only=True)
class Part:
    """Statements, their embeddings (rows, 2 × width) and labels as places on the axis (rows,)."""

    statements: tuple[Statement, ...]
    vectors: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is annotated, what chooses the strategy and what is reported. Features are standardised on the pool."""

    pool: Part
    calibration: Part
    test: Part
    scaler: StandardScaler
    regression: LogisticRegression
    corpus_hash: str

    @property
    def name(self) -> str:
        """Of what a curve depends on besides strategy, seed and schedule."""
        weights = "balanced" if self.regression.class_weight else "plain"
        return f"{self.corpus_hash[:12]}-{len(self.pool.labels)}-{self.regression.C}-{weights}"


@dataclass(kw_only=True)
class Curve:
    """One strategy and seed: cost and quality after each batch."""

    labels: list[int]
    texts: list[int]
    chosen_on: list[float]
    accuracy: list[float]
    macro_f1: list[float]
    query_seconds: float


def whole_groups(statements: Sequence[LabelledStatement], number: int) -> list[LabelledStatement]:
    """About `number` of the statements, whole groups: what shares a text stays together."""
    groups: dict[str, list[LabelledStatement]] = {}
    for one in statements:
        groups.setdefault(one.group, []).append(one)
    names = sorted(groups)
    random.Random(0).shuffle(names)
    found: list[LabelledStatement] = []
    for name in names:
        if len(found) >= number:
            break
        found += groups[name]
    return found


def prepared(corpus: Corpus, names: Sequence[str], *, pool: int, regression: LogisticRegression, work: Path) -> Data:
    """Embeds what is not in the work folder yet."""
    parts = [whole_groups(corpus.train, pool), corpus.calibration, corpus.test]
    strings = {s.text for part in parts for s in part} | {s.statement.perspective or "nobody" for p in parts for s in p}
    store = work / "embeddings.npz"
    known: dict[str, np.ndarray] = {}
    if store.exists():
        with np.load(store) as stored:
            known = dict(zip(stored["strings"].tolist(), stored["vectors"], strict=True))
    missing = sorted(strings - set(known))
    if missing:
        from benchmarks.quality_peers import mean_embeddings

        folder = Path(encoder_folder("minilm"))
        known |= dict(zip(missing, mean_embeddings(folder, missing, report=print), strict=True))
        np.savez(store, strings=np.array(list(known)), vectors=np.stack(list(known.values())))

    def part(members: Sequence[LabelledStatement]) -> Part:
        return Part(
            statements=tuple(s.statement for s in members),
            vectors=np.stack(
                [np.concatenate([known[s.text], known[s.statement.perspective or "nobody"]]) for s in members]
            ),
            labels=np.array([names.index(s.label) for s in members]),
        )

    made = [part(members) for members in parts]
    return Data(
        pool=made[0],
        calibration=made[1],
        test=made[2],
        scaler=StandardScaler().fit(made[0].vectors),
        regression=regression,
        corpus_hash=corpus.content_hash,
    )


class Learner:
    """Logistic regression on standardised embeddings."""

    def __init__(self, data: Data, rows: Rows) -> None:
        self._scaler = data.scaler
        self._model = clone(data.regression)
        self._model.fit(self._scaler.transform(data.pool.vectors[rows]), data.pool.labels[rows])

    def predict(self, part: Part) -> np.ndarray:
        return self._model.predict(self._scaler.transform(part.vectors))

    def probabilities(self, part: Part) -> np.ndarray:
        """Shape (rows, labels seen so far)."""
        return self._model.predict_proba(self._scaler.transform(part.vectors))


def annotated(data: Data, strategy: str, *, seed: int, sizes: Sequence[int]) -> Curve:
    """The simulation. All strategies of one seed start from the same labels."""
    labelled = np.random.default_rng(seed).permutation(len(data.pool.labels))[: sizes[0]]
    curve = Curve(labels=[], texts=[], chosen_on=[], accuracy=[], macro_f1=[], query_seconds=0.0)
    for step, size in enumerate(sizes):
        learner = Learner(data, labelled)
        predicted = learner.predict(data.test)
        curve.labels.append(size)
        curve.texts.append(len({data.pool.statements[row].text for row in labelled}))
        curve.chosen_on.append(accuracy_score(data.calibration.labels, learner.predict(data.calibration)))
        curve.accuracy.append(accuracy_score(data.test.labels, predicted))
        curve.macro_f1.append(f1_score(data.test.labels, predicted, average="macro"))
        if size == sizes[-1]:
            break
        began = time.process_time()
        unlabelled = np.setdiff1d(np.arange(len(data.pool.labels)), labelled)
        moment = Moment(
            statements=data.pool.statements,
            vectors=data.pool.vectors,
            probabilities=learner.probabilities(data.pool),
            labelled=labelled,
            unlabelled=unlabelled,
            number=sizes[step + 1] - size,
            seed=1000 * seed + step,
        )
        found = STRATEGIES[strategy](moment)
        if len(set(found.tolist()) & set(unlabelled.tolist())) != moment.number:
            raise RuntimeError(f"{strategy} did not name {moment.number} different unlabelled rows")
        labelled = np.concatenate([labelled, found])
        curve.query_seconds += time.process_time() - began
    return curve


def reached(cost: Sequence[int], quality: Sequence[float], target: float) -> float | None:
    """The cost at which the isotonic curve through the points first reaches `target`; None beyond the last."""
    smooth = IsotonicRegression().fit_transform(cost, quality)
    if smooth[-1] < target:
        return None
    after = int(np.argmax(smooth >= target))
    if after == 0:
        return float(cost[0])
    share = (target - smooth[after - 1]) / (smooth[after] - smooth[after - 1])
    return float(cost[after - 1] + share * (cost[after] - cost[after - 1]))


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean, least and greatest over the seeds; null where a seed did not get there."""
    found = [one for one in values if one is not None]
    whole = len(found) == len(values)
    return {
        "mean": round(float(np.mean(found)), 4) if whole else None,
        "low": round(min(found), 4) if found else None,
        "high": round(max(found), 4) if whole else None,
        "seeds": [None if one is None else round(one, 4) for one in values],
    }


def area(cost: Sequence[int], quality: Sequence[float], low: int = 0, high: int = 0) -> float:
    """Mean quality over the cost, from the first point to the last or from `low` to `high`."""
    grid = np.linspace(low or cost[0], high or cost[-1], 200)
    return float(np.interp(grid, cost, quality).mean())


def summary(curves: dict[str, list[Curve]], full: dict[str, float]) -> dict[str, Any]:
    """For each strategy what it cost to reach the target, its mean quality, and that minus random's, by seed."""
    chance = curves[RANDOM]
    # Texts that all strategies have read: compared over these alone.
    low = max(c.texts[0] for own in curves.values() for c in own)
    high = min(c.texts[-1] for own in curves.values() for c in own)

    def by_text(curve: Curve) -> float:
        return area(curve.texts, curve.accuracy, low, high)

    found: dict[str, Any] = {}
    for name, own in curves.items():
        found[name] = {
            "labels_to_target": spread([reached(c.labels, c.accuracy, TARGET * full["accuracy"]) for c in own]),
            "texts_to_target": spread([reached(c.texts, c.accuracy, TARGET * full["accuracy"]) for c in own]),
            "labels_to_target_macro_f1": spread(
                [reached(c.labels, c.macro_f1, TARGET * full["macro_f1"]) for c in own]
            ),
            "mean_accuracy": spread([area(c.labels, c.accuracy) for c in own]),
            "mean_macro_f1": spread([area(c.labels, c.macro_f1) for c in own]),
            "mean_accuracy_calibration": spread([area(c.labels, c.chosen_on) for c in own]),
            "mean_accuracy_minus_random": spread(
                [area(c.labels, c.accuracy) - area(r.labels, r.accuracy) for c, r in zip(own, chance, strict=True)]
            ),
            "mean_accuracy_by_text_minus_random": spread(
                [by_text(c) - by_text(r) for c, r in zip(own, chance, strict=True)]
            ),
            "query_seconds": round(float(np.mean([c.query_seconds for c in own])), 1),
            "curves": [
                {key: [round(v, 4) for v in value] if isinstance(value, list) else value for key, value in one.items()}
                for one in (asdict(c) for c in own)
            ],
        }
    return found


def measured(data: Data, *, sizes: Sequence[int], seeds: Sequence[int], work: Path) -> dict[str, Any]:
    whole = Learner(data, np.arange(len(data.pool.labels)))
    predicted = whole.predict(data.test)
    full = {
        "accuracy": round(float(accuracy_score(data.test.labels, predicted)), 4),
        "macro_f1": round(float(f1_score(data.test.labels, predicted, average="macro")), 4),
    }
    print(f"with all {len(data.pool.labels)} labels: {full}", flush=True)
    curves: dict[str, list[Curve]] = {name: [] for name in STRATEGIES}
    for seed in seeds:
        for name in STRATEGIES:
            store = work / data.name / f"{name}, seed {seed}.json"
            if store.exists():
                curve = Curve(**json.loads(store.read_text(encoding="utf-8")))
            else:
                curve = annotated(data, name, seed=seed, sizes=sizes)
                store.parent.mkdir(parents=True, exist_ok=True)
                part = store.with_suffix(".partial")
                part.write_text(json.dumps(asdict(curve)), encoding="utf-8")
                part.replace(store)
            if tuple(curve.labels) != tuple(sizes):
                raise SystemExit(f"{store} is of another schedule: remove {store.parent}")
            curves[name].append(curve)
            print(
                f"{time.process_time():6.0f} s  seed {seed}  {name:36} "
                f"mean accuracy {area(curve.labels, curve.accuracy):.4f}  queries {curve.query_seconds:.0f} s",
                flush=True,
            )
    strategies = summary(curves, full)
    return {
        "learner": {
            "kind": "logistic regression on frozen MiniLM embeddings of text and perspective, not fine-tuned",
            "C": data.regression.C,
            "class_weight": data.regression.class_weight,
        },
        "corpus": data.corpus_hash,
        "pool": {"labels": len(data.pool.labels), "texts": len({s.text for s in data.pool.statements})},
        "test": {"labels": len(data.test.labels), "texts": len({s.text for s in data.test.statements})},
        "seeds": list(seeds),
        "target": TARGET,
        "with_all_labels": full,
        "best_on_calibration": max(strategies, key=lambda name: strategies[name]["mean_accuracy_calibration"]["mean"]),
        "strategies": strategies,
    }


def plot(results: dict[str, Any], path: Path) -> None:
    """Accuracy against labels and against texts for some, labels to the target for all."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    strategies = results["strategies"]
    target = results["target"] * results["with_all_labels"]["accuracy"]
    shown = [name for name in dict.fromkeys((*SHOWN, results["best_on_calibration"])) if name in strategies]
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(16, 4.8), width_ratios=(1, 1, 0.9), layout="constrained"
    )
    for name, colour in zip(shown, ("#222222", "#8a4fa3", "#b3411e", "#e09a2b", "#2f6db5", "#7a9a3a"), strict=False):
        curves = strategies[name]["curves"]
        accuracy = np.array([one["accuracy"] for one in curves])
        for panel, cost in ((left, "labels"), (middle, "texts")):
            where = np.mean([one[cost] for one in curves], axis=0)
            panel.plot(where, accuracy.mean(axis=0), "-", color=colour, label=name, linewidth=1.4)
            panel.fill_between(where, accuracy.min(axis=0), accuracy.max(axis=0), color=colour, alpha=0.12, linewidth=0)
    for panel, cost in ((left, "labels given"), (middle, "texts read")):
        panel.axhline(target, color="#888888", linestyle="--", linewidth=1)
        panel.set_xlabel(cost)
        panel.grid(alpha=0.3)
    left.set_ylabel(f"accuracy on the corpus' test part (n = {results['test']['labels']:,})")
    left.legend(fontsize=8, loc="lower right")
    left.set_title("mean and range of the seeds", fontsize=9)
    middle.set_title(
        f"dashed: {results['target']:.0%} of the accuracy with all {results['pool']['labels']:,} labels", fontsize=9
    )
    most = max(one["labels"][-1] for one in strategies[RANDOM]["curves"])

    def place(name: str) -> float:
        return float(np.mean([most * 1.1 if v is None else v for v in strategies[name]["labels_to_target"]["seeds"]]))

    order = sorted(strategies, key=place, reverse=True)
    for row, name in enumerate(order):
        seeds = [most * 1.05 if v is None else v for v in strategies[name]["labels_to_target"]["seeds"]]
        colour = "#222222" if name == RANDOM else "#b3411e" if name.startswith("queue") else "#2f6db5"
        right.plot(seeds, [row] * len(seeds), "o", color=colour, alpha=0.45, markersize=5)
        if strategies[name]["labels_to_target"]["mean"] is not None:
            right.plot(np.mean(seeds), row, "|", color=colour, markersize=14)
    right.axvline(most, color="#888888", linestyle=":", linewidth=1)
    right.set_yticks(range(len(order)), order, fontsize=8)
    right.set_xlabel("labels to the dashed line")
    right.set_title("each seed, and their mean; right of the dots: not reached", fontsize=9)
    right.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=int, default=POOL, help="corpus examples that may be labelled")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--strength", type=float, default=C, help="C of the regression (default: 0.01)")
    parser.add_argument("--plain", action="store_true", help="all examples weigh the same, not all labels")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    axis = load_axis()
    corpus = build_corpus([ROOT / "training" / "corpus"], axis, against=gold_files(axis))
    weights = None if options.plain else "balanced"
    regression = LogisticRegression(C=options.strength, max_iter=400, class_weight=weights)
    data = prepared(corpus, axis.names, pool=options.pool, regression=regression, work=options.work)
    sizes = [size for size in SIZES if size < len(data.pool.labels)]
    results = measured(data, sizes=sizes, seeds=options.seeds, work=options.work)
    options.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    plot(results, options.out.with_suffix(".png"))
    print(f"\nbest on the calibration part: {results['best_on_calibration']}")
    for name, one in sorted(results["strategies"].items(), key=lambda pair: -pair[1]["mean_accuracy"]["mean"]):
        print(
            f"{name:36} labels {one['labels_to_target']['mean']}  texts {one['texts_to_target']['mean']}  "
            f"accuracy {one['mean_accuracy']['mean']:.4f} ({one['mean_accuracy_minus_random']['mean']:+.4f}, "
            f"by text {one['mean_accuracy_by_text_minus_random']['mean']:+.4f})  "
            f"F1 {one['mean_macro_f1']['mean']:.4f}"
        )


if __name__ == "__main__":
    main()
