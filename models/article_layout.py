"""The layout of an article: which lines make a paragraph, and what kind of paragraph it is.

Works on the text of a `ReadingView`. Tells prose from list items, headings and furniture (bylines,
"Source »", copyright), takes bullets, time stamps, datelines and speaker labels off the text they
introduce. Knows nothing of quotations or of who the speakers are.
"""

import re
from typing import Literal

from models.paragraph import Kind, Paragraph
from models.turns import assign_turns, label_at, speaker_labels

_BULLET = re.compile(r"(?:[-*•·▪◦●‣–—]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])[ ]+(?=\S)")
_CLOCK = re.compile(
    r"[\[(]?\d{1,2}[:.h]\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?(?: ?(?:GMT|BST|UTC|CES?T|EE?S?T|[ECMP][SD]T|"
    r"IST|local time))?[\])]?"
    r"(?: ?[–—:|-])?[ ]*",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"(?P<before>\([A-Z][\w /]{1,30}\) )?(?P<city>[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+){0,3})(?:, [A-Z][\w. ]{1,25})?"
    r"(?P<date>,? (?:[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}\.?)(?:,? \d{4})?)?"
    r"(?:,? ?\((?P<agency>[A-Za-z][\w. /-]{1,40})\))? ?(?:—|–|--?)[ ]+(?=\S)"
)
_FURNITURE = re.compile(
    r"(?:by |text by |words by |story by |written by )[A-ZÀ-Þ][^.:!?]{2,80}$"
    r"|(?:reporting|additional reporting|writing|editing|translation|edited|translated|interview|"
    r"photo(?:graph)?s?|compiled) by\b"
    r"|(?:source|sources|via|photo|image|picture|video|credit|tags?|topics?|category|filed under|"
    r"read more|see also|related|share|"
    r"follow us|published|updated|last updated|posted|date|dateline|contact|interview|press contact|"
    r"media contact|for more information|"
    r"advertisement|subscribe|sign up|location|place|present|participants|venue|subject|ref(?:erence)?|"
    r"for immediate release|embargo(?:ed)?)\b ?(?:[:»>|/]|$)"
    r"|(?:©|\(c\)|copyright\b|all rights reserved)|(?:-?30-?|ends?|#{3,}|[*_=~—–-]{3,}|\* ?\* ?\*)$"
    r"|dear (?:[a-z]+ ){1,4}?[a-z]+,?$|notes? (?:to|for) editors|for immediate release|this (?:interview|"
    r"transcript|conversation|article) (?:has been|was) "
    r"(?:edited|translated|first published|originally)",
    re.IGNORECASE,
)
_TERMINAL = re.compile(r"[.!?…:;,]['\"”’»)\]*_]*$|[.!?…]['\"”’»)\]*_ ]*\([^()]*\)$")


def find_paragraphs(text: str) -> tuple[Paragraph, ...]:
    """All paragraphs of the text in order, furniture included."""
    lines = [line for chunk in re.finditer(r"\S(?:[^\n]|\n(?![ ]*\n))*", text) for line in _logical_lines(text, chunk)]
    labels = speaker_labels(text, lines)
    paragraphs = [_classified(text, start, end, labels) for start, end in lines]
    return tuple(p for p in assign_turns(text, paragraphs) if p.end > p.start)


def _logical_lines(text: str, chunk: re.Match[str]) -> list[tuple[int, int]]:
    """The lines of a chunk without blank lines; lines that were only wrapped at a column are joined."""
    lines: list[tuple[int, int]] = []
    for line in re.finditer(r"[^\n]+", text[chunk.start() : chunk.end()]):
        stripped = line.group().strip()
        if stripped:
            start = chunk.start() + line.start() + line.group().index(stripped[0])
            lines.append((start, start + len(stripped)))
    width = max((end - start for start, end in lines), default=0)
    if len(lines) < 2 or width > 110 or not any(_TERMINAL.search(text[start:end]) for start, end in lines):
        return lines
    joined = [lines[0]]
    for (start, end), (before, after) in zip(lines[1:], lines, strict=False):
        previous, this = text[before:after], text[start:end]
        begins_anew = _BULLET.match(this) or label_at(this, 0, len(this)) or (_CLOCK.match(this) and ":" in this[:6])
        short = after - before + len(this.split(" ", 1)[0]) < 0.72 * width
        open_ended = not re.search(r"[.!?…:]['\"”’»)]*$", previous)
        runs_on = this[0].islower() or (open_ended and not short and width >= 30) or (not short and width >= 55)
        if runs_on and not begins_anew:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _classified(text: str, start: int, end: int, labels: frozenset[str]) -> Paragraph:
    line = start
    kind: Kind = "prose"
    speaker = source = ""
    marked: Literal["bold", "dash", ""] = ""
    bold = re.fullmatch(r"(#{1,6} |[*_]{1,3}(?=[^\s*_]))[^*_\n]+[*_]{0,3}", text[start:end])
    if bold:
        kind, marked = "heading", "bold"
        start += len(bold.group(1))
        end -= len(re.findall(r"[*_]*$", text[start:end])[0])
    clock = _CLOCK.match(text, start, end)
    if clock:
        start = clock.end()
    label = label_at(text, start, end)
    if label and label.name in labels:
        speaker, start = label.name, label.end
        kind = "prose"
    elif _FURNITURE.match(text[start:end]) or (
        re.fullmatch(r"[A-Z]?[\w ,.]*\d{4}|[\W\d_]+|\[[^\[\]]+\]", text[start:end]) and end - start < 60
    ):
        kind = "furniture"
    elif bullet := _BULLET.match(text, start, end):
        marked = "dash" if text[start] in "-–—" else ""
        start, kind = bullet.end(), "item"
    elif (dateline := _DATELINE.match(text, start, end)) and _is_dateline(dateline):
        start, source = dateline.end(), dateline.group("agency") or ""
    body = text[start:end]
    short = len(body.split()) <= 16
    if kind == "prose" and not speaker and short and (not _TERMINAL.search(body) or body.isupper()):
        kind = "heading"
    return Paragraph(
        start=min(start, end), end=end, line=line, kind=kind, speaker=speaker, source=source, marked=marked
    )


def _is_dateline(found: re.Match[str]) -> bool:
    """A city in capitals, or one with agency or date: "China – for its part – …" is no dateline."""
    return found.group("city").isupper() or any(found.group(part) for part in ("before", "date", "agency"))
