"""`detente history`: what was released when, and what is in force."""

import argparse
import json
from pathlib import Path

HELP = "show what was released when"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--axis", help="this axis only")
    parser.add_argument("--registry", type=Path, help="folder of released bundles (default: the shipped one)")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="json: one line an entry")


def run(options: argparse.Namespace) -> int:
    from models.bundle import registry_folder
    from models.errors import BundleError
    from models.history import read_history

    registry = options.registry or registry_folder()
    entries = [one for one in read_history(registry) if options.axis in (None, one.axis)]
    if not entries:
        raise BundleError(f"nothing was released in {registry} yet: detente promote CANDIDATE")
    in_force = {one.axis: number for number, one in enumerate(entries)}
    for number, one in enumerate(entries):
        if options.format == "json":
            print(json.dumps(one.fields, ensure_ascii=False))
            continue
        mark = "*" if in_force[one.axis] == number else " "
        notes = [f"for {one.fields['replaces']}"] if one.fields.get("replaces") else []
        notes += [f"forced: {one.fields['forced']}"] if one.fields.get("forced") else []
        notes += [one.fields["reason"]] if one.fields.get("reason") else []
        print(f"{mark} {one.time:<25}  {one.action:<8}  {one.axis:<12}  {one.version:<24}  {'; '.join(notes)}".rstrip())
    return 0
