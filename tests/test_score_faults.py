"""`detente score` cut off, misused and out of disk: nothing lost, nothing twice, one line each."""

import gzip
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from tiny_bundle import make_tiny_bundle

from detente.cli import main
from serve import record_files, record_readers, shard_store

ROWS = 42


class Killed(BaseException):
    """Stands for the end of the process: nothing in the code may catch it and tidy up."""


class BadSector(io.FileIO):
    """A file that cannot be read from a certain byte on."""

    def __init__(self, path: Path, *, at: int) -> None:
        super().__init__(path)
        self._at = at

    def readinto(self, buffer: Any, /) -> int:
        if self.tell() >= self._at:
            raise OSError(5, "Input/output error")
        return super().readinto(buffer) or 0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    rows = [{"id": n, "text": f"We will talk about point {n // 2}." if n % 9 else None} for n in range(ROWS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def arguments(bundle: Path, source: Path, out: Path, *more: str) -> list[str]:
    return ["score", str(source), "--out", str(out), "--model", str(bundle), "--quiet", "--shard-rows", "10", *more]


def undisturbed(bundle: Path, source: Path, form: str) -> bytes:
    out = source.with_name(f"undisturbed.{form}")
    assert main(arguments(bundle, source, out)) == 0
    return out.read_bytes()


@pytest.mark.parametrize("form", ["jsonl", "csv.gz", "parquet"])
def test_death_at_any_step_of_writing_changes_no_byte(
    bundle: Path, source: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed(bundle, source, form)
    real: dict[str, Callable[..., None]] = {"sync": record_files.sync, "replace": Path.replace}  # type: ignore[dict-item]
    steps = 0
    last_step = 0

    def dying(name: str) -> Callable[..., object]:
        def call(*given: object) -> object:
            nonlocal steps
            steps += 1
            if steps == last_step:
                raise Killed
            return real[name](*given)

        return call

    for last_step in range(1, 200):
        out = source.with_name(f"killed{last_step}.{form}")
        steps = 0
        with monkeypatch.context() as patch:
            patch.setattr(record_files, "sync", dying("sync"))
            patch.setattr(shard_store, "sync", dying("sync"))
            patch.setattr(Path, "replace", dying("replace"))
            try:
                main(arguments(bundle, source, out))
            except Killed:
                pass
            else:
                break
        assert main(arguments(bundle, source, out, "--resume")) == 0
        assert out.read_bytes() == expected
        assert main(["verify", str(out)]) == 0
    # Journal, five shards, output and manifest: two syncs and a replacement each, and the folder once.
    assert last_step - 1 == 3 * (1 + 5 + 1 + 1) + 1


def test_a_killed_process_leaves_what_resume_needs(bundle: Path, source: Path) -> None:
    expected = undisturbed(bundle, source, "jsonl")
    out = source.with_name("out.jsonl")
    journal = shard_store.shards_folder(out) / "journal.jsonl"
    process = subprocess.Popen([sys.executable, "-m", "detente", *arguments(bundle, source, out, "--shard-rows", "1")])
    while process.poll() is None and not (journal.is_file() and journal.read_text().count("\n") >= 4):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert main(arguments(bundle, source, out, "--shard-rows", "1", "--resume")) == 0
    assert out.read_bytes() == expected


def stop_after(bundle: Path, source: Path, out: Path, monkeypatch: pytest.MonkeyPatch, shards: int) -> None:
    """Runs until that many shards are recorded."""
    record = shard_store.ShardStore.record
    recorded = 0

    def counted(self: shard_store.ShardStore, *given: object, **named: object) -> None:
        nonlocal recorded
        if recorded == shards:
            raise Killed
        recorded += 1
        record(self, *given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(shard_store.ShardStore, "record", counted)
        with pytest.raises(Killed):
            main(arguments(bundle, source, out))


def test_finished_shards_are_not_scored_again_and_damaged_ones_are(
    bundle: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed(bundle, source, "jsonl")
    out = source.with_name("out.jsonl")
    stop_after(bundle, source, out, monkeypatch, 3)
    folder = shard_store.shards_folder(out)
    (folder / "000001.jsonl").write_bytes(b"{}\n")
    with (folder / "journal.jsonl").open("a") as journal:
        journal.write('{"shard": 3, "rows": 10, "si')
    written: list[int] = []
    record = shard_store.ShardStore.record

    def noted(self: shard_store.ShardStore, shard: int, **named: object) -> None:
        written.append(shard)
        record(self, shard, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(shard_store.ShardStore, "record", noted)
    assert main(arguments(bundle, source, out, "--resume")) == 0
    assert written == [1, 3, 4]
    assert out.read_bytes() == expected
    assert not folder.exists()


def one_line(capsys: pytest.CaptureFixture[str], *says: str) -> None:
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    for part in says:
        assert part in error


def test_another_model_input_or_setting_is_refused(
    bundle: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_tiny_bundle(tmp_path / "other", version="tiny-0.0.2", seed=6)
    second = source.with_name("second.jsonl")
    second.write_text('{"text": "We refuse."}\n')
    capsys.readouterr()
    begun, done = source.with_name("begun.jsonl"), source.with_name("done.jsonl")
    stop_after(bundle, source, begun, monkeypatch, 2)
    assert main(arguments(bundle, source, done)) == 0
    kept = done.read_bytes()
    for out in (begun, done):
        for more in ([], ["--resume"]):
            assert main(arguments(other, source, out, *more)) == 2
            one_line(capsys, "another model", "tiny-0.0.1", "tiny-0.0.2")
            assert main(arguments(bundle, second, out, *more)) == 2
            one_line(capsys, "another input", "in.jsonl")
            assert main(arguments(bundle, source, out, "--shard-rows", "9", *more)) == 2
            one_line(capsys, "shard_rows 10, now 9")
    assert main(arguments(bundle, source, begun)) == 2
    one_line(capsys, "unfinished", "--resume")
    assert done.read_bytes() == kept
    assert main(arguments(bundle, source, done)) == 0
    foreign = source.with_name("foreign.jsonl")
    foreign.write_text("something of mine\n")
    assert main(arguments(bundle, source, foreign)) == 2
    one_line(capsys, "not written by detente score")
    assert foreign.read_text() == "something of mine\n"
    assert main(arguments(bundle, source, source)) == 2
    one_line(capsys, "is the input itself")


def test_two_runs_on_one_output_exclude_each_other(
    bundle: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = source.with_name("out.jsonl")
    with FileLock(out.with_name(".out.jsonl.lock")):
        assert main(arguments(bundle, source, out)) == 2
        one_line(capsys, "another run is writing")
    assert main(arguments(bundle, source, out)) == 0


def test_a_full_disk_is_one_line_and_no_loss(bundle: Path, source: Path) -> None:
    expected = undisturbed(bundle, source, "jsonl")
    out = source.with_name("out.jsonl")
    command = [sys.executable, "-m", "detente", *arguments(bundle, source, out)]
    # One shard fits, the joined output does not.
    limit = len(expected) // 2

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(command, preexec_fn=small_files, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot write" in done.stderr
    assert "--resume" in done.stderr
    assert not out.exists()
    assert main(arguments(bundle, source, out, "--resume")) == 0
    assert out.read_bytes() == expected


def test_an_output_that_cannot_be_made_is_one_line(
    bundle: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(bundle, source, source / "out.jsonl")) == 2
    one_line(capsys, "cannot write")


def test_a_read_error_names_the_row_and_keeps_what_is_done(
    bundle: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = undisturbed(bundle, source, "jsonl")
    out = source.with_name("out.jsonl")
    opened = 0

    def failing(path: Path, compression: str | None) -> io.BufferedReader:
        nonlocal opened
        opened += 1
        # The first opening is the survey, which gets through; the second meets the bad sector.
        return io.BufferedReader(BadSector(path, at=1000 if opened == 2 else sys.maxsize), 64)

    with monkeypatch.context() as patch:
        patch.setattr(record_readers, "open_bytes", failing)
        patch.setattr(record_readers, "BLOCK_ROWS", 5)
        assert main(arguments(bundle, source, out)) == 2
    one_line(capsys, "cannot read", "in.jsonl after row 2", "Input/output error")
    assert main(["verify", str(out)]) == 1
    assert "20 of 42 rows" in capsys.readouterr().out
    assert main(arguments(bundle, source, out, "--resume")) == 0
    assert out.read_bytes() == expected


def test_a_truncated_archive_is_one_line(bundle: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = source.with_name("in.jsonl.gz")
    packed.write_bytes(gzip.compress(source.read_bytes() + os.urandom(5000))[:-2000])
    assert main(arguments(bundle, packed, source.with_name("out.jsonl"))) == 2
    one_line(capsys, "cannot read", "in.jsonl.gz", "after row")


def test_max_errors_stops_and_resume_goes_on(bundle: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = undisturbed(bundle, source, "jsonl")
    out = source.with_name("out.jsonl")
    assert main(arguments(bundle, source, out, "--max-errors", "2")) == 2
    one_line(capsys, "3 rows have an error", "--max-errors 2", "no text")
    assert main(["verify", str(out)]) == 1
    assert "10 of 42 rows" in capsys.readouterr().out
    assert main(arguments(bundle, source, out, "--max-errors", "5", "--resume")) == 0
    assert out.read_bytes() == expected


def test_verify_sees_every_change(bundle: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = source.with_name("out.jsonl")
    assert main(arguments(bundle, source, out)) == 0
    assert main(["verify", str(out), "--input", str(source)]) == 0
    whole = out.read_bytes()
    out.write_bytes(whole.replace(b'"id": 1,', b'"id": 7,'))
    assert main(["verify", str(out)]) == 1
    out.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])
    assert main(["verify", str(out)]) == 1
    # A changed output is made anew, not taken for done.
    assert main(arguments(bundle, source, out, "--resume")) == 0
    assert out.read_bytes() == whole
    source.write_text('{"text": "other"}\n')
    assert main(["verify", str(out), "--input", str(source)]) == 1
    assert "another input" in capsys.readouterr().out
    assert main(["verify", str(source)]) == 2


def test_the_ray_engine_without_ray_is_one_line(
    bundle: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(arguments(bundle, source, source.with_name("out.jsonl"), "--engine", "ray")) == 2
    one_line(capsys, "detente[ray]")
