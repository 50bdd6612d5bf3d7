"""Baselines that any model must beat: the majority label, a phrase lexicon, TF-IDF with logistic regression.

Knows texts, perspectives and labels. Does not know our model, nor where the gold comes from.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from eval.scores import Predictions, from_labels
from models.axis import DEFAULT_AXIS, Axis
from models.statement import Statement, perspective

LEXICONS = Path(__file__).parent
CORPUS_FOLDER = Path(__file__).parent.parent / "training" / "corpus"


def majority(axis: Axis, gold: Sequence[str]) -> Predictions:
    """Predicts the gold's own most frequent label: a lower bound that knows the answers' mix."""
    label = Counter(gold).most_common(1)[0][0]
    return from_labels(axis, gold, [label] * len(gold))


class Lexicon:
    """CAMEO-style verb phrases (Gerner et al. 2002), first match in a fixed order of labels.

    An axis has one or not: `lexicon.toml` is that of the default axis, `lexicon_<axis>.toml` that of another.
    """

    @staticmethod
    def path(axis: Axis) -> Path:
        return LEXICONS / ("lexicon.toml" if axis.name == DEFAULT_AXIS else f"lexicon_{axis.name}.toml")

    def __init__(self, axis: Axis) -> None:
        content = tomllib.loads(self.path(axis).read_text(encoding="utf-8"))
        self._axis = axis
        self._patterns: list[tuple[str, re.Pattern[str]]] = [
            (name, re.compile("|".join(map(_pattern, content[name])))) for name in content["order"]
        ]

    def label(self, text: str) -> str:
        lowered = text.lower().replace("’", "'")
        for name, pattern in self._patterns:
            if pattern.search(lowered):
                return name
        return self._axis.off_axis.name

    def predict(self, statements: Sequence[Statement], gold: Sequence[str]) -> Predictions:
        return from_labels(self._axis, gold, [self.label(statement.text) for statement in statements])


def _pattern(phrase: str) -> str:
    words = []
    for word in phrase.split():
        if word == "*":
            words.append(r"(?:\S+\s+){0,3}?")
        else:
            words.append(re.escape(word).replace(r"\*", r"\w*") + r"\s+")
    joined = "".join(words)
    return r"\b" + joined.removesuffix(r"\s+") + r"\b"


class TfidfRegression:
    """Words and word pairs of text and perspective, logistic regression.

    Character n-grams made it twenty times slower and no better; newton-cg needs a twelfth of the time of lbfgs.
    """

    def __init__(self, axis: Axis, statements: Sequence[Statement], labels: Sequence[str]) -> None:
        self._axis = axis
        self._model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            LogisticRegression(C=4.0, solver="newton-cg", class_weight="balanced"),
        )
        self._model.fit([_joined(statement) for statement in statements], list(labels))

    def predict(self, statements: Sequence[Statement], gold: Sequence[str]) -> Predictions:
        given = self._model.predict_proba([_joined(statement) for statement in statements])
        probabilities = np.zeros((len(statements), len(self._axis.names)))
        for column, name in enumerate(self._model.classes_):
            probabilities[:, self._axis.index(name)] = given[:, column]
        return Predictions(axis=self._axis, gold=tuple(gold), probabilities=probabilities)


def _joined(statement: Statement) -> str:
    return f"{statement.text} || {perspective(statement.holder, statement.counterpart)}"


def corpus_examples(axis: Axis, base: Path = CORPUS_FOLDER) -> tuple[list[Statement], list[str]]:
    """Statements and labels of the axis's shipped corpus, as files; empty where they are not installed."""
    statements: list[Statement] = []
    labels: list[str] = []
    for file in sorted(axis.folder(base).glob("*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                statements.append(
                    Statement(text=record["text"], holder=record["holder"], counterpart=record["counterpart"])
                )
                labels.append(record["label"])
    return statements, labels
