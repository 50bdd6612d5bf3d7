"""A timeline as a figure for a report (SVG, PNG or PDF): where holders stand, and how that changed.

Knows marks and colours. The same timeline gives the same bytes. Does not compute any of it.
"""

from pathlib import Path
from typing import Any

from models.errors import InputError
from serve.stance_tables import colour
from serve.timeline import Series, Stand, Timeline
from serve.timeline_report import nearest_label, sentence

FORMS = (".svg", ".png", ".pdf")
MARKERS = {"quotes": "o", "acts": "s", "narration": "D", "statements": "o"}
MOST_SERIES = 6


def plot(timeline: Timeline, path: Path, *, title: str) -> None:
    """Raises InputError where the file cannot be written."""
    if path.suffix.lower() not in FORMS:
        raise InputError(f"{path}: the name of a plot must end in {', '.join(FORMS)}")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    # Fixed ids and no date: a report under version control changes only with its figures.
    matplotlib.rcParams.update({"svg.hashsalt": "detente", "font.size": 9, "svg.fonttype": "none"})
    stands = [s for s in timeline.stands if not s.counterpart and s.kind in MARKERS and s.mean.weight >= 0.5]
    series = [s for s in timeline.series if not s.counterpart and len(s.periods) > 1][:MOST_SERIES]
    lines = [sentence(found, timeline.axis) for found in timeline.contradictions]
    heights = [0.32 * max(3, len(stands)) + 0.8, *([1.5] * len(series)), 0.22 * len(lines) + 0.3]
    figure, axes = plt.subplots(
        len(heights), 1, figsize=(9, sum(heights) + 0.8), height_ratios=heights, layout="constrained", squeeze=False
    )
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    _draw_stands(axes[0, 0], stands, timeline)
    for place, one in enumerate(series, 1):
        _draw_series(axes[place, 0], one, timeline)
    axes[-1, 0].axis("off")
    for number, line in enumerate(lines):
        axes[-1, 0].text(0, 1 - number / max(1, len(lines)), f"! {line}", fontsize=6.5, va="top", wrap=True)
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    try:
        figure.savefig(path, metadata=metadata, dpi=150)
    except OSError as fault:
        raise InputError(f"cannot write {path}: {fault.strerror}; name another file with --plot") from None
    finally:
        plt.close(figure)


def _scale(axis: Any, timeline: Timeline, *, across: bool) -> None:
    names, values = timeline.axis.on_axis_names, timeline.axis.values
    low, high, middle = values[0] - 0.2, values[-1] + 0.2, (values[0] + values[-1]) / 2
    if across:
        axis.set_xticks(values, names)
        axis.set_xlim(low, high)
        axis.axvline(middle, color="#999", linewidth=0.8)
    else:
        axis.set_yticks(values, names, fontsize=7)
        axis.set_ylim(low, high)
        axis.axhline(middle, color="#999", linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)


def _draw_stands(axis: Any, stands: list[Stand], timeline: Timeline) -> None:
    places = {(stand.holder, stand.kind): -number for number, stand in enumerate(stands)}
    for stand in stands:
        y = places[stand.holder, stand.kind]
        shade = colour(timeline.axis, nearest_label(stand.mean.value, timeline.axis))
        axis.plot([stand.mean.low, stand.mean.high], [y, y], color=shade, linewidth=2)
        axis.plot(stand.mean.value, y, MARKERS[stand.kind], color=shade, markeredgecolor="#222", markersize=6)
    names = [f"{s.holder}: {s.kind} (n = {s.mean.statements})" for s in stands]
    axis.set_yticks([places[s.holder, s.kind] for s in stands], names)
    axis.set_ylim(-max(1, len(stands)) + 0.3, 0.7)
    _scale(axis, timeline, across=True)
    axis.set_title("Where they stand (bars: 95 % interval)", loc="left", fontsize=9)


def _draw_series(axis: Any, series: Series, timeline: Timeline) -> None:
    days: list[Any] = [one.start for one in series.periods]
    means = [one.mean for one in series.periods]
    axis.fill_between(days, [m.low for m in means], [m.high for m in means], color="#2166ac", alpha=0.18, linewidth=0)
    axis.plot(days, [m.value for m in means], "o-", color="#2166ac", markersize=3.5, linewidth=1.2)
    for change in series.changes:
        day: Any = change.day
        axis.axvline(day, color="#c40", linewidth=1, linestyle="--")
        axis.text(day, timeline.axis.values[-1], f" {change.day}", fontsize=6.5, color="#c40", va="top")
    _scale(axis, timeline, across=False)
    axis.set_title(f"{series.holder}, by {series.period}", loc="left", fontsize=9)
