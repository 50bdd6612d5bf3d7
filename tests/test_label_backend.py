"""The backend for Label Studio: the contract's calls, and trainings one at a time in the background."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from detente.label_backend_app import create_app
from detente.training_job import TrainingJob
from eval.label_studio import as_task, labelling_config
from models.axis import load_axis
from models.bundle import released_path

AXIS = load_axis()


def task(text: str = "We are ready to sit down.", holder: str = "the union") -> dict[str, Any]:
    return {"id": 7, **as_task({"text": text, "holder": holder, "counterpart": "the port"}, AXIS, preannotate=False)}


def annotation(label: str) -> dict[str, Any]:
    return {
        "id": 1,
        "result": [{"from_name": "stance", "to_name": "text", "type": "choices", "value": {"choices": [label]}}],
    }


@pytest.fixture
def job(tmp_path: Path) -> Iterator[TrainingJob]:
    made = TrainingJob(tmp_path / "data", tmp_path / "no-recipe.toml")
    yield made
    made.stop()


@pytest.fixture
def client(job: TrainingJob) -> Iterator[TestClient]:
    with TestClient(create_app(job, axis="negotiation"), raise_server_exceptions=False) as made:
        yield made


def until(job: TrainingJob, *statuses: str) -> dict[str, Any]:
    for _ in range(3600):
        state = job.state()
        if state["status"] in statuses and not state["next"]:
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def test_health_setup_and_predictions(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "UP"
    assert client.post("/setup", json={"project": "1", "schema": labelling_config(AXIS)}).json() == {
        "model_version": released_path().name
    }
    refused = client.post("/setup", json={"schema": '<Choices><Choice value="happy"/></Choices>'})
    assert refused.status_code == 400
    assert "lacks the choice 'refuse'" in refused.json()["detail"]
    answer = client.post("/predict", json={"tasks": [task(), task("The harbour is closed.")], "project": "1.2"}).json()
    assert len(answer["results"]) == 2
    for result in answer["results"]:
        assert result["model_version"] == released_path().name
        assert result["result"][0]["value"]["choices"][0] in AXIS.names
        assert 0 < result["score"] <= 1


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"tasks": [1]}', b'{"tasks": [{"data": {"text": " "}}]}', b"\xff"])
def test_a_bad_request_is_told_so(client: TestClient, body: bytes) -> None:
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert client.get("/health").status_code == 200


def test_labels_are_kept_changed_and_taken_back(client: TestClient, job: TrainingJob, tmp_path: Path) -> None:
    def send(action: str, label: str = "open", **extra: Any) -> dict[str, Any]:
        body = {"action": action, "task": task(), "annotation": annotation(label), **extra}
        answer = client.post("/webhook", json=body)
        assert answer.status_code == 201
        found: dict[str, Any] = answer.json()
        return found

    assert send("ANNOTATION_CREATED")["result"] == "1 labels"
    assert send("ANNOTATION_UPDATED", "conditional")["result"] == "1 labels"
    assert send("ANNOTATION_CREATED", annotation={"result": [], "was_cancelled": True})["result"].startswith("no label")
    assert send("PROJECT_UPDATED")["result"] == "nothing to do"
    wrong = client.post("/webhook", json={"action": LABELLED, "task": task(), "annotation": annotation("eager")})
    assert wrong.status_code == 400
    lines = [json.loads(line) for line in (tmp_path / "data" / "labels.jsonl").read_text().splitlines()]
    assert [line["label"] for line in lines] == ["open", "conditional"]
    assert lines[-1]["holder"] == "the union"
    assert send("ANNOTATIONS_DELETED")["result"] == "0 labels"
    assert "no labels" in client.post("/webhook", json={"action": "START_TRAINING"}).json()["result"]


LABELLED = "ANNOTATION_CREATED"


def test_one_training_at_a_time_and_the_next_one_follows(
    client: TestClient, job: TrainingJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter is replaced by one that notes start and end, in place of minutes of training."""
    notes = tmp_path / "notes"
    runner = tmp_path / "python"
    go = tmp_path / "go"
    wait = f'while [ ! -e "{go}" ]; do sleep 0.05; done'
    runner.write_text(f'#!/bin/sh\necho start >> "{notes}"\n{wait}\necho end >> "{notes}"\n')
    runner.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(runner))
    client.post("/webhook", json={"action": LABELLED, "task": task(), "annotation": annotation("open")})
    assert "on 1 labels" in client.post("/train").json()["result"]
    client.post("/webhook", json={"action": LABELLED, "task": task("No."), "annotation": annotation("refuse")})
    assert all("follows" in client.post("/train").json()["result"] for _ in range(3))
    assert client.get("/health").json()["training"]["status"] == "training"
    go.touch()
    until(job, "ready")
    assert notes.read_text().split() == ["start", "end", "start", "end"]
    assert len(list((tmp_path / "data").glob("labels-*.jsonl"))) == 2


def test_what_a_failed_training_said_is_shown(client: TestClient, job: TrainingJob) -> None:
    client.post("/webhook", json={"action": LABELLED, "task": task(), "annotation": annotation("open")})
    client.post("/webhook", json={"action": "START_TRAINING"})
    assert "no recipe" in until(job, "failed")["error"]
