"""Fine-tunes an encoder on labelled statements with the transformers Trainer.

Knows tensors, losses, checkpoints and resuming. Does not know where the statements come from, nor
calibration, bundles or evaluation.
"""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from transformers import (
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    get_linear_schedule_with_warmup,
    set_seed,
)

from models.axis import Axis
from models.errors import TrainingError
from training.corpus_file import LabelledStatement
from training.losses import soft_cross_entropy, squared_emd, target_matrix
from training.recipe import Recipe
from training.starting_point import starting_point


def finetune(
    recipe: Recipe,
    axis: Axis,
    statements: Sequence[LabelledStatement],
    *,
    work: Path,
    checkpoint: Path,
    soft_labels: np.ndarray | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Trains on `statements` and writes a transformers checkpoint folder; returns the training log.

    `work` keeps a checkpoint for each epoch: called again after an interruption, training goes on
    from the last one. `soft_labels`, shape (statements, labels), are a teacher's probabilities.
    """
    missing = set(axis.names) - {statement.label for statement in statements}
    if missing:
        raise TrainingError(f"no training example is labelled {', '.join(sorted(missing))}: add some")
    set_seed(recipe.seed)
    model, tokenizer = starting_point(recipe, axis.names, work)
    _freeze(model, recipe)
    targets = target_matrix(axis, recipe.smoothing, ordinal=recipe.loss != "cross_entropy").numpy()
    wanted = np.stack([targets[axis.index(statement.label)] for statement in statements])
    if soft_labels is not None:
        wanted = (1 - recipe.teacher_weight) * wanted + recipe.teacher_weight * soft_labels
    chosen = sorted(random.Random(recipe.seed).sample(range(len(statements)), round(len(statements) * recipe.fraction)))
    dataset = _encode([statements[i] for i in chosen], wanted[chosen], tokenizer, recipe)
    steps = -(-len(dataset) // recipe.batch) * recipe.epochs
    optimizer = torch.optim.AdamW(_parameter_groups(model, recipe), lr=recipe.learning_rate, fused=True)
    on_axis = len(axis.labels)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        rows = soft_cross_entropy(outputs.logits, labels)
        if recipe.loss == "emd":
            rows = rows + squared_emd(outputs.logits, labels, on_axis)
        return rows.mean()

    trainer = _LengthBatchTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(work),
            num_train_epochs=recipe.epochs,
            per_device_train_batch_size=recipe.batch,
            max_grad_norm=1.0,
            seed=recipe.seed,
            data_seed=recipe.seed,
            save_strategy="epoch",
            save_total_limit=max(2, recipe.average_last),
            logging_steps=50,
            report_to="none",
            dataloader_pin_memory=torch.cuda.is_available(),
            disable_tqdm=quiet,
        ),
        train_dataset=dataset,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_loss_func=loss,
        optimizers=(optimizer, get_linear_schedule_with_warmup(optimizer, round(recipe.warmup * steps), steps)),
    )
    trainer.train(resume_from_checkpoint=_last_checkpoint(work))
    _save(model, tokenizer, work, checkpoint, recipe)
    return {"steps": steps, "examples": len(dataset), "log": trainer.state.log_history}


class _LengthBatches(torch.utils.data.Sampler[int]):
    """Row numbers such that each consecutive `batch` rows are alike in length, batches in random order.

    Rows are dealt at random into pools of 20 batches and sorted within a pool. The Trainer's own
    `group_by_length` goes through a pool from long to short; with it our encoder did not learn at all.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self.lengths, self.batch, self.seed, self.epoch = list(lengths), batch, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer's data loader: every epoch has an order of its own, also after resuming."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        chance = random.Random(self.seed * 1000 + self.epoch)
        rows = list(range(len(self.lengths)))
        chance.shuffle(rows)
        pool = 20 * self.batch
        batches = []
        for start in range(0, len(rows), pool):
            near = sorted(rows[start : start + pool], key=lambda row: self.lengths[row])
            batches += [near[place : place + self.batch] for place in range(0, len(near), self.batch)]
        # An incomplete batch can only stay incomplete at the end: anywhere else it would shift all others.
        whole = [one for one in batches if len(one) == self.batch]
        rest = [row for one in batches if len(one) < self.batch for row in one]
        chance.shuffle(whole)
        return iter([row for one in whole for row in one] + rest)


class _LengthBatchTrainer(Trainer):  # type: ignore[misc]
    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        rows = train_dataset if train_dataset is not None else self.train_dataset
        lengths = [len(ids) for ids in rows["input_ids"]]
        return _LengthBatches(lengths, self.args.train_batch_size, self.args.data_seed)


def _freeze(model: Any, recipe: Recipe) -> None:
    """Freezes the embeddings and all but the last `train_layers` layers, where the recipe says so."""
    base = model.base_model
    if recipe.freeze_embeddings or recipe.train_layers >= 0:
        base.embeddings.requires_grad_(False)
    if recipe.train_layers >= 0:
        layers = base.encoder.layer
        for layer in layers[: max(0, len(layers) - recipe.train_layers)]:
            layer.requires_grad_(False)


def _parameter_groups(model: Any, recipe: Recipe) -> list[dict[str, Any]]:
    """The new head learns faster than the pretrained body; norms and biases do not decay."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            head = name.startswith("classifier")
            groups.setdefault((head, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": recipe.head_learning_rate if head else recipe.learning_rate,
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for (head, decays), parameters in groups.items()
    ]


def _encode(statements: Sequence[LabelledStatement], targets: np.ndarray, tokenizer: Any, recipe: Recipe) -> Dataset:
    rows = Dataset.from_dict(
        {
            "text": [s.text for s in statements],
            "perspective": [s.statement.perspective if recipe.perspective else "" for s in statements],
            "labels": targets.astype(np.float32),
        }
    )

    def encode(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        texts, seconds = batch["text"], batch["perspective"]
        # Without a perspective there is one segment only, as at inference: an empty second text adds a [SEP].
        encoded = [
            tokenizer(text, second, truncation="only_first", max_length=recipe.max_length)
            if second
            else tokenizer(text, truncation=True, max_length=recipe.max_length)
            for text, second in zip(texts, seconds, strict=True)
        ]
        return {name: [row[name] for row in encoded] for name in encoded[0]}

    return rows.map(encode, batched=True, remove_columns=["text", "perspective"])


def _checkpoints(work: Path) -> list[Path]:
    found = [path for path in work.glob("checkpoint-*") if re.fullmatch(r"checkpoint-\d+", path.name)]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def _last_checkpoint(work: Path) -> str | None:
    # The Trainer writes trainer_state.json last: a folder without it was cut off while being written.
    whole = [path for path in _checkpoints(work) if (path / "trainer_state.json").is_file()]
    return str(whole[-1]) if whole else None


def _save(model: Any, tokenizer: Any, work: Path, checkpoint: Path, recipe: Recipe) -> None:
    """Saves in half precision with `dtype: float32` in the configuration, so that loading widens it again."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(checkpoint)
    tokenizer.save_pretrained(checkpoint)
    states = [load_file(path / "model.safetensors") for path in _checkpoints(work)[-recipe.average_last :]]
    mean = {name: torch.stack([state[name].float() for state in states]).mean(dim=0) for name in states[0]}
    half = {name: tensor.half().contiguous() for name, tensor in mean.items()}
    save_file(half, checkpoint / "model.safetensors", metadata={"format": "pt"})
