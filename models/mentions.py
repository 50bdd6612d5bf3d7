"""Every mention of a person or party in order, each with its holder: names, roles, "the union", pronouns.

Builds on the `Cast`. Works on the text of a `ReadingView`. Knows which mention is the subject of a
verb; does not know which sentences are statements.
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.cast import Cast, Character
from models.known_parties import is_city, known_party
from models.mention_patterns import (
    ACTED_WITH,
    ACTING,
    BARE_PLURAL,
    HANDLE,
    NOBODY,
    OWNED,
    PARTY_PHRASE,
    PLACED,
    PLURAL_VERB,
    PREPOSED,
    PRONOUN,
    ROLE_PHRASE,
    STRANGER,
    THEN_VERB,
)
from models.party_phrases import PartyPhrases, lower_first
from models.reading_lexicon import FEMALE_WORDS, MALE_WORDS

MentionKind = Literal["person", "party", "they", "speaker"]


@dataclass(frozen=True, kw_only=True)
class Mention:
    """`holder` is the canonical name or a readable literal phrase; `subject`: a verb follows it.

    Kind `speaker` is I, we or you, whose holder depends on who speaks and stays empty here.
    """

    start: int
    end: int
    holder: str
    kind: MentionKind
    subject: bool
    pronoun: bool = False
    possessive: bool = False
    named: bool = False
    affiliation: str = ""


class Mentions:
    """All mentions of an article in order; `between` gives those inside a span."""

    def __init__(self, text: str, cast: Cast, aside: Sequence[tuple[int, int]]) -> None:
        self.text = text
        self.cast = cast
        self.phrases = PartyPhrases(text, cast)
        self.aside = aside
        self.all: list[Mention] = []
        self._last_people: list[Mention] = []
        self._last_parties: list[Mention] = []
        for start, end, kind, payload in self._raw():
            self._add(start, end, kind, payload)
        self.actors = frozenset(
            m.holder for m in self.all if m.subject and m.holder and not any(a <= m.start < b for a, b in aside)
        ) | frozenset(m.holder for m in self.all if m.named is False and m.kind == "party" and known_party(m.holder))
        self._starts = [mention.start for mention in self.all]

    def between(self, start: int, end: int) -> list[Mention]:
        low = bisect.bisect_left(self._starts, start)
        return [mention for mention in self.all[low : bisect.bisect_left(self._starts, end)] if mention.end <= end]

    def before(self, at: int) -> list[Mention]:
        """All mentions that start before `at`, nearest first."""
        return self.all[: bisect.bisect_left(self._starts, at)][::-1]

    def at(self, start: int) -> Mention | None:
        low = bisect.bisect_left(self._starts, start)
        return self.all[low] if low < len(self.all) and self.all[low].start == start else None

    def _raw(self) -> list[tuple[int, int, str, Character | None]]:
        """Candidate mentions, longest first where they overlap, then by position."""
        found: list[tuple[int, int, str, Character | None]] = []
        for name in self.cast.mentions:
            found.append((name.start, name.end, "name", name.character))
        for pattern, kind in (
            (ROLE_PHRASE, "role"),
            (PARTY_PHRASE, "group"),
            (BARE_PLURAL, "group"),
            (STRANGER, "stranger"),
            (ACTING, "acting"),
            (HANDLE, "handle"),
        ):
            for match in pattern.finditer(self.text):
                end = match.end() if kind == "role" and match.lastindex == 2 else match.end(1)
                found.append((match.start(1), end, kind, None))
        for match in PRONOUN.finditer(self.text):
            found.append((match.start(), match.end(), "pronoun", None))
        found.sort(key=lambda span: (span[0], -span[1]))
        kept: list[tuple[int, int, str, Character | None]] = []
        for span in found:
            if kept and span[0] < kept[-1][1]:
                last = kept[-1]
                whole = span[1] >= last[1] and re.fullmatch(r"[Tt]he[ \n]", self.text[last[0] : span[0]])
                if whole and span[2] == "name" and last[2] != "name":
                    kept[-1] = (last[0], span[1], "name", span[3])  # "the Northern Vessel Owners"
                    continue
                # "the union's president, Carl Brannigan": a name inside a phrase is only part of it,
                # unless the name ends the phrase ("union leader Anna Keller").
                if (
                    span[2] == "name"
                    and span[1] >= last[1]
                    and last[2] != "name"
                    and span[3]
                    and span[3].kind == "person"
                ):
                    kept[-1] = (last[0], span[1], "name", span[3])
                continue
            if kept and span[2] == "name" and kept[-1][2] in ("role", "group") and span[3] and span[3].kind == "person":
                gap = self.text[kept[-1][1] : span[0]]
                if re.fullmatch(r"(?: in [a-z]+)?,?\s", gap) and kept[-1][2] == "role":
                    kept[-1] = (kept[-1][0], span[1], "name", span[3])
                    continue
            kept.append(span)
        return kept

    def _add(self, start: int, end: int, kind: str, character: Character | None) -> None:
        text = re.sub(r"\s+", " ", self.text[start:end])
        preposed = _preposed(self.text, start)
        subject = THEN_VERB.match(self.text, end) is not None and not preposed
        possessive = re.match(r"[’']s?\b(?=[ \n]\w)|[’'](?=[ \n])", self.text[end : end + 4]) is not None
        if kind == "group" and text.endswith("s") and not subject:
            subject = PLURAL_VERB.match(self.text, end) is not None and not preposed
        mention: Mention | None = None
        if (
            kind == "name"
            and is_city(text)
            and not subject
            and not ACTED_WITH.search(self.text[max(0, start - 12) : start])
        ):
            return  # a place, not the government that sits there
        if kind == "group" and text.lower().startswith(("our ", "my ")):
            mention = Mention(start=start, end=end, holder="", kind="speaker", subject=subject, pronoun=True)
        elif kind == "name" and character:
            mention_kind: MentionKind = "person" if character.kind == "person" else "party"
            mention = Mention(
                start=start, end=end, holder=character.name, kind=mention_kind, subject=subject,
                possessive=possessive, affiliation=character.affiliation,
                named=known_party(character.name) is None and character.collective,
            )  # fmt: skip
        elif kind == "role":
            mention = self._role(start, end, text, subject, possessive)
        elif kind == "group":
            holder = self.phrases.group(
                text,
                _last(self._last_parties),
                _last(self._last_people),
                _last([m for m in self._last_parties if m.named]),
            )
            mention = Mention(start=start, end=end, holder=holder, kind="party", subject=subject, possessive=possessive)
        elif kind == "handle":
            mention = Mention(start=start, end=end, holder=self._behind(text), kind="person", subject=True)
        elif kind == "acting":
            mention = Mention(start=start, end=end, holder=lower_first(text), kind="party", subject=not preposed)
        elif kind == "stranger":
            mention = Mention(start=start, end=end, holder=lower_first(text), kind="person", subject=True)
        else:
            mention = self._pronoun(start, end, text.lower(), subject)
        if mention:
            self.all.append(mention)
            aside = any(a <= start < b for a, b in self.aside)
            vague = (
                kind in ("role", "stranger")
                and text.lower().startswith(("a ", "an ", "one ", "another "))
                and not subject
            )
            if (
                mention.kind == "person"
                and not aside
                and not vague
                and not (mention.possessive and not mention.subject)
            ):
                self._last_people.append(mention)
            elif mention.kind == "party" and not aside and not self._is_place(mention, kind):
                self._last_parties.append(mention)

    def _is_place(self, mention: Mention, kind: str) -> bool:
        """Whether a name only tells where something is ("a clinic at Tabi")."""
        before = self.text[max(0, mention.start - 8) : mention.start]
        return kind == "name" and not mention.subject and PLACED.search(before) is not None

    def _behind(self, handle: str) -> str:
        """Whose account "@GovDrozd" is."""
        for person in self.cast.people():
            if person.name.split()[-1].lower() in handle.lower():
                return person.name
        return handle

    def _role(self, start: int, end: int, text: str, subject: bool, possessive: bool) -> Mention:
        people = self.cast.with_role(text)
        indefinite = text.lower().startswith(("a ", "an "))
        plural = re.search(r"(?:ers|ors|men|ists|als|eons|ts|rs)$", text.lower().split(" of ")[0]) is not None
        if people and not indefinite and not plural:
            order = [mention.holder for mention in reversed(self._last_people)]
            person = min(people, key=lambda p: order.index(p.name) if p.name in order else len(order))
            return Mention(
                start=start, end=end, holder=person.name, kind="person", subject=subject, possessive=possessive,
                affiliation=person.affiliation,
            )  # fmt: skip
        holder = self.phrases.role(text, _last(self._last_parties), _last(self._last_people))
        return Mention(
            start=start, end=end, holder=holder, kind="party" if plural else "person", subject=subject,
            possessive=possessive,
        )  # fmt: skip

    def _pronoun(self, start: int, end: int, word: str, subject: bool) -> Mention | None:
        if word in ("i", "we", "you"):
            return Mention(start=start, end=end, holder="", kind="speaker", subject=subject, pronoun=True)
        possessive = word in ("his", "their", "its") or (word == "her" and OWNED.match(self.text, end) is not None)
        if word in ("he", "she", "him", "his", "her"):
            person = self._person_before(
                start, "f" if word in ("she", "her") else "m", possessive or word in ("he", "she")
            )
            if not person:
                return None
            if not any(a <= start < b for a, b in self.aside):
                self._learn_gender(person, "f" if word in ("she", "her") else "m")
            return Mention(
                start=start, end=end, holder=person.holder, kind="person", subject=subject and not possessive,
                pronoun=True, possessive=possessive, affiliation=person.affiliation,
            )  # fmt: skip
        if word == "it" and NOBODY.match(self.text, end):
            return None
        party = self._party_before(start, plural=word in ("they", "them", "their"))
        if not party:
            return Mention(start=start, end=end, holder="", kind="they", subject=subject) if word == "they" else None
        return Mention(
            start=start, end=end, holder=party.holder, kind="they" if word in ("they", "them", "their") else "party",
            subject=subject and not possessive, pronoun=True, possessive=possessive, affiliation=party.affiliation,
        )  # fmt: skip

    def _person_before(self, at: int, gender: str, may_act: bool) -> Mention | None:
        """The person whom he or she stands for; him and her cannot be who acts in the same sentence."""
        fitting = [mention for mention in self._last_people[-12:] if self._gender(mention) in ("", gender)]
        if not may_act:
            sentence = max(self.text.rfind(stop, 0, at) for stop in (". ", "\n", "! ", "? "))
            fitting = [mention for mention in fitting if not (mention.subject and mention.start > sentence)]
        if not fitting:
            # A name in capitals of which the article does not say that it is a person's.
            unclear = [m for m in self._last_parties[-12:] if self._may_be_person(m)]
            return unclear[-1] if unclear else None
        latest = fitting[-1]
        subjects = [mention for mention in fitting if mention.subject or self._opens(mention)]
        # A subject of the sentence before wins over a person only spoken of since.
        if subjects and latest is not subjects[-1] and latest.start - subjects[-1].start < 220:
            return subjects[-1]
        return latest

    def _party_before(self, at: int, *, plural: bool) -> Mention | None:
        recent = [mention for mention in self._last_parties[-8:] if not mention.possessive or mention.subject]
        subjects = [mention for mention in recent if mention.subject]
        if subjects and recent[-1].start - subjects[-1].start < 200:
            return subjects[-1]
        return recent[-1] if recent else None

    def _may_be_person(self, mention: Mention) -> bool:
        character = self.cast.find(mention.holder)
        return character is not None and not character.collective and len(character.name.split()) in (2, 3)

    def _opens(self, mention: Mention) -> bool:
        return re.search(r"(?:^|\n|[.!?][”\"’]? )$", self.text[max(0, mention.start - 3) : mention.start]) is not None

    def _learn_gender(self, mention: Mention, gender: Literal["m", "f"]) -> None:
        character = self.cast.find(mention.holder)
        if character and not character.gender:
            character.gender = gender

    def _gender(self, mention: Mention) -> str:
        character = self.cast.find(mention.holder)
        if character and character.gender:
            return character.gender
        words = set(re.findall(r"[\w-]+", self.text[mention.start : mention.end].lower()))
        return "f" if words & FEMALE_WORDS else "m" if words & MALE_WORDS else ""


def _preposed(text: str, start: int) -> bool:
    return PREPOSED.search(text[max(0, start - 14) : start]) is not None


def _last(mentions: list[Mention]) -> str:
    return mentions[-1].holder if mentions else ""
