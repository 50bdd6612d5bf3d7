"""Where the frozen gold of an axis lies.

Knows the folder. Does not read the files.
"""

from pathlib import Path

from models.axis import Axis

GOLD_FOLDER = Path(__file__).parent.parent / "eval" / "gold"


def gold_files(axis: Axis) -> list[Path]:
    """The gold files of an axis: `eval/gold/*.jsonl` for the negotiation axis, `eval/gold/<axis>/*.jsonl` else."""
    return sorted(axis.folder(GOLD_FOLDER).glob("*.jsonl"))
