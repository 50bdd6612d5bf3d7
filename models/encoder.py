"""Inference with torch: any encoder that transformers can load, on a GPU where there is one.

The one file of `models` that knows torch. It does not know statements, labels or bundles.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from models.errors import BundleError


class TorchEncoder:
    """A sequence classifier in fp32, on the first GPU or the CPU."""

    def __init__(self, checkpoint: Path, *, threads: int = 0) -> None:
        """`threads` 0 leaves torch's own setting."""
        if threads:
            torch.set_num_threads(threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            model = AutoModelForSequenceClassification.from_pretrained(
                checkpoint, dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError) as fault:
            raise BundleError(f"cannot load the checkpoint in {checkpoint}: {fault}") from None
        self._model = model.to(self.device).eval()
        self._pad = int(model.config.pad_token_id or 0)
        self._takes_segments = getattr(model.config, "type_vocab_size", 0) > 1
        self.label_count = int(model.config.num_labels)

    def logits(self, ids: Sequence[Sequence[int]], segments: Sequence[Sequence[int]]) -> np.ndarray:
        """Logits, shape (rows, labels)."""
        width = max(len(row) for row in ids)
        shape = (len(ids), width)
        token_ids = torch.full(shape, self._pad, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        types = torch.zeros(shape, dtype=torch.long)
        for row, (tokens, kinds) in enumerate(zip(ids, segments, strict=True)):
            token_ids[row, : len(tokens)] = torch.tensor(tokens)
            types[row, : len(kinds)] = torch.tensor(kinds)
            mask[row, : len(tokens)] = 1
        inputs = {"input_ids": token_ids, "attention_mask": mask}
        if self._takes_segments:
            inputs["token_type_ids"] = types
        with torch.inference_mode():
            output = self._model(**{name: tensor.to(self.device) for name, tensor in inputs.items()})
        logits: np.ndarray = output.logits.float().cpu().numpy()
        return logits
