"""What the gate says: one paragraph, ten sentences, a report as JSON.

Knows the checks and their words. Measures nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from models.bundle import file_hash
from models.errors import GateError
from training.gate_pair import Check, Example

REPORT = "gate.json"
SHOWN = 10


def paragraph(candidate: str, against: str, checks: Sequence[Check]) -> str:
    """One paragraph: what got worse, or what got better and was held."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        better = next((check.sentence for check in checks if check.name == "superiority"), "")
        return f"{candidate} may replace {against}. {better} All {len(checks)} checks passed."
    # What got worse first; that nothing got better is the lesser news.
    ordered = sorted(failed, key=lambda check: check.name == "superiority")
    return f"{candidate} is refused. " + " ".join(check.sentence for check in ordered)


def ten_sentences(checks: Sequence[Check], fallback: Sequence[Example]) -> list[Example]:
    """From each failed check in turn, then what fell most on the corpus test; each statement once."""
    columns = [check.examples for check in checks if not check.passed]
    dealt = [one for row in zip_longest(*columns) for one in row if one is not None]
    unique = {(one.text, one.holder, one.counterpart): one for one in reversed([*dealt, *fallback])}
    ordered = [
        one for one in dict.fromkeys([*dealt, *fallback]) if unique[one.text, one.holder, one.counterpart] is one
    ]
    return ordered[:SHOWN]


def write_gate_report(report: dict[str, Any], candidate: Path) -> Path:
    """Into the candidate's folder, beside the files that its manifest vouches for."""
    path = candidate / REPORT
    try:
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as fault:
        raise GateError(f"cannot write {path}: {fault.strerror}; give the candidate a folder of your own") from None
    return path


def read_gate_report(candidate: Path) -> tuple[dict[str, Any], str]:
    """The report and its sha256. Raises GateError where there is none."""
    path = candidate / REPORT
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        for name in ("passed", "candidate", "released", "rules"):
            report[name]
        return report, file_hash(path)
    except FileNotFoundError:
        raise GateError(f"{candidate} was not gated: run detente gate {candidate} first") from None
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise GateError(f"cannot read {path} ({fault!r}): run detente gate {candidate} again") from None


def as_text(report: dict[str, Any]) -> str:
    """For a terminal."""
    lines = []
    for check in report["checks"]:
        lines.append(f"  {'passed ' if check['passed'] else 'FAILED '} {check['name']:<28} {check['sentence']}")
    looks = ", ".join(f"{name} {count}" for name, count in report["looks"].items())
    lines += ["", f"  Looks at the test data so far, this one included: {looks}.", "", report["paragraph"]]
    if report["sentences"]:
        lines.append("")
        for number, one in enumerate(report["sentences"], 1):
            who = f"{one['holder']} -> {one['counterpart']}".strip(" ->") or "no holder given"
            said = " · ".join(
                f"{name} {one[key]}"
                for name, key in (("wanted", "expected"), ("before", "released"), ("now", "candidate"))
                if one[key]
            )
            lines += [f"  {number:>2}. {one['text']}", f"      {who} | {said} | {one['where']}"]
    return "\n".join(lines)


def sentences_as_json(examples: Sequence[Example]) -> list[dict[str, str]]:
    return [asdict(one) for one in examples]
