"""What a phrase such as "the union", "its delegation" or "the foreign minister of this regime" stands for.

Gives the name that the article has for it, else a readable form of the phrase itself. Builds on the
`Cast`; does not find phrases in the text and resolves no pronouns but owners.
"""

import re

from models.cast import Cast
from models.known_parties import adjectives, known_party
from models.reading_lexicon import ANY_ORGANISATION, ORGANS

_ARTICLES = ("the", "a", "an", "this", "that", "these", "those", "its", "their", "his", "her", "both", "all")
_REGIMES = ("regime", "fascism", "dictatorship", "theocracy", "mullahs", "junta")
_STATES = ("regime", "government", "country", "state", "republic", "nation", "kingdom")
_DEMONYM_GROUPS = (
    "government|side|authorities|administration|leadership|delegation|negotiators|officials|mission|regime|team"
)


class PartyPhrases:
    """Resolves the phrases of one article in order, remembering the fuller ones ("the transitional government")."""

    def __init__(self, text: str, cast: Cast) -> None:
        self.text = text
        self.cast = cast
        self._fuller: dict[str, str] = {}
        self._regime = self._country_of("regime")

    def role(self, phrase: str, last_party: str, last_person: str) -> str:
        """ "the foreign minister of this regime" → "Iran's foreign minister" where the owner is known."""
        owned = re.fullmatch(r"(?:(?:[Tt]he|THE) )?(.+?) (?:of|for) (?:the |this |that )?(.+?)", phrase)
        if owned:
            owner = known_party(owned.group(2)) or self._country_of(owned.group(2))
            if owner:
                return f"{owner}'s {owned.group(1)}"
        possessed = re.match(r"([Ii]ts|[Tt]heir|[Hh]is|[Hh]er) (.+)", phrase)
        last = last_person if possessed and possessed.group(1).lower() in ("his", "her") else last_party
        if possessed and last:
            return f"{owner_form(last)} {possessed.group(2)}"
        return lower_first(phrase)

    def group(self, phrase: str, last_party: str, last_person: str, last_organisation: str) -> str:
        """The holder that a party noun phrase stands for, given what was named last."""
        head = phrase.split()[-1].lower()
        owned = re.match(r"(?:the |The |this |This )?(.+?)[’']s? (.+)$", phrase)
        if owned:
            return self._owned(phrase, owned.group(1), owned.group(2), last_party)
        possessed = re.match(r"([Ii]ts|[Hh]is|[Hh]er|[Tt]heir) (.+)", phrase)
        if possessed:
            last = last_person if possessed.group(1).lower() in ("his", "her") else last_party
            if last and head in ORGANS and len(phrase.split()) == 2:
                return last
            return f"{owner_form(last)} {possessed.group(2)}" if last else lower_first(phrase)
        modifiers = [word for word in phrase.split()[:-1] if word.lower() not in _ARTICLES]
        if head in _REGIMES and self._regime in adjectives() and not any(word[0].isupper() for word in modifiers):
            return f"the {adjectives()[self._regime]} regime"
        national = re.fullmatch(rf"(?:[Tt]he )?([A-Z][\w.]+(?: [A-Z]\w+)?) (?:{_DEMONYM_GROUPS})", phrase)
        party = known_party(national.group(1)) if national else None
        if party:
            return f"the {adjectives()[party]} regime" if head == "regime" and party in adjectives() else party
        return self._definite(phrase, head, modifiers, last_organisation)

    def _owned(self, phrase: str, owner: str, rest: str, last_party: str) -> str:
        """ "the union's executive" → the union; "Iran's regime" → the Iranian regime."""
        character = self.cast.find(owner)
        name = known_party(owner) or (character.name if character else "")
        head = rest.split()[-1].lower()
        if head == "regime" and name in adjectives():
            return f"the {adjectives()[name]} regime"
        if len(rest.split()) <= 2 and rest.islower() and head in ORGANS:
            return name or self.group(f"the {owner.removeprefix('the ').removeprefix('The ')}", last_party, "", "")
        return lower_first(phrase)

    def _definite(self, phrase: str, head: str, modifiers: list[str], last_organisation: str) -> str:
        definite = phrase.lower().startswith(("the ", "this ", "that "))
        if modifiers:
            if definite:
                self._fuller[head] = lower_first(phrase)
            if not any(word[0].isupper() for word in modifiers):
                named = self.cast.with_head(head)
                if len(named) == 1 and definite and modifiers[-1].lower() in named[0].name.lower():
                    return named[0].name
            return lower_first(phrase)
        if definite:
            named = self.cast.with_head(head)
            if len(named) == 1:
                return named[0].name
            if head in self._fuller:
                return self._fuller[head]
            if head in ANY_ORGANISATION and last_organisation:
                return last_organisation
        if not phrase.lower().startswith(_ARTICLES):
            return f"the {phrase.lower()}"
        return lower_first(phrase)

    def _country_of(self, noun: str) -> str:
        """The country whose regime or government an article speaks of as "this regime"."""
        word = noun.lower().split()[-1]
        if word not in _STATES:
            return ""
        names = sorted({*adjectives().values(), *adjectives()}, key=len, reverse=True)
        found = re.search(rf"\b({'|'.join(map(re.escape, names))})(?:[’']s)? (?:\w+ )?{re.escape(word)}\b", self.text)
        return known_party(found.group(1)) or "" if found else ""


def owner_form(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def lower_first(text: str) -> str:
    """The phrase with plain apostrophes and without the capital of a sentence's first word."""
    text = text.replace("’", "'")
    if text.split(" ", 1)[0].lower() in _ARTICLES:
        return text[0].lower() + text[1:]
    return text
