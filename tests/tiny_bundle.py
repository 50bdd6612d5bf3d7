"""A small random bundle with the pinned tokenizer: for tests of plumbing, where what it says does not matter."""

from pathlib import Path

import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from models.axis import DEFAULT_AXIS, load_axis
from models.bundle import write_manifest
from models.calibration import Calibration
from training.pretrained import encoder_folder


def make_tiny_bundle(
    folder: Path, *, version: str = "tiny-0.0.1", seed: int = 5, axis_name: str = DEFAULT_AXIS
) -> Path:
    """Two layers of 32, weights large enough that statements differ; returns the folder."""
    axis = load_axis(axis_name)
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder("minilm"))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
        id2label=dict(enumerate(axis.names)),
        label2id={name: place for place, name in enumerate(axis.names)},
    )
    checkpoint = folder / "checkpoint"
    BertForSequenceClassification(config).save_pretrained(checkpoint)
    tokenizer.save_pretrained(checkpoint)
    calibration = Calibration(temperature=4.0, bias=(0.0,) * len(axis.names), abstain_below=0.4)
    calibration.save(folder / "calibration.json")
    write_manifest(folder, version=version, axis=axis, max_length=64, origin={"test": True})
    return folder
