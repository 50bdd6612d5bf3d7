"""Scoring on Ray gives the rows of the single machine, whichever process is killed; needs the extra `ray`.

Each run is a process with a cluster of its own, as on a command line, so that any part of it can be killed.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tiny_bundle import make_tiny_bundle

from detente.cli import main

# Not importorskip: its import would start Ray's threads in the process that runs all other tests.
pytestmark = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import ray.data"], capture_output=True).returncode != 0,
    reason="needs Ray: pip install 'detente[ray]'",
)
ROOT = Path(__file__).resolve().parent.parent
ROWS = 6_000
DEADLINE = 240.0
# As /proc/net has them: 127.0.0.1, ::1, and the first in the form of the second.
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Statements of different length, holders with and without, every ninth row without text, and one broken line."""
    path = tmp_path_factory.mktemp("ray") / "in.jsonl"
    rows = [
        {
            "id": n,
            "text": f"We will talk about point {n}" + " and about peace" * (n % 40) + "." if n % 9 else None,
            "holder": "the union" if n % 2 else None,
            "weight": n / 7,
        }
        for n in range(ROWS)
    ]
    lines = [json.dumps(row) for row in rows]
    lines[100] = "{broken"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def expected(bundle: Path, source: Path) -> bytes:
    out = source.with_name("one.jsonl")
    assert main(["score", str(source), "--out", str(out), "--model", str(bundle), "--quiet"]) == 0
    return out.read_bytes()


def test_rows_equal_those_of_one_machine_though_a_worker_is_killed(
    bundle: Path, source: Path, expected: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "ray.jsonl"
    process = started(
        "-m", "detente", "score", str(source), "--out", str(out), "--model", str(bundle), "--quiet",
        "--engine", "ray", "--workers", "2", "--shard-rows", "200",
    )  # fmt: skip
    journal = out.with_name("ray.jsonl.shards") / "journal.jsonl"
    until(process, lambda: len(scorers_of(process)) == 2 and journal.is_file() and journal.read_text().count("\n") > 2)
    assert journal.read_text().count("\n") < ROWS / 200, "it was too fast to be killed in time"
    os.kill(scorers_of(process)[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, errors
    # Ray's own note that a restart needs its driver alive; `--quiet` cannot silence it without losing Ray's logs.
    assert [line for line in errors.splitlines() if "core_worker.cc" not in line] == []
    assert main(["verify", str(out), "--input", str(source)]) == 0
    assert out.read_bytes().splitlines() == expected.splitlines()


def test_a_run_that_was_killed_goes_on_with_either_engine(
    bundle: Path, source: Path, expected: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "ray.jsonl"
    shared = ["score", str(source), "--out", str(out), "--model", str(bundle), "--quiet", "--shard-rows", "200"]
    process = started("-m", "detente", *shared, "--engine", "ray")
    journal = out.with_name("ray.jsonl.shards") / "journal.jsonl"
    until(process, lambda: journal.is_file() and journal.read_text().count("\n") > 2)
    assert reachable_from_elsewhere(process) == []
    process.kill()
    process.communicate()
    assert not out.exists()
    assert main([*shared, "--resume"]) == 0
    assert out.read_bytes() == expected


PIPELINE = """
    import sys

    from serve.ray_data import StanceScorer, start

    start(cpus=3)
    import ray
    from ray.data import DataContext
    from ray.data.checkpoint import CheckpointConfig

    source, out, done, model = sys.argv[1:]
    DataContext.get_current().checkpoint_config = CheckpointConfig(
        id_column="id", checkpoint_path=done, delete_checkpoint_on_success=False
    )
    scored = ray.data.read_parquet(source, override_num_blocks=24).map_batches(
        StanceScorer,
        fn_constructor_kwargs={"model": model},
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    scored.write_parquet(out)
"""


def test_a_pipeline_that_was_killed_writes_each_row_once(
    bundle: Path, source: Path, expected: bytes, tmp_path: Path
) -> None:
    rows = [row for row in map(json.loads, expected.decode().splitlines()) if "line" not in row]
    given, out, done = tmp_path / "in.parquet", tmp_path / "out", tmp_path / "done"
    import pyarrow as pa

    columns = ("id", "text", "holder", "weight")
    pq.write_table(pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows]), given)
    script = ("-c", textwrap.dedent(PIPELINE), str(given), str(out), str(done), str(bundle))
    process = started(*script)
    until(process, lambda: bool(committed(done)))
    process.kill()
    process.communicate()
    before = sum(pq.read_metadata(path).num_rows for path in committed(done))
    assert 0 < before < len(rows)
    process = started(*script)
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, errors
    found = [row for path in sorted(out.rglob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert sorted(found, key=lambda row: row["id"]) == rows


def committed(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.parquet") if ".pending" not in path.name]


def started(*arguments: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(process: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """Waits; a run that ends before is a failure."""
    limit = time.monotonic() + DEADLINE
    while not reached():
        if process.poll() is not None or time.monotonic() > limit:
            process.kill()
            raise AssertionError(f"exit code {process.returncode}: {process.communicate()[1]}")
        time.sleep(0.01)


def descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it ended meanwhile
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    waiting = [root]
    while waiting:
        found = children.get(waiting.pop(), [])
        yield from found
        waiting.extend(found)


def scorers_of(process: "subprocess.Popen[str]") -> list[int]:
    """The worker processes of a run that hold the model."""
    found = []
    for pid in descendants(process.pid):
        try:
            name = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"ProbabilityScorer" in name:
            found.append(pid)
    return found


def reachable_from_elsewhere(process: "subprocess.Popen[str]") -> list[str]:
    """Addresses other than loopback on which a process of the run listens."""
    inodes = set()
    for pid in (process.pid, *descendants(process.pid)):
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, state, inode = fields[1], fields[3], fields[9]
            if state == "0A" and inode in inodes:
                found.append(address.split(":")[0])
    assert found, "no process of the run listens at all: this looks in the wrong place"
    return [address for address in found if address not in LOOPBACK]
