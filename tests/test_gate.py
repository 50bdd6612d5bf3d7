"""The gate: refuses what is worse in any protected way, lets what is better through, and promotion believes only it."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_bundle import make_tiny_bundle

from detente.cli import main
from eval.behaviour_cases import read_behaviours
from eval.scores import Predictions
from models.axis import load_axis
from models.bundle import MANIFEST, RELEASED_FOLDER, Bundle, open_bundle, released_path, write_manifest
from models.errors import BundleError, GateError
from models.history import current_version, read_history
from models.statement import Statement
from training.gate_checks import agreement_check, calibration_check, slice_drops, slices_check, superiority_check
from training.gate_engine import leak_check
from training.gate_pair import Pair
from training.gate_rules import GATES_FOLDER, read_rules, rules_path
from training.gate_sets import GateSet, gate_sets, slice_names
from training.promotion import promote, rollback
from training.promotion_gate import gate

AXIS = load_axis()
SHIPPED = read_rules(GATES_FOLDER / "default.toml")
RULES = dataclasses.replace(SHIPPED, slices={**SHIPPED.slices, "replicates": 1000})
MARGINS = RULES.non_inferiority["corpus_test"]


def units_of(count: int, seed: int = 1) -> GateSet:
    chance = np.random.default_rng(seed)
    labels = tuple(str(name) for name in chance.choice(AXIS.names, count))
    return GateSet(
        name="corpus test",
        role="corpus_test",
        statements=tuple(Statement(text=f"statement {n}", holder="x") for n in range(count)),
        labels=labels,
        clusters=tuple(str(n) for n in range(count)),
        slices=tuple((f"conflict={'abcdefghij'[n % 10]}", f"label={labels[n]}") for n in range(count)),
        sha256="0",
    )


def predictions(units: GateSet, right: np.ndarray, confidence: float = 0.7, seed: int = 2) -> Predictions:
    """Right where `right` says so, else another label; `confidence` on the label given."""
    chance = np.random.default_rng(seed)
    size = len(AXIS.names)
    truth = np.array([AXIS.index(label) for label in units.labels])
    given = np.where(right, truth, (truth + chance.integers(1, size, len(truth))) % size)
    rows = np.full((len(truth), size), (1 - confidence) / (size - 1))
    rows[np.arange(len(truth)), given] = confidence
    return Predictions(axis=AXIS, gold=units.labels, probabilities=rows)


def share(count: int, accuracy: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(count) < accuracy


def test_one_that_is_better_passes_and_one_that_is_worse_does_not() -> None:
    units = units_of(900)
    before = share(900, 0.6, 3)
    better = Pair(
        units=units, released=predictions(units, before), candidate=predictions(units, before | share(900, 0.4, 4))
    )
    worse = Pair(units=units, released=better.candidate, candidate=better.released)
    assert agreement_check(better, MARGINS).passed
    assert superiority_check([better], RULES, against="old").passed
    refused = agreement_check(worse, MARGINS)
    assert not refused.passed
    assert "may be lost" in refused.sentence
    assert len(refused.examples) == 10
    assert all(one.candidate != one.expected and one.released == one.expected for one in refused.examples)
    assert not superiority_check([worse], RULES, against="old").passed


def test_the_same_predictions_are_no_worse_and_no_better() -> None:
    units = units_of(200)
    one = predictions(units, share(200, 0.6, 3))
    pair = Pair(units=units, released=one, candidate=one)
    assert agreement_check(pair, MARGINS).passed
    assert not superiority_check([pair], RULES, against="old").passed
    assert slices_check(slice_drops(pair, RULES), RULES).passed


def test_a_few_units_cannot_show_that_nothing_was_lost() -> None:
    units = units_of(25)
    pair = Pair(
        units=units,
        released=predictions(units, share(25, 0.6, 3)),
        candidate=predictions(units, share(25, 0.6, 5), seed=8),
    )
    assert not agreement_check(pair, MARGINS).passed


def test_a_forgotten_conflict_is_named_although_the_whole_got_better() -> None:
    units = units_of(1000)
    before = share(1000, 0.6, 3)
    after = before | share(1000, 0.5, 4)
    forgotten = np.array(["conflict=c" in names for names in units.slices])
    after[forgotten] &= share(1000, 0.3, 5)[forgotten]
    pair = Pair(units=units, released=predictions(units, before), candidate=predictions(units, after))
    assert agreement_check(pair, MARGINS).passed
    found = slices_check(slice_drops(pair, RULES), RULES)
    assert not found.passed
    assert "conflict=c" in found.sentence
    assert found.examples


def test_chance_alone_does_not_damn_a_slice() -> None:
    """Equal models, ten times: with Holm over the slices about one in twenty may be refused."""
    units = units_of(300)
    refused = 0
    for seed in range(10):
        before, after = share(300, 0.6, 100 + seed), share(300, 0.6, 200 + seed)
        pair = Pair(units=units, released=predictions(units, before), candidate=predictions(units, after, seed=9))
        refused += not slices_check(slice_drops(pair, RULES), RULES).passed
    assert refused <= 2


def test_overconfidence_is_refused() -> None:
    units = units_of(600)
    right = share(600, 0.7, 3)
    pair = Pair(units=units, released=predictions(units, right), candidate=predictions(units, right, confidence=0.99))
    found = calibration_check(pair, (0.5, 0.5), RULES)
    assert not found.passed
    assert "calibration error" in found.sentence
    assert calibration_check(
        Pair(units=units, released=pair.released, candidate=pair.released), (0.5, 0.5), RULES
    ).passed
    assert (
        "every label is marked"
        in calibration_check(
            Pair(units=units, released=pair.released, candidate=pair.released), (0.5, 0.9), RULES
        ).sentence
    )


def test_a_conflict_counts_under_each_word_of_its_slug() -> None:
    class Unit:
        conflict, form = "iran_us", ""

    assert slice_names("conflict", Unit()) == ["conflict=iran", "conflict=us"]
    assert slice_names("form", Unit()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("version = 2", "versions = 1"), "'version' is missing|'versions' is unknown"),
        (("margin = 0.05", "margins = 0.05"), r"\[behaviours\] must hold exactly"),
        (("[parity]", "[parity"), "cannot read the rules"),
    ],
)
def test_faulty_rules_are_named(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = (GATES_FOLDER / "default.toml").read_text()
    assert change[0] in text
    (tmp_path / "rules.toml").write_text(text.replace(*change, 1))
    with pytest.raises(GateError, match=says):
        read_rules(tmp_path / "rules.toml")


# ── whole bundles ──


@pytest.fixture(autouse=True)
def small_gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every eleventh behavioural case, fewer replicates, and a random model of 32 dimensions may be beaten in speed."""
    folder = tmp_path / "gates"
    folder.mkdir()
    text = (GATES_FOLDER / "default.toml").read_text(encoding="utf-8")
    for before, after in (("replicates = 10000", "replicates = 500"), ("throughput = 0.5", "throughput = 0.0001")):
        assert before in text
        text = text.replace(before, after)
    (folder / "default.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("training.gate_rules.GATES_FOLDER", folder)
    suite = read_behaviours(AXIS)
    part = dataclasses.replace(suite, cases=suite.cases[::11])
    monkeypatch.setattr("training.promotion_gate.behaviour_suite", lambda axis: part)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the shipped corpus: enough for a small test part."""
    folder = tmp_path_factory.mktemp("corpus")
    lines = Path("training/corpus/plain_news.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "part.jsonl").write_text("\n".join(lines[:400]) + "\n", encoding="utf-8")
    return folder


def with_traces(folder: Path, texts: list[str], **bundle: Any) -> Path:
    from eval.leakage import write_corpus_traces

    make_tiny_bundle(folder, **bundle)
    write_corpus_traces(folder, texts)
    write_manifest(folder, version=bundle["version"], axis=AXIS, max_length=64, origin={"test": True})
    return folder


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_traces(tmp_path_factory.mktemp("worse") / "c", ["An invented text about a harbour."], version="worse-1")


def test_the_command_refuses_a_random_model_and_promotion_believes_it(
    worse: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = tmp_path / "registry"
    command = ["gate", str(worse), "--corpus", str(corpus), "--registry", str(registry), "--quiet"]
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "worse-1 is refused." in said
    assert " 10. " in said
    report = json.loads((worse / "gate.json").read_text())
    assert not report["passed"]
    assert len(report["sentences"]) == 10
    assert report["released"]["version"] == released_path().name
    assert set(report["looks"].values()) == {1}
    assert main(["promote", str(worse), "--registry", str(registry)]) == 2
    assert "is refused" in capsys.readouterr().err
    assert current_version(registry, AXIS.name) is None
    assert main(["promote", str(worse), "--registry", str(registry), "--force", "a trial"]) == 0
    assert read_history(registry)[-1].fields["forced"] == "a trial"
    assert main(["history", "--registry", str(registry)]) == 0
    assert "forced: a trial" in capsys.readouterr().out
    assert main(["rollback", "--registry", str(registry)]) == 2


def test_a_better_one_is_promoted_served_and_rolled_back(
    worse: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A random model is released; the shipped one is the candidate and must win against it."""
    registry = tmp_path / "registry"
    promote(worse, registry=registry, force="the state to start from")
    candidate = Path(shutil.copytree(RELEASED_FOLDER / released_path().name, tmp_path / "candidate"))
    with pytest.raises(GateError, match="was not gated"):
        promote(candidate, registry=registry)
    report = gate(candidate, registry=registry, corpus=[corpus])
    assert report["passed"], report["paragraph"]
    (candidate / "gate.json").write_text(json.dumps(report))
    path = promote(candidate, registry=registry)
    monkeypatch.setenv("DETENTE_REGISTRY", str(registry))
    assert released_path() == path
    (tmp_path / "one.jsonl").write_text('{"text": "We are ready to talk.", "holder": "the union"}\n')
    out = tmp_path / "scored.jsonl"
    assert main(["score", str(tmp_path / "one.jsonl"), "--out", str(out)]) == 0
    assert json.loads(out.read_text().splitlines()[0])["model"] == path.name
    assert rollback(registry=registry, reason="a trial") == (path.name, "worse-1")
    assert released_path().name == "worse-1"
    actions = [(entry.action, entry.version) for entry in read_history(registry)]
    assert actions == [("promote", "worse-1"), ("promote", path.name), ("rollback", "worse-1")]
    # The report was about the model that is released again, so it still holds: forward again.
    assert promote(candidate, registry=registry) == path


def test_a_report_about_other_files_does_not_count(worse: Path, tmp_path: Path) -> None:
    candidate = Path(shutil.copytree(worse, tmp_path / "c"))
    report = {"passed": True, "candidate": {"hash": "0"}, "released": None, "rules": {"sha256": "0"}, "paragraph": ""}
    (candidate / "gate.json").write_text(json.dumps(report))
    with pytest.raises(GateError, match="about other files"):
        promote(candidate, registry=tmp_path / "r")
    report["candidate"] = {"hash": open_bundle(candidate).content_hash}
    (candidate / "gate.json").write_text(json.dumps(report))
    with pytest.raises(GateError, match="gated against another model"):
        promote(candidate, registry=tmp_path / "r")
    report["released"] = {"hash": open_bundle(released_path()).content_hash}
    (candidate / "gate.json").write_text(json.dumps(report))
    with pytest.raises(GateError, match="under other rules"):
        promote(candidate, registry=tmp_path / "r")
    report["rules"] = {"sha256": read_rules(rules_path(AXIS.name)).sha256}
    (candidate / "gate.json").write_text(json.dumps(report))
    assert promote(candidate, registry=tmp_path / "r").name == "worse-1"


def test_a_candidate_of_another_axis_is_refused_by_name(worse: Path, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="is for the axis 'negotiation', not 'escalation'"):
        gate(worse, axis="escalation", registry=tmp_path)
    foreign = Path(shutil.copytree(worse, tmp_path / "foreign"))
    manifest = json.loads((foreign / MANIFEST).read_text())
    manifest["axis"] = {"name": "friendliness", "version": 1, "hash": "0" * 64}
    (foreign / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="the axis 'friendliness'"):
        gate(foreign, registry=tmp_path)


def test_leaked_gold_is_found_and_missing_traces_are_no_proof(tmp_path: Path, corpus: Path) -> None:
    sets = gate_sets(AXIS, [corpus])
    gold = next(one for one in sets if one.role == "gold")
    leaked = open_bundle(with_traces(tmp_path / "a", [s.text for s in gold.statements[:7]], version="a"))
    found = leak_check(leaked, sets)
    assert not found.passed
    assert found.examples[0].text in {s.text for s in gold.statements[:7]}
    bare: Bundle = open_bundle(make_tiny_bundle(tmp_path / "b"))
    assert "no traces" in leak_check(bare, sets).sentence
    clean = open_bundle(
        with_traces(tmp_path / "c", ["Nothing of the kind was ever said by the ferry company."], version="c")
    )
    assert leak_check(clean, sets).passed


def test_every_look_at_the_test_is_counted(worse: Path, corpus: Path, tmp_path: Path) -> None:
    from training.gate_looks import count_look

    sets = gate_sets(AXIS, [corpus])
    candidate = open_bundle(worse)
    for expected in (1, 2, 3):
        looks = count_look(tmp_path, candidate, sets)
        assert looks == {one.name: expected for one in sets}
    with (tmp_path / "looks.jsonl").open("a") as stream:
        stream.write('{"torn')
    assert set(count_look(tmp_path, candidate, sets).values()) == {4}
