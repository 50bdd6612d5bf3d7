"""Our own routes: `/v1/stance` for statements, `/v1/read` for an article, `/v1/axis` for what the labels mean.

An item of `/v1/stance` that cannot be used gets an error of its own, in its place; the others are scored.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from models.statement import Statement
from serve.record_block import RowFault
from serve.request_batcher import Answer
from serve.request_log import RECORD
from serve.stance_service import StanceService
from serve.stance_tables import ScoredStatement, as_record, stance_fields
from serve.statement_checks import statement_of
from serve.tei_routes import REFUSALS
from serve.wire_types import AxisLabel, AxisResponse, ReadRequest, ReadResponse, StanceRequest, StanceResponse

_LARGEST_ID = 2**63


def stance_routes(service: StanceService) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["Détente"])

    @router.post("/stance", response_model=StanceResponse, responses=REFUSALS, summary="the stance of statements")
    async def stance(body: StanceRequest, request: Request) -> Response:
        items = body.statements
        service.refuse_too_many(len(items), "statements")
        checked = [_checked(item, service.settings.max_text_chars) for item in items]
        usable = [one for one in checked if isinstance(one, Statement)]
        scored = await service.score(usable, request.scope[RECORD])
        answers = iter(scored.answers)
        version = scored.model.version
        results = []
        for item, one in zip(items, checked, strict=True):
            if isinstance(one, RowFault):
                service.metrics.refused_rows.labels(one.kind).inc()
                fields = _fault_fields(one.message, version)
            else:
                fields = _answer_fields(next(answers), version)
            results.append({"id": _id(item) if _id_fault(item) is None else None, **fields})
        return _json({"model": version, "axis": _axis(service), "results": results})

    @router.post("/read", response_model=ReadResponse, responses=REFUSALS, summary="the statements of an article")
    async def read(body: ReadRequest, request: Request) -> Response:
        statements, scored = await service.read(body.article, request.scope[RECORD])
        version = scored.model.version
        found = []
        for one, answer in zip(statements, scored.answers, strict=True):
            record = as_record(ScoredStatement(statement=one, stance=answer.stance, model=version))
            record["source"] = record["source"] or body.source
            record["date"] = record["date"] or body.date
            found.append({**record, "truncated": answer.stance.truncated})
        return _json({"model": version, "axis": _axis(service), "statements": found})

    @router.get("/axis", response_model=AxisResponse, responses={401: REFUSALS[401]}, summary="what the labels mean")
    async def axis() -> AxisResponse:
        served = service.slot.current.classifier.bundle.axis
        return AxisResponse(
            axis=served.name,
            version=served.version,
            warm_end=served.warm_end,
            labels=[
                AxisLabel(name=label.name, value=label.value, definition=label.definition)
                for label in served.all_labels
            ],
        )

    return router


def _axis(service: StanceService) -> str:
    return service.slot.current.classifier.bundle.axis.name


def _json(content: dict[str, Any]) -> Response:
    return Response(to_json(content), media_type="application/json")


def _checked(item: Any, longest: int) -> Statement | RowFault:
    if not isinstance(item, dict):
        return RowFault(kind="not an object", message="not an object with the field 'text'")
    fault = _id_fault(item)
    if fault:
        return fault
    for name in ("text", "holder", "counterpart"):
        value = item.get(name)
        if isinstance(value, str) and len(value) > longest:
            return RowFault(
                kind=f"{name} too long",
                message=f"the field '{name}' has {len(value):,} characters, more than {longest:,}: split it",
            )
    return statement_of(item.get("text"), item.get("holder"), item.get("counterpart"))


def _id(item: Any) -> str | int | None:
    return item.get("id") if isinstance(item, dict) else None


def _id_fault(item: Any) -> RowFault | None:
    """An id is given back, so it must be something that JSON can carry back unchanged."""
    value = _id(item)
    if isinstance(value, str):
        fine = value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    else:
        fine = value is None or (type(value) is int and abs(value) < _LARGEST_ID)
    return None if fine else RowFault(kind="id", message="the field 'id' is neither a text nor a whole number")


def _answer_fields(answer: Answer, version: str) -> dict[str, Any]:
    return {**stance_fields(answer.stance, version), "truncated": answer.stance.truncated}


def _fault_fields(message: str, version: str) -> dict[str, Any]:
    empty = dict.fromkeys(("label", "score", "confidence", "abstain", "probabilities", "truncated"))
    return {**empty, "error": message, "model": version}
