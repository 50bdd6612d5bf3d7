"""The stance axis as data: ordered labels with values, one label off the axis, a content hash.

Knows how to read and check `axes/*.toml`. Does not know of models, files of statements or the
meaning of any particular label: whatever needs a label name or a value takes it from an `Axis`.
"""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from models.errors import AxisError

AXES_FOLDER = Path(__file__).parent / "axes"


@dataclass(frozen=True, kw_only=True)
class AxisLabel:
    """One label; `value` is its place on the axis, None for the label off the axis."""

    name: str
    value: float | None
    definition: str
    wording: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An ordinal axis: `labels` in ascending value, then `off_axis`."""

    name: str
    version: int
    question: str
    scope: str
    labels: tuple[AxisLabel, ...]
    off_axis: AxisLabel

    @property
    def all_labels(self) -> tuple[AxisLabel, ...]:
        return (*self.labels, self.off_axis)

    @property
    def names(self) -> tuple[str, ...]:
        """Label names in model output order: axis order, then the one off the axis."""
        return tuple(label.name for label in self.all_labels)

    @property
    def on_axis_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def values(self) -> tuple[float, ...]:
        """Values of the on-axis labels, ascending."""
        return tuple(label.value for label in self.labels if label.value is not None)

    def index(self, name: str) -> int:
        """Position of a label in `names`. Raises AxisError for a foreign label."""
        try:
            return self.names.index(name)
        except ValueError:
            raise AxisError(
                f"label {name!r} is not on the axis {self.name!r}: use one of {', '.join(self.names)}"
            ) from None

    @property
    def content_hash(self) -> str:
        """sha256 over names, values, definitions and question: what a label means."""
        content = {
            "name": self.name,
            "question": self.question,
            "scope": self.scope,
            "labels": [[label.name, label.value, label.definition] for label in self.all_labels],
        }
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _label(entry: dict[str, object], value: float | None, where: str) -> AxisLabel:
    try:
        wording = entry.get("wording", [])
        assert isinstance(wording, list)
        return AxisLabel(
            name=str(entry["name"]),
            value=value,
            definition=str(entry["definition"]),
            wording=tuple(str(phrase) for phrase in wording),
        )
    except KeyError as missing:
        raise AxisError(f"{where}: a label lacks the field {missing}; add it") from None


def read_axis(path: Path) -> Axis:
    """Reads and checks an axis file. Raises AxisError naming the file and the fault."""
    where = path.name
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AxisError(f"no axis file {path}; the axes present are: {', '.join(axis_names())}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise AxisError(f"{where} is not valid TOML: {fault}") from None
    entries = content.get("labels", [])
    if len(entries) < 2:
        raise AxisError(f"{where}: an axis needs at least two [[labels]]")
    for entry in entries:
        if not isinstance(entry.get("value"), int | float):
            raise AxisError(f"{where}: label {entry.get('name')!r} needs a number as `value`")
    labels = tuple(_label(entry, float(entry["value"]), where) for entry in entries)
    values = [label.value for label in labels]
    if any(a is None or b is None or a >= b for a, b in pairwise(values)):
        raise AxisError(f"{where}: the values of [[labels]] must rise from first to last, not {values}")
    if "off_axis" not in content:
        raise AxisError(f"{where}: add an [off_axis] label for statements that show no stance")
    off_axis = _label(content["off_axis"], None, where)
    names = [label.name for label in (*labels, off_axis)]
    if len(set(names)) != len(names):
        raise AxisError(f"{where}: label names must differ, not {names}")
    try:
        return Axis(
            name=str(content["name"]),
            version=int(content["version"]),
            question=str(content["question"]),
            scope=str(content.get("scope", "")),
            labels=labels,
            off_axis=off_axis,
        )
    except KeyError as missing:
        raise AxisError(f"{where}: the field {missing} is missing") from None


def axis_names() -> list[str]:
    return sorted(path.stem for path in AXES_FOLDER.glob("*.toml"))


@lru_cache
def load_axis(name: str = "negotiation") -> Axis:
    """The axis of that name from `models/axes/`."""
    return read_axis(AXES_FOLDER / f"{name}.toml")
