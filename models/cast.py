"""The people and parties that an article names, under one name each.

Finds proper names by their capitals, takes titles and roles off them, and gives every short form
("Khamenei", "NUT", "Tehran") its canonical, longest form. Works on the text of a `ReadingView`.
Does not resolve pronouns or "the union", and does not know who says what.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.known_parties import adjectives, known_party
from models.reading_lexicon import (
    CALENDAR,
    FEMALE_NAMES,
    FEMALE_WORDS,
    MALE_NAMES,
    MALE_WORDS,
    NOT_NAMES,
    ORGANISATION_WORDS,
    PARTY_NOUNS,
    ROLE_NOUNS,
    SPEECH_VERBS,
    TITLES,
    UPPER,
    alternatives,
)

TOKEN = r"(?:[A-Z]\.(?:[A-Z]\.)+|[" + UPPER + r"][\w]*(?:[’'](?!s\b)[^\W\d_]+|-[\w]+)*)"
_SHORT_TITLE = (
    r"(?:Mr|Mrs|Ms|Dr|Gen|Sen|Rep|Gov|Capt|Col|Lt|Maj|Sgt|Prof|Rev|Hon|Adm|Cmdr|Brig|H\.E|Amb|Sr|Fr|Mme|[A-Z])\."
)
_NAME = re.compile(
    rf"(?<![\w’'-])(?:{_SHORT_TITLE}[ \n])*{TOKEN}(?:(?:[ \n](?:(?:de|da|del|van|von|der|den|bin|ibn|bint|ould|al|el|ul|as|an|ar|ash|dos|du|la|le|ter|ten|te|zu|zur|vom|af|e|y|san)[ -])*|-){TOKEN}|[ \n][A-Z]\.(?=[ \n][A-Z]))*"
)
_OF = re.compile(rf"[ \n](?:of|for)[ \n](?:the[ \n])?{TOKEN}(?:(?:[ \n]and|,|[ \n])?[ \n]{TOKEN})*")
_ORGANISATION = "|".join(form for word in sorted(ORGANISATION_WORDS) for form in (word.capitalize(), word.upper()))
_OWNED_ORGANISATION = re.compile(rf"[’']s?[ \n]((?:{TOKEN}[ \n]){{0,2}}(?:{_ORGANISATION}))\b")
_ROLE = alternatives(ROLE_NOUNS)
_SAYS = alternatives(SPEECH_VERBS)
_TAKES_A_STAND = r"(?:re(?:fuse|ject|gret)(?:s|d|ed)|accept(?:s|ed)|welcome[sd]|want(?:s|ed)|agree[sd]|withdr(?:aws|ew)|insist(?:s|ed))"
_ROLE_BEFORE = re.compile(
    rf"((?:[\w’'-]+[ \n]){{0,5}}{_ROLE}(?:[ \n](?:of|for|in|at)[ \n][\w’' \n-]{{2,40}}(?=,))?),?[ \n]$", re.IGNORECASE
)
_ROLE_AFTER = re.compile(
    rf",[ \n](?:who[ \n](?:is|was|leads)[ \n])?((?:(?!and\b|but\b|who\b|said\b)[\w’'&-]+[ \n]){{0,7}}?{_ROLE}\b(?:[ \n](?:of|for|at|to)[ \n](?:the[ \n])?[\w’' -]{{2,40}})?)",
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
    """A proper name in the text; `start` includes its titles, `name_start` does not."""

    start: int
    name_start: int
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
        self._lower_words = Counter(re.findall(r"(?<![\w’'])[a-zà-ÿ]+(?:-[a-z]+)*", text))
        raw = [name for start, end in spans for name in self._names(start, end)]
        raw = self._without_openers(raw)
        for start, name_start, end in sorted(raw, key=lambda span: span[1] - span[2]):
            self._introduce(start, name_start, end)
        self._acronyms()
        self.mentions = tuple(
            NameMention(start=start, name_start=name_start, end=end, character=character)
            for start, name_start, end in raw
            if (character := self.find(self._form(name_start, end)))
        )

    def find(self, form: str) -> Character | None:
        """The character that goes by this form (full name, last name, acronym, other name of a country)."""
        form = _plain(form)
        if form in self.characters:
            return self.characters[form]
        words = [word for word in form.split() if word.lower().rstrip(".") not in TITLES]
        party = known_party(form)
        if party:
            return self.characters.setdefault(party, Character(name=party, kind="party"))
        if words and " ".join(words) in self.characters:
            return self.characters[" ".join(words)]
        known = self._last_names.get(words[-1], []) if words else []
        ending = [c for c in self.people() if len(words) > 1 and c.name.lower().endswith(" " + " ".join(words).lower())]
        if ending:
            return ending[0]
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
        return [c for c in self._unique() if c.kind == "party" and noun in c.name.lower().split()]

    def _unique(self) -> list[Character]:
        return list({id(character): character for character in self.characters.values()}.values())

    def _form(self, start: int, end: int) -> str:
        return _plain(self.text[start:end])

    def _without_openers(self, raw: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Leaves out single words that have a capital only because they open a sentence ("Retailers said…")."""
        elsewhere = {
            word.lower()
            for start, name_start, end in raw
            if not _opens_sentence(self.text, start)
            for word in self._form(name_start, end).split()
        }
        kept = []
        for start, name_start, end in raw:
            form = self._form(name_start, end)
            opener = " " not in form and start == name_start and _opens_sentence(self.text, name_start)
            speaks = re.match(
                rf"[’']s[ \n]|[ \n](?:has[ \n]|also[ \n]|further[ \n]|\w+ly[ \n])?(?:{_SAYS}|{_TAKES_A_STAND})\b", self.text[end : end + 24]
            ) and not form.endswith("s")
            if (
                not opener
                or form.lower() in elsewhere
                or known_party(form)
                or (form.isupper() and len(form) > 1)
                or speaks
            ):
                kept.append((start, name_start, end))
        return kept

    def _names(self, start: int, limit: int) -> list[tuple[int, int, int]]:
        """(start with titles, start of the name, end) of every proper name in a part of the text."""
        spans: list[tuple[int, int, int]] = []
        at = start
        while found := _NAME.search(self.text, at, limit):
            start, end = found.span()
            at = end
            tokens = [(m.start() + start, m.end() + start, m.group()) for m in re.finditer(r"[^ \n]+", found.group())]
            tokens = self._without_function_words(tokens)
            if not tokens:
                continue
            owned = _OWNED_ORGANISATION.match(self.text, end, limit)
            if owned and not known_party(self._form(tokens[-1][0], end)):
                # "St Brigid's Trust", "the Mineworkers' Front"
                tokens.append((owned.start(1), owned.end(), owned.group(1)))
                at = end = owned.end()
            last = tokens[-1][2].lower()
            if last in ORGANISATION_WORDS and (longer := _OF.match(self.text, end, limit)):
                at = end = longer.end()
            spans.extend(self._split_titles(tokens, end))
        return spans

    def _without_function_words(self, tokens: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        while tokens:
            word = tokens[0][2]
            plain = re.split(r"[’']", word.lower())[0].strip(".")
            opens_sentence = re.search(
                r"(?:^|[.!?…:;]['\"”’»)]*\s+|\n|[“\"‘«„(*•–—-]\s?|\d[.)] )$", self.text[: tokens[0][0]][-6:]
            )
            common = self._lower_words[plain] > 0 and opens_sentence and plain not in TITLES
            if (
                (plain in NOT_NAMES and not (word.isupper() and len(word) > 1))
                or plain.removesuffix("s") in CALENDAR
                or plain in CALENDAR
                or (common and len(tokens) == 1)
            ) or (
                common
                and plain not in PARTY_NOUNS
                and plain not in ORGANISATION_WORDS
                and plain not in ROLE_NOUNS
                and not known_party(word)
            ):
                tokens = tokens[1:]
            else:
                break
        while tokens and tokens[-1][2].lower() in CALENDAR:
            tokens = tokens[:-1]
        return tokens

    def _split_titles(self, tokens: list[tuple[int, int, str]], end: int) -> list[tuple[int, int, int]]:
        start = tokens[0][0]
        first = 0
        organisation = tokens[-1][2].lower() in ORGANISATION_WORDS and len(tokens) > 1
        while not organisation and first < len(tokens) and tokens[first][2].lower().strip(".") in TITLES:
            first += 1
        if first == 0 and len(tokens) > 2 and known_party(tokens[0][2]) and tokens[1][2].lower() in TITLES:
            # "Iranian President Hassan Rouhani"
            first = 1
            while first < len(tokens) and tokens[first][2].lower().strip(".") in TITLES:
                first += 1
        if tokens[-1][2].lower() not in ORGANISATION_WORDS:
            # "Supreme Leader Ayatollah Ali Khamenei": the name begins after the last title.
            titled = [i for i, token in enumerate(tokens[:-1]) if token[2].lower().strip(".") in TITLES | ROLE_NOUNS]
            first = max([first, *(i + 1 for i in titled)])
        alone = tokens[-1][2].lower() if first == len(tokens) - 1 else ""
        if alone in PARTY_NOUNS and alone in ORGANISATION_WORDS:
            return []  # "the Company" is a phrase, whatever its capital
        if first == len(tokens):
            return []  # "the Foreign Minister": a role, no name
        return [(start, tokens[first][0], max(end, tokens[-1][1]))]

    def _introduce(self, start: int, name_start: int, end: int) -> None:
        """Makes the character of a name or adds what this mention tells of it."""
        name = self._form(name_start, end)
        party = known_party(name)
        if party:
            self.characters.setdefault(party, Character(name=party, kind="party")).aliases.add(name)
            self.characters.setdefault(name, self.characters[party])
            return
        if name.lower() in ORGANISATION_WORDS and len(self.with_head(name.lower())) == 1:
            self.characters[name] = self.with_head(name.lower())[0]
            return
        character = self.find(name)
        titles = self.text[start:name_start].strip().lower().split()
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
                2 <= len(words) <= 4 and not organisation and (bool(spoke) or self._called_by_last_name(name, start))
            )
            is_person = not organisation and (personal or called)
            shown = name.title().replace("'S", "'s") if organisation and name.isupper() and len(words) > 1 else name
            character = Character(name=shown, kind="person" if is_person else "party")
            character.collective = organisation or len(words) != 2 or words[-1].endswith("s")
            self.characters[name] = character
            if is_person:
                self._first_names.setdefault(words[0], character)
                self._last_names.setdefault(words[-1], []).append(character)
            elif len(words) > 1:
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
        for found in _NAME.finditer(phrase):
            party = known_party(found.group())
            if party:
                return party
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


def _opens_sentence(text: str, at: int) -> bool:
    return (
        re.search(r"(?:^|[.!?…:;]['\"”’»)]*\s+|\n|[“\"‘«„(*•–—-]\s?|\d[.)] )$", text[max(0, at - 6) : at]) is not None
    )


def _plain(name: str) -> str:
    name = re.sub(r"\s+", " ", name).replace("’", "'").strip()
    return name[:-2] if name.endswith("'s") else name


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
