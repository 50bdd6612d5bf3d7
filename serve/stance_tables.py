"""Statements with their stance, shown: a table on the terminal, JSON objects, a page of HTML.

Knows statements, distributions and how a person reads them. Does not know where they came from.
"""

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.axis import Axis
from models.stance import StanceDistribution
from models.statement import Statement

# Diverging, colour-blind safe (ColorBrewer RdBu), from the warm end of the axis to the other one.
SCALE = ("#b2182b", "#ef8a62", "#b8b8b8", "#67a9cf", "#2166ac")
OFF_AXIS = "#8a8a8a"


@dataclass(frozen=True, kw_only=True)
class ScoredStatement:
    """A statement and what the model of that version says of it."""

    statement: Statement
    stance: StanceDistribution
    model: str


def colour(axis: Axis, label: str) -> str:
    """The colour of a label: its place on the axis, spread over the scale."""
    if label == axis.off_axis.name:
        return OFF_AXIS
    place = axis.index(label) / (len(axis.labels) - 1)
    if axis.warm_end == "high":
        place = 1 - place
    return SCALE[round(place * (len(SCALE) - 1))]


def stance_fields(stance: StanceDistribution, model: str) -> dict[str, Any]:
    """The fields that `score` and `read` add to a record."""
    return {
        "label": stance.label,
        "score": round(stance.score, 6),
        "confidence": round(stance.confidence, 6),
        "abstain": stance.abstain,
        "probabilities": {name: round(p, 6) for name, p in stance.by_label.items()},
        "error": None,
        "model": model,
    }


def as_record(scored: ScoredStatement) -> dict[str, Any]:
    """The JSON object of `detente read --format json`."""
    s = scored.statement
    return {
        "text": s.text,
        "start": s.start,
        "end": s.end,
        "holder": s.holder or None,
        "counterpart": s.counterpart or None,
        "voice": s.voice,
        "date": s.date,
        "source": s.source,
        **stance_fields(scored.stance, scored.model),
    }


def as_table(scored: Sequence[ScoredStatement], *, width: int, colours: bool) -> str:
    """A table for a terminal of that width; an abstention is marked with a question mark."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("stance", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("conf.", justify="right", no_wrap=True)
    table.add_column("holder → counterpart", max_width=max(20, width // 4))
    table.add_column("voice", no_wrap=True)
    table.add_column("statement")
    for one in scored:
        stance, statement = one.stance, one.statement
        shown = f"{stance.label} ?" if stance.abstain else stance.label
        off = stance.label == stance.axis.off_axis.name
        parties = f"{statement.holder or '–'} → {statement.counterpart or '–'}"
        table.add_row(
            Text(shown, style=f"bold {colour(stance.axis, stance.label)}"),
            "–" if off else f"{stance.score:+.2f}",
            f"{stance.confidence:.2f}",
            Text(parties),
            statement.voice or "",
            Text(" ".join(statement.text.split())),
        )
    buffer = io.StringIO()
    Console(
        file=buffer, width=width, force_terminal=colours, color_system="truecolor" if colours else None, highlight=False
    ).print(table)
    abstained = sum(one.stance.abstain for one in scored)
    note = f"{len(scored)} statements; {abstained} marked ? are below the confidence at which the model is reliable"
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + f"\n{note}\n"


def as_html(scored: Sequence[ScoredStatement], *, title: str) -> str:
    """One self-contained page; no request leaves it."""
    rows = []
    for one in scored:
        statement, stance = one.statement, one.stance
        bars = " ".join(f"{name} {p:.2f}" for name, p in stance.by_label.items())
        cells = (
            f'<td><span class="label" style="background:{colour(stance.axis, stance.label)}">{stance.label}</span>'
            f"{' ?' if stance.abstain else ''}</td>",
            f"<td>{stance.score:+.2f}</td>" if stance.label != stance.axis.off_axis.name else "<td>–</td>",
            f'<td title="{html.escape(bars)}">{stance.confidence:.2f}</td>',
            f"<td>{html.escape(statement.holder or '–')} → {html.escape(statement.counterpart or '–')}</td>",
            f"<td>{statement.voice or ''}</td>",
            f"<td>{html.escape(statement.text)}</td>",
            f"<td>{html.escape(' '.join(part for part in (statement.source, statement.date) if part))}</td>",
        )
        rows.append("<tr>" + "".join(cells) + "</tr>")
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("stance", "score", "confidence", "holder → counterpart", "voice", "statement", "source")
    )
    model = html.escape(scored[0].model) if scored else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_CSS}</style></head><body><main>"
        f"<h1>{html.escape(title)}</h1><p>{len(scored)} statements, model {model}. "
        "A question mark: the model is not confident enough to be relied on.</p>"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        "</main></body></html>\n"
    )


_CSS = (
    "body{font:16px/1.45 system-ui,sans-serif;margin:1.5rem;color:#1b1b1b;background:#fff}"
    ".wide{overflow-x:auto}table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;"
    "padding:.35rem .6rem;border-bottom:1px solid #ddd}.label{color:#000;padding:.1rem .45rem;border-radius:.3rem;"
    "font-weight:600;outline:2px solid #fff;outline-offset:-1px;-webkit-text-stroke:0}"
    "span[style*='b2182b'],span[style*='2166ac']{color:#fff}"
)
