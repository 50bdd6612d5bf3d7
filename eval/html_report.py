"""The report as one HTML page that needs no network and no script: for a screen, a phone and paper.

Knows the form of the report (`eval/harness.py`) and nothing of how it was measured: every number on the
page is in the JSON. Style is `report_style.css`, pictures are `eval/report_charts.py`.
"""

from html import escape
from pathlib import Path
from typing import Any

from eval.report_cells import as_sentence, header, interval, number, percent, section, share, table, value_cell
from eval.report_charts import reliability, risk_coverage, whisker
from eval.scores import MEASURE, MEASURES
from models.errors import InputError

STYLE = Path(__file__).with_name("report_style.css")
TILES = ("alpha_ordinal", "macro_f1", "accuracy", "within_one")
FIELD_TITLES = {
    "label": "by hand label (accuracy is recall)",
    "length": "by length",
    "slice": "by tag",
}


def write_html(report: dict[str, Any], path: Path) -> None:
    """Writes the page. Raises InputError where the file cannot be written."""
    try:
        path.write_text(as_html(report), encoding="utf-8")
    except OSError as fault:
        raise InputError(f"cannot write {path}: {fault.strerror}; name another file with --html") from None


def as_html(report: dict[str, Any]) -> str:
    """The whole page of a report of `eval.harness`."""
    provenance = report["provenance"]
    title = f"Agreement of {provenance['model']} with {provenance['data']}"
    sections = [
        _measures(report),
        _confusion(report),
        _curves(report),
        _annotators(report),
        _slices(report),
        _baselines(report),
        _errors(report),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"{_head(report, title)}\n<main>\n{''.join(sections)}</main>\n{_provenance(report)}\n</body>\n</html>\n"
    )


def _head(report: dict[str, Any], title: str) -> str:
    tiles = "".join(
        f'<li class="tile"><span>{escape(MEASURE[name].title)}</span><b>{number(report[name]["value"])}</b>'
        f"<span>{interval(report[name])}</span></li>"
        for name in TILES
    )
    scope = f'<p class="soft">{escape(as_sentence(report["scope"]))}</p>' if report.get("scope") else ""
    notes = []
    if "annotators" in report:
        who = report["annotators"]
        notes.append((who["note"], "note plain" if who["may_be_called_inter_coder_reliability"] else "note"))
    leakage = report.get("leakage", {})
    if leakage.get("units") or (leakage and not leakage["checked"]):
        notes.append((leakage["sentence"], "note"))
    said = "".join(f'<p class="{css}">{escape(note)}</p>' for note, css in notes)
    alpha = report["alpha_ordinal"]["value"]
    on_axis = "" if alpha is None else f" Where both see a stance, ordinal α is {number(alpha)}."
    accuracy = report["accuracy"]
    return (
        f"<header>\n<h1>{escape(title)}</h1>\n"
        f'<p class="lead">The model gives the hand label on {share(accuracy["value"])} of {report["n"]} units '
        f"(95 % interval {percent(accuracy)}).{on_axis}</p>\n{scope}\n"
        f'<ul class="tiles">{tiles}</ul>\n{said}\n</header>'
    )


def _measures(report: dict[str, Any]) -> str:
    lows = [report[one.name]["low"] for one in MEASURES if report[one.name]["low"] is not None]
    low = min([0.0, *(-0.5 if value >= -0.5 else -1.0 for value in lows if value < 0)])
    rows = []
    for measure in MEASURES:
        found = report[measure.name]
        better = "" if measure.higher_is_better else ' <span class="tag">lower is better</span>'
        picture = "" if measure.name in ("mae", "brier") else whisker(found, low=low)
        rows.append(
            f'<tr><th scope="row">{escape(measure.title)}{better}</th><td class="number">{number(found["value"])}</td>'
            f'<td class="number">{interval(found)}</td><td class="wide">{picture}</td></tr>'
        )
    undefined = "".join(
        f"<p>{escape(MEASURE[name].title)} is undefined: {escape(why)}.</p>"
        for name, why in report["undefined"].items()
    )
    draws = report["provenance"]["bootstrap"]
    caption = (
        f"n = {report['n']} units in {report['clusters']} clusters; 95 % BCa intervals from "
        f"{draws['replicates']} cluster bootstrap replicates. Scale of the picture: {low:g} to 1."
    )
    head = header(("measure", ""), ("value", "number"), ("95 % interval", "number"), ("", "wide"))
    return section("measures", "Measures", table(caption, head, rows, "All measures") + undefined)


def _confusion(report: dict[str, Any]) -> str:
    names = report["confusion"]["labels"]
    rows = []
    for place, name in enumerate(names):
        counts = report["confusion"]["rows_gold_columns_predicted"][place]
        total = sum(counts)
        cells = "".join(
            f'<td style="--share:{count / total if total else 0:.3f}"{" class=right" if place == column else ""}>'
            f"{count}</td>"
            for column, count in enumerate(counts)
        )
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}<td class="total">{total}</td></tr>')
    columns = header(("hand label", ""), *((name, "") for name in names), ("units", "total"))
    matrix = table(
        "Rows: label given by hand. Columns: label predicted. Shading: share of the row. Framed: agreement.",
        columns,
        rows,
        "Confusion matrix",
        css="confusion",
    )
    scores = [
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{one["support"]}</td>'
        + "".join(value_cell(one[f"{measure}_interval"]) for measure in ("precision", "recall", "f1"))
        + "</tr>"
        for name, one in report["per_label"].items()
    ]
    head = header(("label", ""), ("units", "number"), *((name, "number") for name in ("precision", "recall", "F1")))
    by_label = table("Each label with 95 % intervals.", head, scores, "Scores of each label")
    return section("confusion", "Which labels are taken for which", f"{matrix}<h3>By label</h3>{by_label}")


def _curves(report: dict[str, Any]) -> str:
    ece = report["ece"]["value"]
    kept = ""
    if "abstention" in report and report["abstention"]["kept_accuracy"] is not None:
        one = report["abstention"]
        kept = (
            f" With the bundle's own threshold ({one['threshold']:.2f}) {share(one['kept_share'])} are kept, of which "
            f"{share(one['kept_accuracy'])} are right."
        )
    return section(
        "confidence",
        "Is the confidence worth anything?",
        '<div class="charts"><figure>'
        + reliability(report["reliability"], ece)
        + "<figcaption>Reliability: what share is right at each confidence, with 95 % intervals; the larger the dot, "
        f"the more units. On the dashed line confidence is what it says. Expected calibration error "
        f"{number(ece)}.</figcaption></figure><figure>"
        + risk_coverage(report["risk_coverage"])
        + "<figcaption>Risk against coverage: how many of the kept labels are wrong if only the most confident share "
        f"is kept; band: 95 %. Dashed: without selection.{kept}</figcaption></figure></div>",
    )


def _annotators(report: dict[str, Any]) -> str:
    if "annotators" not in report:
        return ""
    who = report["annotators"]
    rows = []
    if "annotator_alpha" in report:
        name = f"{who['called']} of the passes {', '.join(who['passes'])}"
        rows.append(_agreement(name, report["annotator_alpha"]))
    for group in who.get("by_kind", []):
        rows.append(_agreement(f"{group['called']} of {', '.join(group['passes'])}", group))
    for pair in who.get("pairs", []):
        rows.append(_agreement(f"{pair['passes'][0]} with {pair['passes'][1]} ({pair['called']})", pair))
    for name, against in who["model_against"].items():
        rows.append(_agreement(f"model with pass {name}, {against['n']} units", against))
    rows.append(
        _agreement(
            "model with the adjudicated label", {level: report[f"alpha_{level}"] for level in ("ordinal", "nominal")}
        )
    )
    kinds = ", ".join(f"{name}: {kind.replace('_', ' ')}" for name, kind in who["kinds"].items())
    replacement = report.get("replacement", {})
    tests = "".join(
        f"<p>{escape(replacement[test].get('sentence', replacement[test].get('not_tested', '')))}</p>"
        for test in ("alternative_annotator_test", "equivalence")
        if test in replacement
    )
    adjudication = f" Adjudicated: {report['adjudication']}." if report.get("adjudication") else ""
    head = header(("agreement", ""), ("α, ordinal", "number"), ("α, nominal", "number"))
    return section(
        "annotators",
        "Who labelled, and how far they agree",
        f"<p>{escape(f'Made by {kinds}.{adjudication}')}</p>"
        + table("Krippendorff's α with 95 % intervals.", head, rows, "Agreement of annotators")
        + tests,
    )


def _agreement(name: str, alphas: dict[str, Any]) -> str:
    return f'<tr><th scope="row">{escape(name)}</th>{value_cell(alphas["ordinal"])}{value_cell(alphas["nominal"])}</tr>'


def _slices(report: dict[str, Any]) -> str:
    groups: dict[str, list[str]] = {}
    for key, one in report["slices"].items():
        name, _, value = key.partition("=")
        title = FIELD_TITLES.get(name, f"by {name}")
        head_row = f'<tr class="group"><th scope="rowgroup" colspan="5">{escape(title)}</th></tr>'
        rows = groups.setdefault(name, [head_row])
        tags = "".join(
            f' <span class="tag {css}">{text}</span>'
            for text, css, shown in (("small", "", one["small"]), ("protected", "protected", one["protected"]))
            if shown
        )
        alpha = (
            value_cell(one["alpha_ordinal"]) if one["alpha_ordinal"]["low"] is not None else '<td class="number">–</td>'
        )
        rows.append(
            f'<tr><th scope="row">{escape(value)}{tags}</th><td class="number">{one["n"]}</td>'
            f'{value_cell(one["accuracy"])}<td class="wide">'
            f"{whisker(one['accuracy'], reference=report['accuracy']['value'])}</td>{alpha}</tr>"
        )
    caption = (
        "Accuracy and ordinal α of parts of the data, with 95 % intervals; dashed: accuracy over all units. Marked "
        "small: fewer than 30 units. A dash: too few units or errors for an interval, or no variation on one side. "
        "Slices overlap and many are shown: one low slice among them is expected by chance."
    )
    head = header(("slice", ""), ("units", "number"), ("accuracy", "number"), ("", "wide"), ("α, ordinal", "number"))
    bodies = [f"<tbody>{''.join(rows)}</tbody>" for rows in groups.values()]
    return section("slices", "Slices", table(caption, head, bodies, "Slices"))


def _baselines(report: dict[str, Any]) -> str:
    if not report.get("baselines"):
        return ""
    rows = []
    for name, one in report["baselines"].items():
        ahead = one["model_minus_baseline"]
        rows.append(
            f'<tr><th scope="row">{escape(name.replace("_", " "))}</th>{value_cell(one["alpha_nominal"])}'
            f"{value_cell(one['macro_f1'])}{value_cell(ahead['macro_f1'], sign=True)}</tr>"
        )
    head = header(
        ("baseline", ""), ("α, nominal", "number"), ("macro-F1", "number"), ("model ahead, macro-F1", "number")
    )
    caption = "What simpler methods reach on the same units; the last column is the paired difference."
    return section("baselines", "Against baselines", table(caption, head, rows, "Baselines"))


def _errors(report: dict[str, Any]) -> str:
    items = []
    for one in report["worst_errors"]:
        towards = f" → {one['counterpart']}" if one["counterpart"] else ""
        holder = f"{one['holder'] or 'no holder named'}{towards}"
        items.append(
            f"<li><blockquote>{escape(one['text'])}</blockquote>"
            f'<p class="soft">{escape(one["id"])} · {escape(holder)}</p>'
            f'<p class="labels">by hand <b>{escape(one["gold"])}</b> (given {one["probability_of_gold"]:.2f}) · '
            f"predicted <b>{escape(one['label'])}</b> ({one['confidence']:.2f})</p></li>"
        )
    wrong = report["n"] - sum(
        row[place] for place, row in enumerate(report["confusion"]["rows_gold_columns_predicted"])
    )
    if not items:
        return section("errors", "Errors", "<p>No unit is labelled otherwise than by hand.</p>")
    intro = (
        f"<p>The {len(items)} of {wrong} disagreements in which the model gave the hand label the least probability, "
        "worst first. Not every one is the model's fault: read them.</p>"
    )
    return section("errors", "Worst errors", f'{intro}<ol class="errors">{"".join(items)}</ol>')


def _provenance(report: dict[str, Any]) -> str:
    provenance = report["provenance"]
    entries = {
        "model": provenance["model"],
        "model hash": provenance.get("model_hash") or provenance.get("predictions_hash") or "–",
        "data": f"{provenance['data']} ({provenance['data_hash']})",
        "axis": f"{provenance['axis']} ({provenance['axis_hash']})",
        "harness": f"détente {provenance['detente']}, code {provenance['code_hash']}",
        "libraries": ", ".join(f"{name} {number}" for name, number in provenance["libraries"].items()),
        "python": provenance["python"],
        "bootstrap": ", ".join(f"{name} {value}" for name, value in provenance["bootstrap"].items()),
        "leakage": report.get("leakage", {}).get("sentence", "not checked: predictions of unknown training data"),
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in entries.items())
    return f"<footer>\n{section('provenance', 'Provenance', f'<dl>{listed}</dl>')}</footer>"
