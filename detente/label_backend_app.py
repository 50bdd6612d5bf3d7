"""Label Studio's contract for ML backends: predictions for its tasks, and a training when labels come in.

`/health`, `/setup`, `/predict`, `/webhook`, `/train` as the server calls them (label-studio-ml 2). Knows the
form of tasks that `detente label tasks` writes. What is trained and how is `training_job.py`.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from detente.training_job import TrainingJob
from eval.label_studio import CHOICES, TEXT, unit_id
from models.bundle import released_path
from models.classifier import StanceClassifier
from models.errors import DetenteError
from models.statement import Statement

LABELLED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")
TAKEN_BACK = "ANNOTATIONS_DELETED"
TRAINING = ("START_TRAINING", "PROJECT_TRAIN")


class Wire(BaseModel):
    """Label Studio sends more than we read, and more with each release."""

    model_config = ConfigDict(extra="ignore")


class Task(Wire):
    id: int | str | None = None
    data: dict[str, Any]


class SetupRequest(Wire):
    label_schema: str = Field(default="", alias="schema")


class PredictRequest(Wire):
    tasks: list[Task]


class WebhookRequest(Wire):
    action: str
    task: Task | None = None
    annotation: dict[str, Any] | None = None


class ReleasedModel:
    """The released model, loaded when first asked for and again after a promotion; one call at a time."""

    def __init__(self, axis: str) -> None:
        self._axis, self._lock = axis, threading.RLock()
        self._path: Path | None = None
        self._classifier: StanceClassifier | None = None

    def classifier(self) -> StanceClassifier:
        with self._lock:
            path = released_path(self._axis)
            if self._classifier is None or path != self._path:
                self._classifier, self._path = StanceClassifier.load(path), path
            return self._classifier

    def predict(self, tasks: list[Task]) -> tuple[list[dict[str, Any]], str]:
        statements = [statement_of(task.data) for task in tasks]
        empty = next((number for number, one in enumerate(statements, 1) if not one.text.strip()), None)
        if empty:
            raise HTTPException(400, f"task {empty} has no data.text: make tasks with detente label")
        with self._lock:
            classifier = self.classifier()
            stances = classifier.classify(statements)
        version = classifier.bundle.version
        return [
            {
                "model_version": version,
                "score": round(stance.confidence, 4),
                "result": [
                    {"from_name": CHOICES, "to_name": TEXT, "type": "choices", "value": {"choices": [stance.label]}}
                ],
            }
            for stance in stances
        ], version


def statement_of(data: dict[str, Any]) -> Statement:
    """The statement of a task: from the record that our tasks carry, else from the task's own fields."""
    record = data.get("record") if isinstance(data.get("record"), dict) else data
    assert isinstance(record, dict)
    return Statement(
        text=str(data.get("text") or record.get("text") or ""),
        holder=str(record.get("holder") or ""),
        counterpart=str(record.get("counterpart") or ""),
    )


def task_id(task: Task) -> str:
    statement = statement_of(task.data)
    return unit_id(statement.text, statement.holder, statement.counterpart)


def labelled_record(task: Task, annotation: dict[str, Any]) -> dict[str, Any] | None:
    """A training record; None where the annotation was skipped or says nothing about the stance."""
    choices = [
        choice
        for result in annotation.get("result") or []
        if isinstance(result, dict) and result.get("from_name") == CHOICES
        for choice in (result.get("value") or {}).get("choices", [])
    ]
    if annotation.get("was_cancelled") or len(choices) != 1:
        return None
    statement = statement_of(task.data)
    record = task.data.get("record") if isinstance(task.data.get("record"), dict) else {}
    assert isinstance(record, dict)
    return {
        "id": task_id(task),
        "group": str(record.get("group") or unit_id(statement.text, "", "")),
        "text": statement.text,
        "holder": statement.holder,
        "counterpart": statement.counterpart,
        "label": choices[0],
    }


def create_app(job: TrainingJob, *, axis: str, train_after: int = 0) -> FastAPI:
    """The application; with `train_after` a training starts by itself after so many new labels."""
    model = ReleasedModel(axis)
    new_labels = 0

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        job.stop()

    app = FastAPI(title="Détente for Label Studio", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(DetenteError)
    async def refused(request: Any, error: DetenteError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=400)

    @app.get("/health")
    @app.get("/")
    def health() -> dict[str, Any]:
        return {"status": "UP", "model_class": "Detente", "training": job.state()}

    @app.post("/setup")
    def setup(request: SetupRequest) -> dict[str, Any]:
        bundle = model.classifier().bundle
        missing = [name for name in bundle.axis.names if f'value="{name}"' not in request.label_schema]
        if request.label_schema and missing:
            raise HTTPException(
                400, f"the labelling configuration lacks the choice {missing[0]!r}: use that of detente label config"
            )
        return {"model_version": bundle.version}

    @app.post("/predict")
    def predict(request: PredictRequest) -> dict[str, Any]:
        results, version = model.predict(request.tasks) if request.tasks else ([], None)
        return {"results": results, "model_version": version}

    @app.post("/webhook", status_code=201)
    def webhook(request: WebhookRequest) -> dict[str, Any]:
        nonlocal new_labels
        if request.action in TRAINING:
            return {"status": "ok", "result": job.start()}
        if request.task is None or request.action not in (*LABELLED, TAKEN_BACK):
            return {"status": "ok", "result": "nothing to do"}
        if request.action == TAKEN_BACK:
            return {"status": "ok", "result": f"{job.remove(task_id(request.task))} labels"}
        record = labelled_record(request.task, request.annotation or {})
        if record is None:
            return {"status": "ok", "result": "no label in this annotation"}
        model.classifier().bundle.axis.index(record["label"])
        count = job.add(record)
        new_labels += 1
        if train_after and new_labels >= train_after:
            new_labels = 0
            return {"status": "ok", "result": job.start()}
        return {"status": "ok", "result": f"{count} labels"}

    @app.post("/train", status_code=201)
    def train() -> dict[str, Any]:
        return {"status": "ok", "result": job.start()}

    return app
