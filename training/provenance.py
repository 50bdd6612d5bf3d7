"""What a bundle was made from and on: code, lock file, data files, machine.

Knows git, hashes and the hardware. Does not know recipes or models.
"""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from models.bundle import file_hash

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"


def provenance(data: Sequence[Path]) -> dict[str, Any]:
    """JSON-ready; `data` are the files beside the recipe's corpus, of which name and hash are kept."""
    return {
        "git_commit": _git("rev-parse", "HEAD"),
        # Changes that are not committed are not in that commit: the bundle cannot be made from it again.
        "git_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "lock": file_hash(LOCK) if LOCK.is_file() else None,
        "data": [{"name": path.name, "sha256": file_hash(path)} for path in data if path.is_file()],
        "hardware": {
            "machine": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
