"""Quotations: marks of all kinds, nesting, paragraphs, apostrophes, scare quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quotations import Quotation, find_quotations


def quotations(*paragraphs: str) -> list[tuple[str, Quotation]]:
    text = "\n\n".join(paragraphs)
    spans, at = [], 0
    for paragraph in paragraphs:
        spans.append((at, at + len(paragraph)))
        at += len(paragraph) + 2
    return [(text[q.start : q.end], q) for q in find_quotations(text, spans)]


def contents(*paragraphs: str) -> list[str]:
    return [content for content, _ in quotations(*paragraphs)]


@pytest.mark.parametrize(
    "text",
    [
        'He said: "We will not talk." Then he left.',
        "He said: “We will not talk.” Then he left.",
        "He said: „We will not talk.“ Then he left.",
        "He said: „We will not talk.” Then he left.",
        "He said: «We will not talk.» Then he left.",
        "He said: »We will not talk.« Then he left.",
        "He said: ‘We will not talk.’ Then he left.",
        "He said: 'We will not talk.' Then he left.",
        "He said: ‚We will not talk.‘ Then he left.",
        "He said: ”We will not talk.” Then he left.",
        'He said: “We will not talk." Then he left.',
    ],
)
def test_marks_of_all_kinds(text: str) -> None:
    assert contents(text) == ["We will not talk."]
    assert quotations(text)[0][1].speech


def test_french_spacing_is_kept_out_of_the_way() -> None:
    assert [content.strip() for content in contents("Il dit : « On ne négocie pas. » Puis il sortit.")] == [
        "On ne négocie pas."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The union's offer wasn't the workers' own; it's the ministers’ idea.",
        "Rock 'n' roll in the '90s, '’twas said.",
        "They don’t know the players’ demands.",
    ],
)
def test_apostrophes_are_no_marks(text: str) -> None:
    assert contents(text) == []


def test_apostrophes_inside_single_quotation() -> None:
    text = "'We don't care about the owners' plans,' he said."
    assert contents(text) == ["We don't care about the owners' plans,"]


def test_nested_in_curly_doubles() -> None:
    found = quotations("“When they say, “Let us talk”, they lie.” So he said.")
    assert [(content, q.depth) for content, q in found] == [
        ("When they say, “Let us talk”, they lie.", 0),
        ("Let us talk", 1),
    ]


def test_nested_in_straight_doubles() -> None:
    found = quotations('"When they say "Let us talk", they lie."')
    assert [(content, q.depth) for content, q in found] == [
        ('When they say "Let us talk", they lie.', 0),
        ("Let us talk", 1),
    ]


def test_paragraphs_that_reopen_the_mark_are_one_quotation() -> None:
    found = quotations("“First.", "“Second.", "“Third.” (Daily, 3 May)")
    assert [content for content, _ in found] == ["First.", "Second.", "Third."]
    assert len({q.group for _, q in found}) == 1


def test_a_new_quotation_in_the_next_paragraph_is_another() -> None:
    found = quotations("“First.”", "“Second.”")
    assert len({q.group for _, q in found}) == 2


def test_unclosed_ends_with_its_paragraph() -> None:
    found = quotations("He said: “We are ready. We will come.", "That was all. Nobody came.")
    assert [content for content, _ in found] == ["We are ready. We will come."]
    assert not found[0][1].closed


def test_unclosed_ends_before_a_citation() -> None:
    assert contents("“We are ready. (State-run daily, March 10)", "No comment.") == ["We are ready."]


def test_quotation_closed_in_a_later_paragraph_without_reopening() -> None:
    found = quotations("He said: “We are ready.", "We will come.” Then he left.")
    assert [content for content, _ in found] == ["We are ready.", "We will come."]


@pytest.mark.parametrize(
    "text",
    [
        "Negotiation is the ‘red line’ of this regime.",
        'The so-called "talks" ended.',
        'The minister called it "an insult to every worker".',
        'He would "listen to anybody who can count".',
        "A so-called “national right” is a poor umbrella.",
    ],
)
def test_fragments_are_no_speech(text: str) -> None:
    assert [q.speech for _, q in quotations(text)] == [False]


def test_interrupted_quotation_is_speech_on_both_sides() -> None:
    found = quotations('"We will not," she said, "sit down with them."')
    assert [(content, q.speech) for content, q in found] == [("We will not,", True), ("sit down with them.", True)]


@given(st.lists(st.text(alphabet="ab .,’'\"“”„«»‘‚(\n", max_size=60), min_size=1, max_size=4))
def test_any_text_gives_spans_in_order_and_in_bounds(paragraphs: list[str]) -> None:
    paragraphs = [paragraph.replace("\n", " ") for paragraph in paragraphs]
    length = len("\n\n".join(paragraphs))
    starts = []
    for _, q in quotations(*paragraphs):
        assert 0 <= q.outer_start <= q.start <= q.end <= length
        assert q.end <= q.outer_end or not q.closed or q.outer_end == q.end
        starts.append(q.start)
    assert starts == sorted(starts)
