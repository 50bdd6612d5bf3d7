"""From probabilities to label, score and abstention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.axis import load_axis
from models.errors import InputError
from models.stance import StanceDistribution, ordinal_score
from models.statement import perspective

AXIS = load_axis()
weights = st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6).filter(lambda row: sum(row) > 1e-3)


@given(weights)
def test_the_score_stays_on_the_axis_and_the_label_is_the_likeliest(row: list[float]) -> None:
    probabilities = tuple(value / sum(row) for value in row)
    stance = StanceDistribution(axis=AXIS, probabilities=probabilities)
    assert -2.0 <= stance.score <= 2.0
    assert stance.by_label[stance.label] == stance.confidence == max(probabilities)
    assert 0.0 <= stance.on_axis <= 1.0 + 1e-9


@given(weights)
def test_mirroring_the_axis_mirrors_the_score(row: list[float]) -> None:
    mirrored = [*reversed(row[:5]), row[5]]
    assert ordinal_score(row, AXIS.values) == pytest.approx(-ordinal_score(mirrored, AXIS.values), abs=1e-9)


def test_all_mass_off_the_axis_leans_neither_way() -> None:
    stance = StanceDistribution(axis=AXIS, probabilities=(0, 0, 0, 0, 0, 1))
    assert stance.label == "none"
    assert stance.score == 0.0


@pytest.mark.parametrize("row", [(1.0,), (0.5,) * 6, (float("nan"),) * 6, (-0.5, 1.5, 0, 0, 0, 0)])
def test_what_is_no_distribution_is_refused(row: tuple[float, ...]) -> None:
    with pytest.raises(InputError):
        StanceDistribution(axis=AXIS, probabilities=row)


def test_abstention_is_strictly_below_the_threshold() -> None:
    row = (0.5, 0.5, 0, 0, 0, 0)
    assert not StanceDistribution(axis=AXIS, probabilities=row, abstain_below=0.5).abstain
    assert StanceDistribution(axis=AXIS, probabilities=row, abstain_below=0.51).abstain


def test_the_perspective_string() -> None:
    assert perspective("Iran", "United States") == "Iran -> United States"
    assert perspective("Iran", "") == "Iran ->"
    assert perspective("", "Iran") == "-> Iran"
    assert perspective(" ", "") == ""
