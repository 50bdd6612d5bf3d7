"""Who is quoted inside a quotation: "When the enemy says, 'Let us negotiate'…".

Knows quotation marks inside quotations and "they say let us…" without marks. Builds on `Mentions`.
"""

import re
from collections import Counter
from collections.abc import Sequence

from models.counterparts import same_side
from models.mentions import Mention, Mentions
from models.quotation_sources import Attribution
from models.quotations import Quotation
from models.reading_lexicon import SPEECH_VERBS, alternatives

_SAYS = alternatives(SPEECH_VERBS)
_ADVERSARY = re.compile(r"\b(?:enem(?:y|ies)|adversar(?:y|ies)|opponents?|other side)\b")
_WITHOUT_MARKS = re.compile(
    r"\b(?:say|says|said|tell us|tells us|told us|shout|repeat|keep saying)[ \n,:]+(?:to us[ \n,:]+)?"
    r"(?:that[ \n])?(?:[Ll]et[’']?s?\b|[Cc]ome\b)"
)


def nested_holder(
    text: str,
    mentions: Mentions,
    inner: Sequence[Quotation],
    start: int,
    end: int,
    outer: Attribution,
    earlier: str,
) -> str:
    """The holder of what is quoted inside text[start:end], itself the words of `outer`; "" if nothing is.

    `earlier` is the holder of the speech nested last: whom "they" most likely means.
    """
    verb: int | None = None
    for quotation in inner:
        lead = text[max(start, quotation.outer_start - 90) : quotation.outer_start]
        if re.search(rf"\b(?:{_SAYS}|was|were|is|message)\b[^.;]{{0,40}}$", lead) and re.search(rf"\b{_SAYS}\b", lead):
            verb = quotation.outer_start
            break
    if verb is None:
        says = _WITHOUT_MARKS.search(text, start, end)
        verb = says.start() if says else None
    if verb is None:
        return _reported(text, mentions, start, end)
    who = [m for m in mentions.between(start, verb + 1) if not m.possessive]
    subjects = [m for m in who if m.subject and re.match(rf"[^.;]{{0,60}}?\b{_SAYS}\b", text[m.end : verb + 8])]
    best = (subjects or who)[-1:]
    if not best or best[0].kind == "speaker":
        return ""
    return _seen_by_speaker(best[0], mentions, outer, earlier)


def _reported(text: str, mentions: Mentions, start: int, end: int) -> str:
    """Who speaks in "The Prime Minister said on Saturday that he would not go"."""
    for mention in mentions.between(start, min(end, start + 60)):
        if (
            mention.kind in ("person", "party")
            and not mention.pronoun
            and mention.start - start <= 4
            and mention.subject
        ):
            after = text[mention.end : end]
            if re.match(
                rf"[ \n]{_SAYS}\b[^,.;]{{0,40}}?\bthat[ \n](?:he|she|it|they)[ \n](?:would|will|was|were|is|are)\b",
                after,
            ):
                return mention.holder
    return ""


def _seen_by_speaker(mention: Mention, mentions: Mentions, outer: Attribution, earlier: str) -> str:
    """ "They" and "the enemy" in a speaker's mouth are the speaker's adversary."""
    if mention.kind == "they" or _ADVERSARY.search(mention.holder):
        return (earlier if earlier != outer.holder else "") or _adversary(mentions, outer) or mention.holder
    return mention.holder


def _adversary(mentions: Mentions, outer: Attribution) -> str:
    """The party that acts most in the article and is neither the speaker nor the speaker's own."""
    names: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for mention in mentions.all:
        name = mention.holder
        if mention.kind == "person" and not mention.pronoun and not same_side(name, outer.holder):
            people[name] += 1
        if mention.kind != "party" or mention.pronoun or _ADVERSARY.search(name) or name not in mentions.actors:
            continue
        own = same_side(name, outer.holder) or (outer.affiliation and same_side(name, outer.affiliation))
        if not own and not name.startswith(("its ", "their ", "his ", "her ", "a ", "an ")):
            names[name] += 1
    return next((name for name, _ in (names or people).most_common(1)), "")
