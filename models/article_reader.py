"""Reads an article: its statements with their exact place, voice, holder, counterpart, date and source.

The facade over layout, quotations, cast, mentions and attribution. Does not know stance, models or files.
"""

import re
from dataclasses import replace

from models.article_layout import find_paragraphs
from models.article_text import ReadingView, reading_view
from models.attribution import Attributor
from models.cast import Cast
from models.citations import is_citation, told_date
from models.counterparts import counterpart_in, spread_counterparts
from models.errors import InputError
from models.mentions import Mentions
from models.narration import AUTHOR, narrated_holder
from models.nested_speech import nested_holder
from models.paragraph import Paragraph
from models.quotation_sources import Attribution
from models.quotations import Quotation, find_quotations
from models.reading_lexicon import ANY_ORGANISATION, PARTY_NOUNS, SPEECH_VERBS, alternatives
from models.sentences import split_sentences
from models.speakers import Speakers
from models.statement import Statement, Voice

_SAYS = alternatives(SPEECH_VERBS)
_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_STAGE = re.compile(
    r"[(\[](?:applause|laughter|interruption|interjections?|crosstalk|inaudible|off-mike|pause|laughs|smiles|cheers|shouting|"
    r"order|noise)[^()\[\]]{0,40}[)\]]\.?",
    re.IGNORECASE,
)
# One word that says all: no mere beginning of the next sentence.
_ANSWERS = re.compile(r"(?:no|yes|never|nothing|none)\b", re.IGNORECASE)
_CITATION_FIRST = re.compile(r"\s*[(\[][^()\[\]]{3,120}[)\]]\.?\s*")


def read_article(text: str) -> tuple[Statement, ...]:
    """The statements of a decoded article in the order of the text.

    `start` and `end` of each are character offsets into `text`, and text[start:end] is the statement.
    A quotation inside a quotation gives a second statement of the same span, voice `nested`. Raises
    InputError if the article has no statement.
    """
    statements = _Reading(reading_view(text)).statements()
    if not statements:
        raise InputError(
            "no statement found: the article has no complete sentence; give its full text, not only a heading"
        )
    return tuple(statements)


class _Reading:
    """One article being read; offsets inside are those of the view until a statement is made."""

    def __init__(self, view: ReadingView) -> None:
        self.view = view
        self.text = view.text
        paragraphs = find_paragraphs(self.text)
        self.body = [p for p in paragraphs if p.kind in ("prose", "item")]
        quotations = find_quotations(self.text, [(p.start, p.end) for p in self.body])
        turns = [(p.start, p.end) for p in self.body if p.speaker]
        # What is quoted inside a speaker's turn is quoted by the speaker.
        self.inner = [q for q in quotations if q.depth or any(a <= q.start < b for a, b in turns)]
        self.speech = [q for q in quotations if q not in self.inner and q.speech]
        aside = [(q.start, q.end) for q in self.speech]
        aside += [(p.line, p.end) for p in paragraphs if p.kind in ("heading", "furniture")]
        self.cast = Cast(self.text, [(p.start, p.end) for p in paragraphs if p.kind != "furniture"])
        self.mentions = Mentions(self.text, self.cast, aside)
        self.attributions = Attributor(self.text, self.mentions, self.speech).attribute(self.body)
        self.speakers = Speakers(self.text, paragraphs, self.cast, self.mentions)
        self.nested = ""
        self.found: list[Statement] = []

    def statements(self) -> list[Statement]:
        for paragraph in self.body:
            if paragraph.speaker:
                self._read_turn(paragraph)
            else:
                self._read_prose(paragraph)
        return spread_counterparts(self.found)

    def _read_turn(self, paragraph: Paragraph) -> None:
        """What one speaker says in a transcript or interview."""
        holder = self.speakers.holder(paragraph.speaker)
        character = self.cast.find(holder)
        turn = Attribution(holder=holder, affiliation=character.affiliation if character else "")
        start, end = paragraph.start, paragraph.end
        whole = next((q for q in self.inner if q.outer_start == start and q.outer_end >= end - 1), None)
        if whole:
            start, end = whole.start, whole.end
        for begin, finish in self._units(start, end):
            piece = self.text[begin:finish]
            if not _STAGE.fullmatch(piece) and not is_citation(piece):
                self._add(begin, finish, "quote", turn)
                self._add_nested(begin, finish, turn)

    def _read_prose(self, paragraph: Paragraph) -> None:
        """Quotations and the narration between them."""
        at = paragraph.start
        speaker: Attribution | None = None
        for quotation in self.speech:
            if not paragraph.start <= quotation.start < paragraph.end:
                continue
            self._read_narration(at, quotation.outer_start, before=True, after=at > paragraph.start, speaker=speaker)
            self._read_quotation(quotation)
            speaker = self.attributions.get(quotation.start)
            at = max(at, quotation.outer_end)
        self._read_narration(at, paragraph.end, before=False, after=at > paragraph.start, speaker=speaker)

    def _read_quotation(self, quotation: Quotation) -> None:
        attribution = self.attributions.get(quotation.start) or Attribution(holder="")
        if not attribution.holder:
            attribution = replace(attribution, holder=self.speakers.author)
        for start, end in self._units(quotation.start, quotation.end):
            self._add(start, end, "quote", attribution)
            self._add_nested(start, end, attribution)

    def _units(self, start: int, end: int) -> list[tuple[int, int]]:
        """The sentences of somebody's words; very short ones go with their neighbour, two at most."""
        whole: list[tuple[int, int]] = []
        for begin, finish in split_sentences(self.text, start, end):
            inside = any(q.start < begin < q.end for q in self.inner if start < q.start)
            if whole and inside and finish - whole[-1][0] < 400:
                whole[-1] = (whole[-1][0], finish)  # a quotation within is not cut
            else:
                whole.append((begin, finish))
        if len(whole) == 2 and self._words(start, end) <= 12 and not _ANSWERS.match(self.text, *whole[0]):
            return [(whole[0][0], whole[1][1])]
        merged: list[tuple[int, int]] = []
        for begin, finish in whole:
            first = merged[-1] if merged else None
            if first and self._words(*first) <= 2 and not _ANSWERS.match(self.text, *first):
                merged[-1] = (first[0], finish)
            else:
                merged.append((begin, finish))
        return merged

    def _words(self, start: int, end: int) -> int:
        return len(_WORD.findall(self.text, start, end))

    def _add_nested(self, start: int, end: int, outer: Attribution) -> None:
        """A second statement for the one who is quoted inside the words of `outer`."""
        inner = [q for q in self.inner if start <= q.start and q.end <= end]
        holder = nested_holder(self.text, self.mentions, inner, start, end, outer, self.nested)
        if holder and holder != outer.holder:
            self.nested = holder
            if not self.found[-1].counterpart:
                self.found[-1] = replace(self.found[-1], counterpart=holder)
            nested = Attribution(holder=holder, date=outer.date, source=outer.source)
            self._add(start, end, "nested", nested, counterpart=outer.affiliation or outer.holder)

    def _read_narration(
        self, start: int, end: int, *, before: bool, after: bool, speaker: Attribution | None = None
    ) -> None:
        """The sentences of a stretch of narration; `before` and `after` tell whether a quotation borders on it."""
        sentences = split_sentences(self.text, start, end)
        for number, sentence in enumerate(sentences):
            span = self._without_attribution(
                *sentence, first=number == 0 and after, last=number == len(sentences) - 1 and before
            )
            if (
                span
                and number == 0
                and after
                and speaker
                and speaker.holder
                and self._continues_quotation(span[0], self.text[slice(*span)])
            ):
                self._add(*span, "narration", Attribution(holder=speaker.holder, affiliation=speaker.affiliation))
            elif span:
                self._narrate(*span)

    def _without_attribution(self, start: int, end: int, *, first: bool, last: bool) -> tuple[int, int] | None:
        """The part of a sentence that states something; None for "he said:", citations and stage directions."""
        citation = _CITATION_FIRST.match(self.text, start, end)
        if citation and is_citation(citation.group().strip()):
            start = citation.end()
        while start < end and self.text[start] in " \n,;–—-.":
            start += 1
        piece = self.text[start:end].rstrip()
        if not piece or is_citation(piece) or _STAGE.fullmatch(piece) or re.fullmatch(r"\([a-z][^.!?]*\)", piece):
            return None
        if first and self._continues_quotation(start, piece):
            added = re.search(
                r"\b(?:adding|insisting|warning|saying|stressing|arguing|noting)[ \n](?:that[ \n])?", piece
            )
            return (start, end) if added and self._words(start + added.end(), end) >= 6 else None
        if last:
            cut = re.search(
                rf"[ \n,]+(?:and|but|then)[ \n](?:\w+ly[ \n]|then[ \n]|also[ \n])?{_SAYS}[^.:]{{0,40}}[:,]?\s*$", piece
            )
            if cut and self._words(start, start + cut.start()) >= 4:
                return start, start + cut.start()
            if self._only_attributes(piece):
                return None
        if piece.endswith(":") and not re.search(r"(?:^|[ \n])[a-z]{4,}", piece):
            return None  # a name and a colon: whose words follow
        words = self._words(start, start + len(piece))
        if words == 0 or (words == 1 and not re.search(r"[.!?]", piece)):
            return None
        return start, start + len(piece)

    def _continues_quotation(self, start: int, piece: str) -> bool:
        """Whether text after a quotation goes on with the quotation's sentence ("…," she said)."""
        before = self.text[:start].rstrip(" \n\"”’'»“,–—-")
        if piece[0].islower():
            return True
        speaks = re.match(rf"(?:[\w.’'-]+[ \n,]+){{1,14}}?{_SAYS}\b", piece) is not None
        ends_open = self.text[:start].rstrip(" \n\"”’'»“")[-1:] in (",", "–", "—", "-") or before[-1:] in "?!"
        return ends_open and speaks

    def _only_attributes(self, piece: str) -> bool:
        """Whether an unfinished sentence before a quotation only says who speaks."""
        if not re.search(r"[:,]$|\w$", piece):
            return False
        says = re.search(rf"\b{_SAYS}\b[^:]{{0,60}}[:,]?$", piece, re.IGNORECASE) is not None
        return says or len(_WORD.findall(piece)) <= 4

    def _narrate(self, start: int, end: int) -> None:
        mention = narrated_holder(self.text, self.mentions, start, end)
        holder = mention.holder if mention and mention.holder else self.speakers.author
        plain = holder.removeprefix("the ").lower()
        own = plain in ANY_ORGANISATION or (plain in PARTY_NOUNS and plain in self.speakers.author.lower().split())
        if own and self.speakers.author != AUTHOR:
            holder = self.speakers.author  # "the company" in what the company itself has issued
        affiliation = mention.affiliation if mention else ""
        self._add(
            start,
            end,
            "narration",
            Attribution(holder=holder, affiliation=affiliation, date=told_date(self.text[start:end])),
        )

    def _add(self, start: int, end: int, voice: Voice, whose: Attribution, counterpart: str | None = None) -> None:
        while start < end and self.text[start] in " \n":
            start += 1
        while end > start and self.text[end - 1] in " \n,;–—":
            end -= 1
        if not _WORD.search(self.text, start, end):
            return
        if counterpart is None and whose.holder == AUTHOR:
            counterpart = ""
        elif counterpart is None:
            # In a statement that an organisation issues, its own people speak for it.
            own = whose.affiliation or (self.speakers.author if self.speakers.author != AUTHOR else "")
            counterpart = counterpart_in(self.text, self.mentions, start, end, whose.holder, own)
        begin, finish = self.view.span(start, end)
        statement = Statement(
            text=self.view.source[begin:finish], holder=whose.holder, counterpart=counterpart, voice=voice,
            start=begin, end=finish, date=whose.date, source=whose.source,
        )  # fmt: skip
        self.found.append(statement)
