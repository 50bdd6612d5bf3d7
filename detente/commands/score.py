"""`detente score`: files of statements in, the same rows with their stance out."""

import argparse
import sys
from pathlib import Path
from typing import Any

HELP = "score files of statements (.jsonl, .csv, .parquet): one output row for each input row"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", help="a file, a folder, or a glob in quotes; .jsonl and .csv also as .gz or .zst")
    parser.add_argument(
        "--out",
        required=True,
        help="output file, its form by its suffix; or a folder, which gets a file for each input",
    )
    parser.add_argument("--model", type=Path, help="bundle to use (default: the released one of the axis)")
    parser.add_argument("--axis", help="axis to score on (default: the bundle's, else negotiation)")
    parser.add_argument("--engine", choices=("cpu", "torch", "ray"), default="cpu", help="what runs the model")
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine (default: all cores)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of the ray engine")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was cut off")
    parser.add_argument("--shard-rows", type=int, help="rows between two points to go on from (default: 20,000)")
    parser.add_argument("--max-errors", type=int, help="stop when more rows than this have an error")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors that stop the run")


def run(options: argparse.Namespace) -> int:
    from models.errors import InputError
    from serve.batch_scorer import SHARD_ROWS, ScoreSettings, score_file
    from serve.record_files import Inputs, find_inputs, output_folder, require_form

    for name, least in (("shard_rows", 1), ("max_errors", 0), ("threads", 0), ("workers", 1)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise InputError(f"--{name.replace('_', '-')} must be at least {least}, not {value}")
    out = Path(options.out)
    folder = output_folder(options.out)
    if not folder:
        require_form(out)
    inputs = find_inputs(options.input, out=out)
    settings = ScoreSettings(
        engine=options.engine,
        shard_rows=options.shard_rows or SHARD_ROWS,
        resume=options.resume,
        max_errors=options.max_errors,
        quiet=options.quiet,
    )
    bundle, scorer = _scorer(options)
    jobs = [(inputs, out)]
    if folder:
        jobs = [(Inputs(base=inputs.base, files=(path,)), out / inputs.name(path)) for path in inputs.files]
    for job, target in jobs:
        summary = score_file(job, target, bundle=bundle, scorer=scorer, settings=settings)
        if not options.quiet:
            print(as_text(summary), file=sys.stderr)
    return 0


def _scorer(options: argparse.Namespace) -> tuple[Any, Any]:
    """The bundle and what scores blocks with it."""
    if options.engine == "ray":
        from models.classifier import chosen_bundle
        from serve.ray_data import RayScorer

        bundle = chosen_bundle(options.model, options.axis)
        return bundle, RayScorer(bundle, workers=options.workers, threads=options.threads or 1)
    from models.classifier import StanceClassifier
    from serve.statement_scorer import StatementScorer

    classifier = StanceClassifier.load(options.model, engine=options.engine, threads=options.threads, axis=options.axis)
    return classifier.bundle, StatementScorer(classifier)


def as_text(summary: Any) -> str:
    """The summary of a run, for a person."""
    if summary.already:
        return f"{summary.out} is complete already: {summary.rows:,} rows for this input and model"
    failed = sum(summary.errors.values())
    lines = [f"{summary.rows:,} rows are in {summary.out}, {summary.rate:,.0f} rows/s"]
    if failed:
        by_kind = ", ".join(f"{kind} {count:,}" for kind, count in summary.errors.items())
        lines.append(f"  {failed:,} with an error instead of a stance: {by_kind}")
    if summary.tally["windowed"]:
        lines.append(f"  {summary.tally['windowed']:,} longer than the model reads at once: scored by windows")
    if summary.tally["abstained"]:
        lines.append(f"  {summary.tally['abstained']:,} below the confidence at which the model is reliable (abstain)")
    return "\n".join(lines)
