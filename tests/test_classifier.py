"""The released bundle: engines agree, a row does not depend on its batch, plain transformers can run it."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.gold_set import read_gold
from models.axis import load_axis
from models.classifier import StanceClassifier, token_budget_batches
from models.errors import InputError
from models.statement import Statement
from models.tokens import padded_length
from training.build_corpus import split_of
from training.corpus_file import LabelledStatement, read_corpus

GOLD = read_gold(Path("eval/gold/seed_article.jsonl"), load_axis())
STATEMENTS = [unit.statement for unit in GOLD.units]


def rows(stances: Sequence[object]) -> np.ndarray:
    return np.array([stance.probabilities for stance in stances])  # type: ignore[attr-defined]


@given(st.permutations(range(12)), st.integers(1, 12))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_statement_scores_the_same_bits_in_any_batch(
    classifier: StanceClassifier, order: list[int], size: int
) -> None:
    chosen = STATEMENTS[:12]
    together = rows(classifier.classify(chosen))
    for start in range(0, 12, size):
        part = order[start : start + size]
        assert (rows(classifier.classify([chosen[i] for i in part])) == together[part]).all()


def test_the_cpu_engine_agrees_with_torch(classifier: StanceClassifier) -> None:
    torch = StanceClassifier.load(engine="torch")
    ours, theirs = rows(classifier.classify(STATEMENTS)), rows(torch.classify(STATEMENTS))
    assert np.abs(ours - theirs).mean() <= 0.01
    assert (ours.argmax(1) == theirs.argmax(1)).mean() >= 0.98


def test_plain_transformers_runs_the_checkpoint(classifier: StanceClassifier) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = classifier.bundle.checkpoint
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tuple(model.config.id2label.values()) == classifier.bundle.axis.names
    assert model.dtype == torch.float32
    pairs = STATEMENTS[:8]
    encoded = tokenizer([s.text for s in pairs], [s.perspective for s in pairs], padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**encoded).logits.numpy()
    np.testing.assert_allclose(logits, classifier.logits(pairs), atol=5e-3)


def test_the_perspective_moves_the_score_the_right_way_more_often_than_not(classifier: StanceClassifier) -> None:
    """On held-back texts that carry two holders of different stance: weak as yet, see docs/model-study.md."""
    axis = load_axis()
    values = dict(zip(axis.on_axis_names, axis.values, strict=True))
    texts: dict[str, list[LabelledStatement]] = {}
    for example in read_corpus([Path("training/corpus")], axis):
        if split_of(example.group) == "test" and example.label in values:
            texts.setdefault(example.text, []).append(example)
    pairs = [(a, b) for some in texts.values() for a, b in pairwise(some) if a.label != b.label]
    stances = classifier.classify([example.statement for pair in pairs for example in pair])
    right = [
        (stances[2 * n].score - stances[2 * n + 1].score) * (values[a.label] - values[b.label]) > 0
        for n, (a, b) in enumerate(pairs)
    ]
    assert len(pairs) >= 100
    assert sum(right) > 0.5 * len(pairs)


def test_a_text_longer_than_the_model_reads_is_windowed_and_flagged(classifier: StanceClassifier) -> None:
    long = Statement(text="We are ready to sit down with them. " * 200, holder="the union", counterpart="the port")
    stance = classifier.classify([long])[0]
    assert stance.truncated
    assert stance.label == "open"


def test_a_very_long_perspective_leaves_room_for_the_statement(classifier: StanceClassifier) -> None:
    stance = classifier.classify([Statement(text="We will never negotiate.", holder="x " * 5000)])[0]
    assert not stance.truncated


def test_empty_text_is_refused_and_no_statement_is_fine(classifier: StanceClassifier) -> None:
    with pytest.raises(InputError, match="statement 2"):
        classifier.classify([STATEMENTS[0], Statement(text=" \n")])
    assert classifier.classify([]) == []


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2000))
def test_batches_cover_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(token_budget_batches(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        widths = {padded_length(lengths[index]) for index in batch}
        assert len(widths) == 1
        assert len(batch) == 1 or len(batch) * widths.pop() <= budget
