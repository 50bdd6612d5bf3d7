"""Prints what a corpus holds: counts, mixes, agreement of its two passes. For the datasheet.

Knows how to count. Changes nothing.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from eval.agreement import alpha_nominal, alpha_ordinal
from models.axis import load_axis
from training.corpus_file import LabelledStatement, read_corpus

CORPUS_FOLDER = Path(__file__).parent / "corpus"


def corpus_figures(statements: Sequence[LabelledStatement]) -> dict[str, str]:
    """Name of a figure to its value, ready to be shown."""
    axis = load_axis()
    by_text: dict[str, list[LabelledStatement]] = defaultdict(list)
    groups: dict[str, set[str]] = defaultdict(set)
    for one in statements:
        by_text[one.text].append(one)
        groups[one.group].add(one.text)
    first, second = [s.label_a for s in statements], [s.label_b for s in statements]
    words = [len(text.split()) for text in by_text]
    shares = Counter(s.label for s in statements)
    pairs = sum(a.label != b.label for members in by_text.values() for a, b in pairwise(members))
    agree = sum(a == b for a, b in zip(first, second, strict=True)) / len(statements)
    return {
        "examples (text and perspective)": str(len(statements)),
        "different texts": str(len(by_text)),
        "mean words a text": f"{sum(words) / len(words):.1f} ({min(words)} to {max(words)})",
        "conflicts and domains": str(len({s.conflict for s in statements})),
        "forms": str(len({s.form for s in statements})),
        "texts with two or more perspectives": str(sum(len(members) > 1 for members in by_text.values())),
        "pairs of perspectives on one text with different labels": str(pairs),
        "groups of contrasting texts": str(sum(len(texts) > 1 for texts in groups.values())),
        "labels": ", ".join(f"{name} {shares[name] / len(statements):.1%}" for name in axis.names),
        "self-consistency: the two passes agree on": f"{agree:.1%}",
        "self-consistency: α nominal, all six labels": f"{alpha_nominal(axis, first, second):.3f}",
        "self-consistency: α ordinal, units on the axis in both": f"{alpha_ordinal(axis, first, second):.3f}",
    }


def main() -> None:
    paths = [Path(argument) for argument in sys.argv[1:]] or [CORPUS_FOLDER]
    for name, value in corpus_figures(read_corpus(paths, load_axis())).items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
