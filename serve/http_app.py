"""Puts the service together: routes, limits, log, errors, page. Everything it joins is in a file of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from serve import http_errors
from serve.hugging_face_routes import hugging_face_routes
from serve.model_slot import ModelSlot, ServedModel
from serve.request_limits import RequestLimits
from serve.request_log import RequestLog, log
from serve.service_health import health_routes
from serve.settings import ServiceSettings
from serve.stance_routes import stance_routes
from serve.stance_service import StanceService
from serve.tei_routes import tei_routes
from serve.web_page import page_routes

_ABOUT = (
    "How willing is this party to negotiate with that one, now? Speaks the languages of text-embeddings-inference, "
    "of Hugging Face text-classification, and its own."
)


def create_app(settings: ServiceSettings, slot: ModelSlot) -> FastAPI:
    """The application; its `state.service` is the StanceService behind it."""
    service = StanceService(settings, slot)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        following = asyncio.create_task(_follow(service), name="hot swap")
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait([following])
            await service.stop()

    app = FastAPI(
        title="Détente",
        version=version("detente"),
        description=_ABOUT,
        lifespan=lifespan,
        # The usual documentation pages load scripts from elsewhere; /openapi.json is all one needs.
        docs_url=None,
        redoc_url=None,
        # Log records of errors could quote a statement; spans and metrics cannot.
        telemetry={
            "tracing": settings.telemetry,
            "metrics": settings.telemetry,
            "logs": False,
            "operation_spans": False,
            "auto_configure": settings.telemetry,
        },
    )
    app.state.service = service
    http_errors.install(app)
    for routes in (tei_routes, hugging_face_routes, stance_routes, health_routes):
        app.include_router(routes(service))
    app.include_router(page_routes())
    # The last one added is the outermost.
    app.add_middleware(RequestLimits, service=service)
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
            expose_headers=["Retry-After", "X-Request-Id", "X-Model"],
        )
    app.add_middleware(RequestLog, service=service)
    if settings.token:
        _declare_token(app)
    return app


def _declare_token(app: FastAPI) -> None:
    """Says in the OpenAPI which operations ask for the token; `serve.request_limits` asks for it."""
    schema = app.openapi()
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    for path, operations in schema["paths"].items():
        if path.startswith("/health"):
            for operation in operations.values():
                operation["security"] = []


async def _follow(service: StanceService) -> None:
    def swapped(old: ServedModel, new: ServedModel) -> None:
        service.metrics.serves(new)
        service.metrics.swaps.labels("swapped").inc()
        log(logging.INFO, "model swapped", old=old.version, new=new.version)

    def refused(reason: str) -> None:
        service.metrics.swaps.labels("refused").inc()
        log(logging.ERROR, "model not swapped", served=service.slot.current.version, reason=reason)

    await service.slot.follow(service.settings.swap_check, swapped=swapped, refused=refused)
