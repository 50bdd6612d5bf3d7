"""The report: its contract, its page, and the refusal to evaluate on training texts, with a real bundle."""

import json
import os
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from test_eval_agreement import random_predictions

from detente.cli import main
from eval.baselines import TfidfRegression
from eval.gold_metadata import metadata_path
from eval.gold_set import read_gold
from eval.harness import evaluate_gold
from eval.html_report import as_html
from eval.leakage import GRAM, SKETCHES, near_duplicates, write_corpus_traces
from eval.scores import MEASURES
from models.axis import load_axis
from models.bundle import write_manifest
from models.calibration import uncalibrated
from models.statement import Statement

AXIS = load_axis()
BROWSER = Path(__file__).parent / "browser"
SEED_GOLD = Path(__file__).parent.parent / "eval" / "gold" / "seed_article.jsonl"
HOSTILE = '<script>alert("x")</script> & "quoted" <b>'


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of 120 units with passes, conflicts, clusters and a text that tries to break the page."""
    predictions = random_predictions(21, 120, skill=1.2)
    path = tmp_path_factory.mktemp("gold") / "gold.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for row, label in enumerate(predictions.gold):
            other = label if row % 9 else "none"
            record = {"id": f"u{row}", "text": f"{HOSTILE} {row} " + "word " * (row % 40), "label": label}
            more = {"holder": "Aland", "label_a": label, "label_b": other, "cluster": f"c{row // 3}"}
            lines.write(json.dumps({**record, **more, "conflict": "lake" if row < 114 else "hill"}) + "\n")
    metadata_path(path).write_text(json.dumps({"protected_slices": ["conflict=hill"], "scope": "a made-up sample"}))
    return evaluate_gold(read_gold(path, AXIS), predictions, source={"model": "m", "model_hash": "0" * 64})


def test_contract(report):
    contract = [
        "alpha_ordinal",
        "macro_f1",
        "accuracy",
        "within_one",
        "mae",
        "kappa_quadratic",
        "on_axis_f1",
        "ece",
        "brier",
    ]
    for name in {*contract, *(measure.name for measure in MEASURES)}:
        assert report[name]["low"] <= report[name]["value"] <= report[name]["high"], name
    assert report["n"] == 120
    assert report["clusters"] == 40
    assert {"per_label", "confusion", "slices", "baselines", "annotator_alpha", "annotators"} <= set(report)
    assert {"model_hash", "axis_hash", "data_hash", "code_hash", "libraries"} <= set(report["provenance"])
    assert np.sum(report["confusion"]["rows_gold_columns_predicted"]) == 120
    json.dumps(report, allow_nan=False)


def test_three_hundred_units_take_seconds(tmp_path):
    predictions = random_predictions(2, 300)
    path = tmp_path / "gold.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for row, label in enumerate(predictions.gold):
            record = {
                "id": str(row),
                "text": f"Text {row}",
                "label": label,
                "conflict": f"c{row % 25}",
                "label_a": label,
            }
            lines.write(json.dumps({**record, "label_b": label, "voice": f"v{row % 3}"}) + "\n")
    gold = read_gold(path, AXIS)
    started = time.process_time()
    evaluate_gold(gold, predictions, source={"model": "m"}, baselines=False)
    assert time.process_time() - started < 10


def test_slices_show_intervals_and_mark_what_is_small_or_protected(report):
    lake, hill = report["slices"]["conflict=lake"], report["slices"]["conflict=hill"]
    assert (lake["small"], lake["protected"]) == (False, False)
    assert (hill["small"], hill["protected"], hill["n"], hill["clusters"]) == (True, True, 6, 2)
    # Two clusters: a share with its interval, and no bare number for anything else.
    assert hill["accuracy"]["low"] < hill["accuracy"]["high"]
    assert hill["alpha_ordinal"]["value"] is None
    for one in report["slices"].values():
        assert one["accuracy"]["low"] <= one["accuracy"]["value"] <= one["accuracy"]["high"]
    assert [key for key in report["slices"] if key.startswith("label=")] == [f"label={name}" for name in AXIS.names]


def test_risk_coverage_ends_at_the_error_rate_and_selection_helps(report):
    curve = report["risk_coverage"]
    assert curve[-1]["risk"]["value"] == pytest.approx(1 - report["accuracy"]["value"])
    assert report["aurc"]["value"] < curve[-1]["risk"]["value"]
    assert sum(point["n"] for point in report["reliability"]) == 120


def test_baselines_come_with_the_paired_difference(report):
    for one in report["baselines"].values():
        ahead = one["model_minus_baseline"]["macro_f1"]
        assert ahead["value"] == pytest.approx(report["macro_f1"]["value"] - one["macro_f1"]["value"])
        assert ahead["low"] <= ahead["value"] <= ahead["high"]


class Page(HTMLParser):
    """Collects tags and whatever could reach the network."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """An SVG element that closes itself."""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_stands_alone_and_escapes_what_it_shows(report):
    text = as_html(report)
    page = Page(text)
    assert page.open == []
    assert page.links == []
    assert "script" not in page.tags
    assert "url(" not in text
    assert "@import" not in text
    assert "&lt;script&gt;" in text
    assert page.tags.count("h1") == 1
    assert {"table", "svg", "figure", "blockquote"} <= set(page.tags)


def test_page_shows_the_numbers_of_the_report_and_refuses_the_claim(report):
    text = as_html(report)
    assert f"{report['alpha_ordinal']['value']:.3f}" in text
    assert f"{report['ece']['value']:.3f}" in text
    assert text.count("<blockquote>") == len(report["worst_errors"]) == 20
    assert "agreement of passes of unknown kind" in text
    # The words stand in the denial and nowhere else.
    assert len(re.findall("inter-coder reliability|human ceiling", text)) == 2
    assert "neither inter-coder reliability nor a human ceiling" in text


@pytest.mark.skipif(not (BROWSER / "node_modules").is_dir(), reason="run `npm ci --prefix tests/browser` first")
@pytest.mark.skipif(not shutil.which("chromium") and "CHROMIUM" not in os.environ, reason="no Chromium here")
def test_page_passes_axe_on_phone_desktop_and_paper(report, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(as_html(report), encoding="utf-8")
    done = subprocess.run(["node", BROWSER / "check_report.mjs", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A real bundle: a tiny encoder with random weights, that `StanceClassifier` loads as any other."""
    folder = tmp_path_factory.mktemp("bundle")
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = sorted({w for line in SEED_GOLD.read_text("utf-8").splitlines() for w in json.loads(line)["text"].split()})
    vocabulary = {word: place for place, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=6,
        id2label=dict(enumerate(AXIS.names)),
        label2id={name: place for place, name in enumerate(AXIS.names)},
    )
    BertForSequenceClassification(config).save_pretrained(folder / "checkpoint")
    fast.save_pretrained(folder / "checkpoint")
    uncalibrated(6).save(folder / "calibration.json")
    write_corpus_traces(
        folder, ["A sentence that only the corpus has.", "Another one of which nothing is in the gold."]
    )
    write_manifest(folder, version="tiny-0", axis=AXIS, max_length=128, origin={"recipe": "random weights"})
    return folder


def with_corpus(bundle: Path, folder: Path, texts: list[str]) -> Path:
    shutil.copytree(bundle, folder)
    write_corpus_traces(folder, texts)
    write_manifest(folder, version="tiny-0", axis=AXIS, max_length=128, origin={})
    return folder


def gold_texts() -> list[str]:
    return [json.loads(line)["text"] for line in SEED_GOLD.read_text("utf-8").splitlines()]


def evaluated(bundle: Path, out: Path, *more: str) -> int:
    arguments = ["evaluate", str(SEED_GOLD), "--model", str(bundle), "--engine", "torch", "--out", str(out)]
    return main([*arguments, "--no-baselines", *more])


def test_evaluation_of_a_bundle_end_to_end(bundle, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert evaluated(bundle, tmp_path / "report.json", "--html", str(page), "--slice", "holder") == 0
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["provenance"]["model"] == "tiny-0"
    assert report["leakage"]["units"] == []
    assert report["leakage"]["checked"] == ["exact texts", "near-duplicates"]
    assert report["slices"]["voice=quote"]["protected"]
    shown = capsys.readouterr().out
    assert "self-consistency (passes a, b; machine-assisted)" in shown
    assert "self-consistency" in page.read_text("utf-8")
    assert evaluated(bundle, tmp_path / "r.json", "--slice", "weather") == 2
    assert "no unit has the field 'weather'" in capsys.readouterr().err


def test_training_texts_are_refused_and_named_and_allowed_only_aloud(bundle, tmp_path, capsys):
    leaked = gold_texts()[7].upper().replace(".", " !")
    tainted = with_corpus(bundle, tmp_path / "tainted", ["An innocent sentence.", leaked])
    assert evaluated(tainted, tmp_path / "r.json") == 2
    message = capsys.readouterr().err
    assert "seed_article.jsonl:8: the field 'text' of unit g008 is the same text of a training text" in message
    assert evaluated(tainted, tmp_path / "r.json", "--allow-leak") == 0
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert report["leakage"]["allowed"]
    assert "g008" in [unit["id"] for unit in report["leakage"]["units"]]
    assert "overstate" in as_html(report)


def test_near_duplicates_are_refused(bundle, tmp_path, capsys):
    words = max(gold_texts(), key=len).split()
    rewritten = " ".join(["Moreover,", *words[: len(words) * 3 // 4], "and so on."])
    tainted = with_corpus(bundle, tmp_path / "tainted", ["An innocent sentence.", rewritten])
    assert evaluated(tainted, tmp_path / "r.json") == 2
    assert "is a near-duplicate of a training text" in capsys.readouterr().err


def test_sketches_are_small_and_estimate_containment(tmp_path):
    generator = np.random.default_rng(0)
    words = ["".join(generator.choice(list("abcdefghijklmnop"), 6)) for _ in range(4000)]
    texts = [" ".join(generator.choice(words, 22)) for _ in range(8000)]
    write_corpus_traces(tmp_path, texts)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_200_000
    assert (tmp_path / SKETCHES).stat().st_size < 1_000_000
    half = texts[5].split()
    queries = [
        texts[17],
        " ".join([*half[:18], *generator.choice(words, 4)]),
        " ".join([*half[:8], *generator.choice(words, 14)]),
        " ".join(generator.choice(words, 22)),
        "we will talk",
    ]
    found = near_duplicates(queries, tmp_path / SKETCHES)
    assert set(found) == {0, 1}
    assert found[0] == 1.0
    grams = [{text[i : i + GRAM] for i in range(len(text) - GRAM + 1)} for text in (texts[5], queries[1])]
    assert found[1] == pytest.approx(len(grams[0] & grams[1]) / min(map(len, grams)), abs=0.15)


def test_tfidf_baseline_learns_what_words_say():
    words = dict(zip(AXIS.names, ["never", "doubt", "met", "provided", "gladly", "rain"], strict=True))
    statements = [
        Statement(text=f"They say {word} in town {number}.", holder="X")
        for number in range(12)
        for word in words.values()
    ]
    labels = [name for _ in range(12) for name in words]
    found = TfidfRegression(AXIS, statements, labels).predict([Statement(text="Again they met.")], ["neutral"])
    assert found.labels == ("neutral",)
    assert found.probabilities.sum() == pytest.approx(1)
