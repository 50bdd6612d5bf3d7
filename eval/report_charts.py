"""The report's pictures as inline SVG: intervals, reliability, risk against coverage.

Colours are CSS variables of `report_style.css`, so that the pictures follow light, dark and print. Each
picture says in a title and a description what it shows. Knows numbers, not reports.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

Measure = dict[str, float | None]
WIDTH, HEIGHT = 360, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 12, 46
STEPS = {0.1: 5, 0.2: 4, 0.3: 3, 0.4: 4, 0.5: 5, 0.6: 6, 0.8: 4, 1.0: 5}
"""Ends that the vertical axis may have, and the number of steps to each that gives round ticks."""


def whisker(measure: Measure, low: float = 0.0, high: float = 1.0, reference: float | None = None) -> str:
    """A dot with its interval on a scale from `low` to `high`, for a table cell; the numbers stand beside it."""
    value = measure["value"]
    if value is None:
        return ""

    def x(number: float) -> float:
        return 4 + 152 * (min(max(number, low), high) - low) / (high - low)

    parts = ['<line class="track" x1="4" x2="156" y1="8" y2="8"/>']
    for mark in (low, (low + high) / 2, high):
        parts.append(f'<line class="track" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="5" y2="11"/>')
    if reference is not None:
        parts.append(f'<line class="reference" x1="{x(reference):.1f}" x2="{x(reference):.1f}" y1="1" y2="15"/>')
    if measure["low"] is not None and measure["high"] is not None:
        a, b = x(measure["low"]), x(measure["high"])
        parts.append(f'<line class="interval" x1="{a:.1f}" x2="{b:.1f}" y1="8" y2="8"/>')
    parts.append(f'<circle class="dot" cx="{x(value):.1f}" cy="8" r="4"/>')
    return f'<svg class="whisker" viewBox="0 0 160 16" aria-hidden="true">{"".join(parts)}</svg>'


def reliability(curve: Sequence[dict[str, Any]], ece: float | None) -> str:
    """Accuracy against confidence, one point a bin with its interval; area of the dots by number of units."""
    parts = [_axes("confidence of the model", "share that is right")]
    parts.append(f'<line class="reference" x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}"/>')
    total = sum(point["n"] for point in curve)
    path = " ".join(f"{_x(point['confidence']):.1f},{_y(point['accuracy']['value']):.1f}" for point in curve)
    parts.append(f'<polyline class="curve" points="{path}"/>')
    for point in curve:
        accuracy = point["accuracy"]
        at = _x(point["confidence"])
        if accuracy["low"] is not None:
            parts.append(
                f'<line class="interval" x1="{at:.1f}" x2="{at:.1f}" '
                f'y1="{_y(accuracy["low"]):.1f}" y2="{_y(accuracy["high"]):.1f}"/>'
            )
        radius = 3 + 7 * (point["n"] / total) ** 0.5
        parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{_y(accuracy["value"]):.1f}" r="{radius:.1f}"/>')
    described = "; ".join(
        f"confidence {point['confidence']:.2f}: {point['accuracy']['value']:.2f} right of {point['n']}"
        for point in curve
    )
    error = "" if ece is None else f" Expected calibration error {ece:.3f}."
    return _figure("Reliability curve", f"{described}.{error}", parts)


def risk_coverage(curve: Sequence[dict[str, Any]]) -> str:
    """Error rate among the most confident share of units, with its band; dashed: without any selection."""
    highest = max([point["risk"]["high"] or point["risk"]["value"] for point in curve] + [0.05])
    top = next(step for step in STEPS if highest <= step)
    parts = [_axes("share of statements kept, most confident first", "share of those that is wrong", top)]
    banded = [point for point in curve if point["risk"]["low"] is not None]
    if banded:
        upper = [f"{_x(point['coverage']):.1f},{_y(point['risk']['high'] / top):.1f}" for point in banded]
        lower = [f"{_x(point['coverage']):.1f},{_y(point['risk']['low'] / top):.1f}" for point in reversed(banded)]
        parts.append(f'<polygon class="band" points="{" ".join([*upper, *lower])}"/>')
    overall = curve[-1]["risk"]["value"]
    parts.append(
        f'<line class="reference" x1="{_x(0):.1f}" x2="{_x(1):.1f}" '
        f'y1="{_y(overall / top):.1f}" y2="{_y(overall / top):.1f}"/>'
    )
    points = " ".join(f"{_x(point['coverage']):.1f},{_y(point['risk']['value'] / top):.1f}" for point in curve)
    parts.append(f'<polyline class="curve" points="{points}"/>')
    described = "; ".join(
        f"{point['coverage']:.0%} kept: {point['risk']['value']:.1%} wrong"
        for point in curve
        if round(point["coverage"] * 100) % 25 == 0
    )
    return _figure("Risk against coverage", described + ".", parts)


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _axes(horizontal: str, vertical: str, top: float = 1.0) -> str:
    parts = []
    for step in range(STEPS[top] + 1):
        share = step / STEPS[top]
        parts.append(f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>')
        parts.append(
            f'<text class="tick" x="{LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share * top:.2g}</text>'
        )
    for step in range(6):
        share = step / 5
        parts.append(
            f'<text class="tick" x="{_x(share):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{share:.2g}</text>'
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="name" x="{_x(0.5):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(horizontal)}</text>'
    )
    parts.append(
        f'<text class="name" x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">'
        f"{escape(vertical)}</text>"
    )
    return "".join(parts)


def _figure(title: str, description: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}: '
        f'{escape(description)}">{"".join(parts)}</svg>'
    )
