"""The routes of text-embeddings-inference for a classifier: `/predict`, `/info`, `/health`, `/metrics`.

After router/src/http/server.rs: a single input gets a flat list of labels, a batch a nested one, by
falling score. Two things are ours: a text longer than the model reads is read whole, window by window,
unless `truncate` says otherwise, and scores are calibrated probabilities.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from models.statement import Statement
from serve.http_errors import ServiceError
from serve.request_batcher import Answer
from serve.request_log import RECORD
from serve.service_health import require_ready
from serve.stance_service import LongText, StanceService
from serve.wire_types import ErrorBody, Health, Info, Prediction, PredictRequest

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "no JSON, or an empty batch"},
    401: {"model": ErrorBody, "description": "no token, or a wrong one"},
    408: {"model": ErrorBody, "description": "the request did not arrive in time"},
    413: {"model": ErrorBody, "description": "more than the service takes in one request"},
    415: {"model": ErrorBody, "description": "not JSON by its header, or compressed"},
    422: {"model": ErrorBody, "description": "the body cannot be used"},
    424: {"model": ErrorBody, "description": "the model failed"},
    429: {"model": ErrorBody, "description": "the queue is full: Retry-After says when there is room"},
    503: {"model": ErrorBody, "description": "not answered within the deadline, or not ready"},
}


def tei_routes(service: StanceService) -> APIRouter:
    router = APIRouter(tags=["text-embeddings-inference"])

    @router.post(
        "/predict",
        response_model=list[Prediction] | list[list[Prediction]],
        responses=REFUSALS,
        summary="labels of a statement, a pair or a batch",
    )
    async def predict(body: PredictRequest, request: Request) -> Response:
        kind = "single" if body.inputs.single else "batch"
        counts = service.metrics.tei
        counts.add("te_request_count", method=kind)
        try:
            most = service.settings.max_items
            if len(body.inputs.pairs) > most:
                raise ServiceError(f"batch size {len(body.inputs.pairs)} > maximum allowed batch size {most}")
            statements = [pair_statement(*pair) for pair in body.inputs.pairs]
            scored = await service.score(statements, request.scope[RECORD], long_text=_long_text(body))
        except ServiceError as error:
            counts.add("te_request_failure", err=error.error_type.lower())
            raise
        counts.add("te_request_success", method=kind)
        labels = scored.model.labels
        predictions = [_predictions(answer, labels, raw=body.raw_scores) for answer in scored.answers]
        return Response(to_json(predictions[0] if body.inputs.single else predictions), media_type="application/json")

    @router.get("/info", response_model=Info, responses={401: REFUSALS[401]}, summary="the model and the limits")
    async def info() -> Info:
        return service_info(service)

    @router.get(
        "/health",
        response_model=Health,
        responses={503: {"model": ErrorBody, "description": "no answers can be given"}},
        summary="whether requests are answered",
    )
    async def health() -> Health:
        return require_ready(service)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 401: REFUSALS[401]},
        summary="Prometheus metrics",
    )
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def pair_statement(text: str, perspective: str = "") -> Statement:
    """A text pair as plain clients send it: the second is the perspective, 'holder -> counterpart'."""
    holder, _, counterpart = perspective.partition("->")
    return Statement(text=text, holder=holder.strip(), counterpart=counterpart.strip())


def service_info(service: StanceService) -> Info:
    from importlib.metadata import version

    model, settings = service.slot.current, service.settings
    labels = model.labels
    return Info.model_validate(
        {
            "model_id": model.version,
            "model_sha": model.sha256,
            "model_dtype": "float32",
            "served_model_name": model.version,
            "model_type": {
                "classifier": {
                    "id2label": {str(place): name for place, name in enumerate(labels)},
                    "label2id": {name: place for place, name in enumerate(labels)},
                }
            },
            "max_concurrent_requests": settings.max_concurrent_requests,
            "max_input_length": model.classifier.bundle.max_length,
            "max_batch_tokens": settings.max_batch_tokens,
            "max_batch_requests": None,
            "max_client_batch_size": settings.max_items,
            "auto_truncate": True,
            "tokenization_workers": 1,
            "version": version("detente"),
            "sha": None,
            "docker_label": None,
        }
    )


def _long_text(body: PredictRequest) -> LongText:
    if body.truncate is None:
        return "windows"
    if not body.truncate:
        return "refuse"
    return "left" if body.truncation_direction.lower() == "left" else "right"


def _predictions(answer: Answer, labels: tuple[str, ...], *, raw: bool) -> list[dict[str, Any]]:
    scores = [float(logit) for logit in answer.logits] if raw else answer.stance.probabilities
    found = [{"score": score, "label": label} for score, label in zip(scores, labels, strict=True)]
    return sorted(found, key=lambda one: -float(one["score"]))  # type: ignore[arg-type]
