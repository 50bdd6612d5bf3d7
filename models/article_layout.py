"""The layout of an article: which lines make a paragraph, and what kind of paragraph it is.

Works on the text of a `ReadingView`. Tells prose from list items, headings and furniture (bylines,
"Source »", copyright), takes bullets, time stamps, datelines and speaker labels off the text they
introduce. Knows nothing of quotations or of who the speakers are.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["prose", "item", "heading", "furniture"]


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """`start`, `end`: offsets of the text proper; `speaker`: its label in a transcript or interview, else ''.

    `line` is where the whole line starts, labels included; `source` is the agency of a dateline.
    """

    start: int
    end: int
    line: int
    kind: Kind
    speaker: str = ""
    source: str = ""


_CAP = r"[A-ZÀ-ÞŁŚŠŽČ]"
_LABEL = re.compile(
    rf"(?P<label>(?:Q|A|{_CAP}[\w.’'\-&]*(?:[ ,]+(?:{_CAP}[\w.’'\-&]*|of|for|the|and|de|van|von|al|bin)){{0,6}})"
    r"(?: ?\([^()\n]{1,60}\))?) ?[:.][ *_]*(?= |$)"
)
_BULLET = re.compile(r"(?:[-*•·▪◦●‣–—]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])[ ]+(?=\S)")
_CLOCK = re.compile(
    r"[\[(]?\d{1,2}[:.h]\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?(?: ?(?:GMT|BST|UTC|CES?T|EE?S?T|[ECMP][SD]T|IST|local time))?[\])]?"
    r"(?: ?[–—:|-])?[ ]*",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"(?:[A-Z][A-ZÀ-Þ.'’-]+(?: [A-Z][A-ZÀ-Þ.'’-]+){0,3}|[A-Z][a-zà-ÿ'’-]+(?: [A-Z][a-zà-ÿ'’-]+){0,2}(?=[^\n]{0,45}\())"
    r"(?:, [A-Z][\w. ]{1,25})?(?:,? (?:[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}\.?)(?:,? \d{4})?)?"
    r"(?:,? ?\((?P<agency>[A-Z][\w. /-]{1,40})\))? ?(?:—|–|--?)[ ]+(?=\S)"
)
_FURNITURE = re.compile(
    r"(?:by |text by |words by |story by |written by )[A-ZÀ-Þ][^.:!?]{2,80}$"
    r"|(?:reporting|additional reporting|writing|editing|translation|edited|translated|interview|photo(?:graph)?s?|compiled) by\b"
    r"|(?:source|sources|via|photo|image|picture|video|credit|tags?|topics?|category|filed under|read more|see also|related|share|"
    r"follow us|published|updated|last updated|posted|date|dateline|contact|press contact|media contact|for more information|"
    r"advertisement|subscribe|sign up|location|place|present|participants|venue|from|to|subject|ref(?:erence)?|"
    r"for immediate release|embargo(?:ed)?)\b ?(?:[:»>|/]|$)"
    r"|(?:©|\(c\)|copyright\b|all rights reserved)|(?:-?30-?|ends?|#{3,}|[*_=~—–-]{3,}|\* ?\* ?\*)$"
    r"|notes? (?:to|for) editors|for immediate release|this (?:interview|transcript|conversation|article) (?:has been|was) "
    r"(?:edited|translated|first published|originally)",
    re.IGNORECASE,
)
_NOT_SPEAKERS = frozenset(
    ["update", "breaking", "watch", "note", "notes", "analysis", "opinion", "summary", "background", "key", "points", "conclusion", "however", "but", "and", "read", "correction", "source", "sources", "date", "place", "subject", "result", "so", "why", "what", "first", "second", "third", "finally", "timeline"]
)
_TERMINAL = re.compile(r"[.!?…:;,]['\"”’»)\]*_]*$|[.!?…]['\"”’»)\]*_ ]*\([^()]*\)$")


def find_paragraphs(text: str) -> tuple[Paragraph, ...]:
    """All paragraphs of the text in order, furniture included."""
    lines = [line for chunk in re.finditer(r"\S(?:[^\n]|\n(?![ ]*\n))*", text) for line in _logical_lines(text, chunk)]
    labels = _speaker_labels(text, lines)
    paragraphs: list[Paragraph] = []
    speaker = ""
    for start, end in lines:
        paragraph = _classified(text, start, end, labels)
        if paragraph.speaker:
            speaker = paragraph.speaker
        elif labels and paragraph.kind in ("prose", "item"):
            # Under a label, unlabelled paragraphs go on with the same speaker.
            paragraph = replace(paragraph, speaker=speaker)
        if paragraph.end > paragraph.start:
            paragraphs.append(paragraph)
    return tuple(paragraphs)


def _logical_lines(text: str, chunk: re.Match[str]) -> list[tuple[int, int]]:
    """The lines of a chunk without blank lines; lines that were only wrapped at a column are joined."""
    lines: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+", text[chunk.start() : chunk.end()]):
        stripped = line.group().strip()
        if stripped:
            start = chunk.start() + line.start() + line.group().index(stripped[0])
            lines.append((start, start + len(stripped)))
    width = max((end - start for start, end in lines), default=0)
    if len(lines) < 2 or width > 110:
        return lines
    joined = [lines[0]]
    for (start, end), (before, after) in zip(lines[1:], lines, strict=False):
        previous, this = text[before:after], text[start:end]
        begins_anew = _BULLET.match(this) or _LABEL.match(this) or (_CLOCK.match(this) and ":" in this[:6])
        short = after - before + len(this.split(" ", 1)[0]) < 0.72 * width
        open_ended = not re.search(r"[.!?…:]['\"”’»)]*$", previous)
        runs_on = this[0].islower() or (open_ended and not short and width >= 45) or (not short and width >= 55)
        if runs_on and not begins_anew:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _speaker_labels(text: str, lines: list[tuple[int, int]]) -> frozenset[str]:
    """The labels that really mark speakers: capitals, Q and A, or names that head several lines."""
    found: Counter[str] = Counter()
    for start, end in lines:
        label = _label_at(text, start, end)
        if label:
            found[label[0]] += 1
    if sum(found.values()) < 2:
        return frozenset()
    several = sum(found.values()) >= 3 and len(found) >= 2
    return frozenset(
        label
        for label, count in found.items()
        if label in ("Q", "A") or (label.isupper() and len(label) > 1) or count >= 2 or several
    )


def _label_at(text: str, start: int, end: int) -> tuple[str, int] | None:
    """The possible speaker label of a line and where the words after it start."""
    lead = re.compile(r"[*_#> ]*").match(text, start, end)
    found = _LABEL.match(text, lead.end() if lead else start, end)
    if not found:
        return None
    label = found.group("label").strip()
    if text[found.end("label") :][:2].strip()[:1] == "." and label not in ("Q", "A"):
        return None
    if label.split()[0].lower() in _NOT_SPEAKERS or len(label) > 70:
        return None
    after = re.compile(r"[ *_]*").match(text, found.end(), end)
    return label, after.end() if after else found.end()


def _classified(text: str, start: int, end: int, labels: frozenset[str]) -> Paragraph:
    line = start
    kind: Kind = "prose"
    speaker = source = ""
    if re.match(r"#{1,6} ", text[start:end]) or re.fullmatch(r"[*_]{2}[^*_]+[*_]{2}", text[start:end]):
        kind = "heading"
    clock = _CLOCK.match(text, start, end)
    if clock:
        start = clock.end()
    label = _label_at(text, start, end)
    if label and label[0] in labels:
        speaker, start = label
        kind = "prose"
    elif _FURNITURE.match(text[start:end]) or (
        re.fullmatch(r"[A-Z]?[\w ,.]*\d{4}|[\W\d_]+", text[start:end]) and end - start < 40
    ):
        kind = "furniture"
    elif bullet := _BULLET.match(text, start, end):
        start, kind = bullet.end(), "item"
    elif dateline := _DATELINE.match(text, start, end):
        start, source = dateline.end(), dateline.group("agency") or ""
    body = text[start:end]
    if kind == "prose" and not speaker and not _TERMINAL.search(body) and len(body.split()) <= 16:
        kind = "heading"
    if kind == "prose" and not speaker and body.isupper() and len(body.split()) <= 16:
        kind = "heading"
    return Paragraph(start=min(start, end), end=end, line=line, kind=kind, speaker=speaker, source=source)
