"""Training: bad input stops it before anything is made, the same inputs give the same weights, a kill is resumed."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import AutoTokenizer

from detente.cli import main
from models.axis import load_axis
from models.bundle import file_hash, open_bundle, released_path
from models.errors import CorpusError, TrainingError
from training.build_corpus import build_corpus, refuse_empty_classes, replayed, split_of
from training.masking import masking_collator
from training.pretrained import encoder_folder
from training.recipe import read_recipe

AXIS = load_axis()
TOKENIZER = AutoTokenizer.from_pretrained(encoder_folder("minilm"))
RECIPE = """
version = "small-0.0.1"
encoder = "minilm"
corpus = ["corpus.jsonl"]
max_length = 64
epochs = 1
batch = 16
train_layers = 0
pooling_layer = true
prune_vocabulary = false
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A recipe over 48 training examples and 6 each for calibration and test, every label in each part."""
    lines = Path("training/corpus/plain_news.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = {
        (part, label): size for part, size in (("train", 8), ("calibration", 1), ("test", 1)) for label in AXIS.names
    }
    kept = []
    for line in lines:
        record = json.loads(line)
        key = (split_of(record["group"]), record["label"])
        if wanted[key]:
            wanted[key] -= 1
            kept.append(line)
    assert not any(wanted.values())
    (tmp_path / "corpus.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path / "recipe.toml"


def test_the_same_inputs_give_the_same_weights_and_the_manifest_says_what_they_were(
    small: Path, tmp_path: Path
) -> None:
    hashes = []
    for name in ("one", "two"):
        assert main(["train", str(small), "--out", str(tmp_path / name), "--quiet"]) == 0
        hashes.append(file_hash(tmp_path / name / "checkpoint" / "model.safetensors"))
    assert hashes[0] == hashes[1]
    origin = open_bundle(tmp_path / "one").manifest["origin"]
    assert origin["seed"] == 1
    assert origin["lock"] == file_hash(Path("requirements.lock"))
    assert origin["axis"] == AXIS.content_hash
    assert len(origin["corpus"]) == 64
    assert isinstance(origin["git_dirty"], bool)
    assert origin["hardware"]["cores"] >= 1
    assert not (tmp_path / "one.work").exists()


def test_a_recipe_that_comes_after_another_goes_on_from_its_result(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = small.with_name("second.toml")
    second.write_text(
        RECIPE.replace('encoder = "minilm"', 'after = "recipe.toml"')
        .replace("small-0.0.1", "small-0.0.2")
        .replace("pooling_layer = true", "pooling_layer = false"),
        encoding="utf-8",
    )
    out = tmp_path / "runs" / "second"
    assert main(["train", str(second), "--out", str(out), "--quiet"]) == 0
    first = open_bundle(tmp_path / "runs" / "recipe")
    origin = open_bundle(out).manifest["origin"]
    assert origin["parent"] == {"version": "small-0.0.1", "hash": first.content_hash}
    assert str(tmp_path) not in json.dumps(origin["recipe"])
    # What is there is kept and not made again; something else in its place is refused.
    other = small.with_name("other.toml")
    other.write_text(second.read_text().replace("recipe.toml", "second.toml").replace("small-0.0.2", "x"))
    small.rename(small.with_name("second.toml"))
    assert main(["train", str(other), "--out", str(tmp_path / "runs" / "other"), "--quiet"]) == 2
    assert "holds small-0.0.2, not small-0.0.1" in capsys.readouterr().err


def test_a_recipe_can_be_the_mean_of_a_recipe_and_a_bundle(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = small.with_name("other.toml")
    other.write_text(RECIPE.replace("small-0.0.1", "other-0.0.1") + "seed = 7\n", encoding="utf-8")
    assert main(["train", str(other), "--out", str(tmp_path / "bundle"), "--quiet"]) == 0
    mean = small.with_name("mean.toml")
    mean.write_text(
        'version = "mean-0.0.1"\ncorpus = ["corpus.jsonl"]\nmax_length = 64\naverage_of = ["recipe.toml", "bundle"]\n'
    )
    assert main(["train", str(mean), "--out", str(tmp_path / "runs" / "mean"), "--quiet"]) == 0
    made = open_bundle(tmp_path / "runs" / "mean")
    assert [one["version"] for one in made.manifest["origin"]["average_of"]] == ["small-0.0.1", "other-0.0.1"]
    states = [
        load_file(folder / "checkpoint" / "model.safetensors")
        for folder in (made.path, tmp_path / "runs" / "recipe", tmp_path / "bundle")
    ]
    assert not torch.equal(states[1]["classifier.weight"], states[2]["classifier.weight"])
    for name, found in states[0].items():
        wanted = (states[1][name].float() + states[2][name].float()) / 2
        assert torch.allclose(found.float(), wanted, atol=1e-3)
    # Neither a mean of two vocabularies, nor one of something that is also trained.
    mean.write_text(mean.read_text().replace("mean-0.0.1", "pruned-mean-0.0.1").replace('"bundle"', '"pruned.toml"'))
    pruned = RECIPE.replace("small-0.0.1", "pruned-0.0.1").replace("prune_vocabulary = false", "")
    small.with_name("pruned.toml").write_text(pruned, encoding="utf-8")
    assert main(["train", str(mean), "--out", str(tmp_path / "runs" / "other"), "--quiet"]) == 2
    assert "another vocabulary" in capsys.readouterr().err
    mean.write_text(mean.read_text() + 'after = "recipe.toml"\n')
    assert main(["train", str(mean), "--out", str(tmp_path / "runs" / "third"), "--quiet"]) == 2
    assert "keep one" in capsys.readouterr().err
    # Nor one over two axes.
    mean.write_text(
        'version = "mean-0.0.2"\naxis = "escalation"\naverage_of = ["bundle"]\n'
        f'corpus = ["{Path("training/corpus/escalation").resolve()}"]\n'
    )
    assert main(["train", str(mean), "--out", str(tmp_path / "runs" / "fourth"), "--quiet"]) == 2
    assert "taught the axis negotiation" in capsys.readouterr().err


def test_the_mean_with_the_start_lies_halfway(small: Path, tmp_path: Path) -> None:
    states = []
    for name, setting in (("whole", ""), ("half", "average_with_start = true\n")):
        second = small.with_name(f"{name}.toml")
        second.write_text(
            RECIPE.replace('encoder = "minilm"', 'after = "recipe.toml"').replace("pooling_layer = true", "") + setting
        )
        second.write_text(second.read_text().replace("small-0.0.1", name) + "pooling_layer = false\n")
        assert main(["train", str(second), "--out", str(tmp_path / "runs" / name), "--quiet"]) == 0
        states.append(load_file(tmp_path / "runs" / name / "checkpoint" / "model.safetensors"))
    start = load_file(tmp_path / "runs" / "recipe" / "checkpoint" / "model.safetensors")
    assert not torch.equal(start["classifier.weight"], states[0]["classifier.weight"])
    for name, found in states[1].items():
        assert torch.allclose(found.float(), (start[name].float() + states[0][name].float()) / 2, atol=1e-3)
    # A bare encoder is no bundle to go half of the way back to.
    small.write_text(RECIPE + "average_with_start = true\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="needs a bundle"):
        read_recipe(small)


def test_every_shipped_recipe_reads_and_leads_back_to_an_encoder() -> None:
    folder = Path("training/recipes")

    def ends(path: Path, steps: int = 0) -> None:
        assert steps < 20
        recipe = read_recipe(path)
        for entry in (*recipe.average_of, *filter(None, [recipe.after])):
            if (folder / entry).is_dir():
                open_bundle(folder / entry)
            else:
                ends(folder / entry, steps + 1)
        assert recipe.encoder in ("minilm", "mpnet", "released")

    for path in sorted(folder.glob("*.toml")):
        ends(path)


GOOD = '{"text": "We are ready to sit down.", "holder": "the union", "label": "open"}\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"text": "x", "holder": "y", "label": "eager"}', "label 'eager' is not one of"),
        (b'{"text": "x", "label": "open"}', "'holder' must be text"),
        (b'{"text": "x", "holder": "y", "label": "open"', "not JSON"),
        (b'{"text": "caf\xe9", "holder": "y", "label": "open"}', "not UTF-8"),
        (b'{"text": "We are ready to sit down!", "holder": "The union", "label": "refuse"}', "more.jsonl:1 again"),
    ],
)
def test_bad_data_is_named_by_line_and_nothing_is_made(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes, says: str
) -> None:
    (tmp_path / "more.jsonl").write_bytes(GOOD.encode() + line + b"\n")
    out = tmp_path / "out"
    assert main(["train", str(small), "--data", str(tmp_path / "more.jsonl"), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / 'more.jsonl'}:2" in said
    assert says in said
    assert said.count("\n") == 1
    assert not out.exists()
    assert not out.with_name("out.work").exists()


def test_an_empty_class_is_named_before_training(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = small.with_name("corpus.jsonl")
    lines = [line for line in corpus.read_text().splitlines() if json.loads(line)["label"] != "resist"]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert main(["train", str(small), "--out", str(tmp_path / "out")]) == 2
    assert "is labelled resist" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    corpus.write_text("".join(line + "\n" for line in lines if split_of(json.loads(line)["group"]) != "test"))
    with pytest.raises(CorpusError, match=r"labelled resist|test part"):
        refuse_empty_classes(build_corpus([corpus], AXIS, against=[]), AXIS)


def test_an_interrupted_training_of_something_else_is_not_gone_on_with(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "out.work"
    work.mkdir()
    (work / "fingerprint.json").write_text('{"recipe": "another"}')
    assert main(["train", str(small), "--out", str(tmp_path / "out")]) == 2
    assert "interrupted training of another recipe" in capsys.readouterr().err


def test_all_new_labels_and_a_share_of_the_old_are_taught(small: Path, tmp_path: Path) -> None:
    shutil.copy("examples/new-labels.jsonl", tmp_path / "new.jsonl")
    corpus = build_corpus([small.with_name("corpus.jsonl"), tmp_path / "new.jsonl"], AXIS, against=[])
    taught = replayed(corpus.train, [tmp_path / "new.jsonl"], share=0.25, seed=1)
    new = [s for s in corpus.train if s.origin == "new"]
    assert [s for s in taught if s.origin == "new"] == new
    assert 0 < len(taught) - len(new) < len(corpus.train) - len(new)
    assert replayed(corpus.train, [tmp_path / "new.jsonl"], share=0.25, seed=1) == taught
    assert replayed(corpus.train, [], share=0.25, seed=1) == corpus.train


def test_the_shipped_new_labels_are_200_in_a_dispute_of_their_own() -> None:
    records: list[dict[str, Any]] = [
        json.loads(line) for line in Path("examples/new-labels.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(records) == 200
    assert {record["label"] for record in records} == set(AXIS.names)
    gold = [json.loads(line) for line in Path("examples/new-gold.jsonl").read_text(encoding="utf-8").splitlines()]
    assert not {record["text"] for record in gold} & {record["text"] for record in records}
    corpus = build_corpus(
        [Path("training/corpus"), Path("examples/new-labels.jsonl")], AXIS, against=[Path("examples/new-gold.jsonl")]
    )
    assert not [name for name in corpus.removed if name.startswith("grazing")]


def test_going_on_from_the_released_model_starts_from_its_checkpoint() -> None:
    from training.pretrained import encoder_folder

    assert encoder_folder("released") == str(released_path() / "checkpoint")


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.0, 0.9), seed=st.integers(0, 10_000))
def test_masking_hides_the_wanted_share_of_the_statement_and_nothing_else(share: float, seed: int) -> None:
    torch.manual_seed(seed)
    words = "we will sit down with them when the shelling has stopped and not a day before it "
    rows = [dict(TOKENIZER(words * repeats, "the union and the ministry")) for repeats in (1, 5, 30)]
    plain, masked = masking_collator(TOKENIZER, 0.0)(rows), masking_collator(TOKENIZER, share)(rows)
    changed = plain["input_ids"] != masked["input_ids"]
    assert (masked["input_ids"][changed] == TOKENIZER.mask_token_id).all()
    free = (plain["token_type_ids"] == 0) & (plain["attention_mask"] == 1)
    free &= (plain["input_ids"] != TOKENIZER.cls_token_id) & (plain["input_ids"] != TOKENIZER.sep_token_id)
    assert not changed[~free].any()
    # Over 540 tokens the share lies within five standard deviations.
    assert abs(changed.sum() / free.sum() - share) <= 5 * (share * (1 - share) / free.sum()) ** 0.5 + 1e-9
