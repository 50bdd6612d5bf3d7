"""Who stands behind a label of a transcript or interview, and who the author of an article is.

"Q", "A", "MR. SMITH", "The Minister" → a holder. The author is "the article's author" except in a
statement issued by an organisation, which speaks for itself. Builds on `Cast` and `Mentions`.
"""

import re
from collections import Counter
from collections.abc import Sequence

from models.cast import Cast, Character
from models.mentions import Mention, Mentions
from models.narration import AUTHOR
from models.paragraph import Paragraph
from models.reading_lexicon import ORGANISATION_WORDS, ROLE_NOUNS, SPEECH_VERBS, TITLES, alternatives

_ISSUED = re.compile(
    r"\b(?:press release|media release|news release|(?:media|press|joint|public|official)[ \n]statement|"
    r"statement[ \n](?:by|of|from|no\.?|on|to|regarding|concerning)"
    r"|chair[’']s statement|communiqu[eé]|declaration|for immediate release|resolution|open letter|"
    r"press service|press office|dear (?:colleagues|members|friends)|statement$)",
    re.IGNORECASE | re.MULTILINE,
)
_SAYS = alternatives(SPEECH_VERBS)
_ROLE = alternatives(ROLE_NOUNS)
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
        character = self.cast.find(form) or self.cast.find(plain) or self._by_last_name(form)
        if character:
            return character.name
        people = self.cast.with_role(form)
        if people:
            return people[0].name
        words = form.split()
        titled = [i for i, word in enumerate(words[:-1]) if word.lower().strip(".") in TITLES | ROLE_NOUNS]
        words = words[titled[-1] + 1 :] if titled else words
        lowered = [w.lower() for w in words]
        if lowered[0] == "the" or (len(words) == 1 and lowered[0].strip(".") in TITLES | ROLE_NOUNS | {"moderator"}):
            others = {p.speaker for p in self.paragraphs if p.speaker} - {label}
            person = self.cast.find(self._interviewee) if len(others) == 1 else None
            if person and person.kind == "person":
                return person.name
            fuller = [
                m.holder
                for m in self.mentions.all
                if m.holder.startswith("the ") and m.holder.split()[-1] == lowered[-1]
            ]
            if fuller:
                return max(fuller, key=len)
            return "the " + " ".join(w for w in lowered if w != "the")
        return " ".join(words)

    def _by_last_name(self, label: str) -> Character | None:
        """The one person with the last name of a label that begins with a title or another word."""
        person = self.cast.find(label.split()[-1])
        return person if person and person.kind == "person" else None

    def _by_initials(self, label: str) -> str:
        """The person with these initials; who asks under initials unknown to the text is the interviewer."""
        if not re.fullmatch(r"[A-ZÀ-Þ]{2,4}", label):
            return ""
        labels = {p.speaker for p in self.paragraphs if p.speaker}
        for person in self.cast.people():
            if "".join(word[0] for word in person.name.split()) == label:
                return person.name
        others = [
            p.name
            for p in self.cast.people()
            for o in labels
            if o != label and "".join(w[0] for w in p.name.split()) == o
        ]
        return "the interviewer" if others and len(labels) == 2 else ""

    def _find_interviewee(self) -> str:
        """The person whom the introduction and the questions of an interview are about."""
        turns = [p for p in self.paragraphs if p.speaker]
        if not turns:
            return ""
        asked = [(p.start, p.end) for p in turns if p.speaker.lower() in (*_INTERVIEWERS, *_REPORTERS)]
        scores: Counter[str] = Counter()
        for mention in self.mentions.all:
            if mention.kind != "person" or not self.cast.find(mention.holder):
                continue
            in_question = any(a <= mention.start < b for a, b in asked)
            if mention.start < turns[0].start or in_question:
                scores[mention.holder] += self._speaks_for_itself(mention, in_question)
        opening = next((self.text[p.start : p.end] for p in turns if p.speaker.lower() in _INTERVIEWERS), "")
        addressed = re.match(r"((?:[A-Z][\w-]*\.? ?){1,4}), ", opening)
        for person in self.cast.with_role(addressed.group(1)) if addressed else []:
            scores[person.name] += 3
        if scores:
            return scores.most_common(1)[0][0]
        return self._unnamed_interviewee(turns[0].start)

    def _unnamed_interviewee(self, end: int) -> str:
        """The interviewee of an introduction that names no person as such: a role, or else any name."""
        for mention in self.mentions.all:
            if mention.start < end and mention.kind == "person" and mention.holder.startswith("the "):
                return mention.holder
        titles = [self.text[p.start : p.end] for p in self.paragraphs if p.kind == "heading" and p.start < end]
        role = re.search(rf"(?:^|\n)((?:[A-Za-z][a-z-]+ ){{0,2}}(?i:{_ROLE}))\b(?! of)", "\n".join(titles))
        if role:
            return f"the {role.group(1).lower()}"
        names = [n.character.name for n in self.cast.mentions if n.start < end and not n.character.collective]
        return names[0] if names else ""

    def _speaks_for_itself(self, mention: Mention, in_question: bool) -> int:
        """How far a mention before the answers speaks for the interviewee, not the interviewer or a third party."""
        after = self.text[mention.end : mention.end + 80]
        if re.match(r"[ \n](?:spoke|talked|sat down|met|interviewed|asked|caught up|reports|reached|visited)\b", after):
            return -4
        if in_question and re.match(rf"(?:,[^,?]{{2,60}},)?[ \n]{_SAYS}\b", after):
            return -3
        if in_question and after.startswith(","):
            return 3
        known = 1 if self.cast.find(mention.holder) else 0
        return known + (1 if mention.subject else 0) + (0 if mention.possessive else 1)

    def _issuer(self) -> str:
        """The organisation that issues the article, if the article is a statement of one."""
        head = [p for p in self.paragraphs[:6] if p.kind in ("heading", "furniture")]
        head_text = "\n".join(self.text[p.line : p.end] for p in head)
        letterhead = any(
            self.text[p.line : p.end].isupper() and set(self.text[p.line : p.end].lower().split()) & ORGANISATION_WORDS
            for p in head
        )
        if any(p.speaker for p in self.paragraphs) or not (letterhead or _ISSUED.search(head_text)):
            return ""
        if re.search(r"\bjoint\b", head_text, re.IGNORECASE):
            return self._all_sides()
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
        if not scores:
            return ""
        best = scores.most_common(1)[0][0]
        # "The Contact Group" of the body rather than the "International Contact Group" of the heading.
        shorter = [n for n in scores if best.endswith(" " + n.removeprefix("the ")) and " " in n.removeprefix("the ")]
        return shorter[0] if shorter else best

    def _all_sides(self) -> str:
        """What a joint statement calls those who issue it."""
        joint = re.compile(
            r"(?:the |both )(?:(?:two|three|four|five) )?(?:governments|sides|parties|delegations|ministers|leaders)$",
            re.IGNORECASE,
        )
        sides = Counter(m.holder.lower() for m in self.mentions.all if joint.match(m.holder))
        return sides.most_common(1)[0][0] if sides else "the parties"
