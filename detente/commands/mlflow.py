"""`detente mlflow`: mirror a candidate and the release in force in an MLflow server (extra `mlflow`)."""

import argparse
from pathlib import Path

HELP = "log a candidate to MLflow and move champion and challenger"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("candidate", type=Path, nargs="?", help="bundle to log; without one only champion is moved")
    parser.add_argument("--server", required=True, help="tracking server, such as http://127.0.0.1:5000")
    parser.add_argument("--axis", default="negotiation", help="axis whose release is followed (default: negotiation)")
    parser.add_argument("--registry", type=Path, help="folder of released bundles (default: the shipped one)")


def run(options: argparse.Namespace) -> int:
    from models.bundle import registry_folder
    from training.model_tracking import ModelTracking

    registry = options.registry or registry_folder()
    tracking = ModelTracking(options.server)
    if options.candidate:
        print(f"version {tracking.publish(options.candidate, registry)} is the challenger")
    number = tracking.follow(options.axis, registry)
    print(f"version {number} is the champion" if number else f"nothing is released in {registry} yet: no champion")
    return 0
