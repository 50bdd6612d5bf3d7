"""Examples made out of the corpus: who is asked for, and what may not happen to the label."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augmentation import Shares, augmented, is_named
from training.build_corpus import contrasting, emphasised
from training.corpus_file import LabelledStatement

BASE = LabelledStatement(
    id="",
    group="",
    text="",
    holder="",
    counterpart="",
    label="none",
    label_a="none",
    label_b="none",
    conflict="test",
    form="wire",
    voice="narration",
    origin="test",
)


def _statement(place: int, text: str, holder: str, counterpart: str, label: str) -> LabelledStatement:
    return replace(
        BASE, id=f"s{place}", group=f"g{place}", text=text, holder=holder, counterpart=counterpart, label=label
    )


SIX = [
    _statement(0, "Norway will not meet Sweden again.", "Norway", "Sweden", "refuse"),
    _statement(1, "Chad said that it was ready to sit down with Niger.", "Chad", "Niger", "open"),
    _statement(2, "Peru wants the border opened first.", "Peru", "Chile", "conditional"),
    _statement(3, "Fiji doubts that the offer is meant.", "Fiji", "Tonga", "resist"),
    _statement(4, "Our delegation met theirs on Monday.", "Malta", "Cyprus", "neutral"),
    _statement(5, "Kenya has opened a railway.", "Kenya", "", "none"),
]


def test_a_joined_text_holds_both_statements_and_each_holder_keeps_their_label() -> None:
    joined = augmented(SIX, Shares(joined=5.0), seed=1)
    labels = {s.holder: s.label for s in SIX}
    texts = {s.holder: s.text for s in SIX}
    assert len(joined) >= 30
    for one, other in zip(joined[::2], joined[1::2], strict=True):
        assert one.text == other.text
        assert one.holder != other.holder
        for s in (one, other):
            assert texts[s.holder] in s.text
            assert s.label == labels[s.holder]


def test_with_two_counterparts_one_holder_keeps_the_label_of_each() -> None:
    made = augmented(SIX[:2], Shares(two_counterparts=10.0), seed=1)
    labels = {s.counterpart: s.label for s in SIX}
    assert len(made) >= 20
    for one, other in zip(made[::2], made[1::2], strict=True):
        assert one.text == other.text
        assert one.holder == other.holder
        assert {one.counterpart, other.counterpart} == {"Sweden", "Niger"}
        # The name of the second holder is gone from the text.
        assert ("Norway" in one.text) != ("Chad" in one.text)
        for s in (one, other):
            assert s.counterpart in s.text
            assert s.label == labels[s.counterpart]


def test_a_holder_who_is_not_named_is_never_joined() -> None:
    assert "Malta" not in {s.holder for s in augmented(SIX, Shares(joined=10.0), seed=2)}


def test_long_statements_are_not_joined() -> None:
    assert not augmented(SIX, Shares(joined=1.0, joined_words=3), seed=1)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_renaming_keeps_label_and_group_and_the_holder_stays_named(seed: int) -> None:
    labels = {s.group: s.label for s in SIX}
    for s in augmented(SIX, Shares(renamed=1.0), seed=seed):
        assert s.label == labels[s.group]
        assert is_named(s.holder, s.text)
        assert s.holder != s.counterpart


def test_the_parties_of_a_statement_change_places() -> None:
    texts = {s.text for s in augmented(SIX, Shares(renamed=40.0), seed=1)}
    assert "Sweden will not meet Norway again." in texts


def test_misspelling_leaves_the_number_of_words() -> None:
    words = {s.group: len(s.text.split()) for s in SIX}
    made = augmented(SIX, Shares(misspelt=10.0), seed=1)
    assert {s.text for s in made} - {s.text for s in SIX}
    assert all(len(s.text.split()) == words[s.group] for s in made)


def test_the_seed_decides_everything() -> None:
    shares = Shares(joined=1.0, renamed=1.0, misspelt=1.0)
    assert augmented(SIX, shares, seed=4) == augmented(SIX, shares, seed=4)
    assert augmented(SIX, shares, seed=4) != augmented(SIX, shares, seed=5)


@pytest.mark.parametrize("shares", [Shares(), Shares(joined=0.0, renamed=0.0)])
def test_no_share_adds_nothing(shares: Shares) -> None:
    assert augmented(SIX, shares, seed=1) == []


def test_emphasis_repeats_the_matching_files_once_for_each_pattern() -> None:
    plain = replace(SIX[0], origin="plain_news")
    other = replace(SIX[1], origin="opinion")
    assert emphasised([plain, other], ["plain_*"]) == [plain]
    assert emphasised([plain, other], ["plain_*", "*"]) == [plain, plain, other]
    assert emphasised([plain, other], []) == []


def test_contrasts_are_the_texts_that_have_several_labels() -> None:
    other = replace(SIX[0], holder="Sweden", label="open")
    third = replace(SIX[1], holder="Niger")
    assert contrasting([SIX[0], SIX[1], other, third]) == [SIX[0], other]
