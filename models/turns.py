"""Whose turn a paragraph is, in an interview or transcript: labels, bold questions, dialogue by dashes.

Finds the labels ("Q:", "MR. SMITH (Eastvale):", "Tribune:") and gives unlabelled paragraphs their
turn. A label is only text here: who stands behind it is found elsewhere.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.paragraph import Paragraph
from models.reading_lexicon import PARTY_NOUNS, ROLE_NOUNS, word_set

QUESTION, ANSWER = "Q", "A"

_CAP = r"[A-ZÀ-ÞŁŚŠŽČ]"
_CAPITALS = rf"{_CAP}{{2}}[A-ZÀ-Þ.'’\-]*"
_LABEL = re.compile(
    rf"(?P<label>(?:Q|A|{_CAP}[\w.’'\-&]*(?:[ ,]+(?:{_CAP}[\w.’'\-&]*|of|for|the|and|de|van|von|al|bin)){{0,6}})"
    r"(?: ?[(\[][^()\[\]\n]{1,60}[)\]])?) ?(?P<mark>[:.)])[ *_]*(?= |$)"
    rf"|(?P<long>(?:(?:MR|MS|MRS|DR)\.? )?{_CAPITALS}(?: {_CAPITALS})*(?:, [^:\n]{{2,50}})?): "
    rf"|(?P<dash>(?:(?:MR|MS|MRS|DR)\.? )?{_CAPITALS}(?: {_CAPITALS})*(?: \([^()\n]{{1,30}}\))?"
    rf")\.?(?: - | ?(?:—|–|--) ?)(?=[\w“\"‘])"
    rf"|(?P<bare>{_CAPITALS}(?: {_CAPITALS}){{0,3}})$"
)
_LOOSE = re.compile(r"(?P<label>[A-ZÀ-Þ][\w.’'-]*(?:,? [\w.’'-]+){0,6}) ?: (?=\S)")
_LOOSE_WORDS = (
    ROLE_NOUNS
    | PARTY_NOUNS
    | word_set(
        """
    of for from the and in on to a an caller listener audience member voice question translator interpreter
    second third another moderator chair presenter anchor floor
    """
    )
)
_CLOCK = re.compile(r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]? +")
_LEAD = re.compile(r"[*_#> ]*")
_NOT_SPEAKERS = word_set(
    """
    update breaking watch note notes analysis opinion summary background key points conclusion however but and
    read correction source sources date place subject result so why what first second third finally timeline
    interview photo contact transcript exclusive live
    """
)
_FIRST_PERSON = re.compile(r"\b(?:I|we|my|our|me|us|you|your)\b|\bI[’']", re.IGNORECASE)
_CLOSING = re.compile(
    r"\b(?:interview|meeting|briefing|conversation|session|debate|hearing|recording|broadcast|discussion|spoke|talked)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Label:
    """A speaker label at the head of a line; the speaker's words start at `end`; `dash` sets it off."""

    name: str
    end: int
    dash: bool


def label_at(text: str, start: int, end: int) -> Label | None:
    """What may be a speaker label at the head of the line text[start:end]."""
    clock = _CLOCK.match(text, start, end)
    lead = _LEAD.match(text, clock.end() if clock else start, end)
    begin = lead.end() if lead else start
    found = _LABEL.match(text, begin, end)
    if not found:
        loose = _LOOSE.match(text, begin, end)
        if not loose or not all(
            w[0].isupper() or w.lower().strip(",.") in _LOOSE_WORDS for w in loose.group("label").split()
        ):
            return None
        return Label(name=loose.group("label"), end=loose.end(), dash=False)
    name = (found.group("label") or found.group("long") or found.group("dash") or found.group("bare")).strip()
    if found.group("bare") and clock:
        return None  # "16:48 GMT"
    full_stop = found.group("mark") == "." and name.isupper() and len(name) > 3
    if found.group("mark") in (".", ")") and name not in (QUESTION, ANSWER) and not full_stop:
        return None
    if name.split()[0].lower() in _NOT_SPEAKERS or len(name) > 80:
        return None
    after = re.compile(r"[ *_]*").match(text, found.end(), end)
    return Label(
        name=name,
        end=after.end() if after else found.end(),
        dash=bool(found.group("dash") or found.group("bare") or full_stop),
    )


def speaker_labels(text: str, lines: Sequence[tuple[int, int]]) -> frozenset[str]:
    """The labels that really mark speakers: Q and A, names that head several lines, others among these."""
    found: dict[str, list[Label]] = {}
    for start, end in lines:
        label = label_at(text, start, end)
        if label:
            found.setdefault(label.name, []).append(label)
    strong = {name for name, places in found.items() if len(places) >= 2 or name in (QUESTION, ANSWER)}
    weak = {name: places[0] for name, places in found.items() if len(places) == 1}
    if not strong:
        # Three different speakers, each heard once.
        named = frozenset(name for name, label in weak.items() if not label.dash)
        return named if len(named) >= 3 else frozenset()
    if len(strong) == 1 and not weak:
        return frozenset(strong)
    first = min(places[0].end for name, places in found.items() if name in strong)
    last = max(places[-1].end for name, places in found.items() if name in strong)
    dashes = sum(places[0].dash for name, places in found.items() if name in strong)
    weak = {name: label for name, label in weak.items() if not label.dash or dashes >= 2}
    among = {name for name, label in weak.items() if first - 400 < label.end < last + 1500 and label.end > 0}
    introduced = {
        name for name in among if weak[name].end < first and not _asks_or_answers(text, weak[name].end, lines)
    }
    return frozenset(strong | (among - introduced))


def _asks_or_answers(text: str, at: int, lines: Sequence[tuple[int, int]]) -> bool:
    """Whether a labelled line before all others reads like a turn, not like a headline."""
    line = next((text[at:end] for start, end in lines if start <= at <= end), "")
    return line.rstrip('"”’ ').endswith((".", "?", "!")) and not line.isupper()


def assign_turns(text: str, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """The paragraphs with a speaker wherever an interview or transcript lets know one."""
    if any(p.speaker for p in paragraphs):
        return _carry_labels(text, paragraphs)
    return (
        _dashes(text, paragraphs) or _pairs(text, paragraphs) or _bare_questions(text, paragraphs) or list(paragraphs)
    )


def _with_speaker(paragraph: Paragraph, speaker: str) -> Paragraph:
    return replace(paragraph, speaker=speaker, kind="prose")


def _carry_labels(text: str, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Unlabelled paragraphs go on with the speaker, or ask the one whom alone the labels name."""
    labelled = [i for i, p in enumerate(paragraphs) if p.speaker]
    people = {p.speaker.split()[-1].lower() for p in paragraphs if p.speaker}
    only_answers = len(people) == 1 and len(labelled) >= 2
    turned: list[Paragraph] = []
    speaker = ""
    for i, paragraph in enumerate(paragraphs):
        if paragraph.speaker:
            speaker = paragraph.speaker
        elif paragraph.kind not in ("prose", "item", "heading"):
            pass
        elif only_answers and i + 1 in labelled and (speaker or text[paragraph.end - 1] == "?"):
            paragraph = _with_speaker(paragraph, QUESTION)
        elif paragraph.kind == "heading" or not speaker:
            pass
        elif i > labelled[-1] and _is_closing(text[paragraph.start : paragraph.end]):
            speaker = ""
        else:
            paragraph = _with_speaker(paragraph, speaker)
        turned.append(paragraph)
    return turned


def _is_closing(words: str) -> bool:
    """Whether a paragraph after the last label is the writer's again: "The interview lasted an hour." """
    return not _FIRST_PERSON.search(words) and (_CLOSING.search(words) is not None or len(words) < 90)


def _dashes(text: str, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """– A question? – An answer. Each block of lines that start with a dash begins with a question."""
    lines = [i for i, p in enumerate(paragraphs) if p.marked == "dash"]
    asked = [i for i in lines if text[paragraphs[i].end - 1] == "?"]
    if len(asked) < 2 or len(lines) < 2 * len(asked) - 1:
        return []
    turned = list(paragraphs)
    role = ANSWER
    for i in lines:
        blank = "\n\n" in text[paragraphs[i - 1].end : paragraphs[i].start] if i else True
        previous_answer = role == ANSWER
        role = (
            QUESTION if (previous_answer and (blank or text[paragraphs[i].end - 1] == "?")) or i == lines[0] else ANSWER
        )
        turned[i] = _with_speaker(paragraphs[i], role)
    return turned


def _pairs(text: str, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Blocks that each hold a question and, on the next line, the answer."""
    blank = ["\n\n" in re.sub(r" +", "", text[a.end : b.start]) for a, b in itertools.pairwise(paragraphs)]
    edges = [True, *blank, True]
    pairs = [i for i in range(len(paragraphs) - 1) if edges[i] and not edges[i + 1] and edges[i + 2]]
    said = [text[paragraphs[i].start : paragraphs[i].end] for i in pairs]
    asked = [words for words in said if words.endswith("?")]
    answered = [i for i in pairs if _FIRST_PERSON.search(text, paragraphs[i + 1].start, paragraphs[i + 1].end)]
    if len(pairs) < 3 or len(asked) < 2 or len(answered) < len(pairs) / 2:
        return []
    turned = list(paragraphs)
    for i in pairs:
        if paragraphs[i].kind != "furniture" and i >= pairs[0]:
            turned[i] = _with_speaker(paragraphs[i], QUESTION)
            turned[i + 1] = _with_speaker(paragraphs[i + 1], ANSWER)
    return turned


def _bare_questions(text: str, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Questions in bold or as paragraphs of their own, answers in the first person between them."""
    marked = [i for i, p in enumerate(paragraphs) if p.marked == "bold" and i > 0]
    asked = [i for i in marked if text[: paragraphs[i].end].rstrip("*_ ").endswith("?")]
    questions = marked if len(asked) >= 2 else _alternating(text, paragraphs)
    if len(questions) < 2:
        return []
    answers = [
        i
        for i in range(questions[0], len(paragraphs))
        if i not in questions and paragraphs[i].kind in ("prose", "item")
    ]
    first_person = [i for i in answers if _FIRST_PERSON.search(text, paragraphs[i].start, paragraphs[i].end)]
    if not answers or len(first_person) < 0.4 * len(answers):
        return []
    turned = list(paragraphs)
    for i in questions:
        turned[i] = _with_speaker(paragraphs[i], QUESTION)
    for i in answers:
        last = i > questions[-1] + 1 and _is_closing(text[paragraphs[i].start : paragraphs[i].end])
        turned[i] = paragraphs[i] if last else _with_speaker(paragraphs[i], ANSWER)
    return turned


def _alternating(text: str, paragraphs: Sequence[Paragraph]) -> list[int]:
    """The paragraphs that are nothing but a question, if there are three and none follows another."""
    asked = [
        i
        for i, p in enumerate(paragraphs)
        if p.kind in ("prose", "heading")
        and text[p.end - 1] == "?"
        and p.end - p.start < 250
        and text[p.start] not in "\"“‘«„'"
        and i
    ]
    apart = all(later - earlier >= 2 for earlier, later in itertools.pairwise(asked))
    return asked if len(asked) >= 3 and apart else []
