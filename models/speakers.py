"""Who stands behind a label of a transcript or interview, and who the author of an article is.

"Q", "A", "MR. SMITH", "The Minister" → a holder. The author is "the article's author" except in a
statement issued by an organisation, which speaks for itself. Builds on `Cast` and `Mentions`.
"""

import re
from collections import Counter
from collections.abc import Sequence

from models.cast import Cast
from models.mentions import Mentions
from models.narration import AUTHOR
from models.paragraph import Paragraph
from models.reading_lexicon import ORGANISATION_WORDS, ROLE_NOUNS, TITLES

_ISSUED = re.compile(
    r"\b(?:press release|media release|news release|(?:media|press|joint|public|official)[ \n]statement|statement[ \n](?:by|of|from|no\.?|on)"
    r"|chair[’']s statement|communiqu[eé]|declaration|for immediate release|resolution|open letter|statement$)",
    re.IGNORECASE | re.MULTILINE,
)
_INTERVIEWERS = ("q", "interviewer", "journalist")
_REPORTERS = ("question", "reporter")


class Speakers:
    """The speakers of one article."""

    def __init__(self, text: str, paragraphs: Sequence[Paragraph], cast: Cast, mentions: Mentions) -> None:
        self.text = text
        self.paragraphs = paragraphs
        self.cast = cast
        self.mentions = mentions
        self.author = self._issuer() or AUTHOR
        self._interviewee = self._find_interviewee()
        self._holders: dict[str, str] = {}

    def holder(self, label: str) -> str:
        """The holder that a speaker label stands for."""
        if label not in self._holders:
            self._holders[label] = self._resolve(label)
        return self._holders[label]

    def is_anonymous(self, label: str) -> bool:
        """Whether the label is a bare Q or A, as in an interview."""
        return label.lower() in ("q", "a", "question", "answer")

    def _resolve(self, label: str) -> str:
        plain = re.sub(r"\s*[(\[][^()\[\]]*[)\]]|,.*$", "", label).strip()
        if plain.lower() in _INTERVIEWERS:
            return "the interviewer"
        if plain.lower() in _REPORTERS:
            return "a reporter"
        if plain.lower() in ("a", "answer"):
            return self._interviewee or "the interviewee"
        form = plain.title().replace("’S", "’s") if plain.isupper() else plain
        fuller = [p.speaker for p in self.paragraphs if len(p.speaker.split()) > 1 and p.speaker.split()[-1] == plain]
        if fuller:
            return self.holder(fuller[0])
        initials = self._by_initials(plain)
        if initials:
            return initials
        character = self.cast.find(form) or self.cast.find(plain)
        if character:
            return character.name
        people = self.cast.with_role(form)
        if people:
            return people[0].name
        words = form.split()
        while len(words) > 1 and words[0].lower().strip(".") in TITLES | {"hon"}:
            words = words[1:]
        lowered = [w.lower() for w in words]
        if lowered[0] == "the" or (len(words) == 1 and lowered[0].strip(".") in TITLES | ROLE_NOUNS | {"moderator"}):
            return "the " + " ".join(w for w in lowered if w != "the")
        return " ".join(words)

    def _by_initials(self, label: str) -> str:
        """The person with these initials; who asks under initials unknown to the text is the interviewer."""
        if not re.fullmatch(r"[A-ZÀ-Þ]{2,4}", label):
            return ""
        labels = {p.speaker for p in self.paragraphs if p.speaker}
        for person in self.cast.people():
            if "".join(word[0] for word in person.name.split()) == label:
                return person.name
        others = [p.name for p in self.cast.people() for o in labels if o != label and "".join(w[0] for w in p.name.split()) == o]
        return "the interviewer" if others and len(labels) == 2 else ""

    def _find_interviewee(self) -> str:
        """The person whom the introduction and the questions of an interview are about."""
        turns = [p for p in self.paragraphs if p.speaker]
        if not turns:
            return ""
        asked = [(p.start, p.end) for p in turns if p.speaker.lower() in (*_INTERVIEWERS, *_REPORTERS)]
        scores: Counter[str] = Counter()
        for mention in self.mentions.all:
            if mention.kind != "person" or mention.holder.startswith(("a ", "an ", "his ", "her ", "their ")):
                continue
            in_question = any(a <= mention.start < b for a, b in asked)
            if mention.start < turns[0].start or in_question:
                scores[mention.holder] += 2 if self.cast.find(mention.holder) else 1
                after = self.text[mention.end : mention.end + 40]
                if re.match(r"[ \n](?:spoke|talked|sat down|met|interviewed|asked|caught up|reports)\b", after):
                    scores[mention.holder] -= 4
                if in_question and re.match(r",", after):
                    scores[mention.holder] += 2
        return scores.most_common(1)[0][0] if scores else ""

    def _issuer(self) -> str:
        """The organisation that issues the article, if the article is a statement of one."""
        head = [p for p in self.paragraphs[:5] if p.kind in ("heading", "furniture")]
        head_text = "\n".join(self.text[p.line : p.end] for p in head)
        if any(p.speaker for p in self.paragraphs) or not _ISSUED.search(head_text):
            return ""
        body = [p for p in self.paragraphs if p.kind in ("prose", "item")]
        scores: Counter[str] = Counter()
        for name in self.cast.mentions:
            if name.character.kind == "party" and any(p.line <= name.start < p.end for p in head):
                words = set(name.character.name.lower().split())
                scores[name.character.name] += 3 if words & ORGANISATION_WORDS else 1
        for paragraph in body:
            for mention in self.mentions.between(paragraph.start, paragraph.end):
                if mention.subject and mention.kind == "party" and not mention.pronoun:
                    scores[mention.holder] += 1
        return scores.most_common(1)[0][0] if scores else ""
