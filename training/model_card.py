"""The model card: rendered from a bundle's evaluation and nothing else.

Knows Markdown and the shape of `evaluation.json`. Does not measure anything.
"""

from typing import Any

from models.axis import Axis

SHOWN = ("alpha_ordinal", "macro_f1", "accuracy", "within_one", "mae", "on_axis_f1", "ece", "brier")


def model_card(evaluation: dict[str, Any], axis: Axis, settings: dict[str, Any]) -> str:
    """Markdown with front matter that model hubs read."""
    version = settings["version"]
    lines = [
        "---",
        "license: apache-2.0",
        "language: en",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "---",
        f"# {version}",
        "",
        f"Labels a statement on the {axis.name} axis for a holder and a counterpart. {axis.question}",
        "",
        "Input: `tokenizer(statement, 'holder -> counterpart')`. Labels: "
        + ", ".join(
            f"`{label.name}`" + (f" ({label.value:+g})" if label.value is not None else "") for label in axis.all_labels
        )
        + ".",
        "",
        f"{_making(settings)}. Trained on statements authored for the project; no real text was trained on.",
        "",
    ]
    for name, report in evaluation.items():
        lines += [f"## Agreement on {name}", "", f"n = {report['n']}; 95 % bootstrap intervals.", ""]
        lines += ["| measure | value | interval |", "|---|---|---|"]
        for measure in SHOWN:
            lines.append(f"| {measure} | {_number(report[measure]['value'])} | {_interval(report[measure])} |")
        lines.append("")
        # A gold that was labelled once says who did it, and has no agreement to report.
        if "annotator_alpha" in report:
            kind = report["annotators"]
            lines += [
                f"Agreement of the passes ({kind['called']}, {kind['kind']}): ordinal α "
                f"{_number(report['annotator_alpha']['ordinal']['value'])}. {kind['note']}",
                "",
            ]
        lines += ["Confusion (rows: label given by hand; columns: predicted):", ""]
        names = report["confusion"]["labels"]
        lines += ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
        for label, row in zip(names, report["confusion"]["rows_gold_columns_predicted"], strict=True):
            lines.append(f"| {label} | " + " | ".join(map(str, row)) + " |")
        lines.append("")
    lines += [
        "## Limits",
        "",
        "English only. One statement at a time: what was said before it is not seen. The labels that it was "
        "measured against are machine-assisted readings of one codebook. Below the abstention threshold a person "
        "should look.",
        "",
    ]
    return "\n".join(lines)


def _making(settings: dict[str, Any]) -> str:
    if settings["average_of"]:
        return "The mean of the weights of several models: " + ", ".join(settings["average_of"])
    start = settings["after"] or settings["encoder"]
    return f"Starts from: {start}; {settings['epochs']} epochs, loss {settings['loss']}, seed {settings['seed']}"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _interval(measure: dict[str, float | None]) -> str:
    return f"{_number(measure['low'])} to {_number(measure['high'])}"
