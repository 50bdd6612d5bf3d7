"""The axis: what the shipped file holds, and what a malformed one is told."""

from pathlib import Path

import pytest

from models.axis import axis_names, load_axis, read_axis
from models.errors import AxisError

TEXT = """
name = "toy"
version = 1
question = "?"
[[labels]]
name = "low"
value = -1
definition = "low"
[[labels]]
name = "high"
value = 1
definition = "high"
[off_axis]
name = "off"
definition = "off"
"""


def test_the_negotiation_axis_follows_the_codebook() -> None:
    axis = load_axis()
    assert axis.names == ("refuse", "resist", "neutral", "conditional", "open", "none")
    assert axis.values == (-2.0, -1.0, 0.0, 1.0, 2.0)
    assert axis.off_axis.value is None


def test_the_hash_changes_with_a_definition_but_not_with_wording(tmp_path: Path) -> None:
    original, reworded, redefined = tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "c.toml"
    original.write_text(TEXT)
    reworded.write_text(TEXT.replace('definition = "low"', 'definition = "low"\nwording = ["x"]'))
    redefined.write_text(TEXT.replace('definition = "low"', 'definition = "lower"'))
    assert read_axis(original).content_hash == read_axis(reworded).content_hash
    assert read_axis(original).content_hash != read_axis(redefined).content_hash


@pytest.mark.parametrize(
    ("fault", "repair", "says"),
    [
        ("value = 1", "value = -3", "must rise"),
        ("value = 1", 'value = "x"', "needs a number"),
        ('name = "high"', 'name = "low"', "must differ"),
        ("[off_axis]", "[other]", "off_axis"),
        ('question = "?"', "", "question"),
        ("[[labels]]", "[[labels]", "not valid TOML"),
    ],
)
def test_a_malformed_axis_is_refused_by_name(tmp_path: Path, fault: str, repair: str, says: str) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(TEXT.replace(fault, repair))
    with pytest.raises(AxisError, match=says):
        read_axis(path)


def test_a_missing_axis_lists_those_present() -> None:
    with pytest.raises(AxisError, match="negotiation"):
        load_axis("no_such_axis")
    assert "negotiation" in axis_names()


def test_a_foreign_label_is_named() -> None:
    with pytest.raises(AxisError, match="'maybe'"):
        load_axis().index("maybe")
