"""What can go wrong with a request, and the one place where it becomes an HTTP answer.

The body is that of text-embeddings-inference, `{"error": …, "error_type": …}`, and so are its types
and codes where it has them (router/src/http/server.rs: Validation and Tokenizer 422, Empty 400,
Overloaded 429, Backend 424, Unhealthy 503). Does not know routes. A message never repeats the text of
a statement: it may be logged.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from models.errors import DetenteError, InputError

_FIELD = re.compile(r"[a-z_]{1,40}\Z")
_TYPES = {
    400: "Validation",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "Timeout",
    413: "Validation",
    415: "Validation",
    422: "Validation",
    424: "Backend",
    429: "Overloaded",
    431: "Validation",
    503: "Unhealthy",
}


class ServiceError(DetenteError):
    """A request that gets no answer; `status`, `error_type` and `headers` are what the client is told."""

    status = 422
    error_type = "Validation"

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = dict(headers or {})


class EmptyError(ServiceError):
    """A batch without items."""

    status, error_type = 400, "Empty"


class UnauthorizedError(ServiceError):
    """No token, or a wrong one."""

    status, error_type = 401, "Unauthorized"


class TooLargeError(ServiceError):
    """More than this service takes in one request."""

    status = 413


class MediaTypeError(ServiceError):
    """A body in a form or an encoding that is not read."""

    status = 415


class SlowRequestError(ServiceError):
    """The request did not arrive in time."""

    status, error_type = 408, "Timeout"


class OverloadedError(ServiceError):
    """The queue is full. `retry_after` is the measured time in seconds until there is room."""

    status, error_type = 429, "Overloaded"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, {"Retry-After": str(max(1, math.ceil(retry_after)))})


class DeadlineError(ServiceError):
    """Taken, but not answered within the deadline."""

    status, error_type = 503, "Overloaded"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, {"Retry-After": str(max(1, math.ceil(retry_after)))})


class UnhealthyError(ServiceError):
    """No model, stopping, or stuck."""

    status, error_type = 503, "Unhealthy"


class BackendError(ServiceError):
    """The model failed on what it was given."""

    status, error_type = 424, "Backend"


class ClientGoneError(Exception):
    """Whoever asked has hung up: nobody to answer."""


def error_response(status: int, message: str, error_type: str, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps({"error": message, "error_type": error_type})
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))


def response_to(error: Exception) -> Response:
    """The answer to any exception that a request ended in."""
    if isinstance(error, ServiceError):
        return error_response(error.status, str(error), error.error_type, error.headers)
    if isinstance(error, RequestValidationError):
        faults = error.errors()
        status = 400 if faults and faults[0].get("type") == "json_invalid" else 422
        return error_response(status, _first_fault(faults), "Validation")
    if isinstance(error, HTTPException):
        status = error.status_code
        message = error.detail if isinstance(error.detail, str) else HTTPStatus(status).phrase
        return error_response(status, message, _TYPES.get(status, "Validation"), error.headers)
    if isinstance(error, InputError):
        return error_response(422, str(error), "Validation")
    if isinstance(error, ClientGoneError):
        return Response(status_code=499)
    return error_response(500, "the service failed on this request; its log says where", "Backend")


def install(app: FastAPI) -> None:
    """Gives every exception of a route to `response_to`; the rest is caught by `serve.request_log`."""

    async def handle(request: Request, error: Exception) -> Response:
        return response_to(error)

    for kind in (ServiceError, RequestValidationError, HTTPException, InputError, ClientGoneError):
        app.add_exception_handler(kind, handle)


def _first_fault(errors: Sequence[Any]) -> str:
    """Where and what, never the value itself."""
    if not errors:
        return "the body is not valid"
    first = errors[0]
    if first.get("type") == "json_invalid":
        return f"the body is not JSON: {first.get('ctx', {}).get('error', 'cannot be parsed')}"
    # Between the names of fields stand names of types, where one of several was tried.
    parts = [str(part) for part in first.get("loc", ()) if isinstance(part, int) or _FIELD.match(part)]
    place = ".".join(part for part in parts if part not in ("body", "str"))[:100] or "body"
    return f"{place}: {str(first.get('msg', 'not valid')).removeprefix('Value error, ')}"
