"""`POST /` as a Hugging Face text-classification endpoint, for `InferenceClient(model=url).text_classification`.

The answer is a list for each input, also for a single one; that is what the client unpacks.
"""

import math
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from serve.request_batcher import Answer
from serve.request_log import RECORD
from serve.stance_service import StanceService
from serve.tei_routes import REFUSALS, pair_statement
from serve.wire_types import ClassificationParameters, ClassificationRequest, Prediction, TextPair


def hugging_face_routes(service: StanceService) -> APIRouter:
    router = APIRouter(tags=["Hugging Face"])

    @router.post(
        "/", response_model=list[list[Prediction]], responses=REFUSALS, summary="text-classification of Hugging Face"
    )
    async def classify(body: ClassificationRequest, request: Request) -> Response:
        inputs = body.inputs if isinstance(body.inputs, list) else [body.inputs]
        service.refuse_too_many(len(inputs), "inputs")
        statements = [
            pair_statement(one.text, one.text_pair) if isinstance(one, TextPair) else pair_statement(one)
            for one in inputs
        ]
        scored = await service.score(statements, request.scope[RECORD])
        parameters = body.parameters or ClassificationParameters()
        answer = [_elements(one, scored.model.labels, parameters) for one in scored.answers]
        return Response(to_json(answer), media_type="application/json")

    return router


def _elements(answer: Answer, labels: tuple[str, ...], parameters: ClassificationParameters) -> list[dict[str, Any]]:
    scores = _scores(answer, parameters.function_to_apply)
    ranked = sorted(zip(scores, labels, strict=True), key=lambda one: -one[0])
    return [{"label": label, "score": score} for score, label in ranked[: parameters.top_k]]


def _scores(answer: Answer, function: str | None) -> list[float]:
    logits = [float(logit) for logit in answer.logits]
    if function == "none":
        return logits
    if function == "sigmoid":
        return [1 / (1 + math.exp(-logit)) for logit in logits]
    return list(answer.stance.probabilities)
