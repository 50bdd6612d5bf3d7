"""Whether an output of batch scoring is whole: against its manifest, its own rows, and the input.

Knows what must hold of a finished output. Does not know how it was made.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from models.bundle import file_hash
from models.errors import InputError
from serve.record_files import SHARDS_SUFFIX, find_inputs, read_error
from serve.record_readers import ParquetRows, open_rows
from serve.shard_store import damage, manifest_path, read_manifest, shards_folder, unfinished


@dataclass(frozen=True, kw_only=True)
class OutputState:
    complete: bool
    text: str


def check_output(out: Path, *, given: str | None = None) -> OutputState:
    """Raises InputError where `out` was not written by batch scoring."""
    if out.is_dir():
        return _check_folder(out, given)
    manifest = read_manifest(out)
    if manifest is None:
        begun = unfinished(out)
        if begun is None:
            raise InputError(
                f"{out} has no {manifest_path(out).name}: it was not written by detente score, or not here"
            )
        rows, total = sum(record.rows for record in begun[1]), sum(one["rows"] for one in begun[0]["inputs"])
        return OutputState(
            complete=False,
            text=f"{out} is unfinished: {rows:,} of {total:,} rows are in {shards_folder(out)}; go on with --resume",
        )
    expected = sum(one["rows"] for one in manifest["fingerprint"]["inputs"])
    fault = damage(out, manifest)
    if fault is None:
        reader = open_rows(out)
        found = reader.rows if isinstance(reader, ParquetRows) else reader.skip(sys.maxsize)
        in_shards = sum(one["rows"] for one in manifest["shards"])
        if not found == in_shards == manifest["rows"] == expected:
            fault = f"{out} has {found:,} rows, its shards {in_shards:,}, its input {expected:,}"
    if fault is None and given is not None:
        fault = _other_input(out, given, manifest["fingerprint"]["inputs"])
    if fault:
        return OutputState(complete=False, text=f"{fault}; delete it and its manifest, and score anew")
    model = manifest["fingerprint"]["model"]["version"]
    against = ", and the input is the one it was made from" if given is not None else ""
    return OutputState(
        complete=True,
        text=f"{out} is complete: {expected:,} rows in {len(manifest['shards']):,} shards by {model}, "
        f"sha256 {manifest['sha256'][:16]}{against}",
    )


def _check_folder(out: Path, given: str | None) -> OutputState:
    if given is not None:
        raise InputError("--input goes with one output file, not with a folder")
    marks = [*out.rglob("*.manifest.json"), *out.rglob(f"*{SHARDS_SUFFIX}")]
    outputs = sorted(
        {path.with_name(path.name.removesuffix(".manifest.json").removesuffix(SHARDS_SUFFIX)) for path in marks}
    )
    if not outputs:
        raise InputError(f"{out} holds no output of detente score")
    states = [check_output(path) for path in outputs]
    return OutputState(complete=all(one.complete for one in states), text="\n".join(one.text for one in states))


def _other_input(out: Path, given: str, recorded: list[dict[str, object]]) -> str | None:
    inputs = find_inputs(given, out=out)
    try:
        found = [(inputs.name(path), file_hash(path)) for path in inputs.files]
    except OSError as fault:
        raise read_error(Path(given), fault) from None
    if found == [(one["name"], one["sha256"]) for one in recorded]:
        return None
    return f"{out} was made from another input than {given}"
