"""Prints what a corpus holds: counts, mixes, agreement of its two passes where there are two. For the datasheet.

Knows how to count. Changes nothing.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from eval.agreement import alpha_nominal, alpha_ordinal
from models.axis import DEFAULT_AXIS, Axis, load_axis
from training.corpus_file import LabelledStatement, read_corpus

CORPUS_FOLDER = Path(__file__).parent / "corpus"


def corpus_figures(statements: Sequence[LabelledStatement], axis: Axis) -> dict[str, str]:
    """Name of a figure to its value, ready to be shown."""
    by_text: dict[str, list[LabelledStatement]] = defaultdict(list)
    groups: dict[str, set[str]] = defaultdict(set)
    for one in statements:
        by_text[one.text].append(one)
        groups[one.group].add(one.text)
    words = [len(text.split()) for text in by_text]
    shares = Counter(s.label for s in statements)
    pairs = sum(a.label != b.label for members in by_text.values() for a, b in pairwise(members))
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
        **_passes(statements, axis),
    }


def _passes(statements: Sequence[LabelledStatement], axis: Axis) -> dict[str, str]:
    """Agreement over the examples that were labelled twice; one pass agrees with nothing."""
    twice = [s for s in statements if s.label_b]
    if not twice:
        return {"examples labelled twice": "0: no agreement to report"}
    first, second = [s.label_a for s in twice], [s.label_b for s in twice]
    agree = sum(a == b for a, b in zip(first, second, strict=True)) / len(twice)
    return {
        "examples labelled twice": str(len(twice)),
        "self-consistency: the two passes agree on": f"{agree:.1%}",
        "self-consistency: α nominal, all labels": f"{alpha_nominal(axis, first, second):.3f}",
        "self-consistency: α ordinal, units on the axis in both": f"{alpha_ordinal(axis, first, second):.3f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="what a corpus holds, as rows of a Markdown table")
    parser.add_argument("paths", type=Path, nargs="*", help="corpus files or folders (default: the axis's own)")
    parser.add_argument("--axis", default=DEFAULT_AXIS)
    options = parser.parse_args()
    axis = load_axis(options.axis)
    paths = options.paths or [axis.folder(CORPUS_FOLDER)]
    for name, value in corpus_figures(read_corpus(paths, axis), axis).items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
