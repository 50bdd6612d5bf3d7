"""Finds what stands in quotation marks, with nesting and across paragraphs.

Straight, curly, German, French and single marks may be mixed. Apostrophes are no marks; a quotation
whose next paragraph reopens its mark goes on there; one that is never closed ends with its paragraph
or before the citation in parentheses. Tells quoted speech from fragments and scare quotes. Works on
the text of a `ReadingView`; does not know who speaks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Quotation:
    """One quotation within one paragraph; text[start:end] is what is quoted, without the marks.

    `outer_start`, `outer_end` include the marks. `depth` is 0 outside other quotations. Parts of one
    quotation that runs over several paragraphs share `group`. `speech` is False for fragments
    ('an "insult" to workers') and scare quotes.
    """

    start: int
    end: int
    outer_start: int
    outer_end: int
    depth: int
    group: int
    closed: bool
    speech: bool = True


_OPENERS = {"“": '"', "„": '"', "‟": '"', "«": "«", "‹": "‹", "‘": "'", "‚": "'", "‛": "'", "「": "「", "『": "『"}
_CLOSERS = {"”": '"', "»": "«", "›": "‹", "’": "'", "」": "「", "』": "『"}
_MARKS = re.compile(r"[\"“”„‟«»‹›'‘’‚‛「」『』]")
_SINGLE_CLOSER = re.compile(r"(?<=[\w.,!?…])['’](?!\w)")
_ELISION = re.compile(r"['’‘](?:\d\ds?\b|em\b|til\b|tis\b|twas\b|cause\b|n['’]|round\b)", re.IGNORECASE)
_CITATION = re.compile(r"\s*\([^()]{3,120}\)\.?\s*$")


MAX_DEPTH = 6
# How far around a quotation to look for what it is part of: longer than any sentence.
_AROUND = 1500


@dataclass(kw_only=True)
class _Open:
    family: str
    mark: str
    outer_start: int
    start: int
    group: int


def find_quotations(text: str, paragraphs: Sequence[tuple[int, int]]) -> tuple[Quotation, ...]:
    """All quotations in the given paragraphs (spans in order), by their start; nested ones included."""
    scanner = _Scanner(text)
    for start, end in paragraphs:
        scanner.read_paragraph(start, end)
    scanner.abandon()
    found = sorted(scanner.found, key=lambda quotation: (quotation.start, -quotation.end))
    spans = [(start, end) for start, end in paragraphs]
    return tuple(replace(q, speech=_is_speech(text, q, spans)) for q in found if text[q.start : q.end].strip())


class _Scanner:
    """Walks through paragraphs with a stack of the quotations that are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.stack: list[_Open] = []
        self.found: list[Quotation] = []
        self.groups = 0
        self.paragraph_end = 0

    def read_paragraph(self, start: int, end: int) -> None:
        at = self._carry_over(start, end)
        self.paragraph_end = end
        for found in _MARKS.finditer(self.text, at, end):
            self._read_mark(found.start(), found.group(), start, end)

    def abandon(self) -> None:
        """Quotations never closed end with the paragraph they stand in, before a citation in parentheses."""
        for depth, opened in reversed(list(enumerate(self.stack))):
            self._record(opened, self.paragraph_end, self.paragraph_end, depth, closed=False)
        self.stack = []

    def _carry_over(self, start: int, end: int) -> int:
        """Goes on with quotations left open by the paragraph before; returns where to read on."""
        if not self.stack:
            return start
        at = start
        reopened = 0
        while reopened < len(self.stack) and at < end:
            mark = self.text[at]
            if _family(mark) != self.stack[reopened].family or mark in "”’":
                break
            reopened += 1
            at += 1
        if not reopened and not self._closes_first(start, end):
            self.abandon()
            return start
        carried = self.stack
        for depth, opened in reversed(list(enumerate(carried))):
            self._record(opened, self.paragraph_end, self.paragraph_end, depth, closed=True)
        # Marks opened inside and not reopened were slips, or ended with their paragraph.
        self.stack = carried[: max(reopened, 1)]
        for depth, opened in enumerate(self.stack):
            opened.outer_start = start + min(depth, reopened)
            opened.start = at
        return at

    def _closes_first(self, start: int, end: int) -> bool:
        """Whether the paragraph closes the open quotation before it opens another of the kind."""
        opened = self.stack[0]
        if opened.family == "'":
            return False
        for found in _MARKS.finditer(self.text, start, end):
            if _family(found.group()) == opened.family:
                return not self._opens(found.start(), found.group(), start, end)
        return False

    def _read_mark(self, at: int, mark: str, start: int, end: int) -> None:
        family = _family(mark)
        if family == "'" and self._is_apostrophe(at, mark, start, end):
            return
        if self._opens(at, mark, start, end):
            if len(self.stack) >= MAX_DEPTH:
                return
            self.groups += 1
            self.stack.append(_Open(family=family, mark=mark, outer_start=at, start=at + 1, group=self.groups))
            return
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth].family == family:
                # What was opened inside and not closed was a slip.
                self._record(self.stack[depth], at, at + 1, depth, closed=True)
                del self.stack[depth:]
                return

    def _record(self, opened: _Open, end: int, outer_end: int, depth: int, *, closed: bool) -> None:
        if not closed:
            citation = _CITATION.search(self.text, opened.start, end)
            if citation:
                end = outer_end = citation.start()
        self.found.append(
            Quotation(
                start=opened.start,
                end=max(end, opened.start),
                outer_start=opened.outer_start,
                outer_end=max(outer_end, opened.start),
                depth=depth,
                group=opened.group,
                closed=closed,
            )
        )

    def _sides(self, at: int, start: int, end: int) -> tuple[bool, bool, str]:
        """Whether the left looks like the outside of an opening mark, the right like that of a closing one."""
        left = self.text[at - 1] if at > start else " "
        right = self.text[at + 1] if at + 1 < end else " "
        return left.isspace() or left in "([{—–-/“‘«„‚\"'", right.isspace() or right in ")]}.,;:!?—–-/…”’»\"'", right

    def _opens(self, at: int, mark: str, start: int, end: int) -> bool:
        left_open, right_closed, right = self._sides(at, start, end)
        family = _family(mark)
        is_open = any(opened.family == family for opened in self.stack)
        top = next((opened.mark for opened in reversed(self.stack) if opened.family == family), "")
        if mark == "“":
            return not (top == "„" and (not left_open or right_closed))
        if mark == "‘":
            return not (top == "‚" and (not left_open or right_closed))
        if mark in "„‚‟‛「『":
            return True
        if mark in "«‹":
            return not (top in "»›" and top != "" and (not left_open or right_closed))
        if mark in "»›":
            return left_open and not right_closed and right.isalnum() and not is_open
        if mark in "」』":
            return False
        if mark == "’":
            return False
        if mark == "”":
            return not is_open and left_open and not right_closed
        if left_open and not right_closed:
            return True
        if right_closed and not left_open:
            return False
        return not is_open

    def _is_apostrophe(self, at: int, mark: str, start: int, end: int) -> bool:
        left_open, _, right = self._sides(at, start, end)
        left = self.text[at - 1] if at > start else " "
        if mark in "‚‛":
            return right.isspace()
        if (left.isalnum() and right.isalnum()) or _ELISION.match(self.text, at, end):
            return True
        is_open = any(opened.family == "'" for opened in self.stack)
        if mark == "‘":
            return not is_open and not _SINGLE_CLOSER.search(self.text, at + 1, end) and at > start
        if left_open and (right.isalnum() or right in '"“[(…'):
            return mark == "’" or not (_SINGLE_CLOSER.search(self.text, at + 1, end) or at == start)
        if not is_open:
            return True
        if left == "s" and re.match(r"\s+[a-z]", self.text[at + 1 : at + 4]):
            # A plural possessive inside the quotation, if a mark that must close comes later.
            return _SINGLE_CLOSER.search(self.text, at + 1, end) is not None
        return False


def _family(mark: str) -> str:
    """The pair that a mark belongs to; curly and straight marks of one kind pair with each other."""
    return _OPENERS.get(mark) or _CLOSERS.get(mark) or mark


_LEADS_TO_SPEECH = re.compile(r"(?:[:,;.!?…]['\"”’»)\]]*|[—–-]|\))\s*$")


def _is_speech(text: str, quotation: Quotation, paragraphs: list[tuple[int, int]]) -> bool:
    """Whether a quotation is somebody's words in their own right, not a fragment built into a sentence."""
    content = text[quotation.start : quotation.end].strip()
    words = len(re.findall(r"\w+(?:['’-]\w+)*", content))
    paragraph = next((p for p in paragraphs if p[0] <= quotation.outer_start <= p[1]), (0, len(text)))
    before = text[max(paragraph[0], quotation.outer_start - _AROUND) : quotation.outer_start]
    after = text[quotation.outer_end : min(paragraph[1], quotation.outer_end + _AROUND)]
    begins = re.match(r"[\W_]*(?:[A-ZÀ-Þ\d]|I\b)", content) is not None
    complete = re.search(r"[.!?…]['\"”’»]*$", content) is not None
    resumes = re.search(r"[\w,—–-][”\"»’'“][^.!?]*,\s*$", before) is not None
    comma = content.endswith(",") or (after[:1] == "," and words >= 4 and begins)
    if not quotation.closed or (len(before.strip()) == 0 and len(after.strip(" .")) == 0):
        return words >= 2 or complete
    colon = re.search(r":\s*$", before) is not None
    led = not before.strip() or _LEADS_TO_SPEECH.search(before) is not None
    if colon:
        return words >= 2 or complete
    if led and before.rstrip().endswith(",") and not begins and not resumes:
        return False
    if led:
        if complete or comma:
            return True
        return words >= 4 and (begins or words >= 6) and re.match(r",?\.?\s*$|\s*\(|[.!?]", after) is not None
    inner_boundary = re.search(r"[.!?]\s+[A-Z]", content) is not None
    if inner_boundary:
        return begins
    return begins and words >= 3 and complete and re.match(r"I\b|[A-Z][a-z]*\b", content.lstrip("([…. ")) is not None
