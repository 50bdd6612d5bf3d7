"""A model bundle: a folder that holds all a stance needs, and a manifest that vouches for it.

    negotiation-0.1.0/
    ├── manifest.json      written last: sha256 of every other file, axis, corpus, recipe, parent
    ├── checkpoint/        a plain AutoModelForSequenceClassification directory
    ├── calibration.json
    ├── evaluation.json
    ├── corpus_hashes.txt  one hash a training text: the leak check of the harness reads it
    ├── corpus_sketches.npz  sampled 8-gram hashes of each training text, for near-duplicates
    └── README.md          model card, rendered from evaluation.json

Knows layout, checksums and the registry file `history.jsonl`. Does not know what the files mean.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.axis import AXES_FOLDER, Axis, load_axis
from models.errors import BundleError
from models.history import HISTORY, current_version

RELEASED_FOLDER = Path(__file__).parent / "released"
MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A verified bundle on disk."""

    path: Path
    version: str
    axis: Axis
    max_length: int
    manifest: dict[str, Any] = field(repr=False)

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"

    @property
    def calibration(self) -> Path:
        return self.path / "calibration.json"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation.json"

    @property
    def corpus_hashes(self) -> Path:
        return self.path / "corpus_hashes.txt"

    @property
    def content_hash(self) -> str:
        """sha256 of the manifest, which holds the hash of every other file."""
        return file_hash(self.path / MANIFEST)


def file_hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, *, version: str, axis: Axis, max_length: int, origin: dict[str, Any]) -> None:
    """Hashes all files of the folder and writes the manifest over them; call it last.

    `origin` holds what the bundle was made from: recipe, seed, corpus hash, git commit, parent, hardware.
    """
    files = {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }
    manifest = {
        "format": 1,
        "version": version,
        "axis": {"name": axis.name, "version": axis.version, "hash": axis.content_hash},
        "max_length": max_length,
        "origin": origin,
        "files": files,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    temporary = folder / (MANIFEST + ".partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / MANIFEST)


def open_bundle(path: Path) -> Bundle:
    """Verifies every file against the manifest. Raises BundleError saying what is wrong with which file."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        recorded: dict[str, str] = manifest["files"]
        axis_name, axis_hash = manifest["axis"]["name"], manifest["axis"]["hash"]
        version, max_length = str(manifest["version"]), int(manifest["max_length"])
    except FileNotFoundError:
        raise BundleError(f"{path} is no model bundle: it has no {MANIFEST}") from None
    except (ValueError, KeyError, TypeError, OSError) as fault:
        raise BundleError(f"cannot read {path / MANIFEST}: {fault!r}") from None
    if not (AXES_FOLDER / f"{axis_name}.toml").is_file():
        raise BundleError(f"bundle {version} is for the axis {axis_name!r}, which is not among models/axes")
    axis = load_axis(axis_name)
    if axis.content_hash != axis_hash:
        raise BundleError(
            f"bundle {version} was trained on another {axis_name!r} axis ({axis_hash[:12]}, "
            f"here {axis.content_hash[:12]}): retrain it or restore models/axes/{axis_name}.toml"
        )
    for name, expected in recorded.items():
        file = path / name
        if not file.is_file():
            raise BundleError(f"bundle {version} is incomplete: {name} is missing from {path}")
        if file_hash(file) != expected:
            raise BundleError(f"bundle {version} was changed: {name} does not match the manifest in {path}")
    return Bundle(path=path, version=version, axis=axis, max_length=max_length, manifest=manifest)


def registry_folder() -> Path:
    """Where releases are kept: the folder that DETENTE_REGISTRY names, else the one that is shipped."""
    return Path(os.environ.get("DETENTE_REGISTRY") or RELEASED_FOLDER)


def released_path(axis_name: str = "negotiation", folder: Path | None = None) -> Path:
    """The folder of the bundle that is released now: what the last whole line of the history names.

    Without `folder` it is looked for in `registry_folder()`; a registry of one's own starts from the shipped models.
    """
    folders = [folder] if folder else list(dict.fromkeys((registry_folder(), RELEASED_FOLDER)))
    found = [path for path in folders if (path / HISTORY).is_file()]
    if not found:
        history = folders[-1] / HISTORY
        raise BundleError(f"no model is released: {history} is missing; train and promote one, or restore it from git")
    path = find_released(found, axis_name)
    if path:
        return path
    raise BundleError(f"no model is released for the axis {axis_name!r}: train and promote one")


def find_released(folders: Iterable[Path], axis_name: str) -> Path | None:
    """The bundle in force for an axis in the first of these registries that has one."""
    for folder in folders:
        current = current_version(folder, axis_name)
        if current:
            return folder / current
    return None
