"""Coefficients against published worked examples and against a second implementation.

Sources of the constants: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability" (reliability data
C and D: nominal 0.743, ordinal 0.815); Gwet's tables `cont3x3abstractors` and `cont4x4diagnosis` with the
values that irrCAC 0.4.4 (Python, by Fergadis) and the vignettes of irrCAC 1.0 (R, by Gwet) print: kappa
0.79641, AC1 0.84933, with quadratic weights kappa 0.89216, AC2 0.94024.
"""

import numpy as np
import pytest
from scipy.stats import bootstrap

from eval import contingency
from eval.agreement import (
    MISSING,
    codes,
    gwet_ac,
    linear_agreement,
    panel_alpha,
    quadratic_agreement,
)
from eval.curves import COVERAGES, risk_coverage_curve, risks_at
from eval.resampling import Draws, draw
from eval.scores import MEASURES, Predictions, measures, replicate_measures
from models.axis import load_axis

AXIS = load_axis()
KRIPPENDORFF_2011 = (
    np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ]
    )
    - 1
)  # 0 marks a missing value in the published table, -1 here
ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
DIAGNOSIS = np.array([[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]])


def random_predictions(seed: int, units: int = 60, skill: float = 2.0) -> Predictions:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 6, units)
    logits = generator.normal(0, 1, (units, 6))
    logits[np.arange(units), truth] += skill
    powers = np.exp(logits)
    return Predictions(
        axis=AXIS,
        gold=tuple(AXIS.names[place] for place in truth),
        probabilities=powers / powers.sum(axis=1, keepdims=True),
        ids=tuple(f"u{number}" for number in range(units)),
    )


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_of_krippendorffs_example(level, published):
    # Ordinal on our axis: the five codes of the example are the five on-axis labels, in order.
    assert panel_alpha(KRIPPENDORFF_2011, AXIS, level) == pytest.approx(published, abs=5e-4)
    size = 5 if level == "ordinal" else 6
    per_unit = contingency.coincidences(KRIPPENDORFF_2011, size)
    ours = contingency.alphas(np.ones((1, 12)), per_unit, level)[0]
    assert ours == pytest.approx(panel_alpha(KRIPPENDORFF_2011, AXIS, level), abs=1e-12)


@pytest.mark.parametrize(
    ("table", "weights", "kappa", "gwet"),
    [
        (ABSTRACTORS, "identity", 0.79641, 0.84933),
        (ABSTRACTORS, "linear", 0.84290, 0.90002),
        (ABSTRACTORS, "quadratic", 0.89216, 0.94024),
        (DIAGNOSIS, "identity", 0.43150, 0.45616),
        (DIAGNOSIS, "linear", 0.40681, 0.37707),
        (DIAGNOSIS, "quadratic", 0.38319, 0.29857),
    ],
)
def test_kappa_and_gwets_coefficients_on_published_tables(table, weights, kappa, gwet):
    size = len(table)
    agreement = {"identity": np.eye(size), "linear": linear_agreement(size), "quadratic": quadratic_agreement(size)}
    assert gwet_ac(table, agreement[weights]) == pytest.approx(gwet, abs=5e-6)
    stack = table[None].astype(float)
    assert contingency.gwet_acs(stack, agreement[weights])[0] == pytest.approx(gwet, abs=5e-6)
    assert contingency.kappas(stack, agreement[weights])[0] == pytest.approx(kappa, abs=5e-6)


def test_ac2_of_raw_ratings_equals_irrcac():
    # 40 units rated on five points; 0.82064 is irrCAC 0.4.4 with weights="quadratic", categories 0 to 4.
    left = [3, 4, 0, 4, 2, 2, 3, 1, 4, 0, 1, 1, 2, 2, 0, 0, 0, 0, 0, 4, 0, 3, 3, 1, 1, 2, 1, 4, 0, 4, 3, 4, 0, 1, 3, 2]
    right = [4, 4, 1, 3, 2, 3, 2, 0, 4, 1, 0, 2, 2, 1, 0, 1, 1, 1, 0, 3, 1, 4, 4, 0, 0, 2, 1, 4, 1, 3, 3, 3, 0, 2, 2, 1]
    left, right = [*left, 3, 3, 3, 0], [*right, 2, 2, 2, 1]
    table = np.zeros((5, 5))
    np.add.at(table, (left, right), 1)
    assert gwet_ac(table, quadratic_agreement(5)) == pytest.approx(0.82064, abs=5e-6)


@pytest.mark.parametrize("seed", range(6))
def test_replicates_equal_the_libraries_on_the_drawn_units(seed):
    predictions = random_predictions(seed, units=40, skill=[0.0, 1.0, 2.5][seed % 3])
    counts = draw([f"c{number % 17}" for number in range(40)], replicates=8, seed=seed).counts
    drawn = replicate_measures(predictions, counts)
    assert set(drawn) == {measure.name for measure in MEASURES}
    for row, replicate in enumerate(counts.astype(int)):
        expected = measures(predictions.take(np.repeat(np.arange(40), replicate)))
        for name, value in expected.items():
            assert drawn[name][row] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_undefined_is_nan_in_both_implementations():
    one_label = Predictions(
        axis=AXIS, gold=("open",) * 4, probabilities=np.eye(6)[[4, 4, 4, 4]], ids=("a", "b", "c", "d")
    )
    whole = replicate_measures(one_label, np.ones((1, 4)))
    for name in ("alpha_ordinal", "alpha_nominal", "kappa_quadratic", "kappa_linear"):
        assert np.isnan(measures(one_label)[name])
        assert np.isnan(whole[name][0])
    assert measures(one_label)["accuracy"] == 1.0


def test_missing_passes_count_only_where_two_are_there():
    coded = codes(AXIS, [["open", None, "refuse", "none"], ["open", "refuse", "resist", "none"]])
    assert coded[0, 1] == MISSING
    kept = coded[:, [0, 2, 3]]
    assert panel_alpha(coded, AXIS, "nominal") == panel_alpha(kept, AXIS, "nominal")


def test_whole_clusters_are_drawn_and_left_out():
    clusters = ["x", "x", "y", "z", "z", "z"]
    draws = draw(clusters, replicates=50)
    counts = draws.counts[:50]
    assert (counts[:, 0] == counts[:, 1]).all()
    assert (counts[:, 3] == counts[:, 5]).all()
    assert (counts[:, 0] + counts[:, 2] + counts[:, 3] == 3).all()
    assert draws.counts[50:].tolist() == [[0, 0, 1, 1, 1, 1], [1, 1, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0]]


def test_clustering_widens_the_interval_of_dependent_units():
    predictions = random_predictions(3, units=40, skill=1.0)
    # Every unit six times over: 240 rows hold no more than 40 rows do.
    repeated = predictions.take(np.repeat(np.arange(40), 6))
    clusters = [str(number // 6) for number in range(240)]
    widths = []
    for names in (clusters, [str(number) for number in range(240)]):
        draws = draw(names)
        found = draws.interval(float(repeated.correct.mean()), replicate_measures(repeated, draws.counts)["accuracy"])
        widths.append(found.high - found.low)
    assert widths[0] > 2 * widths[1]


def test_interval_equals_scipys_bca():
    values = np.random.default_rng(1).exponential(1.0, 40)
    scipys = bootstrap((values,), np.var, n_resamples=5000, method="BCa", rng=np.random.default_rng(2))
    jackknife = [np.delete(values, place).var() for place in range(40)]
    draws = Draws(counts=np.ones((5040, 40)), replicates=5000)
    found = draws.interval(float(values.var()), np.concatenate([scipys.bootstrap_distribution, jackknife]))
    assert (found.low, found.high) == pytest.approx(tuple(scipys.confidence_interval), rel=2e-3)


def test_intervals_cover_the_truth_at_fifty_units():
    names = ("alpha_ordinal", "alpha_nominal", "macro_f1", "accuracy", "gwet_ac2", "brier")
    truth = measures(random_predictions(1, 30000))
    covered = dict.fromkeys(names, 0)
    for trial in range(150):
        predictions = random_predictions(1000 + trial, 50)
        draws = draw([str(number) for number in range(50)], replicates=400, seed=trial)
        values, samples = measures(predictions), replicate_measures(predictions, draws.counts)
        for name in names:
            found = draws.interval(values[name], samples[name])
            covered[name] += found.low <= truth[name] <= found.high
    # 150 trials at 95 %: three standard errors are 5.3 points.
    assert all(number / 150 >= 0.895 for number in covered.values()), covered


def test_no_error_is_not_certainty():
    # Wilson's interval for 10 of 10 is [0.722, 1] (Brown, Cai and DasGupta 2001).
    draws = Draws(counts=np.ones((110, 10)), replicates=100)
    found = draws.proportion(1.0, np.ones(110), 10)
    assert (found.low, found.high) == pytest.approx((0.7225, 1.0), abs=1e-3)
    assert np.isnan(draws.interval(1.0, np.ones(110)).low)


def test_p_value_mirrors_the_interval():
    generator = np.random.default_rng(0)
    for trial in range(40):
        units = generator.exponential(1.0, 30) - generator.uniform(0.6, 1.4)
        draws = draw([str(number) for number in range(30)], seed=trial)
        samples = draws.counts @ units / draws.counts.sum(axis=1)
        found, p = draws.interval(float(units.mean()), samples), draws.two_sided_p(float(units.mean()), samples)
        if abs(p - 0.05) > 0.01:
            assert (p < 0.05) == (found.low > 0 or found.high < 0)


def test_measures_of_a_hand_worked_example():
    # Labels in order: refuse, resist, neutral, conditional, open, none.
    rows = {
        ("refuse", (0.6, 0.4, 0.0, 0.0, 0.0, 0.0)): None,  # right; score -1.6, off by 0.4
        ("refuse", (0.2, 0.8, 0.0, 0.0, 0.0, 0.0)): None,  # one step off; score -1.2, off by 0.8
        ("open", (0.0, 0.0, 0.5, 0.0, 0.3, 0.2)): None,  # two steps off; score 0.75, off by 1.25
        ("none", (0.0, 0.0, 0.0, 0.1, 0.0, 0.9)): None,  # right; not on the axis
        ("none", (0.0, 0.0, 0.0, 0.0, 0.7, 0.3)): None,  # a stance where there is none: never within one
    }
    found = measures(
        Predictions(axis=AXIS, gold=tuple(gold for gold, _ in rows), probabilities=np.array([row for _, row in rows]))
    )
    assert found["accuracy"] == pytest.approx(2 / 5)
    assert found["within_one"] == pytest.approx(3 / 5)
    assert found["mae"] == pytest.approx((0.4 + 0.8 + 1.25) / 3)
    assert found["on_axis_precision"] == pytest.approx(3 / 4)
    assert found["on_axis_recall"] == 1.0
    squares = [0.16 + 0.16, 0.64 + 0.64, 0.25 + 0.49 + 0.04, 0.01 + 0.01, 0.49 + 0.49]
    assert found["brier"] == pytest.approx(sum(squares) / 5)
    # Each unit in a bin of its own: |confidence - right|.
    assert found["ece"] == pytest.approx((0.4 + 0.8 + 0.5 + 0.1 + 0.7) / 5)
    # By confidence: 0.9 right, 0.8 wrong, 0.7 wrong, 0.6 right, 0.5 wrong.
    assert found["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 2 / 4 + 3 / 5) / 5)


def test_risk_is_the_error_rate_of_the_most_confident():
    predictions = random_predictions(8, 37, skill=1.0)
    draws = draw([str(number) for number in range(37)], replicates=20)
    order = np.argsort(-predictions.confidence, kind="stable")
    for point in risk_coverage_curve(predictions, draws):
        kept = order[: point["n"]]
        assert point["risk"]["value"] == pytest.approx(1 - predictions.correct[kept].mean())
        assert point["n"] == max(1, int(np.ceil(point["coverage"] * 37 - 1e-9)))
    # A replicate with multiplicities equals the curve of the units written out.
    counts = draws.counts[3].astype(int)
    written_out = np.repeat(~predictions.correct[order], counts[order])
    for coverage, risk in zip(COVERAGES, risks_at(counts[order][None], ~predictions.correct[order])[0], strict=True):
        kept = max(1, int(np.ceil(coverage * 37 - 1e-9)))
        assert risk == pytest.approx(written_out[:kept].mean())
