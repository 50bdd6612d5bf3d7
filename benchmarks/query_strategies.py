"""Ways to say what is to be labelled next: chance, small-text's, those of our labelling queue, and some that lost.

Each is given what is known at that point (a `Moment`) and names as many unlabelled rows as are asked for. Ours go
through `eval.labelling_queue.choose`, so what is measured is what `detente label next` does. Knows arrays and the
two libraries; does not know true labels.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import small_text
from numpy.typing import NDArray

from eval.labelling_queue import choose
from eval.scored_file import ScoredRow
from models.statement import Statement

Rows = NDArray[np.int64]
# small-text's own size for strategies that compare everything with everything, and half of it for k-means.
COMPARED = 4096
CLUSTERED = 2048


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One point of the simulated annotation.

    `vectors` (rows, 2 × width) are the embeddings of text and perspective side by side, each of length one;
    `probabilities` (rows, labels) are the present model's. `seed` differs from moment to moment.
    """

    statements: Sequence[Statement]
    vectors: np.ndarray
    probabilities: np.ndarray
    labelled: Rows
    unlabelled: Rows
    number: int
    seed: int

    @property
    def uncertainty(self) -> np.ndarray:
        """One minus the margin of the two most probable labels, of each row."""
        ordered = np.sort(self.probabilities, axis=1)
        shares: np.ndarray = 1 - (ordered[:, -1] - ordered[:, -2])
        return shares


Strategy = Callable[[Moment], Rows]


def _chance(moment: Moment) -> Rows:
    return np.random.default_rng(moment.seed).permutation(moment.unlabelled)[: moment.number]


def _chance_texts(moment: Moment) -> Rows:
    """Random texts, each with all its perspectives."""
    own: dict[str, list[int]] = defaultdict(list)
    for row in moment.unlabelled:
        own[moment.statements[row].text].append(int(row))
    texts = list(own.values())
    order = np.random.default_rng(moment.seed).permutation(len(texts))
    return np.array([row for place in order for row in texts[place]][: moment.number])


class _Known:
    """The present model as small-text wants it; a data set is an array of row numbers."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def predict_proba(self, rows: Rows) -> np.ndarray:
        return self._moment.probabilities[rows]

    def embed(self, rows: Rows, *, return_proba: bool = False, pbar: object = None) -> object:
        vectors = self._moment.vectors[rows]
        return (vectors, self._moment.probabilities[rows]) if return_proba else vectors


def _library(strategy: small_text.QueryStrategy) -> Strategy:
    def query(moment: Moment) -> Rows:
        np.random.seed(moment.seed)  # small-text draws from numpy's global state
        rows = np.arange(len(moment.statements))
        nothing = np.array([])
        found = strategy.query(_Known(moment), rows, moment.unlabelled, moment.labelled, nothing, n=moment.number)
        return np.asarray(found, dtype=np.int64)

    return query


def _queue(strategy: str, random_share: float = 0.0) -> Strategy:
    def query(moment: Moment) -> Rows:
        scored = [
            ScoredRow(
                line=row,
                id=str(row),
                text=one.text,
                holder=one.holder,
                counterpart=one.counterpart,
                label="",
                probabilities=tuple(moment.probabilities[row].tolist()),
                fields={},
            )
            for row, one in enumerate(moment.statements)
        ]
        queue = choose(
            scored,
            number=moment.number,
            random_share=random_share,
            labelled=[scored[row].key for row in moment.labelled],
            strategy=strategy,
            seed=moment.seed,
        )
        return np.array([row.line for row in (*queue.random, *queue.uncertain)])

    return query


def _core_set(moment: Moment) -> Rows:
    """The row farthest from all labelled ones, again and again (Sener and Savarese 2018), with distances kept.

    small-text's own starts every distance anew for each row: hours here.
    """
    pool, done = moment.vectors[moment.unlabelled], moment.vectors[moment.labelled]
    nearest = (pool @ done.T).max(axis=1)
    found: list[int] = []
    for _ in range(moment.number):
        place = int(nearest.argmin())
        found.append(place)
        nearest = np.maximum(nearest, pool @ pool[place])
        nearest[found] = np.inf
    return moment.unlabelled[found]


def _dense(moment: Moment) -> Rows:
    """Uncertainty times mean likeness to what is unlabelled (information density, Settles and Craven 2008)."""
    pool = moment.vectors[moment.unlabelled]
    worth = moment.uncertainty[moment.unlabelled] * (pool @ pool.mean(axis=0))
    return moment.unlabelled[np.argsort(-worth)[: moment.number]]


def _one_a_text(moment: Moment) -> Rows:
    """The smallest margins, but of each text one perspective a batch."""
    order = moment.unlabelled[np.argsort(-moment.uncertainty[moment.unlabelled])]
    first, later = [], []
    seen: set[str] = set()
    for row in order:
        text = moment.statements[row].text
        (later if text in seen else first).append(row)
        seen.add(text)
    return np.array([*first, *later][: moment.number])


def _drawn(moment: Moment) -> Rows:
    """By chance, the more likely the more uncertain (Kirsch et al. 2023, Stochastic batch acquisition).

    Drawn by an exponential race (Efraimidis and Spirakis 2006).
    """
    race = np.random.default_rng(moment.seed).exponential(size=len(moment.unlabelled))
    order = np.argsort(race / (0.001 + moment.uncertainty[moment.unlabelled]))
    return moment.unlabelled[order[: moment.number]]


def _uncertain_texts(moment: Moment) -> Rows:
    """Texts whose perspectives are together the most uncertain, each with all of them."""
    own: dict[str, list[int]] = defaultdict(list)
    for row in moment.unlabelled:
        own[moment.statements[row].text].append(int(row))
    uncertainty = moment.uncertainty
    order = sorted(own.values(), key=lambda rows: -uncertainty[rows].sum())
    return np.array([row for rows in order for row in rows][: moment.number])


def _subsampled(strategy: small_text.QueryStrategy, size: int) -> Strategy:
    return _library(small_text.SubsamplingQueryStrategy(strategy, subsample_size=size))


STRATEGIES: Mapping[str, Strategy] = {
    "random": _chance,
    "random, whole texts": _chance_texts,
    "small-text: breaking ties (margin)": _library(small_text.BreakingTies()),
    "small-text: entropy": _library(small_text.PredictionEntropy()),
    "small-text: least confidence": _library(small_text.LeastConfidence()),
    "small-text: contrastive": _subsampled(small_text.ContrastiveActiveLearning(pbar=None), COMPARED),
    "small-text: k-means": _subsampled(small_text.EmbeddingKMeans(), CLUSTERED),
    "small-text: lightweight core-set": _library(small_text.LightweightCoreset()),
    "greedy core-set": _core_set,
    "margin × density": _dense,
    "margin, one perspective a text": _one_a_text,
    "margin, drawn by chance": _drawn,
    "margin, whole texts": _uncertain_texts,
    "queue: diverse": _queue("diverse"),
    "queue: diverse, half at random": _queue("diverse", random_share=0.5),
    "queue: margin": _queue("margin"),
}
