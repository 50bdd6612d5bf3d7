"""One paragraph of an article: its place and what kind it is. The type that layout and turns share."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["prose", "item", "heading", "furniture"]


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """`start`, `end`: offsets of the text proper; `speaker`: its label in a transcript or interview, else ''.

    `line` is where the whole line starts, labels included; `source` is the agency of a dateline;
    `marked` tells of bold type or a leading dash.
    """

    start: int
    end: int
    line: int
    kind: Kind
    speaker: str = ""
    source: str = ""
    marked: Literal["bold", "dash", ""] = ""
