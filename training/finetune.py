"""Fine-tunes an encoder on labelled statements with the transformers Trainer.

Knows tensors, losses, checkpoints and resuming. Does not know where the statements come from, nor
calibration, bundles or evaluation.
"""

import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import Trainer, TrainingArguments, get_linear_schedule_with_warmup, set_seed

from models.axis import Axis
from models.errors import TrainingError
from training.corpus_file import LabelledStatement
from training.encoded_rows import encoded
from training.losses import soft_cross_entropy, squared_emd, target_matrix
from training.masking import masking_collator
from training.recipe import Recipe
from training.starting_point import starting_point
from training.weight_average import WEIGHTS, save_mean

# Label of a row that is there for its place alone; the number that the Trainer, too, leaves out when it counts.
UNLABELLED = -100.0


def finetune(
    recipe: Recipe,
    axis: Axis,
    statements: Sequence[LabelledStatement],
    *,
    work: Path,
    checkpoint: Path,
    soft_labels: np.ndarray | None = None,
    quiet: bool = False,
    most_steps: int = -1,
) -> dict[str, Any]:
    """Trains on `statements` and writes a transformers checkpoint folder; returns the training log.

    `work` keeps a checkpoint for each epoch: called again after an interruption, training goes on
    from the last one. `most_steps` ends a trial early. `soft_labels`, shape (statements, labels), are a teacher's.
    """
    set_seed(recipe.seed)
    model, tokenizer = starting_point(recipe, axis.names, work / f"process-{process()}")
    _freeze(model, recipe)
    targets = target_matrix(axis, recipe.smoothing, ordinal=recipe.loss != "cross_entropy").numpy()
    wanted = targets[[axis.index(statement.label) for statement in statements]]
    if soft_labels is not None:
        wanted = (1 - recipe.teacher_weight) * wanted + recipe.teacher_weight * soft_labels
    chosen: Sequence[int] = range(len(statements))
    if recipe.fraction < 1:
        chosen = sorted(random.Random(recipe.seed).sample(chosen, round(len(statements) * recipe.fraction)))
    # One table for all processes would be written by all of them at once.
    dataset = encoded(statements, chosen, wanted, tokenizer, recipe, work / f"process-{process()}")
    shares = processes()
    if recipe.batch % shares:
        raise TrainingError(f"batch = {recipe.batch} cannot be dealt to {shares} processes: choose a multiple")
    examples, lengths = len(dataset), np.asarray(dataset.with_format("numpy")["length"][:])
    steps = -(-examples // recipe.batch) * recipe.epochs
    missing = -examples % recipe.batch if shares > 1 else 0
    if missing:
        # A row without labels, which the loss leaves out, fills the last batch: each process needs rows at each step.
        dataset = dataset.add_item({**dataset[int(lengths.argmin())], "labels": [UNLABELLED] * len(axis.names)})
    optimizer = torch.optim.AdamW(_parameter_groups(model, recipe), lr=recipe.learning_rate, fused=True)
    on_axis = len(axis.labels)
    on_cpu = shares > 1 and not torch.cuda.is_available()

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        rows = soft_cross_entropy(outputs.logits, labels)
        if recipe.loss == "emd":
            rows = rows + squared_emd(outputs.logits, labels, on_axis)
        if shares == 1:
            return rows.mean()
        # Over the labelled rows of all processes. The Trainer counts their numbers for us, and multiplies the loss
        # by the processes, since DDP takes the mean of their gradients.
        labelled = labels[:, 0] != UNLABELLED
        return rows[labelled].sum() * labels.shape[1] / num_items_in_batch

    trainer = _LengthBatchTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(work),
            num_train_epochs=recipe.epochs,
            max_steps=most_steps,
            per_device_train_batch_size=recipe.batch // shares,
            # The backend alone joins the processes but leaves the model bare, and each would train by itself.
            use_cpu=on_cpu,
            ddp_backend="gloo" if on_cpu else None,
            average_tokens_across_devices=shares > 1,
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
        data_collator=masking_collator(tokenizer, recipe.masked),
        compute_loss_func=loss,
        optimizers=(optimizer, get_linear_schedule_with_warmup(optimizer, round(recipe.warmup * steps), steps)),
    )
    trainer.lengths, trainer.missing = lengths, missing
    trainer.train(resume_from_checkpoint=_last_checkpoint(work))
    if process() == 0:
        _save(model, tokenizer, work, checkpoint, recipe)
    return {"steps": steps, "examples": examples, "log": trainer.state.log_history}


def process() -> int:
    """Number of this process; 0 unless torchrun started several."""
    return int(os.environ.get("RANK", "0"))


def processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


class _LengthBatches(torch.utils.data.Sampler[int]):
    """Row numbers such that each consecutive `batch` rows are alike in length, batches in random order.

    Rows are dealt at random into pools of 20 batches and sorted within a pool. The Trainer's own
    `group_by_length` goes through a pool from long to short; with it our encoder did not learn at all.
    """

    def __init__(self, lengths: np.ndarray, batch: int, seed: int, missing: int = 0) -> None:
        """`missing` times the row after the last one makes the last batch whole."""
        self.lengths, self.batch, self.seed, self.missing, self.epoch = lengths, batch, seed, missing, 0

    def __len__(self) -> int:
        return len(self.lengths) + self.missing

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer's data loader: every epoch has an order of its own, also after resuming."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        chance = np.random.default_rng([self.seed, self.epoch])
        rows = chance.permutation(len(self.lengths))
        pool = 20 * self.batch
        order = np.concatenate(
            [
                part[np.argsort(self.lengths[part], kind="stable")]
                for part in np.split(rows, range(pool, len(rows), pool))
            ]
        )
        # An incomplete batch can only stay incomplete at the end: anywhere else it would shift all others.
        whole = len(order) // self.batch * self.batch
        batches = order[:whole].reshape(-1, self.batch)
        chance.shuffle(batches)
        for batch in [*batches, order[whole:]]:
            yield from batch.tolist()
        yield from [len(self.lengths)] * self.missing


class _LengthBatchTrainer(Trainer):  # type: ignore[misc]
    lengths: np.ndarray
    missing: int

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        # `batch` is that of all processes together: accelerate deals its parts out, so that they train on the
        # same rows at the same step as one process would.
        batch = self.args.train_batch_size * self.args.world_size
        return _LengthBatches(self.lengths, batch, self.args.data_seed, self.missing)


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
    states = [load_file(path / WEIGHTS) for path in _checkpoints(work)[-recipe.average_last :]]
    save_mean(states, checkpoint / WEIGHTS)
