"""`detente read`: an article in, its statements with stance out."""

import argparse
import json
import shutil
import sys
from pathlib import Path

HELP = "read an article and show the stance of each statement in it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("article", help="text file of an article; - reads standard input")
    parser.add_argument("--format", choices=("table", "json", "html"), default="table", help="how to show it")
    parser.add_argument("--out", type=Path, help="write to this file instead of the terminal")
    parser.add_argument("--model", type=Path, help="bundle to use (default: the released one of the axis)")
    parser.add_argument("--axis", help="axis to read on (default: the bundle's, else negotiation)")
    parser.add_argument("--engine", choices=("cpu", "torch"), default="cpu", help="what runs the model")


def run(options: argparse.Namespace) -> int:
    from detente.shown import show
    from models.article_text import decode_article
    from models.classifier import StanceClassifier
    from serve.article_scoring import article_bytes, score_article
    from serve.stance_tables import as_html, as_record, as_table

    name = "standard input" if options.article == "-" else options.article
    # The article is looked at before the model is loaded: bad input answers at once.
    text = decode_article(article_bytes(options.article), name)
    scored = score_article(text, StanceClassifier.load(options.model, engine=options.engine, axis=options.axis))
    if options.format == "json":
        shown = json.dumps([as_record(one) for one in scored], indent=2, ensure_ascii=False) + "\n"
    elif options.format == "html":
        shown = as_html(scored, title=f"Stances in {Path(name).name}")
    else:
        terminal = sys.stdout.isatty() and not options.out
        shown = as_table(scored, width=shutil.get_terminal_size((140, 40)).columns, colours=terminal)
    show(shown, options.out)
    return 0
