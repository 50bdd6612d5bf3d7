"""`/health/live` and `/health/ready`: whether to restart the service, and whether to send it requests.

Live: batches are made and none is stuck. Ready: live, and not stopping. Both stay open without a token.
"""

from fastapi import APIRouter

from serve.http_errors import UnhealthyError
from serve.stance_service import StanceService
from serve.wire_types import ErrorBody, Health


def require_ready(service: StanceService) -> Health:
    """Raises UnhealthyError."""
    if not service.ready:
        raise UnhealthyError("the service is stopping" if service.draining else "unhealthy")
    return Health(status="ready", model=service.slot.current.version)


def health_routes(service: StanceService) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["operation"])
    unhealthy: dict[int | str, dict[str, object]] = {503: {"model": ErrorBody, "description": "it is not"}}

    @router.get("/live", response_model=Health, responses=unhealthy, summary="whether the service works at all")
    async def live() -> Health:
        if not service.alive:
            raise UnhealthyError("unhealthy")
        return Health(status="live", model=service.slot.current.version)

    @router.get("/ready", response_model=Health, responses=unhealthy, summary="whether to send requests")
    async def ready() -> Health:
        return require_ready(service)

    return router
