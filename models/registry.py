"""The registry of released bundles: a folder of bundles and a history that is only ever appended to.

    released/
    ├── history.jsonl      one line a promotion or rollback; the last whole line of an axis is in force
    └── negotiation-0.1.0/ a bundle, complete before its line is written

A promotion copies into a hidden folder, syncs, renames, and only then writes its line, so that a crash at
any moment leaves the old bundle in force or the new one. Knows folders and lines. Does not know whether
a bundle deserves to be released.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.bundle import MANIFEST, Bundle, file_hash, open_bundle
from models.durable_files import append_line, sync
from models.errors import BundleError
from models.history import HISTORY, read_history

INCOMING = ".incoming-"
LOCK = ".registry.lock"


def version_before(folder: Path, axis: str) -> str | None:
    """The version that a rollback returns to: what was in force before the promotion now in force.

    A second rollback goes one further back, as undo does; a promotion after a rollback starts from there.
    """
    stack: list[str] = []
    for entry in read_history(folder):
        if entry.axis != axis:
            continue
        if entry.action == "rollback" and len(stack) > 1:
            stack.pop()
        elif not stack or stack[-1] != entry.version:
            stack.append(entry.version)
    return stack[-2] if len(stack) > 1 else None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One writer at a time. Raises BundleError where another promotion is under way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=10):
            yield
    except Timeout:
        raise BundleError(f"another promotion or rollback is under way in {folder}: try again") from None
    except OSError as fault:
        raise BundleError(f"cannot write to the registry {folder}: {fault.strerror or fault}") from None


def install(bundle: Bundle, folder: Path) -> Path:
    """Copies a verified bundle into the registry, whole or not at all; returns its place there.

    A bundle that lies there already with the same manifest (a crash before its line was written) is
    verified and kept. Raises BundleError where the version is taken by another one. Call under `locked`.
    """
    target = folder / bundle.version
    for stale in folder.glob(f"{INCOMING}*"):
        shutil.rmtree(stale)
    if target.exists():
        if file_hash(target / MANIFEST) != bundle.content_hash:
            raise BundleError(f"{folder} holds another {bundle.version} already: give the recipe a new `version`")
        open_bundle(target)
        return target
    incoming = folder / f"{INCOMING}{bundle.version}"
    for name in (*bundle.manifest["files"], MANIFEST):
        copy = incoming / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.path / name, copy)
        sync(copy)
    for inner in sorted({path for path in incoming.rglob("*") if path.is_dir()}, reverse=True):
        sync(inner)
    sync(incoming)
    # Verified once more after copying: what is named in the history is whole.
    open_bundle(incoming)
    incoming.rename(target)
    sync(folder)
    return target


def append_history(folder: Path, *, action: str, axis: str, version: str, **details: Any) -> None:
    """Writes one line and syncs it; from then on it is in force."""
    append_line(folder / HISTORY, {"action": action, "axis": axis, "version": version, **details})
