"""`detente promote`: release a candidate that passed the gate."""

import argparse
from pathlib import Path

HELP = "release a candidate that passed the gate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("candidate", type=Path, help="folder of the candidate bundle")
    parser.add_argument("--registry", type=Path, help="folder of released bundles (default: the shipped one)")
    parser.add_argument("--force", metavar="REASON", help="release it against the gate; the reason goes into history")


def run(options: argparse.Namespace) -> int:
    from models.bundle import registry_folder
    from training.promotion import promote

    path = promote(options.candidate, registry=options.registry or registry_folder(), force=options.force)
    print(f"{path.name} is released; detente rollback takes it back")
    return 0
