"""`detente`: finds the command, runs it, and turns every error of ours into one line and exit code 2.

Each command is a file of `detente/commands` with `HELP`, `add_arguments` and `run`; what a command
needs is imported when it runs, so that `detente --help` answers at once.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from models.errors import DetenteError

COMMANDS = (
    "read",
    "evaluate",
    "compare",
    "prevalence",
    "label",
    "label_backend",
    "train",
    "gate",
    "promote",
    "rollback",
    "history",
    "mlflow",
    "score",
    "verify",
    "timeline",
    "serve",
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="detente", description="How willing is this party to negotiate with that one, now?"
    )
    parser.add_argument("--version", action="store_true", help="print the version and the released model, and stop")
    parser.add_argument("--debug", action="store_true", help="show a traceback for errors in Détente itself")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"detente.commands.{name}")
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.version:
        print(_version())
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    try:
        result: int = importlib.import_module(f"detente.commands.{options.command}").run(options)
        return result
    except DetenteError as error:
        if options.debug:
            raise
        print(f"detente {options.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of a pipe went away; Python would complain again while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"detente {options.command}: interrupted", file=sys.stderr)
        return 130


def _version() -> str:
    from importlib.metadata import version

    from models.bundle import released_path

    try:
        released = released_path().name
    except DetenteError:
        released = "no released model"
    return f"detente {version('detente')} ({released})"


if __name__ == "__main__":
    sys.exit(main())
