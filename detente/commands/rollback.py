"""`detente rollback`: put the release before the present one in force again."""

import argparse
from pathlib import Path

HELP = "go back to the release before"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--axis", default="negotiation", help="axis of the release (default: negotiation)")
    parser.add_argument("--registry", type=Path, help="folder of released bundles (default: the shipped one)")
    parser.add_argument("--reason", default="", help="goes into the history")


def run(options: argparse.Namespace) -> int:
    from models.bundle import registry_folder
    from training.promotion import rollback

    registry = options.registry or registry_folder()
    left, now = rollback(registry=registry, axis=options.axis, reason=options.reason)
    print(f"{now} is released again in place of {left}")
    return 0
