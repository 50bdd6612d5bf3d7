"""The mean of several models' weights as one model.

Models that were fine-tuned from the same pretrained weights often lie so near each other that their mean is better
than each (Wortsman et al. 2022, *Model soups*). It costs nothing at inference. Knows checkpoint folders. Does not know
how they were trained, nor whether the mean is any good: that is for the evaluation.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from models.bundle import file_hash
from models.errors import TrainingError

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"


def average_checkpoints(checkpoints: Sequence[Path], out: Path) -> None:
    """Writes the checkpoint folder `out`: all but the weights from the first one.

    Raises TrainingError where two of them do not read the same tokens or are not built alike.
    """
    first = checkpoints[0]
    states = [load_file(checkpoint / WEIGHTS) for checkpoint in checkpoints]
    for checkpoint, state in zip(checkpoints[1:], states[1:], strict=True):
        if file_hash(checkpoint / TOKENIZER) != file_hash(first / TOKENIZER):
            raise TrainingError(f"{checkpoint} has another vocabulary than {first}: their weights have no mean")
        if {name: tensor.shape for name, tensor in state.items()} != {n: t.shape for n, t in states[0].items()}:
            raise TrainingError(f"{checkpoint} is built otherwise than {first}: their weights have no mean")
    out.mkdir(parents=True, exist_ok=True)
    for path in first.iterdir():
        if path.name != WEIGHTS:
            shutil.copy(path, out / path.name)
    save_mean(states, out / WEIGHTS)


def save_mean(states: Sequence[Mapping[str, torch.Tensor]], path: Path) -> None:
    """The mean of the tensors of each name, in half precision."""
    mean = {name: torch.stack([state[name].float() for state in states]).mean(dim=0) for name in states[0]}
    save_file({name: tensor.half().contiguous() for name, tensor in mean.items()}, path, metadata={"format": "pt"})
