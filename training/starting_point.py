"""The encoder that fine-tuning starts from: a pretrained one, with a pooling layer and a smaller vocabulary.

Knows the BERT layout and `tokenizer.json`. The result is still a plain BERT sequence classifier that
any transformers program loads. Does not know the task.
"""

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from models.errors import TrainingError
from training.pretrained import encoder_folder
from training.recipe import Recipe

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def starting_point(recipe: Recipe, names: tuple[str, ...], work: Path) -> tuple[Any, Any]:
    """Model and tokenizer, `names` being the labels in output order."""
    source = encoder_folder(recipe.encoder, recipe.axis)
    settings: dict[str, Any] = {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {name: place for place, name in enumerate(names)},
        # Dropout inside attention slows training on a CPU by a tenth.
        "attention_probs_dropout_prob": 0.0,
    }
    model = AutoModelForSequenceClassification.from_pretrained(
        source, dtype=torch.float32, trust_remote_code=False, **settings
    )
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    if recipe.pooling_layer or recipe.prune_vocabulary:
        if model.config.model_type != "bert":
            raise TrainingError(
                f"pooling_layer and prune_vocabulary are for BERT, not {model.config.model_type}: set both to false"
            )
        if recipe.pooling_layer:
            model = with_pooling_layer(model, source, settings)
        if recipe.prune_vocabulary:
            tokenizer = prune_vocabulary(model, Path(source), work / "tokenizer")
    return model, tokenizer


def with_pooling_layer(model: Any, source: str, settings: dict[str, Any]) -> Any:
    """The same model with one more layer, which starts as the mean over all tokens.

    A sentence encoder keeps its meaning in the mean of its token vectors, while a BERT classifier
    reads the first token only, which nobody trained. The added layer attends evenly (its queries and
    keys are almost zero) and passes the mean on, so that fine-tuning starts from what is there.
    """
    layers = model.config.num_hidden_layers
    config = AutoConfig.from_pretrained(source, num_hidden_layers=layers + 1, trust_remote_code=False, **settings)
    deeper = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    deeper.bert.load_state_dict(model.bert.state_dict(), strict=False)
    layer = deeper.bert.encoder.layer[layers]
    same = torch.eye(config.hidden_size)
    with torch.no_grad():
        for linear in (layer.attention.self.query, layer.attention.self.key, layer.output.dense):
            # Not zero: a weight of zero in two factors of one product would never learn.
            linear.weight.mul_(0.05)
            linear.bias.zero_()
        # Twice the mean against once the first token: the residual sum leans on the mean.
        for linear, weight in (
            (layer.attention.self.value, same),
            (layer.attention.output.dense, 2 * same),
            (deeper.bert.pooler.dense, same),
        ):
            linear.weight.copy_(weight)
            linear.bias.zero_()
    return deeper


def prune_vocabulary(model: Any, source: Path, folder: Path) -> Any:
    """Drops tokens with letters of other scripts and the placeholders of BERT; returns the new tokenizer.

    A dropped token is read as unknown, as one that BERT never had. Shrinks the embedding table in place.
    """
    content = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    old: dict[str, int] = content["model"]["vocab"]
    kept = [token for token, _ in sorted(old.items(), key=lambda item: item[1]) if _wanted(token)]
    new = {token: place for place, token in enumerate(kept)}
    content["model"]["vocab"] = new
    content["padding"] = content["truncation"] = None
    for added in content["added_tokens"]:
        added["id"] = new[added["content"]]
    for special in content["post_processor"].get("special_tokens", {}).values():
        special["ids"] = [new[token] for token in special["tokens"]]
    rows = torch.tensor([old[token] for token in kept])
    table = model.bert.embeddings.word_embeddings
    smaller = torch.nn.Embedding(len(kept), table.embedding_dim, padding_idx=new["[PAD]"])
    with torch.no_grad():
        smaller.weight.copy_(table.weight[rows])
    model.bert.embeddings.word_embeddings = smaller
    model.config.vocab_size = len(kept)
    model.config.pad_token_id = new["[PAD]"]
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copy(source / name, folder / name)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    # The table of added tokens repeats the old ids; tokenizer.json holds the new ones.
    settings.pop("added_tokens_decoder", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def _wanted(token: str) -> bool:
    if token.startswith("[unused"):
        return False
    return all(not letter.isalpha() or unicodedata.name(letter, "").startswith("LATIN") for letter in token)
