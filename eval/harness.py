"""The harness: a gold file and predictions in, one agreement report out.

Knows which parts a report has and how it is put together; each part is another file. Does not know how
the model works, how the report is printed, or how gold is collected.
"""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from eval.baselines import Lexicon, TfidfRegression, corpus_examples, majority
from eval.contingency import label_scores, tables
from eval.curves import reliability_curve, risk_coverage_curve
from eval.gold_set import GoldSet
from eval.leakage import check_leakage, refuse_leaks
from eval.pass_agreement import pass_agreement
from eval.replacement import replacement_report
from eval.resampling import LEVEL, REPLICATES, SEED, Draws, draw
from eval.scores import Predictions, confusion, measures, per_label, replicate_measures
from eval.slices import DEFAULT_FIELDS, slice_values, slices_report, with_intervals
from models.axis import Axis
from models.calibration import read_calibration
from models.classifier import StanceClassifier
from models.errors import InputError
from models.statement import Statement

FORMAT = 2
WORST_ERRORS = 20
LIBRARIES = ("numpy", "scipy", "scikit-learn", "krippendorff", "openvino")


def predict(
    classifier: StanceClassifier, statements: Sequence[Statement], gold: Sequence[str], ids: Sequence[str] = ()
) -> Predictions:
    rows = [stance.probabilities for stance in classifier.classify(statements)]
    return Predictions(axis=classifier.bundle.axis, gold=tuple(gold), probabilities=np.array(rows), ids=tuple(ids))


def evaluate(
    gold: GoldSet,
    classifier: StanceClassifier,
    *,
    baselines: bool = True,
    allow_leak: bool = False,
    slice_fields: Sequence[str] = (),
    margin: float | None = None,
) -> dict[str, Any]:
    """The report on a model as JSON-ready dicts; `docs/evaluation.md` explains every field.

    Raises GoldError where units overlap the model's training corpus, unless `allow_leak`. `margin` is the
    equivalence margin on nominal alpha; without it the gold's metadata may give one.
    """
    check = check_leakage(gold, classifier.bundle)
    if not allow_leak:
        refuse_leaks(gold, check)
    predictions = predict(
        classifier, [unit.statement for unit in gold.units], gold.labels, [unit.id for unit in gold.units]
    )
    bundle = classifier.bundle
    report = evaluate_gold(
        gold,
        predictions,
        source={"model": bundle.version, "model_hash": bundle.content_hash, "origin": bundle.manifest.get("origin")},
        baselines=baselines,
        slice_fields=slice_fields,
        margin=margin,
    )
    report["leakage"] = {
        "checked": list(check.looked_for),
        "allowed": allow_leak,
        "sentence": check.sentence,
        "units": [asdict(leak) for leak in check.leaks],
    }
    report["abstention"] = _abstention(predictions, read_calibration(bundle.calibration).abstain_below)
    return report


def evaluate_gold(
    gold: GoldSet,
    predictions: Predictions,
    *,
    source: dict[str, Any],
    baselines: bool = True,
    slice_fields: Sequence[str] = (),
    margin: float | None = None,
) -> dict[str, Any]:
    """The report on any predictions for the gold's units; `source` says whose they are."""
    axis, clusters = gold.axis, gold.clusters
    draws = draw(clusters)
    report = _core(predictions, clusters, draws)
    report.update(pass_agreement(gold, predictions.predicted, draws))
    chosen_margin = margin if margin is not None else gold.metadata.equivalence_margin
    replacement = replacement_report(gold, predictions.predicted, draws, chosen_margin)
    if replacement:
        report["replacement"] = replacement
    report["reliability"] = reliability_curve(predictions, draws)
    report["risk_coverage"] = risk_coverage_curve(predictions, draws)
    fields = list(dict.fromkeys([*DEFAULT_FIELDS, *gold.metadata.slice_fields, *slice_fields]))
    report["slices"] = slices_report(gold, predictions, draws, fields)
    if baselines:
        report["baselines"] = _baselines(axis, gold, predictions, draws)
    report["worst_errors"] = _worst_errors(gold, predictions)
    report["units"] = _units(gold, predictions, fields)
    report["scope"] = gold.metadata.scope
    report["adjudication"] = gold.metadata.adjudication
    report["provenance"] = {
        "format": FORMAT,
        **source,
        "axis": axis.name,
        "axis_hash": axis.content_hash,
        "axis_values": dict(zip(axis.on_axis_names, axis.values, strict=True)),
        "data": gold.path.name,
        "data_hash": gold.sha256,
        "bootstrap": {
            "interval": "BCa",
            "replicates": REPLICATES,
            "level": LEVEL,
            "seed": SEED,
            "clusters": len(set(clusters)),
        },
        "libraries": {name: version(name) for name in LIBRARIES},
        "detente": version("detente"),
        "code_hash": _code_hash(),
        "python": platform.python_version(),
    }
    return report


def evaluate_predictions(
    classifier: StanceClassifier, statements: Sequence[Statement], labels: Sequence[str], clusters: Sequence[str]
) -> dict[str, Any]:
    """The part of the report that needs no gold file: for held-back parts of a training corpus."""
    return _core(predict(classifier, statements, labels), clusters, draw(clusters))


def _core(predictions: Predictions, clusters: Sequence[str], draws: Draws) -> dict[str, Any]:
    independent = len(set(clusters))
    found = with_intervals(predictions, draws, independent)
    return {
        "n": len(predictions.gold),
        "clusters": independent,
        **{name: interval.as_json() for name, interval in found.items()},
        "undefined": {name: _why(name, predictions) for name, one in found.items() if not np.isfinite(one.value)},
        "per_label": _per_label(predictions, draws, independent),
        "confusion": {
            "labels": list(predictions.axis.names),
            "rows_gold_columns_predicted": confusion(predictions),
        },
    }


def _why(name: str, predictions: Predictions) -> str:
    """In words, why a measure has no value."""
    on_axis = len(predictions.axis.labels)
    both = int(((predictions.truth < on_axis) & (predictions.predicted < on_axis)).sum())
    if name.startswith(("alpha", "kappa", "gwet")):
        if both < 2:
            return f"{both} unit(s) that both the gold and the predictions put on the axis: two are needed"
        return "no variation: gold and predictions use one and the same label on all shared units"
    if name == "mae":
        return "no unit whose gold label is on the axis"
    return "no unit that it could be computed on"


def _per_label(predictions: Predictions, draws: Draws, clusters: int) -> dict[str, Any]:
    """Precision, recall and F1 of each label, each with its interval beside it."""
    size = len(predictions.axis.names)
    drawn = label_scores(tables(draws.counts, predictions.truth, predictions.predicted, size))
    result: dict[str, Any] = {}
    for place, (name, row) in enumerate(per_label(predictions).items()):
        result[name] = {**row}
        in_gold, in_predicted = int(row["support"]), int((predictions.predicted == place).sum())
        for measure, samples, units in zip(
            ("precision", "recall", "f1"), drawn, (in_predicted, in_gold, in_gold + in_predicted), strict=True
        ):
            value = row[measure] if units else float("nan")
            interval = (
                draws.interval(value, samples[:, place])
                if measure == "f1"
                else draws.proportion(value, samples[:, place], max(1, min(units, clusters)))
            )
            result[name][f"{measure}_interval"] = interval.as_json()
    return result


def _abstention(predictions: Predictions, threshold: float) -> dict[str, Any]:
    kept = predictions.confidence >= threshold
    return {
        "threshold": threshold,
        "kept_share": float(kept.mean()),
        "kept_accuracy": float(predictions.correct[kept].mean()) if kept.any() else None,
    }


def _baselines(axis: Axis, gold: GoldSet, predictions: Predictions, draws: Draws) -> dict[str, Any]:
    """Every measure of each baseline, and how far the model is ahead of it on the same draws."""
    statements = [unit.statement for unit in gold.units]
    found = {"majority": majority(axis, gold.labels)}
    if Lexicon.path(axis).is_file():
        found["lexicon"] = Lexicon(axis).predict(statements, gold.labels)
    examples, labels = corpus_examples(axis)
    if len(set(labels)) > 1:
        found["tfidf_logistic_regression"] = TfidfRegression(axis, examples, labels).predict(statements, gold.labels)
    ours, our_samples = measures(predictions), replicate_measures(predictions, draws.counts)
    result: dict[str, Any] = {}
    for name, theirs in found.items():
        values, samples = measures(theirs), replicate_measures(theirs, draws.counts)
        result[name] = {
            key: one.as_json() for key, one in with_intervals(theirs, draws, len(set(gold.clusters))).items()
        }
        result[name]["model_minus_baseline"] = {
            key: draws.interval(ours[key] - values[key], our_samples[key] - samples[key]).as_json()
            for key in ("alpha_ordinal", "alpha_nominal", "macro_f1", "accuracy")
        }
    return result


def _worst_errors(gold: GoldSet, predictions: Predictions) -> list[dict[str, Any]]:
    """The wrong units to which the model gave the gold label the least probability, worst first."""
    given = predictions.probabilities[np.arange(len(gold.units)), predictions.truth]
    wrong = sorted(np.flatnonzero(~predictions.correct), key=lambda row: (given[row], row))
    return [
        {
            "id": gold.units[row].id,
            "text": gold.units[row].statement.text,
            "holder": gold.units[row].statement.holder,
            "counterpart": gold.units[row].statement.counterpart,
            "gold": predictions.gold[row],
            "label": predictions.labels[row],
            "confidence": round(float(predictions.confidence[row]), 4),
            "probability_of_gold": round(float(given[row]), 4),
        }
        for row in wrong[:WORST_ERRORS]
    ]


def _units(gold: GoldSet, predictions: Predictions, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Every unit without its text: what a paired comparison of two reports needs."""
    names = gold.axis.names
    return [
        {
            "id": unit.id,
            "gold": unit.label,
            "label": label,
            "probabilities": dict(zip(names, row, strict=True)),
            "cluster": cluster,
            "slices": [f"{name}={value}" for name in fields for value in slice_values(unit, name)],
        }
        for unit, label, row, cluster in zip(
            gold.units,
            predictions.labels,
            predictions.probabilities.round(6).tolist(),
            gold.clusters,
            strict=True,
        )
    ]


def _code_hash() -> str:
    """sha256 over the source of `eval` and `models`: which code the figures come from."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted([*root.glob("eval/*.py"), *root.glob("models/*.py")]):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def write_report(report: dict[str, Any], path: Path) -> None:
    """Writes the report as JSON. Raises InputError where the file cannot be written."""
    try:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as fault:
        raise InputError(f"cannot write {path}: {fault.strerror}; name another file with --out") from None
