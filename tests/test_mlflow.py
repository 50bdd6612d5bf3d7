"""Runs, versions and aliases in a real MLflow server with its database; skipped where MLflow is not installed."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_bundle import make_tiny_bundle

from detente.cli import main
from models.errors import TrainingError
from training.model_tracking import ModelTracking
from training.promotion import promote, rollback

SERVER = Path(sys.executable).with_name("mlflow")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    command = str(SERVER) if SERVER.is_file() else shutil.which("mlflow")
    if command is None:
        pytest.skip("the command mlflow (its server) is not installed")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [
        "server",
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    arguments += ["--host", "127.0.0.1", "--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("wb") as log, subprocess.Popen([command, *arguments], stdout=log, stderr=log) as process:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=5):
                    break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.5)
        yield url
        process.terminate()


@pytest.mark.filterwarnings("default")
def test_a_candidate_is_challenger_and_becomes_champion_when_it_is_released(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.tracking import MlflowClient

    registry = tmp_path / "registry"
    first = make_tiny_bundle(tmp_path / "a", version="first", seed=1)
    second = make_tiny_bundle(tmp_path / "b", version="second", seed=2)
    promote(first, registry=registry, force="a trial")

    def command(*candidate: str) -> str:
        assert main(["mlflow", *candidate, "--server", server, "--registry", str(registry)]) == 0
        return capsys.readouterr().out

    def aliases() -> dict[str, str]:
        client = MlflowClient(tracking_uri=server)
        versions = {
            name: client.get_model_version_by_alias("detente-negotiation", name) for name in ("champion", "challenger")
        }
        return {name: one.tags["detente.version"] for name, one in versions.items()}

    assert "is the challenger" in command(str(second))
    assert aliases() == {"champion": "first", "challenger": "second"}
    promote(second, registry=registry, force="a trial")
    command()
    assert aliases()["champion"] == "second"
    rollback(registry=registry)
    command()
    assert aliases()["champion"] == "first"
    command(str(second))
    client = MlflowClient(tracking_uri=server)
    assert len(client.search_model_versions("name = 'detente-negotiation'")) == 2
    runs = client.search_runs([client.get_experiment_by_name("detente").experiment_id])
    assert {run.data.tags["detente.version"] for run in runs} == {"first", "second"}
    names = {one.path for one in client.list_artifacts(runs[0].info.run_id, "bundle")}
    assert "bundle/manifest.json" in names


def test_without_mlflow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(TrainingError, match=r"detente\[mlflow\]"):
        ModelTracking("http://127.0.0.1:1")
