"""The harness: a gold file and a model in, one agreement report out.

Knows which measures a report has and how it is put together. Does not know how the model works, how
the report is printed, or how gold is collected.
"""

import json
import math
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from eval.agreement import alpha_nominal, alpha_ordinal
from eval.baselines import Lexicon, TfidfRegression, corpus_examples, majority
from eval.gold_set import GoldSet
from eval.resampling import Interval, cluster_draws, intervals
from eval.scores import Predictions, confusion, measures, per_label
from models.axis import Axis
from models.classifier import StanceClassifier
from models.statement import Statement

CAVEAT = (
    "The labels come from two machine-assisted passes of the same kind of annotator, adjudicated: the agreement of "
    "the passes is self-consistency, neither inter-coder reliability nor a human ceiling, and a model that agrees "
    "with the labels agrees with this reading of the codebook; an error shared by both passes is invisible."
)
SLICE_FIELDS = ("voice", "conflict", "sampling")


def predict(classifier: StanceClassifier, statements: Sequence[Statement], gold: Sequence[str]) -> Predictions:
    rows = [stance.probabilities for stance in classifier.classify(statements)]
    return Predictions(axis=classifier.bundle.axis, gold=tuple(gold), probabilities=np.array(rows))


def evaluate(gold: GoldSet, classifier: StanceClassifier, *, baselines: bool = True) -> dict[str, Any]:
    """The report as JSON-ready dicts; the contract is in docs and held by tests."""
    axis = gold.axis
    statements = [unit.statement for unit in gold.units]
    predictions = predict(classifier, statements, gold.labels)
    draws = cluster_draws(gold.clusters)
    report = _core(predictions, gold.clusters)
    report.update(_annotators(gold))
    report["slices"] = _slices(gold, predictions)
    report["abstention"] = _abstention(classifier, predictions)
    if baselines:
        report["baselines"] = _baselines(axis, statements, gold.labels, draws)
    report["units"] = [
        {"id": unit.id, "gold": unit.label, "label": label, "probabilities": dict(zip(axis.names, row, strict=True))}
        for unit, label, row in zip(
            gold.units, predictions.labels, predictions.probabilities.round(6).tolist(), strict=True
        )
    ]
    report["provenance"] = {
        "model": classifier.bundle.version,
        "model_hash": classifier.bundle.content_hash,
        "axis": axis.name,
        "axis_hash": axis.content_hash,
        "data": gold.path.name,
        "data_hash": gold.sha256,
        "libraries": {name: version(name) for name in ("numpy", "scikit-learn", "krippendorff", "openvino")},
        "python": platform.python_version(),
    }
    return report


def evaluate_predictions(
    classifier: StanceClassifier, statements: Sequence[Statement], labels: Sequence[str], clusters: Sequence[str]
) -> dict[str, Any]:
    """The part of the report that needs no gold file: for held-back parts of a training corpus."""
    return _core(predict(classifier, statements, labels), clusters)


def _core(predictions: Predictions, clusters: Sequence[str]) -> dict[str, Any]:
    draws = cluster_draws(clusters)
    return {
        "n": len(predictions.gold),
        "clusters": len(set(clusters)),
        **_with_intervals(predictions, draws),
        "per_label": _per_label(predictions, draws),
        "confusion": {
            "labels": list(predictions.axis.names),
            "rows_gold_columns_predicted": confusion(predictions),
        },
    }


def _with_intervals(predictions: Predictions, draws: Sequence[np.ndarray]) -> dict[str, Any]:
    found = intervals(lambda rows: measures(predictions.take(rows)), len(predictions.gold), draws)
    return {name: _json(interval) for name, interval in found.items()}


def _per_label(predictions: Predictions, draws: Sequence[np.ndarray]) -> dict[str, Any]:
    """Precision, recall and F1 of each label, each with its interval beside it."""

    def statistic(rows: np.ndarray) -> dict[str, float]:
        table = per_label(predictions.take(rows))
        return {
            f"{name} {measure}": row[measure] if row["support"] or measure == "precision" else float("nan")
            for name, row in table.items()
            for measure in ("precision", "recall", "f1")
        }

    found = intervals(statistic, len(predictions.gold), draws)
    result: dict[str, Any] = {}
    for name, row in per_label(predictions).items():
        result[name] = {**row}
        for measure in ("precision", "recall", "f1"):
            result[name][f"{measure}_interval"] = _json(found[f"{name} {measure}"])
    return result


def _json(interval: Interval) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in asdict(interval).items()}


def _annotators(gold: GoldSet) -> dict[str, Any]:
    """Agreement of the first two passes, where every unit has them, under its true name."""
    names = sorted(set.intersection(*(set(unit.passes) for unit in gold.units)))
    if len(names) < 2:
        return {}
    left, right = ([unit.passes[name] for unit in gold.units] for name in names[:2])
    pairs = np.array([left, right])
    draws = cluster_draws(gold.clusters)

    def statistic(rows: np.ndarray) -> dict[str, float]:
        a, b = pairs[0, rows].tolist(), pairs[1, rows].tolist()
        return {"ordinal": alpha_ordinal(gold.axis, a, b), "nominal": alpha_nominal(gold.axis, a, b)}

    found = intervals(statistic, len(gold.units), draws)
    return {
        "annotator_alpha": {name: _json(interval) for name, interval in found.items()},
        "annotators": {"passes": names[:2], "kind": "machine-assisted", "called": "self-consistency", "note": CAVEAT},
    }


def _slices(gold: GoldSet, predictions: Predictions) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for field in SLICE_FIELDS:
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, unit in enumerate(gold.units):
            if unit.fields.get(field) is not None:
                rows_of[str(unit.fields[field])].append(row)
        for value, rows in sorted(rows_of.items()):
            part = predictions.take(np.array(rows))
            clusters = [gold.clusters[row] for row in rows]
            draws = cluster_draws(clusters, replicates=200)
            result[f"{field}={value}"] = {"n": len(rows), **_with_intervals(part, draws)}
    return result


def _abstention(classifier: StanceClassifier, predictions: Predictions) -> dict[str, Any]:
    confidence = predictions.probabilities.max(axis=1)
    threshold = json.loads(classifier.bundle.calibration.read_text(encoding="utf-8"))["abstain_below"]
    kept = np.flatnonzero(confidence >= threshold)
    right = [predictions.gold[row] == predictions.labels[row] for row in kept]
    return {
        "threshold": threshold,
        "kept_share": len(kept) / len(confidence),
        "kept_accuracy": float(np.mean(right)) if right else None,
    }


def _baselines(
    axis: Axis, statements: Sequence[Statement], gold: Sequence[str], draws: Sequence[np.ndarray]
) -> dict[str, Any]:
    found = {"majority": majority(axis, gold), "lexicon": Lexicon(axis).predict(statements, gold)}
    examples, labels = corpus_examples()
    if examples:
        found["tfidf_logistic_regression"] = TfidfRegression(axis, examples, labels).predict(statements, gold)
    return {name: _with_intervals(predictions, draws) for name, predictions in found.items()}


def write_report(report: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
