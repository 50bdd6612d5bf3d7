"""What to label next: a random part, so that evaluation stays unbiased, and the units that teach most.

The random part follows one fixed order of the whole corpus (a hash of seed and unit), so that the parts of
successive calls add up to one random sample. The rest is chosen by one of STRATEGIES, which
benchmarks/active_learning.py compares. Knows scored rows, not files or Label Studio.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from eval.scored_file import ScoredRow
from models.errors import InputError

POOL_FACTOR = 10
DEFAULT_STRATEGY = "diverse"


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Rows to label, and rows labelled before for another reason that belong to the random sample all the same."""

    random: tuple[ScoredRow, ...]
    uncertain: tuple[ScoredRow, ...]
    random_already: tuple[ScoredRow, ...]


def choose(
    rows: Sequence[ScoredRow],
    *,
    number: int,
    random_share: float,
    labelled: Collection[tuple[str, str, str]] = (),
    labelled_at_random: Collection[tuple[str, str, str]] = (),
    strategy: str = DEFAULT_STRATEGY,
    seed: int = 0,
) -> Queue:
    """`number` rows, of which `random_share` (rounded up) at random and the others by `strategy`, one of STRATEGIES.

    `labelled` are keys of rows that are done. Raises InputError where fewer rows are left or the strategy is unknown.
    """
    if strategy not in STRATEGIES:
        raise InputError(f"no strategy {strategy!r}: choose one of {', '.join(STRATEGIES)}")
    distinct = list({row.key: row for row in rows}.values())
    done = set(labelled)
    left = [row for row in distinct if row.key not in done]
    if len(left) < number:
        raise InputError(f"{number} units asked for, but only {len(left)} of {len(distinct)} are not labelled yet")
    wanted = int(np.ceil(random_share * number))
    random: list[ScoredRow] = []
    already: list[ScoredRow] = []
    known_random = set(labelled_at_random)
    for row in sorted(distinct, key=lambda one: _place(one, seed)):
        if len(random) == wanted:
            break
        if row.key not in done:
            random.append(row)
        elif row.key not in known_random:
            already.append(row)
    taken = {row.key for row in random}
    rest = [row for row in left if row.key not in taken]
    return Queue(
        random=tuple(random),
        uncertain=tuple(STRATEGIES[strategy](rest, number - wanted, seed)),
        random_already=tuple(already),
    )


def _place(row: ScoredRow, seed: int) -> str:
    return hashlib.sha256("\0".join((str(seed), *row.key)).encode()).hexdigest()


def margin(row: ScoredRow) -> float:
    """Distance of the two most probable labels: 0 is a coin toss, 1 is certain (Scheffer et al. 2001)."""
    first, second = sorted(row.probabilities, reverse=True)[:2]
    return first - second


def _diverse(rows: Sequence[ScoredRow], number: int, seed: int) -> list[ScoredRow]:
    """Uncertain and unlike one another: k-means over TF-IDF, weighted by uncertainty, the most uncertain of each.

    Zhdanov 2019, Diverse mini-batch active learning, arXiv 1901.05954.
    """
    if number <= 0:
        return []
    pool = sorted(rows, key=lambda row: (margin(row), row.line))[: POOL_FACTOR * number]
    if len(pool) <= number:
        return pool
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+").fit_transform(
        [f"{row.text} {row.holder} {row.counterpart}" for row in pool]
    )
    clusters = min(number, len({row.text for row in pool}))
    weights = np.array([1.001 - margin(row) for row in pool])
    found = KMeans(clusters, n_init=1, random_state=seed).fit(vectors, sample_weight=weights).labels_
    chosen: list[ScoredRow] = []
    for cluster in range(clusters):
        # The pool is sorted: the first row of a cluster is its most uncertain one.
        members = np.flatnonzero(found == cluster)
        if members.size:
            chosen.append(pool[members[0]])
    taken = {row.key for row in chosen}
    chosen += [row for row in pool if row.key not in taken][: number - len(chosen)]
    return sorted(chosen, key=margin)


def _most_uncertain(rows: Sequence[ScoredRow], number: int, seed: int) -> list[ScoredRow]:
    """The smallest margins, whatever they say."""
    return sorted(rows, key=lambda row: (margin(row), row.line))[:number]


STRATEGIES: Mapping[str, Callable[[Sequence[ScoredRow], int, int], list[ScoredRow]]] = {
    "diverse": _diverse,
    "margin": _most_uncertain,
}
