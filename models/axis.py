"""The stance axis as data: ordered labels with values, one label off the axis, a content hash.

Knows how to read and check `axes/*.toml`. Does not know of models, files of statements or the
meaning of any particular label: whatever needs a label name or a value takes it from an `Axis`.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

from models.errors import AxisError

AXES_FOLDER = Path(__file__).parent / "axes"
DEFAULT_AXIS = "negotiation"
End = Literal["low", "high"]


@dataclass(frozen=True, kw_only=True)
class AxisLabel:
    """One label; `value` is its place on the axis, None for the label off the axis."""

    name: str
    value: float | None
    definition: str
    wording: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An ordinal axis: `labels` in ascending value, then `off_axis`; `borderlines` say how doubts are decided.

    `warm_end` is the end that is drawn red, whatever its value.
    """

    name: str
    version: int
    question: str
    scope: str
    labels: tuple[AxisLabel, ...]
    off_axis: AxisLabel
    borderlines: tuple[str, ...] = ()
    warm_end: End = "low"

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

    def folder(self, base: Path) -> Path:
        """Where this axis keeps its part of a stage: `base` itself for the default axis, `base/<name>` for another."""
        return base if self.name == DEFAULT_AXIS else base / self.name

    @property
    def content_hash(self) -> str:
        """sha256 over names, values, definitions, question and borderlines: what a label means."""
        content: dict[str, object] = {
            "name": self.name,
            "question": self.question,
            "scope": self.scope,
            "labels": [[label.name, label.value, label.definition] for label in self.all_labels],
        }
        if self.borderlines:  # left out when empty: bundles trained before the field existed keep their hash
            content["borderlines"] = self.borderlines
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
    borderlines = content.get("borderlines", [])
    if not isinstance(borderlines, list) or not all(isinstance(rule, str) for rule in borderlines):
        raise AxisError(f"{where}: `borderlines` must be a list of texts, a rule each")
    warm_end: End = content.get("warm_end", "low")
    if warm_end not in get_args(End):
        raise AxisError(f"{where}: `warm_end` must be {' or '.join(get_args(End))}, not {warm_end!r}")
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
            borderlines=tuple(borderlines),
            warm_end=warm_end,
        )
    except KeyError as missing:
        raise AxisError(f"{where}: the field {missing} is missing") from None


def axis_names() -> list[str]:
    return sorted(path.stem for path in AXES_FOLDER.glob("*.toml"))


@lru_cache
def load_axis(name: str = DEFAULT_AXIS) -> Axis:
    """The axis of that name from `models/axes/`. Raises AxisError where there is none."""
    return read_axis(AXES_FOLDER / f"{name}.toml")


def axis_with(labels: Iterable[object]) -> Axis:
    """The axis that has most of the labels found in a file; of several equally good ones the default, else by name.

    It always names one: whoever reads the file then says which label at which place is foreign to it.
    """
    found = {label for label in labels if isinstance(label, str)}
    names = sorted(axis_names(), key=lambda name: (name != DEFAULT_AXIS, name))
    return max((load_axis(name) for name in names), key=lambda axis: len(found & set(axis.names)))
