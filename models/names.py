"""Where proper names stand in an article, told from words that have a capital for another reason.

Works on the text of a `ReadingView`. Takes titles off names ("Supreme Leader Ayatollah Ali Khamenei")
and keeps the names of organisations whole ("Ministry of Foreign Affairs of Norland", "St Brigid's
Trust"). Does not know whom a name belongs to.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models.known_parties import known_party
from models.reading_lexicon import (
    CALENDAR,
    NOT_NAMES,
    ORGANISATION_WORDS,
    PARTY_NOUNS,
    ROLE_NOUNS,
    SPEECH_VERBS,
    TITLE_MODIFIERS,
    TITLES,
    UPPER,
    alternatives,
)

TOKEN = r"(?:[A-Z]\.(?:[A-Z]\.)+|[" + UPPER + r"][\w]*(?:[’'](?!s\b)[^\W\d_]+|-[\w]+)*)"
_SHORT_TITLE = (
    r"(?:Mr|Mrs|Ms|Dr|Gen|Sen|Rep|Gov|Capt|Col|Lt|Maj|Sgt|Prof|Rev|Hon|Adm|Cmdr|Brig|H\.E|Amb|Sr|Fr|Mme|[A-Z])\."
)
_PARTICLE = (
    r"(?:de|da|del|van|von|der|den|bin|ibn|bint|ould|al|el|ul|as|an|ar|ash|dos|du|la|le|ter|"
    r"ten|te|zu|zur|vom|af|e|y|san)"
)
NAME = re.compile(
    rf"(?<![\w’'-])(?:{_SHORT_TITLE}[ \n])*{TOKEN}"
    rf"(?:(?:[ \n](?:{_PARTICLE}[ -])*|-){TOKEN}|[ \n][A-Z]\.(?=[ \n][A-Z]))*"
)
_OF = re.compile(rf"[ \n](?:of|for)[ \n](?:the[ \n])?{TOKEN}(?:(?:[ \n]and|,|[ \n])?[ \n]{TOKEN})*")
_ORGANISATION = "|".join(form for word in sorted(ORGANISATION_WORDS) for form in (word.capitalize(), word.upper()))
_OWNED_ORGANISATION = re.compile(rf"[’']s?[ \n]((?:{TOKEN}[ \n]){{0,2}}(?:{_ORGANISATION}))\b")
_TAKES_A_STAND = (
    r"(?:re(?:fuse|ject|gret|main)(?:s|d|ed)|accept(?:s|ed)|welcome[sd]|want(?:s|ed)|agree[sd]|withdr(?:aws|ew)|"
    r"insist(?:s|ed)|does|did|will|has|undertakes|calls?|called)"
)
_SPEAKS = re.compile(
    rf"[’']s[ \n]|[ \n](?:has[ \n]|also[ \n]|further[ \n]|\w+ly[ \n])?(?:{alternatives(SPEECH_VERBS)}|"
    rf"{_TAKES_A_STAND})\b"
)
_SENTENCE_OPENS = re.compile(r"(?:^|[.!?…:;]['\"”’»)]*\s+|\n|[“\"‘«„(*•–—-]\s?|\d[.)] )$")
_COMPANY_FORM = re.compile(r" (?:AG|PLC|Plc|plc|Inc|Ltd|GmbH|Corp|SA|NV|AB|ASA|LLC)\.?$")

_Token = tuple[int, int, str]


@dataclass(frozen=True, kw_only=True)
class Name:
    """A proper name; `start` includes its titles, `name_start` does not; `form` is the name made plain."""

    start: int
    name_start: int
    end: int
    form: str


def plain_name(name: str) -> str:
    """The name with single spaces and plain apostrophes, without a possessive or "Ltd"."""
    name = re.sub(r"\s+", " ", name).replace("’", "'").strip()
    name = _COMPANY_FORM.sub("", name)
    return name[:-2] if name.endswith("'s") else name


def find_names(text: str, spans: Sequence[tuple[int, int]]) -> list[Name]:
    """The proper names in the given parts of the text, in order."""
    finder = _NameFinder(text)
    return finder.without_first_words([name for start, end in spans for name in finder.names(start, end)])


class _NameFinder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lower_words = Counter(re.findall(r"(?<![\w’'@./])[a-zà-ÿ]+(?:-[a-z]+)*", text))

    def names(self, start: int, limit: int) -> list[Name]:
        found: list[Name] = []
        at = start
        while match := NAME.search(self.text, at, limit):
            begin, end = match.span()
            at = end
            tokens = [(m.start() + begin, m.end() + begin, m.group()) for m in re.finditer(r"[^ \n]+", match.group())]
            tokens = self._without_function_words(self._without_heading(tokens))
            if not tokens:
                continue
            if len(tokens) == 2 and self._is_qualified_country(tokens):
                tokens = tokens[1:]
            owned = _OWNED_ORGANISATION.match(self.text, end, limit)
            if owned and not known_party(plain_name(self.text[tokens[-1][0] : end])):
                tokens.append((owned.start(1), owned.end(), owned.group(1)))
                at = end = owned.end()
            while tokens[-1][2].lower() in ORGANISATION_WORDS and (longer := _OF.match(self.text, end, limit)):
                at = end = longer.end()
            first = self._first_of_name(tokens, extended=end > tokens[-1][1])
            if first < len(tokens):
                name_start, end = tokens[first][0], max(end, tokens[-1][1])
                form = plain_name(self.text[name_start:end])
                found.append(Name(start=tokens[0][0], name_start=name_start, end=end, form=form))
        return found

    def without_first_words(self, names: list[Name]) -> list[Name]:
        """Takes the first word of a sentence off a name that stands elsewhere without it ("Elsewhere Ana Dol…")."""
        forms = Counter(name.form for name in names)
        tails = {form.split(" ", 1)[1] for form in forms if form.count(" ") >= 2} | {
            form.split()[-1] for form in forms if form.count(" ") == 1
        }
        shortened = []
        for name in names:
            first, _, rest = name.form.partition(" ")
            opener = (
                rest and name.start == name.name_start and self._opens_sentence(name.start) and forms[name.form] == 1
            )
            longer = " " in rest and forms[rest] > 0
            other = rest in tails and any(form.endswith(" " + rest) and form != name.form for form in forms)
            if opener and (longer or (" " not in rest and other)):
                start = name.start + len(first) + 1
                name = Name(start=start, name_start=start, end=name.end, form=rest)
            shortened.append(name)
        return self.without_openers(shortened)

    def without_openers(self, names: list[Name]) -> list[Name]:
        """Leaves out single words that have a capital only because they open a sentence ("Retailers said…")."""
        elsewhere = {
            word.lower()
            for name in names
            if not self._opens_sentence(name.start) or " " in name.form or name.start < name.name_start
            for word in name.form.split()
        }
        return [
            name
            for name in names
            if " " in name.form
            or name.start < name.name_start
            or not self._opens_sentence(name.name_start)
            or name.form.lower() in elsewhere
            or known_party(name.form)
            or (name.form.isupper() and len(name.form) > 1)
            or (not name.form.endswith("s") and _SPEAKS.match(self.text, name.end))
        ]

    def _opens_sentence(self, at: int) -> bool:
        return _SENTENCE_OPENS.search(self.text[max(0, at - 6) : at]) is not None

    def _is_qualified_country(self, tokens: list[_Token]) -> bool:
        """ "Neighbouring Rwanda", but not "South Sudan" or "Union Germany"."""
        first, second = tokens[0][2], tokens[1][2]
        whole = known_party(f"{first} {second}") or first.lower() in ORGANISATION_WORDS
        return known_party(second) is not None and not whole

    def _without_heading(self, tokens: list[_Token]) -> list[_Token]:
        """ "STATEMENT BY THE MINISTRY OF JUSTICE": the name begins after BY THE."""
        by = [i for i, token in enumerate(tokens[:-1]) if token[2] in ("BY", "FROM")]
        tokens = tokens[by[-1] + 1 :] if by else tokens
        return tokens[1:] if tokens[0][2] == "THE" and len(tokens) > 1 else tokens

    def _without_function_words(self, tokens: list[_Token]) -> list[_Token]:
        while tokens and self._is_no_name(tokens):
            tokens = tokens[1:]
        while tokens and tokens[-1][2].lower() in CALENDAR:
            tokens = tokens[:-1]
        return tokens

    def _is_no_name(self, tokens: list[_Token]) -> bool:
        """Whether the first of the words in capitals is no part of a name."""
        start, _, word = tokens[0]
        plain = re.split(r"[’']", word.lower())[0].strip(".")
        if plain in NOT_NAMES and not (word.isupper() and len(word) > 1):
            return True
        if plain in CALENDAR or plain.removesuffix("s") in CALENDAR:
            return True
        common = self.lower_words[plain] > 0 and self._opens_sentence(start) and plain not in TITLES
        if not common:
            return False
        kept = plain in PARTY_NOUNS or plain in ORGANISATION_WORDS or plain in ROLE_NOUNS or known_party(word)
        return len(tokens) == 1 or not kept

    def _first_of_name(self, tokens: list[_Token], *, extended: bool) -> int:
        """Which of the tokens the name begins with, after its titles; their number if there is no name."""
        # "Ex-Minister", "Vice-Admiral": the last part tells.
        words = [token[2].lower().strip(".").split("-")[-1] for token in tokens]
        if extended or words[-1] in ORGANISATION_WORDS:
            if len(words) == 1 and not extended and words[0] in PARTY_NOUNS and not tokens[0][2].isupper():
                return 1  # "the Company" is a phrase, whatever its capital
            return 0
        first = 0
        while first < len(words) and words[first] in TITLES:
            first += 1
        titles = [i for i, w in enumerate(words[:-1]) if w in TITLES | ROLE_NOUNS and w not in TITLE_MODIFIERS]
        first = max([first, *(i + 1 for i in titled)]) if (titled := titles) else first
        if first == len(words) - 1 and words[-1] in PARTY_NOUNS | ROLE_NOUNS and not tokens[-1][2].isupper():
            return len(words)
        return first
