"""A statement: some text, whose stance is read (holder) and towards whom (counterpart).

Knows the record form used in files and the perspective string that the model is given. Does not
know how statements are found in an article, nor what stance they show.
"""

from dataclasses import dataclass
from typing import Literal

Voice = Literal["narration", "quote", "nested"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One unit of analysis.

    `start` and `end` are character offsets into the decoded source, so that
    `source_text[start:end] == text`; None where the statement did not come from an article.
    `holder` or `counterpart` may be empty: then the default of the codebook is meant.
    `date` is ISO 8601 where the year is known, else as far as the text gives it.
    """

    text: str
    holder: str = ""
    counterpart: str = ""
    voice: Voice | None = None
    start: int | None = None
    end: int | None = None
    date: str | None = None
    source: str | None = None

    @property
    def perspective(self) -> str:
        return perspective(self.holder, self.counterpart)


def perspective(holder: str, counterpart: str) -> str:
    """The second text of the model's input pair: 'holder -> counterpart'; '' with neither."""
    holder, counterpart = holder.strip(), counterpart.strip()
    if not holder and not counterpart:
        return ""
    return f"{holder} -> {counterpart}".strip()
