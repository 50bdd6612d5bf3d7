"""Reads an article: its statements with their exact place, voice, holder, counterpart, date and source.

The facade over layout, quotations, cast, mentions and attribution. Does not know stance, models or files.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from models.article_layout import Paragraph, find_paragraphs
from models.article_text import ReadingView, reading_view
from models.attribution import Attribution, Attributor
from models.cast import Cast
from models.citations import date_in, is_citation
from models.errors import InputError
from models.mentions import Mention, Mentions
from models.narration import AUTHOR, counterpart_in, narrated_holder
from models.quotations import Quotation, find_quotations
from models.reading_lexicon import SPEECH_VERBS, alternatives
from models.sentences import split_sentences
from models.statement import Statement, Voice

_SAYS = alternatives(SPEECH_VERBS)
_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_EDGE_LEFT = " \n\t,;–—-"
_LET_US = re.compile(
    r"\b(?:say|says|said|tell us|tells us|told us|shout|repeat|keep saying|whisper)[ \n,:]+(?:to us[ \n,:]+)?(?:that[ \n])?(?:[“‘\"']|[Ll]et[’']?s?\b|[Cc]ome\b)"
)
_STAGE = re.compile(r"[(\[](?:applause|laughter|interruption|crosstalk|inaudible|pause|laughs|smiles|cheers|shouting|order|noise)[^()\[\]]{0,40}[)\]]\.?", re.IGNORECASE)


def read_article(text: str) -> tuple[Statement, ...]:
    """The statements of a decoded article in the order of the text.

    `start` and `end` of each are character offsets into `text`, and text[start:end] is the statement.
    A quotation inside a quotation gives a second statement of the same span, voice `nested`. Raises
    InputError if the article has no statement.
    """
    statements = _Reading(reading_view(text)).statements()
    if not statements:
        raise InputError("no statement found: the article has no complete sentence; give its full text, not only a heading")
    return tuple(statements)


@dataclass(kw_only=True)
class _Context:
    """What reading a paragraph needs to know of its surroundings."""

    interviewee: str = ""
    issuer: str = ""
    speakers: dict[str, str] = field(default_factory=dict)


class _Reading:
    """One article being read."""

    def __init__(self, view: ReadingView) -> None:
        self.view = view
        self.text = view.text
        self.paragraphs = find_paragraphs(self.text)
        self.body = [p for p in self.paragraphs if p.kind in ("prose", "item")]
        self.quotations = find_quotations(self.text, [(p.start, p.end) for p in self.body])
        self.cast = Cast(self.text)
        quoted = [(q.start, q.end) for q in self.quotations if q.depth == 0 and q.speech]
        self.mentions = Mentions(self.text, self.cast, quoted)
        self.attributions = Attributor(self.text, self.mentions, self.quotations).attribute(self.body)
        self.context = _Context()
        self.found: list[tuple[int, int, Statement]] = []

    def statements(self) -> list[Statement]:
        self._introduce_speakers()
        for paragraph in self.body:
            self._read_paragraph(paragraph)
        self._guess_counterparts()
        return [statement for _, _, statement in self.found]

    def _introduce_speakers(self) -> None:
        labels = {p.speaker for p in self.body if p.speaker}
        if not labels:
            return
        first = next(p.start for p in self.body if p.speaker)
        named = Counter(m.holder for m in self.mentions.all if m.kind == "person" and m.start < first)
        people = [m.holder for m in self.mentions.all if m.kind == "person" and m.start < first]
        self.context.interviewee = max(people, key=lambda name: (named[name], -people.index(name)), default="")
        for label in labels:
            self.context.speakers[label] = self._speaker(label)

    def _speaker(self, label: str) -> str:
        """The holder that a label stands for: "Q", "A", "SMITH", "The Minister"."""
        plain = re.sub(r"\s*\([^()]*\)", "", label).strip()
        if plain.lower() in ("q", "question", "interviewer", "reporter", "journalist"):
            return "the interviewer"
        if plain.lower() in ("a", "answer"):
            return self.context.interviewee or "the interviewee"
        form = plain.title() if plain.isupper() else plain
        character = self.cast.find(plain) or self.cast.find(form)
        if character and character.kind == "person":
            return character.name
        role = self.cast.with_role(form)
        if role:
            return role[0].name
        words = [w for w in form.split() if w.lower().strip(".") not in ("mr", "mrs", "ms", "dr")]
        return " ".join(words)

    def _read_paragraph(self, paragraph: Paragraph) -> None:
        speech = [q for q in self.quotations if q.depth == 0 and q.speech and paragraph.start <= q.outer_start < paragraph.end]
        at = paragraph.start
        for quotation in speech:
            self._read_narration(at, quotation.outer_start, paragraph, before_quotation=True, after_quotation=at > paragraph.start)
            self._read_quotation(quotation)
            at = max(at, quotation.outer_end)
        self._read_narration(at, paragraph.end, paragraph, before_quotation=False, after_quotation=bool(speech))

    # quotations

    def _read_quotation(self, quotation: Quotation) -> None:
        attribution = self.attributions.get(quotation.start) or Attribution(holder=AUTHOR)
        for start, end in self._merged(split_sentences(self.text, quotation.start, quotation.end), quotation.start, quotation.end):
            self._add(start, end, "quote", attribution.holder, attribution.affiliation, attribution.date, attribution.source)
            self._read_nested(start, end, attribution)

    def _merged(self, sentences: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
        """Very short sentences go with their neighbour: two to a statement, never more."""
        merged: list[tuple[int, int]] = []
        sizes: list[int] = []
        for sentence in sentences:
            words = len(_WORD.findall(self.text[slice(*sentence)]))
            if merged and sizes[-1] == 1 and (words <= 4 or len(_WORD.findall(self.text[slice(*merged[-1])])) <= 2):
                merged[-1] = (merged[-1][0], sentence[1])
                sizes[-1] = 2
            else:
                merged.append(sentence)
                sizes.append(1)
        return merged

    def _read_nested(self, start: int, end: int, outer: Attribution) -> None:
        """A second statement for the one who is quoted inside the quotation."""
        sentence = self.text[start:end]
        inner = [q for q in self.quotations if q.depth >= 1 and start <= q.start and q.end <= end]
        says = _LET_US.search(sentence)
        verb = says.start() if says else None
        for q in inner:
            lead = self.text[max(start, q.outer_start - 60) : q.outer_start]
            if verb is None and re.search(rf"\b{_SAYS}\b[^.;]{{0,25}}$", lead):
                verb = q.outer_start - start
        if verb is None:
            return
        who = [m for m in self.mentions.between(start, start + verb + 1) if not m.possessive]
        if not who or who[-1].kind == "speaker":
            return
        holder = self._seen_from(who[-1], outer)
        if holder and holder != outer.holder:
            self._add(start, end, "nested", holder, "", outer.date, outer.source, counterpart=outer.affiliation or outer.holder)

    def _seen_from(self, mention: Mention, outer: Attribution) -> str:
        """The holder of a mention inside a quotation: "they" and "the enemy" are the speaker's adversary."""
        if mention.kind == "they" or re.search(r"enem|adversar|opponent|other side", mention.holder):
            return self._adversary(outer) or mention.holder
        return mention.holder

    def _adversary(self, outer: Attribution) -> str:
        """The party most often named in the article that is neither the speaker nor the speaker's own."""
        names = Counter(
            m.holder for m in self.mentions.all
            if m.kind == "party" and not m.pronoun and m.holder not in (outer.holder, outer.affiliation)
            and not re.search(r"enem|adversar|^its |^their |^his ", m.holder) and self.cast.find(m.holder)
            and not self._same_side(m.holder, outer)
        )  # fmt: skip
        return names.most_common(1)[0][0] if names else ""

    def _same_side(self, name: str, outer: Attribution) -> bool:
        own = outer.affiliation
        return bool(own) and (own in name or name in own)

    # narration

    def _read_narration(
        self, start: int, end: int, paragraph: Paragraph, *, before_quotation: bool, after_quotation: bool
    ) -> None:
        sentences = split_sentences(self.text, start, end)
        trimmed: list[tuple[int, int]] = []
        for number, sentence in enumerate(sentences):
            first = number == 0 and after_quotation
            last = number == len(sentences) - 1 and before_quotation
            span = self._without_attribution(*sentence, first=first, last=last)
            if span:
                trimmed.append(span)
        for begin, finish in self._merged(trimmed, start, end) if paragraph.speaker else trimmed:
            self._narrate(begin, finish, paragraph)

    def _without_attribution(self, start: int, end: int, *, first: bool, last: bool) -> tuple[int, int] | None:
        """The part of a sentence that states something; None for "he said:", citations and stage directions."""
        while start < end and self.text[start] in _EDGE_LEFT:
            start += 1
        piece = self.text[start:end].strip()
        if not piece or is_citation(piece) or _STAGE.fullmatch(piece):
            return None
        if first and (piece[0].islower() or re.match(rf"[^,.]{{0,60}}\b{_SAYS}\b", piece)) and self._continues(start):
            return None
        if last:
            cut = re.search(rf"[ \n,]+(?:and|but|then)[ \n](?:\w+ly[ \n]|then[ \n]|also[ \n])?{_SAYS}[^.:]{{0,40}}[:,]?\s*$", piece)
            if cut and len(_WORD.findall(piece[: cut.start()])) >= 4:
                return start, start + cut.start()
            if self._only_attributes(piece):
                return None
        words = _WORD.findall(piece)
        if len(words) < 2 and not re.search(r"[.!?]", piece) or not words:
            return None
        return start, start + len(piece)

    def _continues(self, start: int) -> bool:
        """Whether text after a quotation goes on with the quotation's sentence."""
        before = self.text[:start].rstrip()
        return bool(before) and (self.text[start].islower() or before[-2:-1] in ",!?…—–" or before[-1:] in ",")

    def _only_attributes(self, piece: str) -> bool:
        """Whether an unfinished sentence before a quotation only says who speaks."""
        if not re.search(r"[:,]$|\w$", piece):
            return False
        return re.search(rf"\b{_SAYS}\b[^:]{{0,60}}[:,]?$", piece, re.IGNORECASE) is not None or len(_WORD.findall(piece)) <= 4

    def _narrate(self, start: int, end: int, paragraph: Paragraph) -> None:
        if paragraph.speaker:
            holder = self.context.speakers.get(paragraph.speaker, paragraph.speaker)
            character = self.cast.find(holder)
            self._add(start, end, "quote", holder, character.affiliation if character else "", None, None)
            return
        mention = narrated_holder(self.text, self.mentions, start, end)
        holder = mention.holder if mention else AUTHOR
        self._add(start, end, "narration", holder, mention.affiliation if mention else "", date_in(self.text[start:end]), None)

    def _add(
        self, start: int, end: int, voice: Voice, holder: str, affiliation: str, date: str | None, source: str | None,
        counterpart: str | None = None,
    ) -> None:  # fmt: skip
        while start < end and self.text[start] in " \n":
            start += 1
        while end > start and self.text[end - 1] in " \n,;–—":
            end -= 1
        if not _WORD.search(self.text[start:end]):
            return
        if counterpart is None:
            counterpart = "" if holder == AUTHOR else counterpart_in(self.text, self.mentions, start, end, holder, affiliation)
        begin, finish = self.view.span(start, end)
        statement = Statement(
            text=self.view.source[begin:finish], holder=holder, counterpart=counterpart, voice=voice,
            start=begin, end=finish, date=date, source=source,
        )  # fmt: skip
        self.found.append((start, end, statement))

    def _guess_counterparts(self) -> None:
        return None
