"""What is known of a quotation's origin, and how quotations share it: speaker, date and source.

A citation stands after a quotation, or after the words that attribute it; it holds for the quotations
before it in the paragraph by the same speaker, and for all parts of one quotation. Does not find speakers.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.citations import citation_after
from models.quotations import Quotation

_ATTRIBUTING_WORDS = re.compile(r"[^()\n]{1,120}?\.?\s*(?=\([^()]+\))")


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The speaker of a quotation; `holder` is empty if the article does not tell."""

    holder: str
    affiliation: str = ""
    date: str | None = None
    source: str | None = None
    explicit: bool = True


def with_citation(text: str, known: Attribution, quotation: Quotation, limit: int) -> Attribution:
    """The attribution with the citation that follows the quotation before `limit`, if one does."""
    citation = citation_after(text, quotation.outer_end, limit)
    if citation is None and (words := _ATTRIBUTING_WORDS.match(text, quotation.outer_end, limit)):
        # "…," she said (Radio Nord, 4 May).
        citation = citation_after(text, words.end(), limit)
    if citation is None:
        return known
    return replace(known, date=citation.date or known.date, source=citation.source or known.source)


def share_citation(by_start: dict[int, Attribution], paragraph: Sequence[Quotation]) -> None:
    """Gives the quotations of one paragraph by one speaker the citation that stands after the last."""
    for earlier, later in reversed(list(itertools.pairwise(paragraph))):
        first, second = by_start.get(earlier.start), by_start.get(later.start)
        if first and second and first.holder == second.holder and not (first.date or first.source):
            by_start[earlier.start] = replace(first, date=second.date, source=second.source)


def share_groups(by_start: dict[int, Attribution], quotations: Sequence[Quotation]) -> None:
    """Gives all parts of a quotation over several paragraphs one speaker and one citation."""
    groups: dict[int, list[Quotation]] = {}
    for quotation in quotations:
        groups.setdefault(quotation.group, []).append(quotation)
    for parts in groups.values():
        known = [by_start[q.start] for q in parts if q.start in by_start]
        if len(parts) < 2 or not known:
            continue
        speaker = next((a for a in known if a.explicit), known[0])
        date = next((a.date for a in known if a.date), None)
        source = next((a.source for a in known if a.source), None)
        for quotation in parts:
            by_start[quotation.start] = replace(speaker, date=date, source=source)
