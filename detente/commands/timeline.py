"""`detente timeline`: scored statements to where each holder stands, when that changed, and contradictions."""

import argparse
import json
import shutil
import sys
from pathlib import Path

HELP = "show where each holder stands, how that changed, and where words contradict deeds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scored", type=Path, help="what `detente score` wrote, or `detente read --format json`")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to show it")
    parser.add_argument("--out", type=Path, help="write to this file instead of the terminal")
    parser.add_argument("--plot", type=Path, help="also draw it (.svg, .png or .pdf)")
    parser.add_argument("--year", type=int, help="the year of dates that name none, such as March 10")
    parser.add_argument("--period", choices=("day", "month", "quarter", "year"), help="default: fits the dates")
    parser.add_argument("--axis", help="axis of the scores (default: the one that the labels are of)")
    parser.add_argument("--holders", type=int, default=30, help="at most this many holders, those with most statements")


def run(options: argparse.Namespace) -> int:
    from detente.shown import show
    from models.axis import load_axis
    from models.errors import InputError
    from serve.scored_statements import read_scored
    from serve.timeline import make_timeline
    from serve.timeline_report import as_json, as_table

    if options.holders < 1 or (options.year is not None and not 1 <= options.year <= 9999):
        raise InputError("--holders must be at least 1 and --year a year from 1 to 9999")
    axis = load_axis(options.axis) if options.axis else None
    scored = read_scored(options.scored, axis, year=options.year)
    timeline = make_timeline(
        scored.rows, scored.axis, failed=scored.failed, holders=options.holders, period=options.period
    )
    if options.plot:
        from serve.timeline_plot import plot

        plot(timeline, options.plot, title=f"Stances in {options.scored.name}")
    if options.format == "json":
        shown = json.dumps(as_json(timeline), indent=2, ensure_ascii=False) + "\n"
    else:
        terminal = sys.stdout.isatty() and not options.out
        shown = as_table(timeline, width=shutil.get_terminal_size((140, 40)).columns, colours=terminal)
    show(shown, options.out)
    return 0
