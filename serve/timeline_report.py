"""A timeline as JSON, and as tables for a terminal with the contradictions in plain sentences.

Knows how a person reads a timeline. Does not compute any of it.
"""

import io
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.axis import Axis
from serve.stance_means import StanceMean
from serve.stance_tables import colour
from serve.timeline import Contradiction, Stand, Timeline

SHOWN_SHARE = 0.1


def as_json(timeline: Timeline) -> dict[str, Any]:
    """Numbers rounded to four places, days in ISO 8601."""
    content = asdict(timeline)
    content["axis"] = {"name": timeline.axis.name, "values": dict(_values(timeline.axis))}
    for found, given in zip(content["contradictions"], timeline.contradictions, strict=True):
        found["sentence"] = sentence(given, timeline.axis)
    rounded: dict[str, Any] = _rounded(content)
    return rounded


def _values(axis: Axis) -> list[tuple[str, float]]:
    return list(zip(axis.on_axis_names, axis.values, strict=True))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def nearest_label(value: float, axis: Axis) -> str:
    return min(_values(axis), key=lambda one: abs(one[1] - value))[0]


def shares(stand: Stand) -> str:
    """The labels that matter in a stand, the most frequent first."""
    found = sorted(stand.shares.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {share:.0%}" for name, share in found if share >= SHOWN_SHARE)


def interval(mean: StanceMean) -> str:
    return f"{mean.value:+.2f} [{mean.low:+.2f}, {mean.high:+.2f}]"


def sentence(found: Contradiction, axis: Axis) -> str:
    """What contradicts what, in words."""
    one, other = found.one, found.other
    deeds = "acts narrated of " if other.kind == "acts" else "quotes of "
    of = f" ({found.side})" if found.side not in (one.holder, other.holder) else ""
    return (
        f"{found.sort}{of}: the quotes of {one.holder} lean to {nearest_label(one.mean.value, axis)} "
        f"{interval(one.mean)}, the {deeds}{other.holder} to {nearest_label(other.mean.value, axis)} "
        f"{interval(other.mean)}; difference [{found.low:+.2f}, {found.high:+.2f}]"
    )


def as_table(timeline: Timeline, *, width: int, colours: bool) -> str:
    buffer = io.StringIO()
    console = Console(
        file=buffer, width=width, force_terminal=colours, color_system="truecolor" if colours else None, highlight=False
    )
    console.print(_stands(timeline))
    console.print()
    if timeline.contradictions:
        console.print(Text("Contradictions", style="bold"))
        for found in timeline.contradictions:
            console.print(Text(f"  ! {sentence(found, timeline.axis)}"))
    else:
        console.print(Text("No contradiction that is beyond doubt."))
    if timeline.series:
        console.print()
        console.print(_series(timeline))
    notes = [f"{timeline.statements:,} statements"]
    if timeline.undated:
        notes.append(f"{timeline.undated:,} without a day (a day without a year is used with --year)")
    if timeline.failed:
        notes.append(f"{timeline.failed:,} rows with an error left out")
    if timeline.holders_left_out:
        notes.append(f"{timeline.holders_left_out:,} holders with fewer statements left out (--holders)")
    console.print(Text("; ".join(notes) + ". Intervals are 95 %."))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _stands(timeline: Timeline) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name in ("side", "holder → counterpart", "in"):
        table.add_column(name)
    table.add_column("n", justify="right")
    table.add_column("stance", no_wrap=True)
    table.add_column("labels")
    for stand in timeline.stands:
        shown = stand.mean.weight >= 0.5
        label = nearest_label(stand.mean.value, timeline.axis)
        table.add_row(
            Text(stand.side),
            Text(stand.holder + (f" → {stand.counterpart}" if stand.counterpart else "")),
            stand.kind,
            f"{stand.mean.statements:,}",
            Text(interval(stand.mean), style=f"bold {colour(timeline.axis, label)}") if shown else Text("– (none)"),
            Text(shares(stand)) if shown else Text(""),
        )
    return table


def _series(timeline: Timeline) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name in ("holder → counterpart", timeline.series[0].period, "n", "stance", "change"):
        table.add_column(name, justify="right" if name == "n" else "left")
    for series in timeline.series:
        name = series.holder + (f" → {series.counterpart}" if series.counterpart else "")
        for number, one in enumerate(series.periods):
            until = series.periods[number + 1].start if number + 1 < len(series.periods) else None
            changes = [c for c in series.changes if one.start <= c.day and (until is None or c.day < until)]
            table.add_row(
                Text(name if number == 0 else ""),
                one.start.isoformat(),
                f"{one.mean.statements:,}",
                interval(one.mean) if one.mean.weight >= 0.5 else "– (none)",
                "; ".join(f"{c.day}: {c.before:+.2f} → {c.after:+.2f} (p = {c.p:.3f})" for c in changes),
            )
    return table
