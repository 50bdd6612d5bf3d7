"""The outermost layer of the service: request ids, one log line a request, counts, and the last catch.

A line holds times, sizes, route and status. It holds no text, no path and no query, since those may
hold text, and of an exception only its type and where it was raised: messages quote what was sent.
"""

import asyncio
import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http_errors import UnhealthyError, response_to
from serve.stance_service import RequestRecord, StanceService

LOG = logging.getLogger("detente.serve")
RECORD = "detente.record"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
_QUIET = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line |= fault_fields(record.exc_info[1])
        return json.dumps(line)


def log_to_stderr(level: str) -> None:
    """All log lines of the process as JSON; the server's own only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(max(logging.WARNING, root.level))


def log(level: int, event: str, **fields: Any) -> None:
    LOG.log(level, event, extra={"fields": fields})


def fault_fields(fault: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(fault.__traceback__)
    return {
        "exception": type(fault).__name__,
        "where": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }


class RequestLog:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, service: StanceService) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = RequestRecord(id=_request_id(scope), started=time.monotonic())
        scope[RECORD] = record
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*_headers(record, message["headers"]), *message["headers"]]
            await send(message)

        fault: BaseException | None = None
        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            # Only the end of the service cancels: this request outlasted the time that was given to finish.
            if not status:
                await response_to(UnhealthyError("the service is stopping"))(scope, receive, answer)
        except Exception as error:
            fault = error
            if not status:
                await response_to(error)(scope, receive, answer)
        finally:
            self._tell(scope, record, status, fault)

    def _tell(self, scope: Scope, record: RequestRecord, status: int, fault: BaseException | None) -> None:
        seconds = time.monotonic() - record.started
        route = getattr(scope.get("route"), "path", "other")
        metrics = self._service.metrics
        metrics.answered.labels(route, str(status)).inc()
        if status == 499:
            metrics.hung_up.inc()
        fields = {
            "request": record.id,
            "method": scope["method"] if scope["method"].isalpha() else "other",
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        if record.statements:
            metrics.request_seconds.observe(seconds)
            fields |= {
                "statements": record.statements,
                "tokens": record.tokens,
                "queue_ms": round(record.queued * 1000, 2),
                "model": record.model,
            }
        if fault:
            log(logging.ERROR, "request failed", **fields, **fault_fields(fault.__cause__ or fault))
        elif LOG.isEnabledFor(logging.INFO):
            log(logging.DEBUG if route in _QUIET else logging.INFO, "request", **fields)


def _request_id(scope: Scope) -> str:
    """The client's own where it is one that can stand in a log and a header, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = str(value, "latin-1")
            if _REQUEST_ID.match(given):
                return given
    return secrets.token_hex(16)


def _headers(record: RequestRecord, present: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The request's id; after scoring also TEI's measurements in milliseconds, and the bundle that answered."""
    headers = [(b"x-request-id", record.id.encode())]
    if all(name != b"x-content-type-options" for name, _ in present):
        headers.append((b"x-content-type-options", b"nosniff"))
    if record.model:
        total = round((time.monotonic() - record.started) * 1000)
        inference = max(0, total - round((record.tokenization + record.queued) * 1000))
        headers += [
            (b"x-model", record.model.encode("latin-1", "replace")),
            (b"x-compute-type", b"cpu+optimized"),
            (b"x-compute-time", b"%d" % total),
            (b"x-compute-characters", b"%d" % record.characters),
            (b"x-compute-tokens", b"%d" % record.tokens),
            (b"x-total-time", b"%d" % total),
            (b"x-tokenization-time", b"%d" % round(record.tokenization * 1000)),
            (b"x-queue-time", b"%d" % round(record.queued * 1000)),
            (b"x-inference-time", b"%d" % inference),
        ]
    return headers
