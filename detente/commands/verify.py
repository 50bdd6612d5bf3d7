"""`detente verify`: whether what `detente score` wrote is complete and unchanged."""

import argparse
from pathlib import Path

HELP = "prove that an output of `detente score` is complete and unchanged"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="what was given to --out")
    parser.add_argument("--input", help="also prove that it was made from this input")


def run(options: argparse.Namespace) -> int:
    from serve.output_check import check_output

    found = check_output(options.out, given=options.input)
    print(found.text)
    return 0 if found.complete else 1
