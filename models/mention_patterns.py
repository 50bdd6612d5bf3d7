"""The shapes of phrases that name a person or party, and of the verb that makes one a subject.

Regular expressions only, over the text of a `ReadingView`. What a phrase stands for is decided elsewhere.
"""

import re

from models.reading_lexicon import PARTY_NOUNS, ROLE_NOUNS, SPEECH_VERBS, alternatives

_ROLE = f"(?i:{alternatives(ROLE_NOUNS)})"
_PARTY = f"(?i:{alternatives(PARTY_NOUNS)})"
_OWNER = (
    r"(?:[A-ZÀ-Þ][\w-]*(?:[ \n][A-ZÀ-Þ][\w-]*){0,3}[’']s?"
    r"|(?i:the|its|his|her|their|our|this|that)[ \n](?:[\w-]+[ \n])?[\w-]+[’']s?)"
)
_DETERMINER = rf"(?:{_OWNER}|(?i:the|a|an|this|that|these|those|its|his|her|their|both|all))"
_FILLER = (
    r"(?:(?!(?:of|in|and|that|who|which|to|with|for|from|on|by|at|is|are|was|were|has|have|had|will|would|said|says|told|the|a|an|her|his|its|their|our|this|these|those|after|before|during|between|against|over|when|while|as|than|until|since|because|where)\b)"
    r"(?:[A-Z]\.(?:[A-Z]\.)+|[\w-]+)[ \n])"
)
_OF_OWNER = (
    r"(?:[ \n](?:of|for|at)[ \n](?:(?:the|this|that|its|their)[ \n])?[A-ZÀ-Þ][\w’'-]*(?:[ \n](?:of[ \n])?"
    r"[A-ZÀ-Þ][\w’'-]*)*"
    r"|[ \n](?:of[ \n]|for[ \n](?!(?:an?|two|three|four|five|six|seven|eight|nine|ten|some|more|"
    r"\w+ty|\w+teen)\b))(?:(?:the|this|that|its|their)[ \n])?[a-z][\w-]*)"
)
ROLE_PHRASE = re.compile(
    rf"\b({_DETERMINER}[ \n]{_FILLER}{{0,4}}?{_ROLE}(?:[ \n](?:{_ROLE}|executive))*)(?![\w-])({_OF_OWNER})?"
)
PARTY_PHRASE = re.compile(rf"\b({_DETERMINER}[ \n]{_FILLER}{{0,3}}?{_PARTY})(?![\w-])")
BARE_PLURAL = re.compile(rf"(?:(?<=[.!?”\"—–-][ \n])|(?<=\n)|^)((?:[A-Z][a-z]+[ \n])?{_PARTY})(?![\w-])")
STRANGER = re.compile(
    rf"\b((?:(?i:a|an)|[Oo]ne|[Aa]nother)[ \n]{_FILLER}{{0,3}}?(?!who\b|has\b)[\w-]+)"
    r"(?=[ \n](?:has[ \n])?(?:said|says|told|tells|added|wrote|asked|asks)\b)"
)
PLURAL = re.compile(rf"(?:(?<=[.!?”\"—–-][ \n])|(?<=\n)|^)((?:[A-Z][a-z]+[ \n])?{_PARTY})(?![\w-])")
STRANGER = re.compile(
    r"\b((?:(?i:a|an)|[Oo]ne|[Aa]nother)[ \n](?:(?!(?:of|and|that|who)\b)[\w-]+[ \n]){0,3}?(?!who\b|"
    r"has\b)[\w-]+)(?=[ \n](?:has[ \n])?(?:said|says|told|tells|added|wrote|asked|asks)\b)"
)
PLURAL = re.compile(
    rf"\b((?:The|the)[ \n](?:{_FILLER}){{0,2}}?(?!has\b|is\b|was\b)[a-z-]+s)(?=[ \n](?:have[ \n]|"
    rf"had[ \n]|also[ \n])?(?:said|say|told|want(?:ed)?|refused?|reject(?:ed)?|"
    r"offer(?:ed)?|accept(?:ed)?|agreed?|demand(?:ed)?|insist(?:ed)?|vow(?:ed)?|walked|warned|asked|announced)\b)"
)
PRONOUN = re.compile(
    r"\b(he|she|they|it|we|i|you|his|her|their|its|him|them)\b(?![’']s\b(?! (?:\w+ly )?(?:\w+(?:ed|"
    r"ing|en)|not|been|gone|ready)\b))",
    re.IGNORECASE,
)

_ADVERBS = (
    r"(?:(?:also|now|still|never|again|repeatedly|later|then|however|yesterday|today|soon|already|once|twice|always|often|both|all|"
    r"who|which|just|first|only|even|recently|himself|herself|itself|themselves|on (?:Mon|Tues|"
    r"Wednes|Thurs|Fri|Satur|Sun)day|\w+ly|not|too|meanwhile|instead)[ \n,]+)*"
)
_BASE_VERBS = (
    r"(?:is|are|was|were|be|am|has|have|had|will|would|can|could|may|might|must|shall|should|do|does|did|cannot|won[’']t|don[’']t|didn[’']t|"
    r"doesn[’']t|isn[’']t|aren[’']t|wasn[’']t|hasn[’']t|haven[’']t|hadn[’']t|can[’']t|couldn[’']t|wouldn[’']t|"
    r"sat|met|gave|took|made|got|went|came|left|broke|sent|held|put|set|began|kept|led|lost|won|found|stood|saw|knew|chose|"
    r"drew|fell|grew|hit|let|meant|paid|ran|rose|sought|sold|spent|struck|stuck|swore|threw|told|thought|understood|withdrew|wrote|"
    r"laid|shut|read|bought|brought|caught|cut|dug|felt|fought|forgot|froze|hung|quit|rang|slid|split|spoke|spread|stole|tore|walked|"
    r"want|need|refuse|reject|accept|agree|offer|seek|say|call|demand|insist|remain|continue|believe|know|think|negotiate|talk|"
    r"intend|expect|hope|plan|prefer|hold|keep|meet|sit|go|come|stand|see|fear|deny|warn|threaten|urge|back|oppose|support|wait|mean|"
    r"[’']ll|[’']ve|[’']re|[’']d)"
)
_NOT_VERBS = (
    r"(?!as\b|this\b|his\b|its\b|towards\b|across\b|always\b|perhaps\b|besides\b|plus\b|less\b|"
    r"unless\b|versus\b|hundred\b|indeed\b|instead\b)"
)
_VERB = (
    rf"(?:{_BASE_VERBS}(?![\w-])|{_NOT_VERBS}(?:re|un|over|out|up)?[a-z]{{2,}}(?:ed|es|[^s’'\Wu]s)"
    rf"(?![\w-])|{alternatives(SPEECH_VERBS)}(?![\w-]))"
)
_APPOSITION = r"(?:,[ \n][^,.;:!?\"“”]{2,90},(?=[ \n])|[ \n]\([^()]{1,60}\)|[ \n](?:–|—)[ \n][^–—.]{2,80}[ \n](?:–|—))?"
_POST = (
    r"(?:[ \n](?:[a-z]+ing|close|familiar|briefed|involved|based|of|in|for|at|from|on|outside|"
    r"inside|across|behind|near|along|under)[ \n][^,.;:!?\"“”]{1,60}?)?"
)
THEN_VERB = re.compile(
    rf"{_POST}{_APPOSITION}[ \n,]*(?:and[ \n])?{_ADVERBS}{_VERB}|[’'](?:s|ll|ve|re|d|m)[ \n]+{_ADVERBS}(?:\w+(?:ed|"
    rf"ing)\b|not\b|been\b)|[’'](?:ll|ve|re|d|m)\b"
)
ACTS = re.compile(r"\b(?:with|by|between|against|told|urged|accused)[ \n]$|[ \n]and[ \n]$")
# After a plural the verb has no ending, so any word will do that is not a preposition or conjunction.
PLURAL_VERB = re.compile(
    r"[ \n](?!(?:of|in|to|and|or|nor|for|at|on|by|with|from|who|which|that|as|than|but|whose|"
    r"while|when|where|after|before|because|if|"
    r"into|over|under|about|against|between|among|across|during|since|until|without|within|like|near|alike|themselves|both|all|the)\b)"
    r"[a-z]{2,}(?<!ing)\b"
)
PREPOSED = re.compile(
    r"\b(?:of|in|with|from|to|by|between|against|for|on|at|over|towards?|about|than|like|as|"
    r"among|without|(?<=[\w,] )and)[ \n](?:the[ \n]|both[ \n])?$",
    re.IGNORECASE,
)
