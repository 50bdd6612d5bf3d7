"""Which holders belong together: a president, a foreign minister and "the regime" of one country.

Knows names of countries and bodies, and how a text calls a person theirs ("Iran's president Hassan
Rouhani"). Does not know stances. A field `side` in the records overrules all of it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from models.known_parties import known_parties, known_party, party_behind
from models.reading_lexicon import ROLE_NOUNS, TITLES
from serve.scored_statements import ScoredRow

# "Iran's negotiating partners" are not Iran.
_OTHERS = re.compile(
    r"\b(?:partners?|counterparts?|opponents?|enem(?:y|ies)|adversar(?:y|ies)|rivals?|all(?:y|ies)|neighbou?rs?|"
    r"critics?|foes?|victims?|hosts?|mediators?|author)\b",
    re.IGNORECASE,
)
_LINKS = frozenset(("of", "for", "the", "and"))


def sides_of(rows: Sequence[ScoredRow]) -> dict[str, str]:
    """The side of each holder that has one."""
    given = {row.holder: row.side for row in rows if row.side}
    texts = list(dict.fromkeys(row.text for row in rows))
    found = {}
    for holder in dict.fromkeys(row.holder for row in rows if row.holder):
        side = given.get(holder) or named_party(holder) or _called_theirs(holder, texts)
        if side:
            found[holder] = side
    return found


def named_party(holder: str) -> str:
    """The country or body that a holder's own name gives; '' where it gives none."""
    whole = known_party(holder) or party_behind(holder)
    if whole or _OTHERS.search(holder):
        return whole or ""
    words = re.findall(r"[\w.-]+", re.sub(r"['’]s\b", "", holder))
    for length in (3, 2, 1):
        for first in range(len(words) - length + 1):
            party = known_party(" ".join(words[first : first + length]))
            if party:
                return party
    return ""


def _called_theirs(holder: str, texts: Iterable[str]) -> str:
    """The party most often put before a person's name and office."""
    if not holder[:1].isupper() or " " not in holder:
        return ""
    votes: Counter[str] = Counter()
    for text in texts:
        for found in re.finditer(re.escape(holder), text):
            party = _party_before(text[max(0, found.start() - 80) : found.start()])
            if party:
                votes[party] += 1
    return min(votes, key=lambda party: (-votes[party], party)) if votes else ""


def _party_before(text: str) -> str:
    """The party in "… Iran's supreme leader " where only an office stands between it and the end."""
    words = re.sub(r"['’]s\b", "", text).replace(",", " ").split()
    table = known_parties()
    office = False
    for first in range(len(words) - 1, max(-1, len(words) - 8), -1):
        for last in (first + 1, first):
            name = " ".join(words[first : last + 1])
            if name in table and office:
                return table[name]
        word = words[first].lower().strip(".")
        if word in ROLE_NOUNS or word in TITLES:
            office = True
        elif word not in _LINKS and not words[first][:1].isupper():
            return ""
    return ""
