"""Sources and dates that an article gives for a quotation: "(State-run daily Etemad, February 23)".

Gives a date as far as the text states it: ISO 8601 with a year, else the words of the text. Never
adds a year. Does not know quotations or speakers.
"""

import re
from dataclasses import dataclass

from models.reading_lexicon import MONTHS, OUTLET_WORDS, SPEECH_VERBS, alternatives

_SAYS = alternatives(SPEECH_VERBS)

_NUMBER = {name: number for number, name in enumerate(
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1)}  # fmt: skip
_DATE = re.compile(
    rf"(?P<m1>{MONTHS}) (?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y1>\d{{4}}))?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m2>{MONTHS})\b(?:,? (?P<y2>\d{{4}}))?"
    r"|(?P<iso>\d{4}-\d{2}-\d{2})|(?P<m3>" + MONTHS + r") (?P<y3>\d{4})"
)
_PARENTHESIS = re.compile(r"\s*[.,]?\s*[\[(](?P<inside>[^()\[\]]{3,120})[\])]")
_SOURCE_WORDS = re.compile(
    r"\b(?:daily|agency|news|newspaper|weekly|tv|television|radio|times|post|herald|tribune|interview|press|state-run|"
    r"website|twitter|tweet|facebook|telegram|speech|statement|letter|magazine|reuters|ap|afp|"
    r"bbc|cnn|al jazeera|journal|"
    r"gazette|hansard|minutes|report|broadcast|briefing|communiqu[eé]|www|source)\b|\.(?:ir|com|org|net|gov|info)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Citation:
    """Where and when something was said; None where the text does not tell. `end` is where it ends in the text."""

    date: str | None = None
    source: str | None = None
    end: int = 0


def citation_after(text: str, at: int, limit: int) -> Citation | None:
    """The citation in parentheses right after `at`, if what stands there is one."""
    found = _PARENTHESIS.match(text, at, limit)
    if not found:
        return None
    citation = parse_citation(found.group("inside"))
    return Citation(date=citation.date, source=citation.source, end=found.end()) if citation else None


def parse_citation(inside: str) -> Citation | None:
    """Source and date of what stands between parentheses; None if it is neither."""
    inside = re.sub(r"\s+", " ", inside).strip()
    found = _DATE.search(inside)
    if found:
        rest = (inside[: found.start()] + inside[found.end() :]).strip(" ,;–—-")
        rest = re.sub(r"\s*(?:,\s*)+(?=,|$)|^(?:on|in|of)\b\s*|\s*\b(?:on|of)$", "", rest).strip(" ,;")
        return Citation(date=_iso(found), source=rest or None)
    if _SOURCE_WORDS.search(inside) and len(inside.split()) <= 12:
        return Citation(source=inside)
    return None


def is_citation(sentence: str) -> bool:
    """Whether a whole piece of text is nothing but a citation in parentheses."""
    found = re.fullmatch(r"[\[(]([^()\[\]]{3,120})[\])]\.?", sentence.strip())
    return found is not None and parse_citation(found.group(1)) is not None


def date_in(text: str) -> str | None:
    """The first full or partial date that the text states with "on"/"in" or by itself."""
    found = _DATE.search(text)
    return _iso(found) if found else None


def told_date(sentence: str) -> str | None:
    """The date on which something was said or called so, as a sentence of narration tells it."""
    found = _DATE.search(sentence)
    if not found or not re.search(rf"\b{_SAYS}\b", sentence[: found.start()]):
        return None
    if re.search(
        r"\b(?:meeting|talks|session|vote|summit|election|deadline|strike|round)[ \n](?:on|for)[ \n]$",
        sentence[: found.start()],
    ):
        return None
    future = re.search(
        r"\b(?:will|would|shall|due|ready|resume|until|by|from|before|since|of|decision)\b", sentence[: found.start()]
    )
    return None if future else _iso(found)


def _iso(found: re.Match[str]) -> str:
    if found.group("iso"):
        return found.group("iso")
    month = found.group("m1") or found.group("m2") or found.group("m3")
    year = found.group("y1") or found.group("y2") or found.group("y3")
    day = found.group("d1") or found.group("d2")
    if not year:
        return found.group()
    number = _NUMBER[month[:3].lower()]
    return f"{year}-{number:02d}-{int(day):02d}" if day else f"{year}-{number:02d}"


def is_outlet(name: str) -> bool:
    """Whether a name is that of a newspaper, broadcaster or agency ("told Radio Nord", not "told Parliament")."""
    return any(word.lower() in OUTLET_WORDS for word in re.findall(r"\w+", name))
