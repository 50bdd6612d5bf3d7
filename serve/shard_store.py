"""Shards on disk: written whole or not at all, recorded in a journal, joined to the output at the end.

    OUT.shards/journal.jsonl   fingerprint, then a line for each finished shard
    OUT.shards/000017.jsonl    a shard: written as *.partial, synced, renamed, then recorded
    OUT                        all shards joined, under its name only when whole
    OUT.manifest.json          fingerprint, shards, counts and sha256 of OUT, written last
    .OUT.lock                  held while a run works on OUT

Knows order of writing and what a crash may leave behind. Does not know what is in a shard.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.bundle import file_hash
from models.durable_files import sync
from models.errors import InputError
from serve.record_files import SHARDS_SUFFIX, replace_durably, write_error

Fingerprint = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ShardRecord:
    """A finished shard; `tally` counts its rows by what became of them."""

    shard: int
    rows: int
    size: int
    sha256: str
    tally: dict[str, int]


class ShardStore:
    """The shards of one output. Use as a context: it holds the lock."""

    def __init__(self, out: Path, fingerprint: Fingerprint, *, resume: bool) -> None:
        self.out = out
        self.fingerprint = fingerprint
        self.records: dict[int, ShardRecord] = {}
        self.finished = False
        self._resume = resume
        self._lock = FileLock(out.with_name(f".{out.name}.lock"))

    def __enter__(self) -> "ShardStore":
        """Raises InputError where another run holds the output, or it belongs to another input or model."""
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"another run is writing {self.out}: wait for it, or name another output") from None
        except OSError as fault:
            raise write_error(self.out, fault) from None
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _open(self) -> None:
        manifest = read_manifest(self.out)
        journal = _read_journal(self.out)
        if manifest:
            self._check_same(manifest["fingerprint"])
            self.finished = damage(self.out, manifest) is None
            if self.finished:
                self.records = {one["shard"]: ShardRecord(**one) for one in manifest["shards"]}
                shutil.rmtree(shards_folder(self.out), ignore_errors=True)
                return
        if journal:
            self._check_same(journal[0])
            if not self._resume:
                raise InputError(
                    f"{self.out} was begun before and is unfinished: add --resume to go on, "
                    f"or delete {shards_folder(self.out)}"
                )
            self.records = {one.shard: one for one in journal[1] if self._intact(one)}
        elif self.out.exists() and not manifest:
            raise InputError(f"{self.out} exists and was not written by detente score: name another output")
        try:
            self._begin()
        except OSError as fault:
            raise write_error(self.out, fault) from None

    def _check_same(self, other: Fingerprint) -> None:
        for part, name in (("inputs", "input"), ("model", "model"), ("axis", "axis"), ("settings", "settings")):
            if other.get(part) != self.fingerprint[part]:
                raise InputError(
                    f"{self.out} was written for another {name} ({_brief(other.get(part), self.fingerprint[part])}): "
                    f"name another output, or delete it with {manifest_path(self.out).name} "
                    f"and {shards_folder(self.out).name}"
                )

    def _intact(self, record: ShardRecord) -> bool:
        path = self.shard_path(record.shard)
        return path.is_file() and path.stat().st_size == record.size and file_hash(path) == record.sha256

    def _begin(self) -> None:
        """Writes the journal anew with what holds, so that nothing is ever appended to a torn line."""
        folder = shards_folder(self.out)
        folder.mkdir(exist_ok=True)
        known = {self.shard_path(shard).name for shard in self.records}
        for path in folder.iterdir():
            if path.name not in known and path.name != "journal.jsonl":
                path.unlink()
        lines = [self.fingerprint, *(asdict(record) for _, record in sorted(self.records.items()))]
        temporary = folder / "journal.jsonl.partial"
        temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        replace_durably(temporary, folder / "journal.jsonl")
        sync(self.out.parent)

    def shard_path(self, shard: int) -> Path:
        return shards_folder(self.out) / f"{shard:06d}{''.join(self.out.suffixes[-2:])}"

    def partial_path(self, shard: int) -> Path:
        """Where a shard is written until `record`."""
        path = self.shard_path(shard)
        return path.with_name(path.name + ".partial")

    def record(self, shard: int, *, rows: int, tally: Counter[str]) -> None:
        """Makes a written shard count. Raises InputError where the disk refuses."""
        path, partial = self.shard_path(shard), self.partial_path(shard)
        try:
            record = ShardRecord(
                shard=shard, rows=rows, size=partial.stat().st_size, sha256=file_hash(partial), tally=dict(tally)
            )
            replace_durably(partial, path)
            with (path.parent / "journal.jsonl").open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(asdict(record)) + "\n")
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as fault:
            raise write_error(self.out, fault) from None
        self.records[shard] = record

    def finish(self, join: Callable[[Sequence[Path], Path], None]) -> None:
        """Joins all shards to the output and vouches for it. Raises InputError where the disk refuses."""
        ordered = [record for _, record in sorted(self.records.items())]
        joined = shards_folder(self.out) / "joined.partial"
        try:
            join([self.shard_path(record.shard) for record in ordered], joined)
            manifest = {
                "format": 1,
                "fingerprint": self.fingerprint,
                "rows": sum(record.rows for record in ordered),
                "tally": dict(self.tally),
                "size": joined.stat().st_size,
                "sha256": file_hash(joined),
                "shards": [asdict(record) for record in ordered],
            }
            replace_durably(joined, self.out)
            temporary = shards_folder(self.out) / "manifest.partial"
            temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
            replace_durably(temporary, manifest_path(self.out))
            shutil.rmtree(shards_folder(self.out))
        except OSError as fault:
            raise write_error(self.out, fault) from None
        self.finished = True

    @property
    def tally(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for record in self.records.values():
            total.update(record.tally)
        return total


def shards_folder(out: Path) -> Path:
    return out.with_name(out.name + SHARDS_SUFFIX)


def manifest_path(out: Path) -> Path:
    return out.with_name(out.name + ".manifest.json")


def read_manifest(out: Path) -> dict[str, Any] | None:
    """None where there is none. Raises InputError for one that is damaged."""
    path = manifest_path(out)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("fingerprint", "shards", "rows", "size", "sha256"):
            content[name]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(f"cannot read {path}: {fault!r}; delete it and {out} to score anew") from None
    return content


def _read_journal(out: Path) -> tuple[Fingerprint, list[ShardRecord]] | None:
    """Fingerprint and finished shards; a torn line at the end was never in force."""
    try:
        text = (shards_folder(out) / "journal.jsonl").read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    lines: list[dict[str, Any]] = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    if not lines:
        return None
    return lines[0], [ShardRecord(**line) for line in lines[1:]]


def unfinished(out: Path) -> tuple[Fingerprint, list[ShardRecord]] | None:
    """What a run that was cut off has done so far; None where there is none."""
    return _read_journal(out)


def damage(out: Path, manifest: dict[str, Any]) -> str | None:
    """What is wrong with a finished output, None if nothing is."""
    if not out.is_file():
        return f"{out} is missing"
    size = out.stat().st_size
    if size != manifest["size"]:
        return f"{out} has {size:,} bytes where its manifest says {manifest['size']:,}"
    return None if file_hash(out) == manifest["sha256"] else f"{out} was changed: its sha256 is not the manifest's"


def _brief(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        changed = [name for name in ours if theirs.get(name) != ours[name]]
        return ", ".join(f"{name} {_short(theirs.get(name))}, now {_short(ours[name])}" for name in changed)
    if isinstance(theirs, list) and isinstance(ours, list):
        names = [one["name"] for one in theirs if one not in ours] or [one["name"] for one in ours if one not in theirs]
        return f"{', '.join(names[:3])} differs" if names else "in another order"
    return f"{_short(theirs)}, now {_short(ours)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else text[:12]
