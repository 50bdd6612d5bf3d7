"""The article reader: encodings, places, voices, holders, dates; the gold article and 36 marked ones."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reading import ARTICLES, measure_folder, measure_gold
from models.article_reader import read_article
from models.article_text import decode_article
from models.errors import InputError
from models.statement import Statement

ROOT = Path(__file__).resolve().parent.parent
SEED = (ROOT / "examples" / "article.txt").read_bytes().decode("utf-8")


def found(text: str) -> list[tuple[str, str, str]]:
    """(holder, voice, text) of each statement."""
    return [(s.holder, s.voice or "", s.text) for s in read_article(text)]


def holder_of(text: str, beginning: str) -> str:
    statements: tuple[Statement, ...] = read_article(text)
    return next(s.holder for s in statements if s.text.startswith(beginning) and s.voice != "nested")


# bytes to text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings(encoding: str) -> None:
    text = "Der Präsident sagte «nein» zu den Gesprächen.\r\nEr ging."
    assert decode_article(text.encode(encoding), "a.txt") == text


def test_curly_quotes_in_windows_1252() -> None:
    text = "“We’ll talk,” she said – twice."
    assert decode_article(text.encode("cp1252"), "a.txt") == text


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "white space"),
        ("\ufeff  ".encode(), "white space"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", "not a text file"),
        (b"The talks\x00 ended.", "not a text file"),
        (b"\xff\xfeA", "UTF-16"),
        ("Переговоры завершились без результата.".encode("cp1251"), "unknown encoding"),
        (b"a" * 1_000_001, "1 MB"),
        (b"talks \n" * 3_000_000, "20 MB"),
    ],
)
def test_what_is_no_article_is_refused_in_one_line(data: bytes, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        decode_article(data, "article.txt")
    assert "article.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "   \n", "Headline without a sentence", "***\n\n---"])
def test_no_statement_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match="no statement found"):
        read_article(text)


# places


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("abc ABC.,:;!?\"'“”‘’„«»()–—\n\r\u00a0&;#@1234Qthesaid")), max_size=200))
def test_any_text_gives_literal_slices_in_order(text: str) -> None:
    try:
        statements = read_article(text)
    except InputError:
        return
    last = 0
    for statement in statements:
        assert statement.start is not None
        assert statement.end is not None
        assert last <= statement.start < statement.end <= len(text)
        assert text[statement.start : statement.end] == statement.text
        assert statement.holder
        last = statement.start


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        statements = read_article(text)
    except InputError:
        return
    assert all(text[s.start : s.end] == s.text for s in statements)


@pytest.mark.parametrize(
    ("old", "new"),
    [("\n", "\r\n"), ("\n", "\r"), (" ", "\u00a0"), ("“", "&ldquo;"), ("’", "&#8217;"), ("\n\n", "\n \n")],
)
def test_line_ends_spaces_and_entities_change_nothing_but_places(old: str, new: str) -> None:
    changed = SEED.replace(old, new)
    statements = read_article(changed)
    assert [(s.holder, s.voice, s.date) for s in statements] == [
        (s.holder, s.voice, s.date) for s in read_article(SEED)
    ]
    assert all(changed[s.start : s.end] == s.text for s in statements)


def test_headings_bylines_and_sources_are_no_statements() -> None:
    text = (
        "Talks collapse\n\nBy Jane Doe\n\nThe union rejected the offer.\n\nSource » Daily Post\n\n(Reporting by J. Doe)"
    )
    assert [statement.text for statement in read_article(text)] == ["The union rejected the offer."]


def test_no_is_a_sentence() -> None:
    assert [s.text for s in read_article("Q: Is it over?\n\nA: No. They are resting, and so am I.")][1:] == [
        "No.",
        "They are resting, and so am I.",
    ]


def test_abbreviations_end_no_sentence() -> None:
    text = "Gen. A. Smith of the U.S. Army met Mr. Jones on pier No. 5 at 10 a.m. on Monday. They talked."
    assert [s.text for s in read_article(text)] == text.replace("Monday. ", "Monday.|").split("|")


# voices and holders


def test_attribution_before_after_and_inside() -> None:
    text = (
        "Anna Keller, the union’s president, said: “We are ready.”\n\n"
        "“They are not,” said Tom Brock, a spokesman for the employers. “They never were.”\n\n"
        "“We will not,” Keller told reporters, “sit down with them.”"
    )
    assert found(text) == [
        ("Anna Keller", "quote", "We are ready."),
        ("Tom Brock", "quote", "They are not"),
        ("Tom Brock", "quote", "They never were."),
        ("Anna Keller", "quote", "We will not"),
        ("Anna Keller", "quote", "sit down with them."),
    ]


def test_pronouns_and_roles_stand_for_people() -> None:
    text = (
        "Foreign Minister Maria Lund met the rebels on Monday. She called the meeting useful.\n\n"
        "“We shall meet again,” the minister said."
    )
    assert {holder for holder, _, _ in found(text)} == {"Maria Lund"}


def test_role_without_a_name_is_a_readable_holder() -> None:
    text = "Iran’s regime met its critics. Then the foreign minister of this regime said: “Let us talk.”"
    assert holder_of(text, "Let us talk") == "Iran's foreign minister"


def test_names_of_one_country_are_one_party() -> None:
    text = "The Americans rejected the offer. Washington refused to talk. The US wants a deal."
    assert {holder for holder, _, _ in found(text)} == {"United States"}


def test_an_acronym_is_its_organisation() -> None:
    text = "The National Union of Drivers (NUD) met on Monday. The NUD rejected the offer. The union will strike."
    assert {holder for holder, _, _ in found(text)} == {"National Union of Drivers"}


def test_indirect_speech_belongs_to_the_speaker() -> None:
    text = "The employers would never talk, Anna Keller said. According to the ministry, talks go on."
    assert [holder for holder, _, _ in found(text)] == ["Anna Keller", "the ministry"]


def test_the_author_holds_what_is_nobody_elses() -> None:
    text = "Talks about pensions lasted three days. It is a pity that nobody noticed."
    assert {holder for holder, _, _ in found(text)} == {"the article's author"}


def test_what_is_urged_upon_a_party_is_the_authors_view() -> None:
    assert found("The government must return to the table.")[0][0] == "the article's author"


def test_nested_quotation_has_a_holder_of_its_own() -> None:
    text = "Ali Hassan said: “When the Americans say, ‘Let us talk’, they mean surrender.”"
    assert [(h, v) for h, v, _ in found(text)] == [("Ali Hassan", "quote"), ("United States", "nested")]
    first, second = read_article(text)
    assert (first.start, first.end) == (second.start, second.end)


def test_quotation_over_several_paragraphs_has_one_speaker() -> None:
    text = "Rosa Diaz told the congress:\n\n“We waited.\n\n“We waited again.\n\n“No more.” (El Norte, 4 May 2018)"
    statements = read_article(text)[-3:]
    assert {s.holder for s in statements} == {"Rosa Diaz"}
    assert {(s.date, s.source) for s in statements} == {("2018-05-04", "El Norte")}


def test_interview_with_question_and_answer() -> None:
    text = (
        "Anna Keller leads the nurses’ union. She spoke to the Courier.\n\n"
        "Q: Will you talk?\n\nA: We will, if they do.\n\nWe have time.\n\nQ: And the strike?\n\nA: It goes on."
    )
    answers = [(h, v) for h, v, t in found(text) if "?" not in t and v == "quote"]
    assert answers == [("Anna Keller", "quote")] * 3


def test_transcript_with_speaker_lines() -> None:
    text = "MS. LUND: We are ready.\n\nMR. OYE (Eastvale): We are not.\n\n"
    text += "MS. LUND: The employers told me, “Come tomorrow.”"
    assert [(h, v) for h, v, _ in found(text)] == [
        ("Lund", "quote"),
        ("Oye", "quote"),
        ("Lund", "quote"),
        ("the employers", "nested"),
    ]


INTRODUCTION = "Ana Olsen has led the nurses’ union for nine years. She receives us at home.\n\n"


@pytest.mark.parametrize(
    "turns",
    [
        "**Will you go back?**\n\nWe will, if they ask us.\n\n**And if not?**\n\nI shall wait.",
        "Will you go back?\nWe will, if they ask us.\n\nAnd if not?\nI shall wait.\n\nReally?\nI mean it.",
        "– Will you go back?\n– We will, if they ask us.\n\n– And if not?\n– I shall wait.",
        "POST: Will you go back?\n\nOLSEN: We will, if they ask us.\n\nPOST: And if not?\n\nOLSEN: I shall wait.",
        "TL: Will you go back?\n\nAO: We will, if they ask us.\n\nTL: And if not?\n\nAO: I shall wait.",
        "POST\nWill you go back?\n\nOLSEN\nWe will, if they ask us.\n\nPOST\nAnd if not?\n\nOLSEN\nI shall wait.",
        "Q) Will you go back?\nA) We will, if they ask us.\nQ) And if not?\nA) I shall wait.",
    ],
)
def test_forms_of_interview(turns: str) -> None:
    answers = [(h, v) for h, v, t in found(INTRODUCTION + turns) if t in ("We will, if they ask us.", "I shall wait.")]
    assert answers == [("Ana Olsen", "quote")] * 2


def test_who_issues_a_statement_speaks_in_it() -> None:
    text = "HARBOUR PILOTS’ UNION\nPress release\n\nWe will not talk at night.\n\n• The union wants a mediator."
    assert {holder for holder, _, _ in found(text)} == {"Harbour Pilots' Union"}


def test_a_dash_after_a_name_is_no_dateline() -> None:
    text = "China – for its part – refuses to talk.\n\nOSLO, May 3 (AP) — Norway agreed to talk."
    assert [statement.text for statement in read_article(text)] == [
        "China – for its part – refuses to talk.",
        "Norway agreed to talk.",
    ]


def test_a_subordinate_clause_names_no_holder() -> None:
    assert found("The talks collapsed after the union walked out.")[0][0] == "the article's author"


def test_counterpart_is_who_is_named_in_the_quotation() -> None:
    text = "Ana Diaz said: “We will not talk with the Americans. It is pointless, and everybody knows it.” "
    text += "Washington refused to comment."
    assert [s.counterpart for s in read_article(text)][:2] == ["United States", "United States"]


def test_numbered_conclusions_are_narration() -> None:
    text = "This follows:\n\n1. Iran does not want talks.\n2. Nothing will change."
    assert found(text)[1:] == [
        ("Iran", "narration", "Iran does not want talks."),
        ("the article's author", "narration", "Nothing will change."),
    ]


# dates and sources


@pytest.mark.parametrize(
    ("citation", "date", "source"),
    [
        ("(State-run daily Etemad, February 23)", "February 23", "State-run daily Etemad"),
        ("(Khamenei.ir, July 31)", "July 31", "Khamenei.ir"),
        ("(The Delta Daily, 12 May 2021)", "2021-05-12", "The Delta Daily"),
        ("(State TV)", None, "State TV"),
        ("(2019-02-03)", "2019-02-03", None),
        ("(our translation)", None, None),
    ],
)
def test_citations_in_parentheses(citation: str, date: str | None, source: str | None) -> None:
    (statement,) = read_article(f"“We will not sit down with them.” {citation}")
    assert (statement.date, statement.source) == (date, source)


def test_a_year_is_never_invented() -> None:
    text = "In 2018 the talks ended. “We will not return.” (Daily News, March 3)"
    assert read_article(text)[-1].date == "March 3"


# figures


def test_gold_article() -> None:
    figures = measure_gold()[0].figures()
    assert figures["span_recall"] >= 0.96
    assert figures["holder_accuracy"] >= 0.88
    names = {s.holder for s in read_article(SEED) if "Khamenei" in s.holder or "Rouhani" in s.holder}
    assert names == {"Ali Khamenei", "Hassan Rouhani"}


# Rules were written with the articles of `dev` in sight. Those of `heldout` were not read, but totals and counts of
# kinds of faults were looked at on the way, so its figures flatter a little: see docs/decisions/0002-article-reader.md.
# The bounds lie a little below what benchmarks/reading.py measured.
@pytest.mark.parametrize(
    ("folder", "bounds"),
    [
        ("dev", {"span_recall": 0.96, "holder_accuracy": 0.91, "voice_accuracy": 0.96, "date_source_accuracy": 0.9}),
        (
            "heldout",
            {"span_recall": 0.91, "holder_accuracy": 0.75, "voice_accuracy": 0.9, "date_source_accuracy": 0.8},
        ),
    ],
)
def test_marked_articles_in_other_forms(folder: str, bounds: dict[str, float]) -> None:
    figures = measure_folder(ARTICLES / folder)[0].figures()
    short = {name: (figures[name], bound) for name, bound in bounds.items() if (figures[name] or 0) < bound}
    assert not short


MARKED = sorted(ARTICLES.glob("*/*.txt"))


@pytest.mark.parametrize("path", MARKED, ids=lambda path: path.stem)
def test_statements_of_marked_articles_are_literal_slices(path: Path) -> None:
    text = decode_article(path.read_bytes(), path.name)
    expected = json.loads((ARTICLES / "encodings.json").read_text(encoding="utf-8"))[path.stem]
    assert text == path.read_bytes().decode(expected)
    statements = read_article(text)
    assert all(text[s.start : s.end] == s.text for s in statements)
    assert [s.start for s in statements] == sorted(s.start or 0 for s in statements)


def test_reading_is_fast() -> None:
    began = time.perf_counter()
    read_article(SEED)
    read_article("\n\n".join([SEED] * 20))
    assert time.perf_counter() - began < 10
