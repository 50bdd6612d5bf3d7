"""The shapes of phrases that name a person or party, and of the verb that makes one a subject.

Regular expressions only, over the text of a `ReadingView`. What a phrase stands for is decided elsewhere.
"""

import re

from models.reading_lexicon import (
    BASE_VERBS,
    FUNCTION_WORDS,
    PARTY_NOUNS,
    ROLE_NOUNS,
    SPEECH_VERBS,
    TEXTS_AND_EVENTS,
    UPPER,
    alternatives,
)

_ROLE = f"(?i:{alternatives(ROLE_NOUNS)})"
_PARTY = f"(?i:{alternatives(PARTY_NOUNS)})"
_SAYS = alternatives(SPEECH_VERBS)
_CAPITAL = rf"[{UPPER}]"
_SENTENCE_START = r"(?:(?<=[.!?”\"—–-][ \n])|(?<=\n)|^)"

# phrases

_OWNER = (
    r"(?:(?!(?:For|In|On|At|By|With|From|To|Of|After|Before|But|And|If|When|As|Then|Now|So|Yet)\b)"
    rf"{_CAPITAL}[\w-]*(?:[ \n]{_CAPITAL}[\w-]*){{0,3}}[’']s?"
    r"|(?i:the|its|his|her|their|our|this|that)[ \n](?:[\w-]+[ \n])?[\w-]+[’']s?)"
)
_DETERMINER = rf"(?:{_OWNER}|(?i:the|a|an|this|that|these|those|its|his|her|their|our|my|both|all))"
_FILLER = rf"(?:(?!(?:{alternatives(FUNCTION_WORDS)})\b)(?:[A-Z]\.(?:[A-Z]\.)+|[\w-]+)[ \n])"
_NO_NUMBER = r"(?!(?:an?|two|three|four|five|six|seven|eight|nine|ten|some|more|\w+ty|\w+teen)\b)"
_OF_OWNER = (
    rf"(?:[ \n](?:of|for|at)[ \n](?:(?:the|this|that|its|their)[ \n])?{_CAPITAL}[\w’'-]*"
    rf"(?:[ \n](?:of[ \n])?{_CAPITAL}[\w’'-]*)*"
    rf"|[ \n](?:of[ \n]|for[ \n]{_NO_NUMBER})(?:(?:the|this|that|its|their)[ \n])?[a-z][\w-]*)"
)
ROLE_PHRASE = re.compile(
    rf"\b({_DETERMINER}[ \n]{_FILLER}{{0,4}}?{_ROLE}(?:[ \n](?:{_ROLE}|executive))*)(?![\w-])({_OF_OWNER})?"
)
PARTY_PHRASE = re.compile(rf"\b({_DETERMINER}[ \n]{_FILLER}{{0,3}}?{_PARTY}(?:[ \n]{_PARTY})*)(?![\w-])")
BARE_PLURAL = re.compile(rf"{_SENTENCE_START}((?:[A-Z][a-z]+[ \n])?{_PARTY}(?:[ \n]{_PARTY})*)(?![\w-])")
# Somebody of whom only this is known: that they speak ("a passenger said").
STRANGER = re.compile(
    rf"\b((?:(?i:a|an)|[Oo]ne|[Aa]nother)[ \n]{_FILLER}{{0,3}}?(?!(?:who|has|of)\b)[\w-]+)"
    r"(?=[ \n](?:has[ \n])?(?:said|says|told|tells|added|wrote|asked|asks)\b)"
)
_STANDS = (
    r"(?:said|says?|told|want(?:s|ed)?|refuse[sd]?|reject(?:s|ed)?|offer(?:s|ed)?|accept(?:s|ed)?|agree[sd]?|"
    r"demand(?:s|ed)?|insist(?:s|ed)?|vow(?:s|ed)?|walked|warn(?:s|ed)|announced?s?|declined?s?|urge[sd]?|threatened)"
)
# Any noun that takes a stand is a party, unless it is a text or an event ("the letter demands").
ACTING = re.compile(
    rf"\b([Tt]he[ \n]{_FILLER}{{0,2}}?(?!(?:{alternatives(TEXTS_AND_EVENTS)}|{alternatives(FUNCTION_WORDS)})"
    rf"\b)[a-z-]{{3,}})"
    rf"(?=(?:,[ \n]who?(?:ich)?[ \n][^,.;]{{3,70}},)?[ \n](?:have[ \n]|has[ \n]|had[ \n]|also[ \n])?{_STANDS}\b)"
)
HANDLE = re.compile(r"(?<!\w)(@\w{2,})")
PRONOUN = re.compile(
    r"\b(he|she|they|it|we|i|you|his|her|their|its|him|them)\b"
    r"(?![’']s\b(?! (?:\w+ly )?(?:\w+(?:ed|ing|en)|not|been|gone|ready)\b))",
    re.IGNORECASE,
)

# verbs

_ADVERBS = (
    r"(?:(?:also|now|still|never|again|repeatedly|later|then|however|yesterday|today|soon|already|once|twice|always|"
    r"often|both|all|who|which|just|first|only|even|recently|himself|herself|itself|themselves|"
    r"on (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\w+ly|not|too|meanwhile|instead)[ \n,]+)*"
)
_CONTRACTED = r"(?:wo|do|did|does|is|are|was|has|have|had|ca|could|would)n[’']t|[’'](?:ll|ve|re|d)"
_NOT_VERBS = (
    r"(?!(?:as|this|his|its|towards|across|always|perhaps|besides|plus|less|unless|versus|hundred|indeed|instead)\b)"
)
_VERB = (
    rf"(?:(?:{alternatives(BASE_VERBS)}|{_CONTRACTED})(?![\w-])"
    rf"|{_NOT_VERBS}[a-z]{{2,}}(?:ed|es|[^s’'\Wu]s)(?![\w-])|{_SAYS}(?![\w-]))"
)
_APPOSITION = r"(?:,[ \n][^,.;:!?\"“”]{2,90},(?=[ \n])|[ \n]\([^()]{1,60}\)|[ \n](?:–|—)[ \n][^–—.]{2,80}[ \n](?:–|—))?"
_POST = (
    r"(?:[ \n](?:[a-z]+ing|close|familiar|briefed|involved|based|of|in|for|at|from|on|outside|inside|across|behind|"
    r"near|along|under)[ \n][^,.;:!?\"“”]{1,60}?)?"
)
THEN_VERB = re.compile(
    rf"{_POST}{_APPOSITION}[ \n,]*(?:and[ \n])?{_ADVERBS}{_VERB}"
    rf"|[’'](?:s|ll|ve|re|d|m)[ \n]+{_ADVERBS}(?:\w+(?:ed|ing)\b|not\b|been\b)|[’'](?:ll|ve|re|d|m)\b"
)
# "Talks collapsed after …": what follows is a subordinate clause of a sentence about something else.
SUBORDINATED = re.compile(
    rf"[ \n]{_VERB}[^.;:]*?[ \n](?:after|when|because|since|until|before|while|although|though|"
    rf"where|which|as|if|unless|"
    r"once|than|over|about)[ \n](?:[\w’'-]+[ \n]){0,3}$"
)
# After a plural the verb has no ending, so any word will do that is not a preposition or conjunction.
PLURAL_VERB = re.compile(
    rf"(?:,[ \n](?:meanwhile|however|too|for (?:its|their) part),)?[ \n](?!(?:{alternatives(FUNCTION_WORDS)}|or|nor|"
    r"but|whose|if|into|under|about|among|across|without|within|like|near|alike|themselves|both|all)\b)"
    r"[a-z]{2,}(?<!ing)\b"
)
PREPOSED = re.compile(
    r"\b(?:of|in|with|from|to|by|between|against|for|on|at|over|towards?|about|than|like|as|among|without|"
    r"(?<=[\w,] )and)[ \n](?:the[ \n]|both[ \n])?$",
    re.IGNORECASE,
)
# What "her" owns; otherwise it is whom something is done to.
OWNED = re.compile(
    rf"[ \n](?!(?:{alternatives(FUNCTION_WORDS)}|within|today|yesterday|again|later|so|but|or|"
    rf"not)\b)[a-z]"
)
# What makes a city in the text a government: it is acted with or upon.
ACTED_WITH = re.compile(r"\b(?:with|by|between|against|told|urged|accused)[ \n]$|[ \n]and[ \n]$")
PLACED = re.compile(r"\b(?:in|at|near|outside|from|around)[ \n]$")
# "It is a pity", "it remains to be seen": nobody is meant.
NOBODY = re.compile(
    r"(?:[ \n](?:is|was|has been|had been|means|meant|seems|seemed|remains|took|takes|would be|will be)|[’']s)[ \n]"
    r"(?!under\b|in\b|ready|willing|prepared|not ready|open\b)"
)
