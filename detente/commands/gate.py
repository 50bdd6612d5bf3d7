"""`detente gate`: may this candidate replace the released model? Exit code 0 if it may, 1 if it is refused."""

import argparse
from pathlib import Path

HELP = "test a candidate bundle against the released model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("candidate", type=Path, help="folder of the candidate bundle, as made by detente train")
    parser.add_argument("--axis", help="refuse a candidate of any other axis")
    parser.add_argument(
        "--corpus", type=Path, action="append", default=[], help="take the corpus test from here (default: as released)"
    )
    parser.add_argument(
        "--gold", type=Path, action="append", default=[], help="gold of the candidate's new data: be better on it"
    )
    parser.add_argument("--rules", type=Path, help="rules (default: training/gates); promotion asks for the default")
    parser.add_argument("--registry", type=Path, help="folder of released bundles (default: the shipped one)")
    parser.add_argument("--out", type=Path, help="write the report here too")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(options: argparse.Namespace) -> int:
    import sys

    from eval.harness import write_report
    from models.bundle import registry_folder
    from training.gate_report import as_text, write_gate_report
    from training.gate_rules import read_rules
    from training.promotion_gate import gate

    def tell(step: str) -> None:
        if not options.quiet:
            print(f"  gate: {step} …", file=sys.stderr, flush=True)

    report = gate(
        options.candidate,
        registry=options.registry or registry_folder(),
        axis=options.axis,
        corpus=options.corpus,
        new_gold=options.gold,
        rules=read_rules(options.rules) if options.rules else None,
        tell=tell,
    )
    path = write_gate_report(report, options.candidate)
    if options.out:
        write_report(report, options.out)
    print(as_text(report))
    print(f"\nThe report is {path}.")
    return 0 if report["passed"] else 1
