"""The authored training statements on disk: one JSON object a line, one or two labelling passes each.

Knows the record form and its rules. Does not know duplicates, splits or the encoder.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.axis import Axis
from models.errors import CorpusError
from models.json_lines import json_object
from models.statement import Statement, Voice

VOICES = ("quote", "narration", "nested", "behaviour")


@dataclass(frozen=True, kw_only=True)
class LabelledStatement:
    """A training example. `label` is the adjudicated one; `label_a`, `label_b` the two passes, '' where not made.

    Examples of one `group` share a text or differ from each other by design (contrast): they must
    never be parted between training and test. `where` is file and line, for messages.
    """

    id: str
    group: str
    text: str
    holder: str
    counterpart: str
    label: str
    label_a: str
    label_b: str
    conflict: str
    form: str
    voice: str
    origin: str
    where: str = ""

    @property
    def statement(self) -> Statement:
        voice: Voice | None = self.voice if self.voice in ("quote", "narration", "nested") else None  # type: ignore[assignment]
        return Statement(text=self.text, holder=self.holder, counterpart=self.counterpart, voice=voice)


def corpus_files(paths: Iterable[Path]) -> list[Path]:
    """Files, and the `*.jsonl` of folders. Raises CorpusError where one is missing or there are none."""
    files = [
        file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path]) if file.name
    ]
    if not files:
        raise CorpusError("no corpus file found: name a .jsonl file or a folder that holds some")
    for file in files:
        if not file.is_file():
            raise CorpusError(f"cannot read the corpus file {file}: No such file or directory")
    return files


def statements_of(paths: Iterable[Path], axis: Axis) -> Iterator[LabelledStatement]:
    """One statement a line, read as it is asked for. Raises CorpusError naming file, line and field."""
    for file in corpus_files(paths):
        try:
            with file.open("rb") as lines:
                for number, raw in enumerate(lines, 1):
                    if raw.strip():
                        where = f"{file}:{number}"
                        record = json_object(raw.rstrip(b"\r\n"), where, CorpusError)
                        yield _statement(record, f"{file.stem}-{number:05d}", file.stem, axis, where)
        except OSError as fault:
            raise CorpusError(f"cannot read the corpus file {file}: {fault.strerror}") from None


def read_corpus(paths: Iterable[Path], axis: Axis) -> list[LabelledStatement]:
    """Reads files and folders of `*.jsonl`. Raises CorpusError naming file, line and field."""
    files = corpus_files(paths)
    statements: list[LabelledStatement] = []
    seen: dict[str, str] = {}
    for statement in statements_of(files, axis):
        if statement.id in seen:
            raise CorpusError(f"{statement.where}: the id {statement.id!r} stands already at {seen[statement.id]}")
        seen[statement.id] = statement.where
        statements.append(statement)
    if not statements:
        raise CorpusError(f"the corpus is empty: {', '.join(map(str, files))}")
    return statements


def _statement(record: dict[str, Any], default_id: str, origin: str, axis: Axis, where: str) -> LabelledStatement:
    for field in ("text", "holder", "label"):
        if not isinstance(record.get(field), str) or (field != "holder" and not record[field].strip()):
            raise CorpusError(f"{where}: the field {field!r} must be text, not {record.get(field)!r}")
    for field in ("label", "label_a", "label_b"):
        label = record.get(field, record["label"])
        if label not in axis.names:
            raise CorpusError(f"{where}: {field} {label!r} is not one of {', '.join(axis.names)}")
    voice = str(record.get("voice") or "quote")
    if voice not in VOICES:
        raise CorpusError(f"{where}: voice {voice!r} is not one of {', '.join(VOICES)}")
    return LabelledStatement(
        id=str(record.get("id") or default_id),
        group=str(record.get("group") or record.get("id") or default_id),
        text=record["text"],
        holder=record["holder"],
        counterpart=str(record.get("counterpart") or ""),
        label=record["label"],
        label_a=str(record.get("label_a") or record["label"]),
        label_b=str(record.get("label_b") or ""),
        conflict=str(record.get("conflict") or ""),
        form=str(record.get("form") or ""),
        voice=voice,
        origin=str(record.get("origin") or origin),
        where=where,
    )
