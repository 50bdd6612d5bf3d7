"""A bundle is refused when anything about it is not what its manifest says."""

import json
import shutil
from pathlib import Path

import pytest

from models.bundle import MANIFEST, open_bundle, released_path
from models.errors import BundleError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(released_path(), tmp_path / "bundle"))


def test_the_released_bundle_is_whole_and_small() -> None:
    bundle = open_bundle(released_path())
    size = sum(path.stat().st_size for path in bundle.path.rglob("*") if path.is_file())
    assert size <= 50_000_000


def test_a_changed_file_is_named(copy: Path) -> None:
    with (copy / "checkpoint" / "model.safetensors").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"\x00\x01")
    with pytest.raises(BundleError, match=r"model\.safetensors does not match"):
        open_bundle(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "calibration.json").unlink()
    with pytest.raises(BundleError, match=r"calibration\.json is missing"):
        open_bundle(copy)


def test_a_foreign_axis_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["axis"]["hash"] = "0" * 64
    (copy / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="another 'negotiation' axis"):
        open_bundle(copy)


def test_what_is_no_bundle_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model bundle"):
        open_bundle(tmp_path)
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(BundleError, match="cannot read"):
        open_bundle(tmp_path)


def test_the_history_decides_and_a_torn_last_line_does_not_count(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model is released"):
        released_path(folder=tmp_path)
    lines = [json.dumps({"axis": "negotiation", "version": name}) for name in ("one", "two")]
    (tmp_path / "history.jsonl").write_text("\n".join(lines) + '\n{"axis": "negot')
    assert released_path(folder=tmp_path) == tmp_path / "two"
