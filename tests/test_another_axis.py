"""Another axis through the same commands: a bundle of the escalation axis, its corpus and its gold."""

import json
import shutil
from pathlib import Path

import pytest
from tiny_bundle import make_tiny_bundle

from detente.cli import main
from eval.baselines import Lexicon, corpus_examples
from eval.gold_set import read_gold
from eval.harness import evaluate_gold, predict
from models.axis import Axis, axis_names, axis_with, load_axis, read_axis
from models.bundle import released_path
from models.classifier import StanceClassifier, chosen_bundle
from models.errors import AxisError, BundleError
from serve.stance_tables import colour
from training.build_corpus import build_corpus
from training.corpus_figures import corpus_figures
from training.corpus_file import read_corpus
from training.gold_files import gold_files
from training.model_card import model_card
from training.recipe import read_recipe

AXIS = load_axis("escalation")
GOLD = Path("eval/gold/escalation/authored.jsonl")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(
        tmp_path_factory.mktemp("bundle") / "escalation", version="escalation-tiny", axis_name="escalation"
    )


@pytest.fixture(scope="module")
def scored(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gold and 140 statements more, scored, half of the gold drawn at random."""
    folder = tmp_path_factory.mktemp("scored")
    lines = GOLD.read_text(encoding="utf-8").splitlines()
    lines += Path("training/corpus/escalation/disputes.jsonl").read_text(encoding="utf-8").splitlines()[:140]
    records = [json.loads(line) for line in lines]
    for number, record in enumerate(records):
        record["date"] = f"2020-{number % 12 + 1:02}-01"
        record = {name: value for name, value in record.items() if not name.startswith("label")}
        lines[number] = json.dumps(record)
    (folder / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = folder / "out.jsonl"
    assert main(["score", str(folder / "in.jsonl"), "--out", str(out), "--model", str(bundle), "--quiet"]) == 0
    return out


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("name", axis_names())
def test_every_shipped_axis_has_what_training_needs(name: str) -> None:
    axis = load_axis(name)
    assert axis.name == name
    assert axis.values[0] < 0 < axis.values[-1]
    statements, labels = corpus_examples(axis)
    assert set(labels) == set(axis.names)
    assert gold_files(axis)
    for path in gold_files(axis):
        assert read_gold(path).axis is axis
    assert set(Lexicon(axis).predict(statements[:50], labels[:50]).labels) <= set(axis.names)


def test_the_corpus_is_clean_and_claims_no_agreement() -> None:
    folder = Path("training/corpus/escalation")
    corpus = build_corpus([folder], AXIS, against=gold_files(AXIS))
    assert len({s.text for s in corpus.all}) >= 1000
    assert {s.label for s in corpus.calibration} == {s.label for s in corpus.test} == set(AXIS.names)
    assert not {s.group for s in corpus.train} & {s.group for s in (*corpus.calibration, *corpus.test)}
    figures = corpus_figures(read_corpus([folder], AXIS), AXIS)
    assert not any("self-consistency" in name for name in figures)
    sheet = (folder / "DATASHEET.md").read_text(encoding="utf-8")
    for name, value in figures.items():
        assert f"| {name} | {value} |" in sheet


def test_scored_rows_have_the_labels_and_range_of_the_axis(scored: Path) -> None:
    rows = [json.loads(line) for line in scored.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 206
    assert len({row["label"] for row in rows}) > 1
    for row in rows:
        assert tuple(row["probabilities"]) == AXIS.names
        assert -2 <= row["score"] <= 2
        assert row["model"] == "escalation-tiny"


def test_read_evaluate_and_compare(capsys: pytest.CaptureFixture[str], bundle: Path, tmp_path: Path) -> None:
    article = tmp_path / "article.txt"
    article.write_text("“We struck three depots overnight,” the general said.\n\nThe union called off its strike.\n")
    code, out, _ = run(capsys, "read", str(article), "--model", str(bundle), "--format", "json")
    assert code == 0
    assert {tuple(one["probabilities"]) for one in json.loads(out)} == {AXIS.names}

    reports = [tmp_path / "one.json", tmp_path / "other.json"]
    page = tmp_path / "page.html"
    code, out, _ = run(
        capsys, "evaluate", str(GOLD), "--model", str(bundle), "--out", str(reports[0]), "--html", str(page)
    )
    assert code == 0
    report = json.loads(reports[0].read_text(encoding="utf-8"))
    assert report["confusion"]["labels"] == list(AXIS.names)
    assert report["provenance"]["axis"] == "escalation"
    # The regression learned from the axis's own corpus: it must be far ahead of chance among six labels.
    assert report["baselines"]["tfidf_logistic_regression"]["accuracy"]["value"] > 0.3
    assert "deescalate" in page.read_text(encoding="utf-8")

    # A wrong file of predictions is as good as any other method's: all `hold`.
    predictions = tmp_path / "predictions.jsonl"
    units = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    predictions.write_text("".join(json.dumps({**unit, "label": "hold"}) + "\n" for unit in units), encoding="utf-8")
    code, out, _ = run(
        capsys, "evaluate", str(GOLD), "--predictions", str(predictions), "--out", str(reports[1]), "--no-baselines"
    )
    assert code == 0
    held = sum(unit["label"] == "hold" for unit in units) / len(units)
    assert json.loads(reports[1].read_text(encoding="utf-8"))["accuracy"]["value"] == pytest.approx(held)

    code, out, _ = run(capsys, "compare", str(reports[0]), str(reports[1]), "--measure", "accuracy")
    assert code == 0
    assert "66 shared units" in out


def test_prevalence_timeline_and_what_to_label_next(
    capsys: pytest.CaptureFixture[str], scored: Path, tmp_path: Path
) -> None:
    result = tmp_path / "shares.json"
    code, _, err = run(capsys, "prevalence", str(scored), "--gold", str(GOLD), "--out", str(result))
    assert (code, err) == (0, "")
    assert list(json.loads(result.read_text(encoding="utf-8"))["shares"]) == list(AXIS.names)

    plot = tmp_path / "plot.svg"
    code, out, _ = run(capsys, "timeline", str(scored), "--format", "json", "--plot", str(plot))
    assert code == 0
    assert set(json.loads(out)["stands"][0]["shares"]) == set(AXIS.on_axis_names)
    assert "threaten" in plot.read_text(encoding="utf-8")

    queue, tasks, config = tmp_path / "next.jsonl", tmp_path / "tasks.json", tmp_path / "config.xml"
    arguments = ["label", "next", str(scored), "--number", "10", "--labelled", str(GOLD), "--out", str(queue)]
    assert run(capsys, *arguments)[0] == 0
    assert run(capsys, "label", "export", str(queue), "--out", str(tasks), "--config", str(config))[0] == 0
    assert 'value="deescalate"' in config.read_text(encoding="utf-8")
    assert AXIS.borderlines[0][:30] in config.read_text(encoding="utf-8")

    exported = json.loads(tasks.read_text(encoding="utf-8"))
    for number, task in enumerate(exported):
        choice = {"from_name": "stance", "value": {"choices": ["threaten" if number % 2 else "none"]}}
        task["annotations"] = [{"completed_by": 7, "result": [choice]}]
    tasks.write_text(json.dumps(exported), encoding="utf-8")
    gold = tmp_path / "gold.jsonl"
    assert run(capsys, "label", "import", str(tasks), "--out", str(gold))[0] == 0
    assert read_gold(gold).axis is AXIS


def test_tasks_without_any_label_take_the_axis_that_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    statements, tasks, config = tmp_path / "s.jsonl", tmp_path / "t.json", tmp_path / "c.xml"
    statements.write_text('{"text": "We stay where we are."}\n')
    arguments = ["label", "export", str(statements), "--out", str(tasks), "--config", str(config)]
    for more, label in ([], "refuse"), (["--axis", "escalation"], "threaten"):
        assert run(capsys, *arguments, *more)[0] == 0
        assert f'value="{label}"' in config.read_text(encoding="utf-8")


def test_the_released_bundle_of_the_axis_is_used_where_none_is_named(
    capsys: pytest.CaptureFixture[str], bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = tmp_path / "released"
    shutil.copytree(bundle, registry / "escalation-tiny")
    (registry / "history.jsonl").write_text(
        '{"action": "promote", "axis": "escalation", "version": "escalation-tiny"}\n'
    )
    monkeypatch.setattr("models.classifier.released_path", lambda axis: released_path(axis, registry))
    code, out, _ = run(capsys, "evaluate", str(GOLD), "--no-baselines")
    assert code == 0
    assert out.startswith("escalation-tiny on authored.jsonl")
    with pytest.raises(BundleError, match="no model is released for the axis 'negotiation'"):
        chosen_bundle()


def test_a_bundle_of_another_axis_is_refused(capsys: pytest.CaptureFixture[str], bundle: Path) -> None:
    code, out, err = run(capsys, "evaluate", "eval/gold/seed_article.jsonl", "--model", str(bundle))
    assert (code, out) == (2, "")
    assert "seed_article.jsonl:2: label 'resist' is not one of deescalate" in err
    assert err.count("\n") == 1
    with pytest.raises(BundleError, match="is of the axis 'escalation', not 'negotiation'"):
        chosen_bundle(bundle, "negotiation")
    with pytest.raises(AxisError, match="the axes present are: escalation, negotiation"):
        chosen_bundle(axis="warmth")


def test_behaviours_are_those_of_the_axis(
    capsys: pytest.CaptureFixture[str], bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "behaviours.json"
    assert run(capsys, "evaluate", "--behaviours", "--model", str(bundle), "--out", str(out))[0] == 0
    report = json.loads(out.read_text(encoding="utf-8"))["behaviours"]
    assert set(report["capabilities"]) == {"holder_swap", "look_alikes", "negation"}
    assert report["n"] == 48

    monkeypatch.setattr("eval.behaviour_cases.BEHAVIOURS", tmp_path)
    code, said, err = run(capsys, "evaluate", "--behaviours", "--model", str(bundle))
    assert (code, said, err.count("\n")) == (2, "", 1)
    assert f"no behavioural cases in {tmp_path / 'escalation'}" in err


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["threaten", "none"], "escalation"),
        (["open", "none", "threatening"], "negotiation"),
        (["none"], "negotiation"),
        ([], "negotiation"),
        (["deescalate", "hold", "refuse"], "escalation"),
        ([None, 3, "escalate"], "escalation"),
    ],
)
def test_the_axis_of_a_file_is_the_one_with_most_of_its_labels(labels: list[object], name: str) -> None:
    assert axis_with(labels).name == name


def test_a_foreign_label_is_named_with_the_axis_that_the_other_labels_are_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gold = tmp_path / "gold.jsonl"
    labels = ["hold", "threaten", "esclate"]
    gold.write_text("".join(json.dumps({"id": f"u{n}", "text": "x", "label": v}) + "\n" for n, v in enumerate(labels)))
    code, _, err = run(capsys, "evaluate", str(gold))
    assert code == 2
    assert "gold.jsonl:3: label 'esclate' is not one of deescalate, restrain, hold" in err


def test_the_warm_colour_is_at_the_end_that_the_axis_names(tmp_path: Path) -> None:
    assert colour(AXIS, "escalate") == colour(load_axis(), "refuse")
    assert colour(AXIS, "deescalate") == colour(load_axis(), "open")


def _axis(tmp_path: Path, line: str) -> Axis:
    path = tmp_path / "axis.toml"
    path.write_text(
        line + Path("models/axes/escalation.toml").read_text(encoding="utf-8").replace('warm_end = "high"', "")
    )
    return read_axis(path)


def test_borderlines_count_as_meaning_and_colours_do_not(tmp_path: Path) -> None:
    assert _axis(tmp_path, "").content_hash == AXIS.content_hash
    text = Path("models/axes/escalation.toml").read_text(encoding="utf-8").replace("is restrain.", "is hold.")
    (tmp_path / "changed.toml").write_text(text, encoding="utf-8")
    assert read_axis(tmp_path / "changed.toml").content_hash != AXIS.content_hash
    with pytest.raises(AxisError, match="`warm_end` must be low or high"):
        _axis(tmp_path, 'warm_end = "left"\n')


def test_the_model_card_of_an_axis_whose_gold_has_one_pass(bundle: Path) -> None:
    gold = read_gold(GOLD, AXIS)
    predictions = predict(StanceClassifier.load(bundle), [unit.statement for unit in gold.units], gold.labels)
    report = evaluate_gold(gold, predictions, source={"model": "escalation-tiny"}, baselines=False)
    assert "annotator_alpha" not in report
    card = model_card(
        {"authored": report}, AXIS, read_recipe(Path("training/recipes/escalation-small.toml")).settings()
    )
    assert f"n = {len(gold.units)}" in card
    assert "Agreement of the passes" not in card
