"""What a request must pass before a route sees it: the token, a permit, and a body of bounded size and form.

The body is read here as a whole, in bounded time, so that no route can be held up by a client that
sends a byte a minute. Compressed bodies are refused: nothing is ever inflated. Does not know what is
in a body.
"""

import asyncio
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http_errors import (
    ClientGoneError,
    MediaTypeError,
    ServiceError,
    SlowRequestError,
    TooLargeError,
    UnauthorizedError,
    response_to,
)
from serve.request_log import RECORD
from serve.stance_service import StanceService

# The page holds nothing secret, and a browser that opens it has no token yet.
_OPEN = ("/health", "/health/live", "/health/ready")
_PAGE = "/page/"


class RequestLimits:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, service: StanceService) -> None:
        self._app, self._service = app, service
        self._expected = f"Bearer {service.settings.token}".encode() if service.settings.token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._authorize(scope)
            if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE", "QUERY"):
                await self._app(scope, receive, send)
                return
            self._service.admit()
            try:
                body = await self._body(Headers(scope=scope), receive)
                replay = _Replay(body, receive)
                scope[RECORD].gone = replay.gone
                await self._app(scope, replay, send)
            finally:
                self._service.in_flight -= 1
        except (ServiceError, ClientGoneError) as error:
            await response_to(error)(scope, receive, send)

    def _authorize(self, scope: Scope) -> None:
        path = scope["path"]
        reading = scope["method"] in ("GET", "HEAD")
        if not self._expected or (reading and (path in _OPEN or path == "/" or path.startswith(_PAGE))):
            return
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if not hmac.compare_digest(given, self._expected):
            raise UnauthorizedError(
                "this service asks for a token: send the header 'Authorization: Bearer …'",
                {"WWW-Authenticate": "Bearer"},
            )

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        most = self._service.settings.max_body_bytes
        too_large = TooLargeError(f"the body is longer than {most:,} bytes: send it in parts")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", ""):
            raise MediaTypeError("compressed bodies are not read: send it without Content-Encoding")
        if int(headers.get("content-length", "0")) > most:  # the server has checked that it is a number
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._service.settings.read_timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGoneError
                    size += len(message.get("body", b""))
                    if size > most:
                        raise too_large
                    parts.append(message.get("body", b""))
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise SlowRequestError("the body did not arrive in time", {"Connection": "close"}) from None
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if size and kind != "application/json" and not kind.endswith("+json"):
            # Also a fence: a foreign page may send other types here without asking first (CORS).
            raise MediaTypeError("the body must be JSON: send the header 'Content-Type: application/json'")
        return b"".join(parts)


class _Replay:
    """Gives the body that was read once more, then what the connection says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()

    async def gone(self) -> None:
        """Ends when the client has hung up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
