"""The small parts of the report's page: numbers as text, cells, tables, sections.

Knows HTML and how a number with its interval is written. Does not know what is reported.
"""

from collections.abc import Iterable
from html import escape

from eval.report_charts import Measure


def section(name: str, title: str, content: str) -> str:
    return f'<section>\n<h2 id="{name}">{escape(title)}</h2>\n{content}\n</section>\n'


def header(*columns: tuple[str, str]) -> str:
    return "".join(
        f'<th scope="col" class="{css}">{escape(title)}</th>' if title else f'<td class="{css}"></td>'
        for title, css in columns
    )


def table(caption: str, head: str, bodies: Iterable[str], name: str, css: str = "") -> str:
    """A table with its caption before it: inside, a wide table would carry the caption out of sight on a phone.

    `bodies` are rows, or whole `tbody` elements.
    """
    inside = "".join(bodies)
    inside = inside if inside.startswith("<tbody>") else f"<tbody>{inside}</tbody>"
    # Wide tables scroll by themselves on a phone, and must then be reachable by keyboard.
    return (
        f'<p class="caption">{escape(caption)}</p><div class="scroll" role="region" tabindex="0" '
        f'aria-label="Table: {escape(name)}"><table class="{css}" aria-label="{escape(name)}"><thead><tr>{head}</tr>'
        f"</thead>{inside}</table></div>"
    )


def number(value: float | None, sign: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:{'+' if sign else ''}.3f}".replace("-", "−")


def interval(measure: Measure) -> str:
    if measure["low"] is None:
        return "no interval" if measure["value"] is not None else "undefined"
    return f"{number(measure['low'])} to {number(measure['high'])}"


def percent(measure: Measure) -> str:
    low, high = measure["low"], measure["high"]
    return "–" if low is None or high is None else f"{100 * low:.0f} to {share(high)}"


def share(value: float) -> str:
    return f"{100 * value:.0f}\u00a0%"


def value_cell(measure: Measure, sign: bool = False) -> str:
    if measure["value"] is None:
        return '<td class="number">–</td>'
    low, high = measure["low"], measure["high"]
    value = f"{measure['value']:{'+' if sign else ''}.2f}"
    interval = "" if low is None or high is None else f' <span class="range">[{low:.2f}, {high:.2f}]</span>'
    return f'<td class="number">{value}{interval}</td>'.replace("-0", "−0").replace("-1", "−1")


def as_sentence(text: str) -> str:
    text = text.strip()
    return (text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")) if text else ""
