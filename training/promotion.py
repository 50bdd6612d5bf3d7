"""From candidate to released model, and back: who may be released, and the line that says so.

Knows gate reports and the registry. Does not measure anything.
"""

from pathlib import Path
from typing import Any

from models.bundle import RELEASED_FOLDER, Bundle, open_bundle
from models.errors import GateError
from models.history import current_version
from models.registry import append_history, install, locked, version_before
from training.gate_report import read_gate_report
from training.gate_rules import read_rules, rules_path
from training.promotion_gate import released_bundle


def promote(candidate_path: Path, *, registry: Path = RELEASED_FOLDER, force: str | None = None) -> Path:
    """Releases a candidate that passed the gate; returns its place in the registry.

    `force` is a reason for releasing it all the same, and goes into the history. Raises GateError where
    the report refuses it or is about another candidate, another released model or other rules.
    """
    bundle = open_bundle(candidate_path)
    details: dict[str, Any] = {"hash": bundle.content_hash}
    with locked(registry):
        baseline = released_bundle(registry, bundle.axis.name)
        details["replaces"] = baseline.version if baseline else None
        if baseline and baseline.content_hash == bundle.content_hash and current_version(registry, bundle.axis.name):
            raise GateError(f"{bundle.version} is released already")
        if force is not None:
            if not force.strip():
                raise GateError("--force needs a reason: it goes into the history")
            details["forced"] = force.strip()
        try:
            details["gate"] = _passed(candidate_path, bundle, baseline)
        except GateError:
            if force is None:
                raise
        path = install(bundle, registry)
        append_history(registry, action="promote", axis=bundle.axis.name, version=bundle.version, **details)
    return path


def _passed(candidate_path: Path, bundle: Bundle, baseline: Bundle | None) -> str:
    """The hash of a report that lets this candidate replace this released model under the rules of today."""
    report, digest = read_gate_report(candidate_path)
    again = f"run detente gate {candidate_path} again"
    if report["candidate"]["hash"] != bundle.content_hash:
        raise GateError(f"the gate report of {bundle.version} is about other files: {again}")
    expected = baseline.content_hash if baseline else None
    found = report["released"]["hash"] if report["released"] else None
    if found != expected:
        now = baseline.version if baseline else "no model"
        raise GateError(f"{bundle.version} was gated against another model, and {now} is released now: {again}")
    if report["rules"]["sha256"] != read_rules(rules_path(bundle.axis.name)).sha256:
        raise GateError(f"{bundle.version} was gated under other rules: {again}")
    if not report["passed"]:
        raise GateError(f"{report['paragraph']} To release it all the same: --force REASON")
    return digest


def rollback(*, registry: Path = RELEASED_FOLDER, axis: str = "negotiation", reason: str = "") -> tuple[str, str]:
    """Puts the version before in force again; returns (from, to). Raises GateError where there is none."""
    with locked(registry):
        current, before = current_version(registry, axis), version_before(registry, axis)
        if current is None or before is None:
            raise GateError(f"nothing to go back to: {registry} holds no earlier release for the axis {axis!r}")
        bundle = open_bundle(registry / before)
        details = {"reason": reason} if reason else {}
        append_history(
            registry,
            action="rollback",
            axis=axis,
            version=before,
            hash=bundle.content_hash,
            replaces=current,
            **details,
        )
    return current, before
