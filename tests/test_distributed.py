"""Two gloo processes under torchrun train as one does: the same rows, loss and weights at each step."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from models.axis import load_axis
from training.finetune import _LengthBatches
from training.pretrained import encoder_folder

SCRIPT = """
import sys
from pathlib import Path
import training.finetune
from models.axis import load_axis
from training.corpus_file import read_corpus
from training.finetune import UNLABELLED, _LengthBatchTrainer, finetune, process
from training.recipe import read_recipe
import json, torch
torch.set_num_threads(1)
steps = []
class Recorded(_LengthBatchTrainer):
    def training_step(self, model, inputs, *others):
        ids = [row[seen].tolist() for row, seen in zip(inputs["input_ids"], inputs["attention_mask"].bool())]
        rows = [row for row, label in zip(ids, inputs["labels"][:, 0]) if label != UNLABELLED]
        loss = super().training_step(model, inputs, *others)
        steps.append({"rows": rows, "loss": loss.item()})
        return loss
training.finetune._LengthBatchTrainer = Recorded
folder, name = Path(sys.argv[1]), sys.argv[2]
axis = load_axis()
finetune(
    read_recipe(folder / "recipe.toml"), axis, read_corpus([folder / "corpus.jsonl"], axis),
    work=folder / f"{name}.work", checkpoint=folder / name, quiet=True,
)
(folder / f"{name}-{process()}.json").write_text(json.dumps(steps))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe for a random encoder without dropout, which would draw other numbers in each process."""
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder("minilm"))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        num_labels=len(load_axis().names),
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    lines = Path("training/corpus/plain_news.jsonl").read_text(encoding="utf-8").splitlines()[:67]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "recipe.toml").write_text(
        f'version = "d"\nencoder = "{tmp_path / "encoder"}"\nmax_length = 64\nepochs = 2\nbatch = 8\nloss = "emd"\n'
        "learning_rate = 1e-2\npooling_layer = false\nprune_vocabulary = false\n"
    )
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def test_two_processes_train_as_one_does(folder: Path) -> None:
    for name, launcher in (
        ("one", []),
        ("two", ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]),
    ):
        command = [sys.executable, *launcher, str(folder / "script.py"), str(folder), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    alone, first, second = (json.loads((folder / f"{name}.json").read_text()) for name in ("one-0", "two-0", "two-1"))
    assert len(alone) == len(first) == len(second) == 18
    # Of 67 rows in batches of 8 the last 3 all fall to the first process.
    assert [len(step["rows"]) for step in second] == ([4] * 8 + [0]) * 2
    for step, one_half, other_half in zip(alone, first, second, strict=True):
        assert one_half["rows"] + other_half["rows"] == step["rows"]
        assert (one_half["loss"] + other_half["loss"]) / 2 == pytest.approx(step["loss"], rel=1e-5)
    one, two = (load_file(folder / name / "model.safetensors") for name in ("one", "two"))
    start = load_file(folder / "encoder" / "model.safetensors")
    # Half precision on disk.
    assert max(np.abs(one[name].astype(float) - two[name]).max() for name in one) < 2e-3
    assert max(np.abs(one[name].astype(float) - start[name]).max() for name in one if name in start) > 1e-2


def test_batches_hold_rows_of_like_length_and_every_row_once() -> None:
    lengths = np.random.default_rng(1).integers(5, 190, 1003)
    sampler = _LengthBatches(lengths, 16, seed=1)
    orders = []
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        order = list(sampler)
        assert sorted(order) == list(range(1003))
        assert list(sampler) == order
        spread = [np.ptp(lengths[order[start : start + 16]]) for start in range(0, 976, 16)]
        assert np.mean(spread) < 25
        orders.append(order)
    assert orders[0] != orders[1]
