"""Whose position a sentence of narration gives.

Rules of syntax over `Mentions`: the subject of the sentence, the agent of a passive, the owner of an
act ("the regime's compliance"); else the author. Does not look at quotations.
"""

import re

from models.mention_patterns import SUBORDINATED
from models.mentions import Mention, Mentions
from models.reading_lexicon import PLAIN_SPEECH_VERBS, alternatives

AUTHOR = "the article's author"

_SAYS = alternatives(PLAIN_SPEECH_VERBS)
_SUBORDINATE = re.compile(
    r"(?:(?:But|And|Yet|So|Then|Now|Still|Meanwhile|However),?[ \n])?(?:When|After|If|While|"
    r"Although|Though|Since|Before|Once|Unless|As|Because|Until|"
    r"Whenever|Even if|Even though|Whether|Where|Asked|Speaking|Hours after|Days after|Minutes after)"
    r"\b[^,;]{3,120},[ \n]"
)
_ACT = (
    r"(?:compliance|refusal|rejection|acceptance|offer|decision|willingness|readiness|retreat|demand|proposal|promise|"
    r"insistence|reluctance|withdrawal|return|concession|concessions|position|stance|stubbornness|silence|response|reply|"
    r"answer|policy|red line|terms|conditions|price|invitation|appeal|call|move|intention|intransigence|"
    r"consent|agreement to|plan to)"
)
_NEGOTIATION = re.compile(
    r"negotiat|\btalks?\b|dialogue|\bdeal\b|compromis|concession|ceasefire|cease-fire|truce|agreement|treaty|\btable\b|mediat|settle|\boffer",
    re.IGNORECASE,
)
_PRESCRIBES = re.compile(r"[ \n](?:now[ \n])?(?:must|should|ought[ \n]to|needs?[ \n]to)\b")
_MEMBERS = re.compile(
    r"(?:Members|Representatives|Leaders|Negotiators|Officials|Delegates|Supporters)[ \n](?:of|from)[ \n](?:the[ \n])?"
)
_RELATIVE = re.compile(r"\b(?:which|whom|where|whose|[Tt]here (?:is|are|was|were|has been))[ \n](?:the[ \n])?$")
_PASSIVE_OR_MODAL = re.compile(r"[ \n](?:is|was|were|would|could|may|might|can|has been|had been)\b")
_SEES = re.compile(
    r"[ \n](?:can[ \n]|also[ \n]|now[ \n])?(?:see|saw|know|hear|heard|learn|learned|read|find|"
    r"observe|note|remember)s?\b"
)


def narrated_holder(text: str, mentions: Mentions, start: int, end: int, *, author: str = AUTHOR) -> Mention | None:
    """The mention whose stance the sentence text[start:end] narrates; None for the author's own."""
    sentence = text[start:end]
    inside = mentions.between(start, end)
    trailing = _trailing_speaker(text, inside, start, end)
    if trailing:
        return trailing
    accord = re.search(r"\bAccording[ \n]to[ \n]|\baccording[ \n]to[ \n]", sentence)
    if accord:
        source = next((m for m in inside if m.start >= start + accord.end() - 1 and m.holder), None)
        return source if source and source.kind in ("person", "party") and accord.start() < 3 else None
    members = _MEMBERS.match(text, start, end)
    if members:
        return next((m for m in inside if m.holder and m.start <= members.end() <= m.end), None)
    main = start
    subordinate = _SUBORDINATE.match(text, start, end)
    if subordinate:
        main = subordinate.end()
    for mentions_here in ([m for m in inside if m.start >= main], [m for m in inside if m.start < main]):
        subject = _subject(text, mentions_here, start, end)
        if subject is not None:
            return subject if subject.holder else None
    return _owner(text, inside, start, end)


def _trailing_speaker(text: str, inside: list[Mention], start: int, end: int) -> Mention | None:
    """X in "The offer is dead, X said." """
    for mention in reversed(inside):
        if not mention.holder:
            continue
        before = text[max(start, mention.start - 45) : mention.start]
        after = text[mention.end : end]
        says_after = re.match(
            rf"(?:,[^,]{{2,80}},)?[ \n](?:also[ \n]|later[ \n]|then[ \n])?{_SAYS}\b[^,;]{{0,60}}[.!?]?$", after
        )
        if says_after and re.search(r",[ \n](?:the[ \n])?$", before):
            return mention
        if not mention.subject and (
            re.search(r",[ \n](?:said|says|added|adds|argued|wrote|noted|according[ \n]to)[ \n](?:the[ \n])?$", before)
            and mention.holder
            and len(after.split()) < 14
        ):
            return mention
    return None


def _subject(text: str, inside: list[Mention], start: int, end: int) -> Mention | None:
    """The first mention that is the subject of a verb; a speaker mention (we, I) stands for the author."""
    for mention in inside:
        before, after = text[max(start, mention.start - 160) : mention.start], text[mention.end : end]
        if not mention.subject or mention.possessive or _RELATIVE.search(before) or SUBORDINATED.search(before):
            continue
        if mention.kind == "speaker":
            if _SEES.match(after) or before.lower().endswith("what "):
                continue  # "we see that the minister…", "what we have read is…"
            return mention
        vague = mention.holder.startswith(("a ", "an ", "one ", "another ", "some "))
        if vague and _PASSIVE_OR_MODAL.match(after):
            continue
        if _PRESCRIBES.match(after):
            return Mention(start=mention.start, end=mention.end, holder="", kind="speaker", subject=True)
        return mention
    return None


def _owner(text: str, inside: list[Mention], start: int, end: int) -> Mention | None:
    """Holders that are no subject: agents of a passive, owners of an act, "for X, …", "… of X"."""
    named = [m for m in inside if m.holder]
    for mention in named:
        before = text[max(start, mention.start - 60) : mention.start]
        after = text[mention.end : min(end, mention.end + 40)]
        if re.search(
            r"\b(?:is|are|was|were|been|being)[ \n][^,.;]{0,40}?(?:\w+ed|given|made|put|sent|drawn|taken|"
            r"broken off|torn up|held|met)[ \n]by[ \n](?:the[ \n])?$",
            before,
        ):
            return mention
        if mention.possessive and re.match(rf"(?:[’']s?)?[ \n](?:\w+[ \n]){{0,2}}{_ACT}\b", after):
            return mention
        if re.search(rf"\b{_ACT}[ \n](?:of|from|by)[ \n](?:the[ \n])?$", before):
            return mention
        if re.fullmatch(r"(?:But |And |So )?For[ \n](?:the[ \n])?", text[start : mention.start]) and re.match(
            r",|[’']s \w+,", after
        ):
            return mention
    sentence = text[start:end]
    parties = {m.holder for m in named}
    if _NEGOTIATION.search(sentence) and len(parties) == 1:
        last = named[-1]
        if re.search(r"\b(?:of|for)[ \n](?:the[ \n])?$", text[max(start, last.start - 10) : last.start]) and re.search(
            r"\b(?:is|was|remains)\b", sentence
        ):
            return last
    return None
