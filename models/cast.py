"""The people and parties that an article names, under one name each.

Gives every short form ("Khamenei", "NUT", "Tehran") its canonical, longest form, and learns from what
stands around a name whether it is a person's, in which role and of which side. Works on the text of a `ReadingView`.
Does not resolve pronouns or "the union", and does not know who says what.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.known_parties import adjectives, known_party
from models.names import NAME, Name, find_names, plain_name
from models.reading_lexicon import (
    FEMALE_NAMES,
    FEMALE_WORDS,
    MALE_NAMES,
    MALE_WORDS,
    ORGANISATION_WORDS,
    ROLE_NOUNS,
    SPEECH_VERBS,
    TITLES,
    alternatives,
)

_ROLE = alternatives(ROLE_NOUNS)
_SAYS = alternatives(SPEECH_VERBS)
_ROLE_BEFORE = re.compile(
    rf"((?:[\w’'-]+[ \n]){{0,5}}{_ROLE}(?:[ \n](?:of|for|in|at)[ \n][\w’' \n-]{{2,40}}(?=,))?),?[ \n]$", re.IGNORECASE
)
_ROLE_AFTER = re.compile(
    rf",[ \n](?:who[ \n](?:is|was|leads)[ \n])?((?:(?!and\b|but\b|who\b|said\b)[\w’'&-]+[ \n]){{0,7}}?"
    rf"{_ROLE}\b(?:[ \n](?:of|for|at|to)[ \n](?:the[ \n])?[\w’' -]{{2,40}})?)",
    re.IGNORECASE,
)


@dataclass(kw_only=True)
class Character:
    """A person or party: `name` is the canonical form; `roles` are the lower-case phrases used for it.

    `collective`: the name itself is that of an organisation ("General Motors", "UAW").
    """

    name: str
    kind: Literal["person", "party"]
    roles: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    gender: Literal["m", "f", ""] = ""
    affiliation: str = ""
    collective: bool = False


@dataclass(frozen=True, kw_only=True)
class NameMention:
    """A proper name in the text; `start` includes its titles."""

    start: int
    end: int
    character: Character


class Cast:
    """All characters of an article, and where they are named."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]]) -> None:
        """`spans` are the parts of the text to look for names in: no labels, bylines or time stamps."""
        self.text = text
        self.characters: dict[str, Character] = {}
        self._last_names: dict[str, list[Character]] = {}
        self._first_names: dict[str, Character] = {}
        names = find_names(text, spans)
        # Longest first, so that the short forms find the long ones.
        for name in sorted(names, key=lambda name: name.name_start - name.end):
            self._introduce(name)
        self._acronyms()
        self.mentions = tuple(
            NameMention(start=name.start, end=name.end, character=character)
            for name in names
            if (character := self.find(name.form))
        )

    def find(self, form: str) -> Character | None:
        """The character that goes by this form (full name, last name, acronym, other name of a country)."""
        form = plain_name(form)
        if form in self.characters:
            return self.characters[form]
        words = [word for word in form.split() if word.lower().rstrip(".") not in TITLES]
        party = known_party(form)
        if party:
            return self.characters.setdefault(party, Character(name=party, kind="party"))
        if words and " ".join(words) in self.characters:
            return self.characters[" ".join(words)]
        known = self._last_names.get(words[-1], []) if words else []
        ending = [
            c
            for c in self._unique()
            if len(words) > 1 and not c.collective and c.name.lower().endswith(" " + " ".join(words).lower())
        ]
        if ending:
            return ending[0]
        if len(words) == 2 and len(known) == 1 and re.search(rf"\b{re.escape(words[0].lower())}\b", self.text):
            return known[0]  # "Foreman Doyle": a word of the article, no first name
        if len(words) == 1 or (known and known[0].name.split()[0][0] == words[0][0]):
            return known[0] if known else self._first_names.get(words[0])
        return None

    def people(self) -> list[Character]:
        return [character for character in self._unique() if character.kind == "person"]

    def with_role(self, phrase: str) -> list[Character]:
        """The people whose role has the head noun of the phrase, best match of the other words first."""
        words = _role_words(phrase)
        if not words:
            return []
        scored: list[tuple[int, Character]] = []
        for person in self.people():
            for role in person.roles:
                other = _role_words(role)
                if (other and other[-1] == words[-1]) or (words[-1] in other and words[-1] in ROLE_NOUNS):
                    scored.append((len(set(words) & set(other)), person))
                    break
        best = max((score for score, _ in scored), default=0)
        return [person for score, person in scored if score == best]

    def with_head(self, noun: str) -> list[Character]:
        """The organisations whose name has this noun ("union" → "National Union of Teachers")."""
        named = [c for c in self._unique() if c.kind == "party" and noun in c.name.lower().split()]
        # "Ministry of Justice" is the "Ministry of Justice of Norland".
        return [c for c in named if not any(c is not other and other.name in c.name for other in named)]

    def _unique(self) -> list[Character]:
        return list({id(character): character for character in self.characters.values()}.values())

    def _introduce(self, mention: Name) -> None:
        """Makes the character of a name or adds what this mention tells of it."""
        start, end, name = mention.start, mention.end, mention.form
        party = known_party(name)
        if party:
            self.characters.setdefault(party, Character(name=party, kind="party")).aliases.add(name)
            self.characters.setdefault(name, self.characters[party])
            return
        if name.lower() in ORGANISATION_WORDS and len(self.with_head(name.lower())) == 1:
            self.characters[name] = self.with_head(name.lower())[0]
            return
        character = self.find(name)
        titles = self.text[start : mention.name_start].strip().lower().split()
        before = self.text[max(0, start - 70) : start]
        before = re.split(r"[.!?;:\"“”]\s|\n\n", before)[-1]
        after = re.split(r"[.!?;:\"“”](?:\s|$)|\n\n", self.text[end : end + 110])[0]
        role = _ROLE_BEFORE.search(before)
        apposition = _ROLE_AFTER.match(after)
        words = name.split()
        organisation = any(word.lower() in ORGANISATION_WORDS for word in words) or name.isupper()
        personal = bool(titles or role or apposition) or words[0].lower() in MALE_NAMES | FEMALE_NAMES
        spoke = re.match(rf",?[ \n](?:\w+ly[ \n])?{_SAYS}\b", after) or re.search(rf"\b{_SAYS}[ \n]$", before)
        if character is None:
            called = (
                2 <= len(words) <= 4
                and not organisation
                and (bool(spoke) or self._called_by_last_name(name, start) or self._is_he_or_she(start, end))
            )
            is_person = not organisation and (personal or called)
            shown = _in_lower_case(name) if organisation and name.isupper() and len(words) > 1 else name
            written = next((c for c in self._unique() if c.name.casefold() == name.casefold()), None)
            if written:
                self.characters[name] = written
                return
            character = Character(name=shown, kind="person" if is_person else "party")
            character.collective = organisation or len(words) != 2 or words[-1].endswith("s")
            self.characters[name] = character
            if is_person:
                self._first_names.setdefault(words[0], character)
                self._last_names.setdefault(words[-1], []).append(character)
            elif len(words) > 1 and words[0].lower() not in ORGANISATION_WORDS:
                self._last_names.setdefault(words[0], []).append(character)
        elif character.kind == "party" and not organisation and personal and not known_party(character.name):
            character.kind = "person"
            self._last_names.setdefault(words[-1], []).append(character)
        character.aliases.add(name)
        if character.kind == "person":
            self._describe(character, titles, role, apposition)

    def _called_by_last_name(self, name: str, start: int) -> bool:
        """Whether the last word of a name stands by itself elsewhere, as only people's names do."""
        last = name.split()[-1]
        if known_party(name.split()[0]) or re.search(r"\b[Tt]he[ \n]$", self.text[max(0, start - 4) : start]):
            return False
        alone = re.compile(rf"(?<![\w’'-])(?<!{re.escape(name.split()[-2])}[ \n]){re.escape(last)}\b(?![ \n][A-Z])")
        return any(
            not re.search(
                r"\b(?:[Tt]he|[Aa]n?|[Tt]his|of|in|at)[ \n]$", self.text[max(0, found.start() - 5) : found.start()]
            )
            for found in alone.finditer(self.text)
        )

    def _is_he_or_she(self, start: int, end: int) -> bool:
        """Whether a name that is the subject of its sentence is soon taken up by he or she."""
        if re.search(r"\b[Tt]he[ \n]$", self.text[max(0, start - 4) : start]):
            return False
        after = self.text[end : end + 260].split("\n\n")[0]
        taken_up = re.search(r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er)\b", after)
        acts = re.match(
            r"[ \n](?:has|had|is|was|will|would|[a-z]+ly|[a-z]{2,}(?:s|ed))\b|,[ \n](?:who|whose)\b|"
            r",[ \n][^,]{3,70},[ \n][a-z]",
            after,
        )
        return bool(acts and taken_up) or re.match(r",[ \n]who(?:se)?\b", after) is not None

    def _describe(
        self, person: Character, titles: list[str], role: re.Match[str] | None, apposition: re.Match[str] | None
    ) -> None:
        phrases = [" ".join(titles)] if titles else []
        phrases += [found.group(1) for found in (role, apposition) if found]
        for phrase in phrases:
            person.roles.add(_trimmed_role(phrase).lower())
            person.affiliation = person.affiliation or self._affiliation(phrase)
        words = {word.strip(".") for phrase in person.roles for word in phrase.split()}
        first = person.name.split()[0].lower()
        if words & FEMALE_WORDS or first in FEMALE_NAMES:
            person.gender = "f"
        elif words & MALE_WORDS or first in MALE_NAMES:
            person.gender = "m"

    def _affiliation(self, phrase: str) -> str:
        for found in NAME.finditer(phrase):
            party = self.find(found.group())
            if party and party.kind == "party":
                return party.name
        return ""

    def _acronyms(self) -> None:
        for found in re.finditer(r"\((?:the )?(?:[“\"‘'])?([A-Z][A-Za-z]{1,9})(?:[”\"’'])?\)", self.text):
            short = found.group(1)
            before = self.text[: found.start()].rstrip()
            for name, character in list(self.characters.items()):
                if before.endswith(name) and sum(c.isupper() for c in short) >= 2:
                    self.characters[short] = character
                    character.aliases.add(short)
        for name, character in list(self.characters.items()):
            words = [word for word in re.split(r"[ -]", name) if word[:1].isupper()]
            short = "".join(word[0] for word in words)
            if len(short) >= 3 and short in self.characters and self.characters[short].name == short:
                self.characters[short] = character


def _in_lower_case(name: str) -> str:
    """ "MINISTRY OF JUSTICE" → "Ministry of Justice"."""
    return re.sub(r" (?:Of|For|And|The|In|On)\b", lambda word: word.group().lower(), name.title().replace("'S", "'s"))


def _trimmed_role(phrase: str) -> str:
    """The role without what stands before it in the sentence ("attention to these words of Iran's leader")."""
    phrase = re.sub(r"\s+", " ", phrase)
    parts = re.split(
        r"\b(?:the|a|an|of|by|to|with|that|from|and|as|for|when|but|said|told|these|this|those|on|in|at)\b ", phrase
    )
    return next((part for part in reversed(parts) if part.strip()), phrase).strip()


def _role_words(phrase: str) -> list[str]:
    words = [re.sub(r"[’']s?$", "", word) for word in re.findall(r"[\w’'-]+", phrase.lower())]
    lowered = {name.lower(): adjective.lower() for name, adjective in adjectives().items()}
    return [
        lowered.get(word, word) for word in words if word not in ("the", "a", "an", "of", "his", "her", "its", "their")
    ]
