"""Randomisation tests: exact where they say so, and never surer than enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from eval.randomisation import cluster_sums, worse_f1_p, worse_share_p

differences = st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.sampled_from("abcdef")), min_size=1, max_size=14)


@given(differences)
def test_exact_p_is_that_of_all_ways_to_exchange_the_clusters(units: list[tuple[int, str]]) -> None:
    values, clusters = np.array([value for value, _ in units]), [name for _, name in units]
    sums = cluster_sums(values, clusters)
    totals = [int(np.dot(signs, sums)) for signs in product((-1, 1), repeat=len(sums))]
    expected = np.mean([total <= values.sum() for total in totals])
    assert worse_share_p(values, clusters) == pytest.approx(expected)


@given(lost=st.integers(0, 30), won=st.integers(0, 30), same=st.integers(0, 5))
def test_with_a_cluster_for_each_unit_it_is_the_sign_test(lost: int, won: int, same: int) -> None:
    values = np.array([-1] * lost + [1] * won + [0] * same + [0])
    found = worse_share_p(values, [str(place) for place in range(len(values))])
    expected = binomtest(won, won + lost, alternative="less").pvalue if won + lost else 1.0
    assert found == pytest.approx(expected)


def test_a_handful_of_lost_cases_is_not_certainty() -> None:
    """5 of 48 lost on balance: what a bootstrap called p = 0.0003."""
    values = np.array([-1] * 7 + [1] * 2 + [0] * 39)
    assert 0.05 < worse_share_p(values, [str(place) for place in range(48)]) < 0.12


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_equal_models_are_rarely_called_worse(seed: int) -> None:
    """Over 60 pairs of models that differ by chance only, the level of 5 % is kept (17 or more: p < 1e-8)."""
    generator = np.random.default_rng(seed)
    clusters = [str(place // 3) for place in range(45)]
    called = 0
    for _ in range(60):
        skill = generator.random(15).repeat(3)
        first, second = (generator.random(45) < skill for _ in range(2))
        called += worse_share_p(second.astype(int) - first.astype(int), clusters) < 0.05
    assert called < 17


def test_f1_that_falls_is_seen_and_one_that_stays_is_not() -> None:
    clusters = [str(place) for place in range(60)]
    good = np.tile([1, 0, 0], (60, 1))
    bad = good.copy()
    bad[:30] = [0, 1, 1]
    assert worse_f1_p(good, good, clusters, replicates=500) == 1.0
    assert worse_f1_p(good, bad, clusters, replicates=2000) < 0.01
    assert worse_f1_p(bad, good, clusters, replicates=2000) > 0.9
