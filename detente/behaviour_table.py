"""The behavioural report as text: pass rates by capability, and how far swaps move the score."""

from typing import Any

HEADINGS = {
    "swap": "what was swapped",
    "country": "country put in",
    "gender": "gender of the name put in",
    "name": "language of the surname put in",
    "conflict": "conflict",
}


def behaviour_table(report: dict[str, Any]) -> str:
    lines = [
        f"Behavioural checks of {report['model']}: {report['passed']} of {report['n']} cases passed, "
        "95 % Wilson intervals over sentences",
        "",
        f"  {'capability':<34}{'cases':>6}{'sentences':>11}   pass rate",
    ]
    for name, one in report["capabilities"].items():
        rate = one["rate"]
        lines.append(
            f"  {name.replace('_', ' '):<34}{one['n']:>6}{one['groups']:>11}   "
            f"{rate['value']:.3f} [{rate['low']:.3f}, {rate['high']:.3f}]"
        )
    if report["invariance_is_empty"]:
        lines += [
            "",
            f"  Caution: the scores hardly differ between statements (deviation {report['score_spread']:.2f}).",
            "  Whoever says the same of everything is invariant: rates of swaps, typos, case and the like are empty.",
        ]
    return "\n".join([*lines, "", *_fairness(report["fairness"])])


def _fairness(fairness: dict[str, Any]) -> list[str]:
    lines = [f"Fairness: mean absolute move of the score when swapped; the limit is {fairness['limit']:g}"]
    shown = ""
    for row in fairness["rows"]:
        if row["by"] != shown:
            shown = row["by"]
            lines += ["", f"  {HEADINGS[shown]:<34}{'cases':>6}   mean |move| (95 %)       mean move"]
        absolute = row["absolute"]
        interval = "" if absolute["low"] is None else f"[{absolute['low']:.3f}, {absolute['high']:.3f}]"
        over = "" if row["within_limit"] else "   over the limit"
        lines.append(
            f"  {row['value']:<34}{row['n']:>6}   {absolute['value']:.3f} {interval:<18}{row['signed']:+.3f}{over}"
        )
    return lines
