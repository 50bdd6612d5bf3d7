"""`detente prevalence`: the share of each stance in a scored corpus, corrected by a labelled sample of it."""

import argparse
import json
from pathlib import Path
from typing import Any

HELP = "share of each stance in a scored corpus, corrected by a labelled random sample of it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scored", type=Path, help="what `detente score` wrote (.jsonl, .csv or .parquet)")
    parser.add_argument("--gold", type=Path, required=True, help="hand labels of a random sample of the same corpus")
    parser.add_argument("--axis", help="axis of the labels (default: the one that the scored file's labels are of)")
    parser.add_argument("--out", type=Path, help="write the result as JSON")


def run(options: argparse.Namespace) -> int:
    from eval.gold_set import read_gold
    from eval.scored_file import read_scored
    from models.axis import load_axis

    scored = read_scored(options.scored, load_axis(options.axis) if options.axis else None)
    result = _estimate(read_gold(options.gold, scored.axis), scored)
    if options.out:
        from models.errors import InputError

        try:
            options.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as fault:
            raise InputError(f"cannot write {options.out}: {fault.strerror}") from None
    print(_as_text(result))
    return 0


def _estimate(gold: Any, scored: Any) -> dict[str, Any]:
    import numpy as np

    from eval.prevalence import prevalence
    from eval.scored_file import match_gold
    from models.errors import GoldError

    matched = match_gold(gold, scored)
    random = [unit for unit in gold.units if unit.fields.get("sampling") == "random"]
    # Units picked for being hard are no random sample; where the gold says which ones are, only those count.
    sample = random or list(gold.units)
    missing = [unit for unit in sample if unit.id not in matched]
    if missing:
        raise GoldError(
            f"{gold.path}:{missing[0].line}: the unit {missing[0].id!r} is not among the scored statements "
            f"({len(missing)} of {len(sample)} are not): the sample must come from the corpus that was scored"
        )
    if len(sample) < 10:
        raise GoldError(f"{gold.path}: {len(sample)} labelled unit(s) of the corpus: label at least 10")
    # Units picked for another reason stay in the rest: leaving them out would make that a chosen part.
    used = {matched[unit.id].line for unit in sample}
    rest = [row for row in scored.rows if row.line not in used]
    if len(rest) < len(sample):
        raise GoldError(f"{scored.path}: only {len(rest)} statements are unlabelled: there is nothing to extend to")
    names = gold.axis.names
    clusters = dict(zip((unit.id for unit in gold.units), gold.clusters, strict=True))
    found = prevalence(
        np.array([[float(name == unit.label) for name in names] for unit in sample]),
        np.array([matched[unit.id].probabilities for unit in sample]),
        np.array([row.probabilities for row in rest]),
        labelled_clusters=[clusters[unit.id] for unit in sample],
        corpus_clusters=[row.cluster for row in rest],
    )
    return {
        "labelled": found.labelled,
        "unlabelled": found.unlabelled,
        "failed_rows": scored.failed,
        "sampling": "the units marked 'random'" if random else "not stated: the figures hold only if it was random",
        "weight_of_predictions": found.tuning,
        "shares": {
            name: {
                **found.corrected[place].as_json(),
                "naive": found.naive[place],
                "labelled_only": found.labelled_only[place].as_json(),
            }
            for place, name in enumerate(names)
        },
        "method": "prediction-powered inference with power tuning (Angelopoulos et al. 2023), cluster-robust",
        "provenance": {
            "model": scored.model,
            "corpus": scored.path.name,
            "corpus_hash": scored.sha256,
            "gold": gold.path.name,
            "gold_hash": gold.sha256,
            "axis_hash": gold.axis.content_hash,
        },
    }


def _as_text(result: dict[str, Any]) -> str:
    lines = [
        f"{result['unlabelled']} unlabelled statements corrected by {result['labelled']} labelled ones "
        f"(sampling: {result['sampling']}); 95 % intervals",
        "",
        f"  {'label':<14}{'corrected':<26}{'counted':>8}   {'labelled sample alone':<24}",
    ]
    for name, share in result["shares"].items():
        corrected = f"{share['value']:.3f} [{share['low']:.3f}, {share['high']:.3f}]"
        alone = share["labelled_only"]
        lines.append(
            f"  {name:<14}{corrected:<26}{share['naive']:>8.3f}   "
            f"{alone['value']:.3f} [{alone['low']:.3f}, {alone['high']:.3f}]"
        )
    lines.append(f"\n  weight given to the predictions: {result['weight_of_predictions']:.2f} of 1")
    return "\n".join(lines)
