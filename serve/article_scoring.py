"""An article file to scored statements: reading and classifying joined.

Knows the two calls and their order. Does not know how either works, nor how the result is shown.
"""

import sys
from pathlib import Path

from models.article_reader import read_article
from models.classifier import StanceClassifier
from models.errors import InputError
from serve.stance_tables import ScoredStatement


def article_bytes(path: str) -> bytes:
    """The bytes of a file, or of standard input for '-'. Raises InputError."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"no file {path}: name an article, or - to read standard input") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder: name one article; `detente score` takes folders") from None
    except OSError as fault:
        raise InputError(f"cannot read {path}: {fault.strerror}") from None


def score_article(text: str, classifier: StanceClassifier) -> list[ScoredStatement]:
    """The statements of a decoded article in their order. Raises InputError where there is none."""
    statements = read_article(text)
    stances = classifier.classify(statements)
    return [
        ScoredStatement(statement=statement, stance=stance, model=classifier.bundle.version)
        for statement, stance in zip(statements, stances, strict=True)
    ]
