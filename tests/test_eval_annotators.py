"""What the agreement of passes may be called, and whether the model may take an annotator's place."""

import json
from pathlib import Path

import numpy as np
import pytest

from eval.gold_metadata import Annotator, metadata_path
from eval.gold_set import read_gold
from eval.harness import evaluate_gold
from eval.pass_agreement import name_agreement
from eval.replacement import alternative_annotator_test, equivalence_test
from eval.resampling import draw
from eval.scores import from_labels
from models.axis import load_axis
from models.errors import GoldError

AXIS = load_axis()
SEED_GOLD = Path(__file__).parent.parent / "eval" / "gold" / "seed_article.jsonl"
FORBIDDEN = ("inter-coder reliability", "human ceiling", "human agreement", "human level")


def write_gold(folder: Path, records: list[dict], metadata: dict | None = None) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    if metadata is not None:
        metadata_path(path).write_text(json.dumps(metadata), encoding="utf-8")
    return path


def panel(seed: int, skill: float, units: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Three annotators of skill 0.8, 0.7 and 0.6 with 15 % missing, and a model; units of labels 0 to 5."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 6, units)
    coded = np.array(
        [np.where(generator.random(units) < s, truth, generator.integers(0, 6, units)) for s in (0.8, 0.7, 0.6)]
    )
    coded[generator.random(coded.shape) < 0.15] = -1
    return coded, np.where(generator.random(units) < skill, truth, generator.integers(0, 6, units))


def records_of(coded: np.ndarray) -> list[dict]:
    records = []
    for unit in range(coded.shape[1]):
        passes = {f"label_h{place}": AXIS.names[code] for place, code in enumerate(coded[:, unit]) if code >= 0}
        label = next(iter(passes.values()), "none")
        records.append({"id": f"u{unit}", "text": f"Statement {unit}.", "label": label, **passes})
    return records


def claims(note: str) -> bool:
    """Whether a note claims what it must not: the words may only stand in a denial."""
    return any(word in note for word in FORBIDDEN) and "neither" not in note


@pytest.mark.parametrize(
    ("kinds", "called", "people"),
    [
        (["independent_person", "independent_person"], "inter-coder reliability", True),
        (["independent_person", "same_person_again"], "intra-coder consistency", False),
        (["machine_assisted", "machine_assisted"], "self-consistency", False),
        (["model", "model"], "self-consistency", False),
        (["independent_person", "machine_assisted"], "agreement of passes of different kinds", False),
        (["independent_person", "unknown"], "agreement of passes of unknown kind", False),
    ],
)
def test_only_independent_people_make_inter_coder_reliability(kinds, called, people):
    found = name_agreement([Annotator(name=str(place), kind=kind) for place, kind in enumerate(kinds)])
    assert (found.called, found.people) == (called, people)
    assert claims(found.note) is people


def test_one_person_under_two_names_is_not_independent():
    found = name_agreement(
        [Annotator(name=name, kind="independent_person", person="coder 1") for name in ("first", "second")]
    )
    assert not found.people
    assert found.called == "intra-coder consistency"


def test_the_shipped_gold_reports_self_consistency_and_refuses_the_claim():
    gold = read_gold(SEED_GOLD, AXIS)
    report = evaluate_gold(gold, from_labels(AXIS, gold.labels, gold.labels), source={"model": "x"}, baselines=False)
    annotators = report["annotators"]
    assert annotators["called"] == "self-consistency"
    assert annotators["kind"] == "machine-assisted"
    assert annotators["may_be_called_inter_coder_reliability"] is False
    assert not claims(annotators["note"])


def test_without_metadata_the_kind_is_unknown_and_the_claim_refused(tmp_path):
    path = write_gold(tmp_path, [json.loads(line) for line in SEED_GOLD.read_text(encoding="utf-8").splitlines()])
    gold = read_gold(path, AXIS)
    report = evaluate_gold(gold, from_labels(AXIS, gold.labels, gold.labels), source={"model": "x"}, baselines=False)
    assert report["annotators"]["kind"] == "unknown kind"
    assert not claims(report["annotators"]["note"])


# Winning rate, mean advantage and p-values as the authors' own code (github.com/nitaytech/AltTest, alt_test with
# scoring "accuracy", epsilon 0.1) gives them for panel(seed, skill).
@pytest.mark.parametrize(
    ("seed", "skill", "rate", "advantage", "p_values"),
    [
        (1, 0.85, 1.0, 0.919628479411088, [0.003242210537999702, 0.0001909000061560897, 3.60028000011169e-05]),
        (2, 0.65, 1.0, 0.9326121794871796, [0.024468742044860246, 0.0006146760702687607, 0.0001384816365697591]),
        (3, 0.40, 0.0, 0.6773661929664044, [0.8019027250849661, 0.9240649450610535, 0.6224298405470292]),
    ],
)
def test_alternative_annotator_test_equals_the_authors_code(seed, skill, rate, advantage, p_values):
    coded, model = panel(seed, skill)
    turns = alternative_annotator_test(coded, model, ["h0", "h1", "h2"], [str(unit) for unit in range(80)])
    assert sum(turn.won for turn in turns) / 3 == rate
    assert np.mean([turn.advantage for turn in turns]) == pytest.approx(advantage, abs=1e-12)
    assert [turn.p for turn in turns] == pytest.approx(p_values, rel=1e-9)


def test_clusters_make_the_alternative_annotator_test_more_cautious():
    coded, model = panel(1, 0.85, units=60)
    alone = alternative_annotator_test(coded, model, ["a", "b", "c"], [str(unit) for unit in range(60)])
    tripled = alternative_annotator_test(
        np.repeat(coded, 3, axis=1), np.repeat(model, 3), ["a", "b", "c"], [str(unit // 3) for unit in range(180)]
    )
    pretended = alternative_annotator_test(
        np.repeat(coded, 3, axis=1), np.repeat(model, 3), ["a", "b", "c"], [str(unit) for unit in range(180)]
    )
    for one, three, wrong in zip(alone, tripled, pretended, strict=True):
        assert three.p == pytest.approx(one.p, rel=1e-9)
        assert wrong.p < one.p


def test_equivalence_holds_for_a_twin_and_fails_for_a_guesser():
    coded, twin = panel(4, 0.72, units=400)
    draws = draw([str(unit) for unit in range(400)])
    assert equivalence_test(coded, twin, AXIS, draws, margin=0.1).equivalent
    guesser = np.random.default_rng(0).integers(0, 6, 400)
    found = equivalence_test(coded, guesser, AXIS, draws, margin=0.1)
    assert not found.equivalent
    assert found.interval.high < 0


def test_equivalence_and_its_p_value_agree():
    for seed in range(8):
        coded, model = panel(seed, 0.6, units=150)
        draws = draw([str(unit) for unit in range(150)], seed=seed)
        found = equivalence_test(coded, model, AXIS, draws, margin=0.06)
        if abs(found.p - 0.05) > 0.003:
            assert found.equivalent == (found.p < 0.05)


def test_report_on_three_people_speaks_of_people_and_needs_a_margin_beforehand(tmp_path):
    coded, model = panel(1, 0.85)
    people = {name: {"kind": "independent_person"} for name in ("h0", "h1", "h2")}
    path = write_gold(tmp_path, records_of(coded), {"annotators": people})
    gold = read_gold(path, AXIS)
    predictions = from_labels(AXIS, gold.labels, [AXIS.names[code] for code in model])
    report = evaluate_gold(gold, predictions, source={"model": "x"}, baselines=False)
    assert report["annotators"]["called"] == "inter-coder reliability"
    assert len(report["annotators"]["pairs"]) == 3
    assert report["replacement"]["speaks_of_people"]
    assert report["replacement"]["alternative_annotator_test"]["passed"]
    assert "No margin" in report["replacement"]["equivalence"]["not_tested"]
    metadata_path(path).write_text(json.dumps({"annotators": people, "equivalence_margin": 0.2}), encoding="utf-8")
    report = evaluate_gold(read_gold(path, AXIS), predictions, source={"model": "x"}, baselines=False)
    assert report["replacement"]["equivalence"]["margin"] == 0.2


def test_passes_of_several_kinds_are_named_kind_by_kind(tmp_path):
    coded, model = panel(1, 0.85)
    coded = np.concatenate([coded, coded[:1], coded[:1]])
    kinds = {key: {"kind": "independent_person"} for key in ("h0", "h1", "h2")}
    kinds |= {key: {"kind": "machine_assisted"} for key in ("h3", "h4")}
    gold = read_gold(write_gold(tmp_path, records_of(coded), {"annotators": kinds}), AXIS)
    predictions = from_labels(AXIS, gold.labels, [AXIS.names[code] for code in model])
    report = evaluate_gold(gold, predictions, source={"model": "x"}, baselines=False)
    assert report["annotators"]["called"] == "agreement of passes of different kinds"
    groups = {tuple(one["passes"]): one for one in report["annotators"]["by_kind"]}
    assert groups["h0", "h1", "h2"]["called"] == "inter-coder reliability"
    assert groups["h3", "h4"]["called"] == "self-consistency"
    assert groups["h3", "h4"]["nominal"]["value"] == 1.0
    # The two copies that are no people have no say in whether the model may stand for a person.
    assert report["replacement"]["passes"] == ["h0", "h1", "h2"]
    assert report["replacement"]["speaks_of_people"]


def test_three_machine_assisted_passes_say_nothing_of_people(tmp_path):
    coded, model = panel(1, 0.85)
    machine = {name: {"kind": "machine_assisted"} for name in ("h0", "h1", "h2")}
    gold = read_gold(write_gold(tmp_path, records_of(coded), {"annotators": machine}), AXIS)
    predictions = from_labels(AXIS, gold.labels, [AXIS.names[code] for code in model])
    report = evaluate_gold(gold, predictions, source={"model": "x"}, baselines=False, margin=0.2)
    assert report["replacement"]["speaks_of_people"] is False
    assert "nothing follows" in report["replacement"]["note"]
    assert "a person" not in report["replacement"]["alternative_annotator_test"]["sentence"]


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        ({"annotators": {"a": {"kind": "expert"}}}, "kind of 'a' is 'expert'"),
        ({"annotators": {"z": {"kind": "model"}}}, "no unit has the pass 'z'"),
        ({"equivalence_margin": 3}, "'equivalence_margin' must lie between 0 and 1"),
        ({"anotators": {}}, "unknown field 'anotators'"),
        ({"slice_fields": "voice"}, "'slice_fields' must be a list"),
    ],
)
def test_faulty_metadata_names_file_and_field(tmp_path, metadata, fault):
    records = [
        {"id": "1", "text": "A", "label": "open", "label_a": "open"},
        {"id": "2", "text": "B", "label": "none", "label_a": "none"},
    ]
    path = write_gold(tmp_path, records, metadata)
    with pytest.raises(GoldError, match=r"gold\.meta\.json") as caught:
        read_gold(path, AXIS)
    assert fault in str(caught.value)


def test_a_guesser_does_not_pass_and_the_report_says_so(tmp_path):
    coded, model = panel(3, 0.4)
    people = {name: {"kind": "independent_person"} for name in ("h0", "h1", "h2")}
    gold = read_gold(write_gold(tmp_path, records_of(coded), {"annotators": people, "equivalence_margin": 0.05}), AXIS)
    predictions = from_labels(AXIS, gold.labels, [AXIS.names[code] for code in model])
    found = evaluate_gold(gold, predictions, source={"model": "x"}, baselines=False)["replacement"]
    assert found["alternative_annotator_test"]["winning_rate"] == 0.0
    assert found["alternative_annotator_test"]["passed"] is False
    assert (
        "against 0 of 3 annotators: the alternative annotator test is not passed"
        in found["alternative_annotator_test"]["sentence"]
    )
    assert "is not shown to be equivalent" in found["equivalence"]["sentence"]
