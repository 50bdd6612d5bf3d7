"""`detente train`: one recipe to one candidate bundle."""

import argparse
from pathlib import Path

HELP = "train a candidate bundle from a recipe"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, help="a recipe, such as training/recipes/retrain-demo.toml")
    parser.add_argument("--out", type=Path, required=True, help="folder of the candidate bundle")
    parser.add_argument("--data", type=Path, action="append", default=[], help="more labelled statements (.jsonl)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    from training.train import train

    path = train(options.recipe, options.out, more_data=options.data, quiet=options.quiet)
    print(f"candidate {path} is ready; detente evaluate GOLD.jsonl --model {path} shows its agreement")
    return 0
