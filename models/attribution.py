"""Who speaks in a quotation, and where that is said.

Looks for the attribution after, before and around a quotation, in the paragraph before it, and else
lets the last speaker go on. Builds on `Mentions`; does not cut the article into statements.
"""

import re
from collections.abc import Sequence

from models.citations import date_in, is_outlet
from models.mentions import Mention, Mentions
from models.paragraph import Paragraph
from models.quotation_sources import Attribution, share_citation, share_groups, with_citation
from models.quotations import Quotation
from models.reading_lexicon import SPEECH_NOUNS, SPEECH_VERBS, alternatives
from models.sentences import split_sentences

_SAYS = alternatives(SPEECH_VERBS)
_ADVERB = (
    r"(?:(?:also|later|then|now|still|once|first|again|once more|today|yesterday|on \w+day|has|"
    r"have|had|would|will|often|repeatedly|who|\w+ly)[ \n,]+)*"
)
_SUBJECT_THEN_SAYS = re.compile(
    rf"(?:,[ \n][^,\"“”.]{{2,110}},)?(?:[ \n]\([^()]{{1,60}}\))?,?[ \n]{_ADVERB}{_SAYS}(?![\w-])", re.IGNORECASE
)
_SAYS_THEN_SUBJECT = re.compile(
    rf"[\s,.;:–—-]*(?:(?:so|as)[ \n])?{_ADVERB}(?:{_SAYS}|according[ \n]to)(?:[ \n](?:the|a|an))?[ \n]", re.IGNORECASE
)
_COLON = re.compile(r"[:,]\s*$|\bthat\s*$|[:,]\s*\(?$")


class Attributor:
    """Finds the attribution of each quotation of an article, in order of the text."""

    def __init__(self, text: str, mentions: Mentions, quotations: Sequence[Quotation]) -> None:
        self.text = text
        self.mentions = mentions
        self.speech = [q for q in quotations if q.depth == 0 and q.speech]
        self.by_start: dict[int, Attribution] = {}

    def attribute(self, paragraphs: Sequence[Paragraph]) -> dict[int, Attribution]:
        """Attributions by the start of the quotation. Paragraphs without quotations reset nothing."""
        previous: Attribution | None = None
        for index, paragraph in enumerate(paragraphs):
            inside = [q for q in self.speech if paragraph.start <= q.start < paragraph.end]
            last: Attribution | None = None
            for number, quotation in enumerate(inside):
                found = self._explicit(quotation, inside, number, paragraph)
                if found is None:
                    found = self._implied(quotation, paragraph, paragraphs[:index], last, previous)
                known = found or Attribution(holder="", explicit=False)
                limit = inside[number + 1].outer_start if number + 1 < len(inside) else paragraph.end
                self.by_start[quotation.start] = with_citation(self.text, known, quotation, limit)
                if found is not None:
                    last = previous = self.by_start[quotation.start]
            share_citation(self.by_start, inside)
        share_groups(self.by_start, self.speech)
        return self.by_start

    def _gap(self, inside: Sequence[Quotation], number: int, paragraph: Paragraph) -> tuple[str, int, str, int]:
        """The text before and after a quotation, up to its neighbours, with where each starts."""
        quotation = inside[number]
        start = inside[number - 1].outer_end if number else paragraph.line
        end = inside[number + 1].outer_start if number + 1 < len(inside) else paragraph.end
        return (
            self.text[start : quotation.outer_start],
            start,
            self.text[quotation.outer_end : end],
            quotation.outer_end,
        )

    def _explicit(
        self, quotation: Quotation, inside: Sequence[Quotation], number: int, paragraph: Paragraph
    ) -> Attribution | None:
        before, before_at, after, after_at = self._gap(inside, number, paragraph)
        content = self.text[quotation.start : quotation.end].rstrip()
        lead = self._last_clause(before, before_at)
        if lead is not None and re.search(r":\s*\(?$", before):
            speaker = self._leading_speaker(lead, quotation.outer_start)
            if speaker:
                return self._made(speaker, self.text[lead : quotation.outer_start])
        # After "…," or "…?" she said; a full stop inside closes the sentence, so what follows is new.
        if not re.match(r"\s*\.", after) and (
            not content.endswith(".") or re.match(r"[\s,]*(?:[a-z]|[A-Z][\w ’'-]*? (?:said|says|added)\b)", after)
        ):
            speaker = self._trailing_speaker(after, after_at)
            if speaker:
                return self._made(speaker, re.split(r"[.!?](?:\s|$)", after)[0])
        if lead is not None and re.search(r"[,\w]\s*$", before):
            speaker = self._leading_speaker(lead, quotation.outer_start)
            if speaker:
                return self._made(speaker, self.text[lead : quotation.outer_start])
        return None

    def _last_clause(self, before: str, at: int) -> int | None:
        """Where the unfinished sentence before a quotation starts; None if there is none."""
        stripped = before.rstrip()
        if not stripped or stripped[-1] in ".!?…)":
            return None
        sentences = split_sentences(self.text, at, at + len(stripped))
        return sentences[-1][0] if sentences else None

    def _leading_speaker(self, start: int, end: int) -> Mention | None:
        """The speaker named in "X said:", "these are the words of X:"."""
        lead = self.text[start:end]
        mentions = [m for m in self.mentions.between(start, end) if m.holder]
        quoted = re.search(r"\bquot(?:ed|es|ing)[ \n]", lead)
        if quoted and re.search(r"\bas[ \n](?:saying|telling)\b", lead):
            who = [m for m in mentions if m.start >= start + quoted.end() - 1]
            if who:
                return who[0]
        says = [m for m in mentions if _SUBJECT_THEN_SAYS.match(self.text, m.end, end) and not m.possessive]
        if says:
            return says[-1]
        noun = re.search(rf"\b{SPEECH_NOUNS}\b.{{0,40}}?\b(?:of|by|from)\b", lead, re.IGNORECASE | re.DOTALL)
        if noun:
            after = [m for m in mentions if m.start >= start + noun.end() - 1]
            if after:
                return after[-1] if after[-1].kind == "person" else after[0]
        accord = re.search(
            r"\b(?:according to|in the words of|for|quoted|quoting|quotes|cited|citing)[ \n]", lead, re.IGNORECASE
        )
        if accord:
            after = [m for m in mentions if m.start >= start + accord.end()]
            if after:
                return after[0]
        subjects = [m for m in mentions if m.subject and not m.possessive]
        if subjects and (re.search(rf"\b{_SAYS}\b", lead, re.IGNORECASE) or lead.rstrip().endswith((":", ","))):
            return subjects[0]
        if re.search(r":\s*\(?$", lead) and mentions:
            people = [m for m in mentions if m.kind == "person"]
            return (people or mentions)[0]
        return None

    def _trailing_speaker(self, after: str, at: int) -> Mention | None:
        """The speaker named in "…," X said / said X / X, the minister, told reporters."""
        sentences = split_sentences(self.text, at, at + len(after))
        if not sentences:
            return None
        end = sentences[0][1]
        sentence = self.text[at:end]
        inverted = _SAYS_THEN_SUBJECT.match(self.text, at, end)
        nearby = [m for m in self.mentions.between(at, end) if m.holder and _may_speak(self.text[m.start : m.end])]
        if inverted:
            following = [
                m for m in nearby
                if m.start <= inverted.end() + 1 <= m.end + 1 or _between_is_role(self.text[inverted.end() : m.start])
            ]  # fmt: skip
            if following:
                return following[0]
            indefinite = re.compile(
                r"(?:a|an|the|one)[ \n][\w’' -]{2,40}?(?=[,.\n]|$| (?:who|in|at|on|from|of)\b)"
            ).match(self.text, inverted.end(), end)
            if indefinite:
                return self._stranger(indefinite)
        signed = re.match(r"\s*(?:—|–|--|-)\s*", sentence)
        if signed and nearby and nearby[0].start == at + signed.end() and not nearby[0].pronoun:
            return nearby[0]  # "…" — Anna Keller, 12 May
        lead = re.match(r"[\s,–—-]*", sentence)
        begin = at + (lead.end() if lead else 0)
        for mention in nearby:
            if mention.start > begin + 4 and not _between_is_role(self.text[begin : mention.start]):
                break
            if not mention.possessive and (
                _SUBJECT_THEN_SAYS.match(self.text, mention.end, end)
                or (mention.subject and _says_soon(self.text[mention.end : end]))
            ):
                return mention
        stranger = re.compile(
            rf"((?:a|an|the|one|another|some)[ \n](?:[\w’'-]+[ \n]){{0,4}}?[\w’'-]+)(?:,[^,]{{2,80}},)?"
            rf"[ \n]{_ADVERB}{_SAYS}(?![\w-])",
            re.IGNORECASE,
        ).match(self.text, begin, end)
        return self._stranger(stranger) if stranger else None

    def _stranger(self, found: re.Match[str]) -> Mention:
        words = re.sub(r"\s+", " ", found.group(1) if found.lastindex else found.group())
        return Mention(
            start=found.start(), end=found.end(), holder=words[0].lower() + words[1:], kind="person", subject=True
        )

    def _made(self, speaker: Mention, words: str) -> Attribution:
        date = date_in(words)
        source = re.search(
            r"\b(?:told|to|speaking to|in an interview with|interview with)[ \n]((?:the[ \n])?(?:[A-ZÀ-Þ][\w&.’'-]*)"
            r"(?:[ \n][A-ZÀ-Þ0-9][\w&.’'-]*)*)",
            words,
        )
        quoting = re.match(r"(?:The )?((?:[A-Z][\w.-]*[ \n]?){1,4}) (?:has )?quot(?:ed|es)\b", words)
        source = source or quoting
        outlet = re.sub(r"\s+", " ", source.group(1)).strip().removeprefix("the ") if source else None
        if outlet and not is_outlet(outlet):
            outlet = None
        return Attribution(holder=speaker.holder, affiliation=speaker.affiliation, date=date, source=outlet)

    def _implied(
        self, quotation: Quotation, paragraph: Paragraph, earlier: Sequence[Paragraph],
        last: Attribution | None, previous: Attribution | None,
    ) -> Attribution | None:  # fmt: skip
        """A quotation without attribution of its own."""
        if last is not None:
            between = self.text[paragraph.start : quotation.outer_start]
            sentence = split_sentences(self.text, paragraph.start, quotation.outer_start)
            named = (
                self._subject(sentence[-1]) if sentence and sentence[-1][0] >= self._end_of_last(quotation) else None
            )
            if named and not re.search(r"[”\"]\s*$", between):
                return self._made(named, "")
            return Attribution(holder=last.holder, affiliation=last.affiliation, date=last.date, source=last.source)
        before = split_sentences(self.text, paragraph.start, quotation.outer_start)
        if before:
            named = self._subject(before[-1])
            if named:
                return self._made(named, self.text[slice(*before[-1])])
        if earlier and not before:
            words = self.text[earlier[-1].start : earlier[-1].end].rstrip()
            sentences = split_sentences(self.text, earlier[-1].start, earlier[-1].end)
            if words.endswith(":") and sentences:
                speaker = self._leading_speaker(*sentences[-1])
                if speaker:
                    return self._made(speaker, self.text[slice(*sentences[-1])])
            inside = [q for q in self.speech if earlier[-1].start <= q.start < earlier[-1].end]
            if previous and inside:
                return Attribution(holder=previous.holder, affiliation=previous.affiliation)
        after = split_sentences(self.text, quotation.outer_end, paragraph.end)
        if after:
            named = self._subject(after[0])
            if named:
                return self._made(named, "")
        if earlier and not before and (sentences := split_sentences(self.text, earlier[-1].start, earlier[-1].end)):
            named = self._subject(sentences[-1])
            if named:
                return self._made(named, "")
        return (
            Attribution(holder=previous.holder, affiliation=previous.affiliation, explicit=False) if previous else None
        )

    def _end_of_last(self, quotation: Quotation) -> int:
        return max((q.outer_end for q in self.speech if q.outer_end <= quotation.outer_start), default=0)

    def _subject(self, sentence: tuple[int, int]) -> Mention | None:
        """The person or party that a sentence is about."""
        mentions = [m for m in self.mentions.between(*sentence) if m.holder and not m.possessive]
        subjects = [m for m in mentions if m.subject]
        return subjects[0] if subjects else next((m for m in mentions if m.kind == "person"), None)


def _may_speak(mention: str) -> bool:
    return mention.lower() not in ("him", "her", "them", "his", "their", "its")


def _between_is_role(words: str) -> bool:
    """Whether what stands before a name is only its role: "the union's president, "."""
    return re.fullmatch(r"(?:the|a|an|its|his|her|their)?[\w’' \n-]{0,60},?\s?", words, re.IGNORECASE) is not None


def _says_soon(words: str) -> bool:
    return re.match(rf"[^,.;]{{0,30}}?\b{_SAYS}\b", words, re.IGNORECASE) is not None
