"""Where sentences end. Knows English abbreviations; does not know quotations or speakers.

A hundred lines of rules in place of a parser: see docs/decisions/0002-article-reader.md.
"""

import re

from models.reading_lexicon import word_set

_END = re.compile(r"(?:[.!?…]+)(?P<tail>['\"”’»)\]*_]*(?:\[\d+\])?)(?P<gap>\s+)(?=(?P<next>\S+))|\n\n+")
_NEVER_LAST = word_set(
    """
    adm amb apr aug brig capt cf cmdr col dec dr e.g est feb fr ft gen gov hon i.e insp jan jul jun lt maj mar
    messrs mr mrs ms mt mx nov oct pres prof rep rev sen sep sept sgt st supt vs
    """
)
# Abbreviations only before a number: "No. 5", but "No. They left."
_BEFORE_NUMBER = word_set("no nos art sec fig pp vol")
_OFTEN_INSIDE = re.compile(r"(?:^|[\s(“\"‘'])(?:(?:[A-Za-z]\.){1,4}[A-Za-z]|Inc|Ltd|Co|Corp|Bros|Jr|Sr|etc|a\.m|p\.m)$")
_INITIAL = re.compile(r"(?:^|[\s(“\"‘'.])[A-Z]$")
_STARTERS = word_set(
    """
    the a an we they it he she i you this that these those there in on at but and if when while as for our his
    her its their however meanwhile so then no not after before since although though what why how who where yet
    """
)


def split_sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the sentences in text[start:end], without surrounding white space, in order."""
    spans: list[tuple[int, int]] = []
    begin = start
    for found in _END.finditer(text, start, end):
        if found.group("gap") is None or _ends_here(text, found, begin):
            _add(spans, text, begin, found.start("gap") if found.group("gap") else found.start())
            begin = found.end()
    _add(spans, text, begin, end)
    return spans


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append((start, end))


def _ends_here(text: str, found: re.Match[str], begin: int) -> bool:
    following = found.group("next").lstrip("'\"“‘«„([*_—–-")
    if not following:
        return found.group("next")[0] in '"“‘«„(['
    if following[0].islower():
        return False
    if text[found.start()] != "." or found.group("tail") or text[found.start() : found.end("gap")].count(".") > 1:
        return True
    before = text[max(begin, found.start() - 12) : found.start()]
    last = before.split()[-1].lstrip("('\"“‘") if before.split() else ""
    if last.lower() in _NEVER_LAST or (last.lower() in _BEFORE_NUMBER and following[0].isdigit()):
        return False
    next_word = re.split(r"\W", following)[0].lower()
    if _OFTEN_INSIDE.search(before):
        return next_word in _STARTERS
    if _INITIAL.search(before):
        # "J. Smith" goes on; "plan B. They left" does not.
        return (next_word in _STARTERS and last != "I") or (last == "I" and next_word in _STARTERS)
    return True
