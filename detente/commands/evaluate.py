"""`detente evaluate`: a model against a gold file, as a table on the terminal and a JSON report."""

import argparse
from pathlib import Path
from typing import Any

HELP = "measure agreement with hand labels"
SHOWN = (
    ("alpha_ordinal", "Krippendorff's α, ordinal (on-axis units)"),
    ("alpha_nominal", "Krippendorff's α, nominal (all labels)"),
    ("kappa_quadratic", "Cohen's κ, quadratic weights (on-axis units)"),
    ("macro_f1", "macro-F1"),
    ("accuracy", "accuracy"),
    ("within_one", "within one step"),
    ("on_axis_f1", "F1 of on-axis against none"),
    ("mae", "mean absolute error of the score"),
    ("ece", "expected calibration error"),
    ("brier", "Brier score"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gold", type=Path, help="gold file (.jsonl), such as eval/gold/seed_article.jsonl")
    parser.add_argument("--model", type=Path, help="bundle to evaluate (default: the released one)")
    parser.add_argument("--engine", choices=("cpu", "torch"), default="cpu", help="what runs the model")
    parser.add_argument("--out", type=Path, help="write the report as JSON")
    parser.add_argument("--no-baselines", action="store_true", help="leave the baselines out (quicker)")


def run(options: argparse.Namespace) -> int:
    from eval.gold_set import read_gold
    from eval.harness import evaluate, write_report
    from models.classifier import StanceClassifier

    classifier = StanceClassifier.load(options.model, engine=options.engine)
    gold = read_gold(options.gold, classifier.bundle.axis)
    report = evaluate(gold, classifier, baselines=not options.no_baselines)
    if options.out:
        write_report(report, options.out)
    print(as_text(report))
    return 0


def as_text(report: dict[str, Any]) -> str:
    provenance = report["provenance"]
    lines = [
        f"{provenance['model']} on {provenance['data']}: n = {report['n']}, "
        f"{report['clusters']} clusters, 95 % bootstrap intervals",
        "",
    ]
    for name, title in SHOWN:
        lines.append(f"  {title:<46} {with_interval(report[name])}")
    if "annotators" in report:
        kind, alpha = report["annotators"], report["annotator_alpha"]
        lines += [
            "",
            f"  {kind['called']} of the {kind['kind']} passes {' and '.join(kind['passes'])}:",
            f"  {'  α ordinal':<46} {with_interval(alpha['ordinal'])}",
            f"  {'  α nominal':<46} {with_interval(alpha['nominal'])}",
            f"  {kind['note']}",
        ]
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
    return "\n".join(lines)


def with_interval(measure: dict[str, float | None], digits: int = 3) -> str:
    value, low, high = measure["value"], measure["low"], measure["high"]
    if value is None:
        return "undefined (no variation or no shared unit)"
    if low is None or high is None:
        return f"{value:.{digits}f} [no interval]"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
