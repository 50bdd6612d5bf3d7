"""Scoring on Ray gives the rows of the single machine, also when a worker is killed; needs the extra `ray`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_bundle import make_tiny_bundle

from detente.cli import main

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
    yield
    ray.shutdown()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    rows = [{"id": n, "text": f"We will talk about point {n}." if n % 9 else None} for n in range(200)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_equal_those_of_one_machine_though_a_worker_dies(
    bundle: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serve import ray_data, record_readers

    monkeypatch.setattr(record_readers, "BLOCK_ROWS", 10)
    finished = ray_data.RayScorer._finished
    killed: list[int] = []

    def killing(self: ray_data.RayScorer, sent: Any) -> Any:
        found = finished(self, sent)
        if not killed:
            ray.kill(self.workers[0], no_restart=False)
            killed.append(1)
        return found

    monkeypatch.setattr(ray_data.RayScorer, "_finished", killing)
    shared = ["score", str(source), "--model", str(bundle), "--quiet", "--shard-rows", "30"]
    assert main([*shared, "--out", str(source.with_name("ray.jsonl")), "--engine", "ray", "--workers", "2"]) == 0
    assert killed
    assert main([*shared, "--out", str(source.with_name("one.jsonl"))]) == 0
    assert source.with_name("ray.jsonl").read_bytes() == source.with_name("one.jsonl").read_bytes()


def test_map_batches_gives_the_same_fields(bundle: Path, source: Path) -> None:
    from serve.ray_data import StanceScorer

    out = source.with_name("one.jsonl")
    assert main(["score", str(source), "--model", str(bundle), "--quiet", "--out", str(out)]) == 0
    scored = ray.data.read_json(str(source)).map_batches(
        StanceScorer,
        fn_constructor_kwargs={"model": str(bundle)},
        batch_format="pyarrow",
        batch_size=64,
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    found = sorted(scored.take_all(), key=lambda row: row["id"])
    assert found == [json.loads(line) for line in out.read_text().splitlines()]
