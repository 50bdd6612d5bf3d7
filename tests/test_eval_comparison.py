"""Paired comparisons of reports, and prevalence: that their intervals keep what they promise."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_eval_agreement import random_predictions

from detente.cli import main
from eval.comparison import holm
from eval.gold_set import read_gold
from eval.harness import evaluate_gold, write_report
from eval.prevalence import prevalence
from eval.scores import Predictions
from models.axis import load_axis

AXIS = load_axis()


def write_case(folder: Path, predictions: Predictions) -> Path:
    path = folder / "gold.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for row, label in enumerate(predictions.gold):
            record = {"id": f"u{row}", "text": f"Statement number {row}.", "label": label, "voice": ["a", "b"][row % 2]}
            lines.write(json.dumps({**record, "cluster": f"c{row // 2}"}) + "\n")
    return path


def write_pair(folder: Path, skills: tuple[float, float], seeds: tuple[int, int], units: int = 200) -> list[Path]:
    """Reports of two models on one gold; the same noise where the seeds are the same."""
    reports = []
    for name, skill, seed in zip(("left", "right"), skills, seeds, strict=True):
        gold = random_predictions(50, units)
        generator = np.random.default_rng(seed)
        logits = generator.normal(0, 1, (units, 6))
        logits[np.arange(units), gold.truth] += skill
        powers = np.exp(logits)
        predictions = Predictions(axis=AXIS, gold=gold.gold, probabilities=powers / powers.sum(axis=1, keepdims=True))
        report = evaluate_gold(
            read_gold(write_case(folder, gold), AXIS), predictions, source={"model": name}, baselines=False
        )
        reports.append(folder / f"{name}.json")
        write_report(report, reports[-1])
    return reports


def compared(folder: Path, reports: list[Path], *more: str) -> dict:
    assert main(["compare", *map(str, reports), "--out", str(folder / "c.json"), *more]) == 0
    return json.loads((folder / "c.json").read_text(encoding="utf-8"))


def test_a_clearly_better_model_is_named(tmp_path, capsys):
    found = compared(tmp_path, write_pair(tmp_path, (0.8, 3.0), (1, 2)))
    assert found["differences"]["alpha_ordinal"]["low"] > 0
    assert "right is better" in found["sentence"]
    assert "right is better" in capsys.readouterr().out
    assert {"voice=a", "voice=b", "label=open"} <= set(found["slices"])


def test_lower_is_better_is_understood(tmp_path):
    reports = write_pair(tmp_path, (0.8, 3.0), (1, 2))
    assert "right is better" in compared(tmp_path, reports, "--measure", "brier")["sentence"]


def test_no_difference_is_not_called_equality(tmp_path):
    found = compared(tmp_path, write_pair(tmp_path, (1.5, 1.5), (1, 2)))
    assert found["sentence"].startswith("No difference is shown")
    assert "not evidence that they are equal" in found["sentence"]


def test_equivalence_needs_a_margin_given_beforehand(tmp_path):
    reports = write_pair(tmp_path, (3.5, 3.5), (1, 2), units=400)
    assert "equivalent within ±0.1" in compared(tmp_path, reports, "--margin", "0.1")["sentence"]


def test_pairing_makes_the_interval_narrower(tmp_path):
    same_noise = compared(tmp_path, write_pair(tmp_path, (1.4, 1.6), (1, 1)))["differences"]["accuracy"]
    other_noise = compared(tmp_path, write_pair(tmp_path, (1.4, 1.6), (1, 2)))["differences"]["accuracy"]
    assert same_noise["high"] - same_noise["low"] < 0.6 * (other_noise["high"] - other_noise["low"])


def test_holm_against_a_worked_example():
    # Wright 1992, Biometrics 48, as in R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_holds_false_alarms_over_slices(tmp_path):
    found = compared(tmp_path, write_pair(tmp_path, (1.5, 1.5), (3, 4)))
    raw = [one["p"] for one in found["slices"].values() if one["p"] is not None]
    corrected = [one["p_holm"] for one in found["slices"].values() if "p_holm" in one]
    assert len(raw) == len(corrected) > 5
    assert all(after >= before for before, after in zip(raw, corrected, strict=True))
    assert min(corrected) > 0.05


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda report: report.pop("units"), "lacks the field 'units'"),
        (
            lambda report: report["units"][0].update(gold="none" if report["units"][0]["gold"] != "none" else "open"),
            "has the gold label",
        ),
        (lambda report: [unit.update(id="x" + unit["id"]) for unit in report["units"]], r"share 0 unit\(s\)"),
        (lambda report: report["provenance"].update(axis_hash="0"), "another 'negotiation' axis"),
    ],
)
def test_reports_that_cannot_be_compared(tmp_path, capsys, change, fault):
    left, right = write_pair(tmp_path, (1, 2), (1, 2), units=40)
    report = json.loads(right.read_text(encoding="utf-8"))
    change(report)
    right.write_text(json.dumps(report), encoding="utf-8")
    assert main(["compare", str(left), str(right)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert re.search(fault, message)


def corpus(generator: np.random.Generator, size: int, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-hot truths and biased predictions: the classifier takes half of label 0 for label 1."""
    truth = generator.choice(len(shares), size, p=shares)
    seen = np.where((truth == 0) & (generator.random(size) < 0.5), 1, truth)
    seen = np.where(generator.random(size) < 0.1, generator.choice(len(shares), size), seen)
    return np.eye(len(shares))[truth], np.eye(len(shares))[seen]


def test_prevalence_intervals_cover_the_truth_where_counting_does_not():
    shares = np.array([0.3, 0.2, 0.1, 0.1, 0.2, 0.1])
    generator = np.random.default_rng(11)
    trials, covered, naive_off, widths = 400, np.zeros(6), [], []
    for _ in range(trials):
        labels, predicted = corpus(generator, 1000, shares)
        found = prevalence(
            labels[:200],
            predicted[:200],
            predicted[200:],
            labelled_clusters=[str(row) for row in range(200)],
            corpus_clusters=[str(row) for row in range(800)],
        )
        covered += [one.low <= share <= one.high for one, share in zip(found.corrected, shares, strict=True)]
        naive_off.append(abs(found.naive[0] - shares[0]))
        widths.append([sum(one.high - one.low for one in part) for part in (found.corrected, found.labelled_only)])
        assert sum(one.value for one in found.corrected) == pytest.approx(1)
    # 400 trials at 95 %: three standard errors are 3.3 points.
    assert (covered / trials > 0.915).all()
    assert (covered / trials < 0.985).all()
    assert np.mean(naive_off) > 0.1
    corrected, alone = np.mean(widths, axis=0)
    assert corrected < 0.85 * alone


def test_useless_predictions_cost_nothing():
    generator = np.random.default_rng(3)
    labels = np.eye(6)[generator.integers(0, 6, 150)]
    noise = np.eye(6)[generator.integers(0, 6, 3150)]
    found = prevalence(
        labels,
        noise[:150],
        noise[150:],
        labelled_clusters=[str(row) for row in range(150)],
        corpus_clusters=[str(row) for row in range(3000)],
    )
    assert found.tuning < 0.1
    for corrected, alone in zip(found.corrected, found.labelled_only, strict=True):
        assert corrected.value == pytest.approx(alone.value, abs=0.02)


def test_prevalence_from_files(tmp_path, capsys):
    predictions = random_predictions(9, 400, skill=2.0)
    scored = tmp_path / "scored.jsonl"
    with scored.open("w", encoding="utf-8") as lines:
        for row, label in enumerate(predictions.labels):
            probabilities = dict(zip(AXIS.names, predictions.probabilities[row].tolist(), strict=True))
            record = {"id": f"s{row}", "text": f"Statement {row}.", "label": label, "probabilities": probabilities}
            lines.write(json.dumps({**record, "model": "m-1", "error": None}) + "\n")
        lines.write(json.dumps({"text": "", "error": "no text"}) + "\n")
    gold = tmp_path / "gold.jsonl"
    with gold.open("w", encoding="utf-8") as lines:
        for row in range(80):
            sampling = "random" if row < 60 else "uncertain"
            record = {"id": f"g{row}", "text": f"Statement {row}.", "label": predictions.gold[row]}
            lines.write(json.dumps({**record, "sampling": sampling}) + "\n")
    assert main(["prevalence", str(scored), "--gold", str(gold), "--out", str(tmp_path / "p.json")]) == 0
    found = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    # The 20 units picked for being uncertain do not count as labelled; they stay in the corpus.
    assert (found["labelled"], found["unlabelled"], found["failed_rows"]) == (60, 340, 1)
    expected = prevalence(
        np.eye(6)[predictions.truth[:60]],
        predictions.probabilities[:60],
        predictions.probabilities[60:],
        labelled_clusters=[str(row) for row in range(60)],
        corpus_clusters=[str(row) for row in range(340)],
    )
    for name, one in zip(AXIS.names, expected.corrected, strict=True):
        assert found["shares"][name]["value"] == pytest.approx(one.value)
        assert found["shares"][name]["low"] == pytest.approx(one.low)
    gold.write_text(gold.read_text(encoding="utf-8").replace("Statement 3.", "Foreign text."), encoding="utf-8")
    assert main(["prevalence", str(scored), "--gold", str(gold)]) == 2
    assert "gold.jsonl:4: the unit 'g3' is not among the scored statements" in capsys.readouterr().err
