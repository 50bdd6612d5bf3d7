"""`detente compare`: two reports on the same units, as paired differences and a plain sentence."""

import argparse
from pathlib import Path
from typing import Any

HELP = "compare two reports of `detente evaluate` on the same units"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("left", type=Path, help="report (JSON) of one model")
    parser.add_argument("right", type=Path, help="report (JSON) of the other; differences are right minus left")
    parser.add_argument("--measure", default="alpha_ordinal", help="what the sentence and the slices are about")
    parser.add_argument(
        "--margin", type=float, help="margin within which the two count as equivalent, given beforehand"
    )
    parser.add_argument("--out", type=Path, help="write the comparison as JSON")


def run(options: argparse.Namespace) -> int:
    from eval.comparison import compare, read_report
    from eval.harness import write_report
    from models.errors import InputError

    if options.margin is not None and options.margin <= 0:
        raise InputError(f"--margin must be above 0, not {options.margin:g}")
    result = compare(
        read_report(options.left), read_report(options.right), measure=options.measure, margin=options.margin
    )
    if options.out:
        write_report(result, options.out)
    print(as_text(result))
    return 0


def as_text(result: dict[str, Any]) -> str:
    from eval.scores import MEASURE

    lines = [
        f"{result['right']} minus {result['left']}: {result['n']} shared units, {result['clusters']} clusters, "
        "paired 95 % bootstrap intervals",
    ]
    if any(result["left_out"].values()):
        out = result["left_out"]
        lines.append(f"Left out, for the other report lacks them: {out['left']} and {out['right']} unit(s).")
    lines += ["", f"  {'':<46}{'left':>8}{'right':>8}   difference"]
    for name, one in result["differences"].items():
        lines.append(f"  {MEASURE[name].title:<46}{_side(one['left'])}{_side(one['right'])}   {_change(one)}")
    if result["slices"]:
        lines += ["", f"  slices ({result['measure']}; by label: accuracy), p corrected by Holm"]
        for key, one in result["slices"].items():
            corrected = f"  p = {one['p_holm']:.3f}" if "p_holm" in one else ""
            name = f"{key} (n = {one['n']})"
            lines.append(f"  {name:<46}{_side(one['left'])}{_side(one['right'])}   {_change(one)}{corrected}")
    return "\n".join([*lines, "", result["sentence"]])


def _side(value: float | None) -> str:
    return f"{'–':>8}" if value is None else f"{value:>8.3f}"


def _change(one: dict[str, Any]) -> str:
    if one["value"] is None:
        return "undefined"
    if one["low"] is None:
        return f"{one['value']:+.3f} [no interval]"
    return f"{one['value']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"
