"""With whom a holder would or would not negotiate: a guess from the parties named around a statement.

Only parties that act somewhere in the article count. Where nobody is named, the counterpart stays empty:
the codebook then takes the main one of the statement.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from models.mentions import Mentions
from models.statement import Statement

# How far a speaker's words may stand from the naming of the counterpart, in statements and characters.
_STATEMENTS, _CHARACTERS = 3, 600


def counterpart_in(text: str, mentions: Mentions, start: int, end: int, holder: str, own: str) -> str:
    """Another party named in text[start:end] that acts in the article; one that is acted towards before any other."""
    best = ""
    for mention in mentions.between(start, end):
        name = mention.affiliation if mention.kind == "person" and mention.affiliation else mention.holder
        if not name or mention.pronoun or mention.holder not in mentions.actors:
            continue
        if same_side(name, holder) or same_side(mention.holder, holder) or (own and same_side(name, own)):
            continue
        if name.startswith(("a ", "an ", "both ", "its ", "their ", "his ", "her ")):
            continue
        before = text[max(start, mention.start - 16) : mention.start]
        if re.search(r"\b(?:with|to|towards?|against|between|from|told|on)[ \n](?:the[ \n])?$", before):
            return name
        best = best or name
    return best


def same_side(one: str, other: str) -> bool:
    """Whether two names are one party, or one belongs to the other ("Iran", "Iran's foreign minister")."""
    one, other = one.removeprefix("the "), other.removeprefix("the ")
    return one == other or one in other or other in one


def spread_counterparts(statements: Sequence[Statement]) -> list[Statement]:
    """Gives quotations without a counterpart the one that the same speaker names close by."""
    return [
        replace(statement, counterpart=_named_nearby(statements, place)) if _lacks(statement) else statement
        for place, statement in enumerate(statements)
    ]


def _lacks(statement: Statement) -> bool:
    return statement.voice == "quote" and not statement.counterpart


def _named_nearby(statements: Sequence[Statement], place: int) -> str:
    own = statements[place]
    for distance in range(1, _STATEMENTS + 1):
        for other in (place - distance, place + distance):
            if not 0 <= other < len(statements):
                continue
            near = abs((statements[other].start or 0) - (own.start or 0)) < _CHARACTERS
            if near and statements[other].holder == own.holder and statements[other].counterpart:
                return statements[other].counterpart
    return ""
