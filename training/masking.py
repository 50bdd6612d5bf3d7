"""Hides some tokens of each statement while training, so that no single word is learned by heart.

Knows token ids. Does not know labels; holder and counterpart, the second part of a row, are never hidden.
"""

from collections.abc import Callable
from typing import Any

import torch
from transformers import DataCollatorWithPadding

Collator = Callable[[list[dict[str, Any]]], Any]


def masking_collator(tokenizer: Any, share: float) -> Collator:
    """Pads rows to one length and puts the mask token in place of a `share` of the statement's tokens.

    Each reading hides others (word dropout, Iyyer et al. 2015, *Deep Unordered Composition Rivals Syntactic Methods*).
    Numbers come from torch's own generator, whose state the Trainer keeps in its checkpoints: a resumed training
    hides the same.
    """
    pad = DataCollatorWithPadding(tokenizer)
    special = torch.tensor(tokenizer.all_special_ids)

    def collate(rows: list[dict[str, Any]]) -> Any:
        batch = pad(rows)
        if share:
            ids = batch["input_ids"]
            # By the separator, not by segment ids: MPNet has none.
            statement = (ids == tokenizer.sep_token_id).cumsum(dim=1) == 0
            hidden = (torch.rand(ids.shape) < share) & statement & ~torch.isin(ids, special)
            batch["input_ids"] = ids.masked_fill(hidden, tokenizer.mask_token_id)
        return batch

    return collate
