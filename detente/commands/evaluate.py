"""`detente evaluate`: a model, or a file of predictions, against a gold file; table, JSON and HTML.

With `--behaviours` the behavioural checks, which need no gold file.
"""

import argparse
from pathlib import Path
from typing import Any

HELP = "measure agreement with hand labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gold", type=Path, nargs="?", help="gold file (.jsonl), such as eval/gold/seed_article.jsonl")
    parser.add_argument(
        "--behaviours", action="store_true", help="run the behavioural checks of eval/behaviours (the gold is optional)"
    )
    parser.add_argument("--model", type=Path, help="bundle to evaluate (default: the released one of the axis)")
    parser.add_argument("--axis", help="axis of the labels (default: the bundle's, else the one that they are of)")
    parser.add_argument(
        "--predictions", type=Path, help="evaluate these instead: a scored file with the gold's ids (any method's)"
    )
    parser.add_argument("--engine", choices=("cpu", "torch"), default="cpu", help="what runs the model")
    parser.add_argument("--out", type=Path, help="write the report as JSON")
    parser.add_argument("--html", type=Path, help="write the report as one HTML page")
    parser.add_argument("--slice", action="append", default=[], metavar="FIELD", help="one more field to slice by")
    parser.add_argument("--margin", type=float, help="equivalence margin on nominal alpha (default: the metadata's)")
    parser.add_argument("--allow-leak", action="store_true", help="evaluate on training texts too, and say so")
    parser.add_argument("--no-baselines", action="store_true", help="leave the baselines out (quicker)")


def run(options: argparse.Namespace) -> int:
    from eval.harness import write_report
    from models.errors import InputError

    if options.margin is not None and not 0 < options.margin < 1:
        raise InputError(f"--margin must lie between 0 and 1, not {options.margin:g}")
    if options.predictions and options.model:
        raise InputError("--predictions and --model exclude each other: name one")
    if options.gold is None and not options.behaviours:
        raise InputError("name a gold file, such as eval/gold/seed_article.jsonl, or ask for --behaviours")
    if options.behaviours and options.predictions:
        raise InputError("--behaviours needs a model and cannot judge --predictions: leave one of them out")
    if options.gold is None and options.html:
        raise InputError("--html shows a report on a gold file: name one, or write the behaviours with --out")
    report = _report(options) if options.gold else {}
    if options.behaviours:
        report["behaviours"] = _behaviours(options)
    if options.out:
        write_report(report, options.out)
    if options.html:
        from eval.html_report import write_html

        write_html(report, options.html)
    if options.gold:
        print(as_text(report))
    if options.behaviours:
        from detente.behaviour_table import behaviour_table

        print(behaviour_table(report["behaviours"]))
    return 0


def _report(options: argparse.Namespace) -> dict[str, Any]:
    from eval.gold_set import read_gold
    from eval.harness import evaluate, evaluate_gold
    from models.axis import load_axis

    settings = {"baselines": not options.no_baselines, "slice_fields": options.slice, "margin": options.margin}
    axis = load_axis(options.axis) if options.axis else None
    if options.predictions:
        from eval.scored_file import predictions_for, read_scored

        gold = read_gold(options.gold, axis)
        scored = read_scored(options.predictions, gold.axis)
        source = {"model": scored.model or options.predictions.name, "predictions_hash": scored.sha256}
        return evaluate_gold(gold, predictions_for(gold, scored), source=source, **settings)
    from models.classifier import StanceClassifier

    if options.model:
        classifier = StanceClassifier.load(options.model, engine=options.engine, axis=options.axis)
        gold = read_gold(options.gold, classifier.bundle.axis)
    else:
        gold = read_gold(options.gold, axis)
        classifier = StanceClassifier.load(engine=options.engine, axis=gold.axis.name)
    return evaluate(gold, classifier, allow_leak=options.allow_leak, **settings)


def _behaviours(options: argparse.Namespace) -> dict[str, Any]:
    from eval.behaviour_cases import read_behaviours
    from eval.behavioural_checks import behaviour_report
    from models.classifier import StanceClassifier

    classifier = StanceClassifier.load(options.model, engine=options.engine, axis=options.axis)
    bundle = classifier.bundle
    return {
        "model": bundle.version,
        "model_hash": bundle.content_hash,
        "axis_hash": bundle.axis.content_hash,
        **behaviour_report(read_behaviours(bundle.axis), classifier),
    }


def as_text(report: dict[str, Any]) -> str:
    from eval.scores import MEASURES

    provenance = report["provenance"]
    lines = [
        f"{provenance['model']} on {provenance['data']}: n = {report['n']}, "
        f"{report['clusters']} clusters, 95 % bootstrap intervals",
        *([report["scope"]] if report["scope"] else []),
        "",
    ]
    for measure in MEASURES:
        lines.append(f"  {measure.title:<46} {with_interval(report[measure.name])}")
    lines += [f"  {name} is undefined: {reason}" for name, reason in report["undefined"].items()]
    lines += _annotators(report)
    names = report["confusion"]["labels"]
    lines += ["", "  hand label \\ predicted  " + "".join(f"{name:>12}" for name in names) + "   recall (95 %)"]
    for name, row in zip(names, report["confusion"]["rows_gold_columns_predicted"], strict=True):
        recall = report["per_label"][name]["recall_interval"]
        lines.append(f"  {name:<24}" + "".join(f"{cell:>12}" for cell in row) + f"   {with_interval(recall, 2)}")
    for name, baseline in report.get("baselines", {}).items():
        lines.append(
            f"\n  baseline {name}: α {with_interval(baseline['alpha_ordinal'])}, "
            f"macro-F1 {with_interval(baseline['macro_f1'])}"
        )
    if "leakage" in report:
        lines += ["", f"  {report['leakage']['sentence']}"]
    return "\n".join(lines)


def _annotators(report: dict[str, Any]) -> list[str]:
    """The passes under the only name they may carry, and the model against each of them."""
    if "annotators" not in report:
        return []
    kind = report["annotators"]
    lines = ["", f"  {kind['called']} (passes {', '.join(kind['passes'])}; {kind['kind']}):"]
    if "annotator_alpha" in report:
        for level in ("ordinal", "nominal"):
            lines.append(f"    {'α ' + level:<44} {with_interval(report['annotator_alpha'][level])}")
    for group in kind.get("by_kind", []):
        name = f"{group['called']} ({', '.join(group['passes'])}), α ordinal"
        lines.append(f"    {name:<44} {with_interval(group['ordinal'])}")
    for name, against in kind["model_against"].items():
        lines.append(f"    {f'model against pass {name}, α ordinal':<44} {with_interval(against['ordinal'])}")
    lines.append(f"  {kind['note']}")
    replacement = report.get("replacement", {})
    for test in ("alternative_annotator_test", "equivalence"):
        if test in replacement:
            lines.append("  " + replacement[test].get("sentence", replacement[test].get("not_tested", "")))
    if replacement.get("note"):
        lines.append(f"  {replacement['note']}")
    return lines


def with_interval(measure: dict[str, float | None], digits: int = 3) -> str:
    value, low, high = measure["value"], measure["low"], measure["high"]
    if value is None:
        return "undefined"
    if low is None or high is None:
        return f"{value:.{digits}f} [no interval: all replicates agree]"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
