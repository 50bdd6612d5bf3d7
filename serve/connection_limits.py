"""Limits on connections that the HTTP server itself lacks: their number, the size of a head, time to send a request.

A client that opens connections and sends nothing, or a byte a minute, is cut off; what was sent in time
goes its usual way. Knows bytes and seconds, not routes. Errors have the body that all errors have.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serve.settings import ServiceSettings

MAX_HEAD_BYTES = 65_536
# The body's own limit (serve.request_limits) comes first and can still answer.
_GRACE_SECONDS = 1.0


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Subclasses set the limits."""

    read_timeout: float
    max_connections: int

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._refuse(503, "too many connections", "Overloaded", retry_after=1)
            return
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._request_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        # None once the head is complete; a body that came along with it does not count.
        if self._head_bytes is not None and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, f"the head of the request is longer than {MAX_HEAD_BYTES} bytes", "Validation")

    def on_message_begin(self) -> None:
        if self._timer is None:
            self._await_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._request_arrived()
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "not a valid HTTP request", "Validation")

    def _await_request(self) -> None:
        self._timer = self.loop.call_later(self.read_timeout + _GRACE_SECONDS, self._too_slow)

    def _request_arrived(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._head_bytes is None:  # the answer is on its way or sent: only the rest of the body is missing
            self.transport.close()
        elif self._head_bytes:
            self._refuse(408, "the request did not arrive in time", "Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: int, message: str, error_type: str, *, retry_after: int | None = None) -> None:
        body = json.dumps({"error": message, "error_type": error_type}).encode()
        wait = b"retry-after: %d\r\n" % retry_after if retry_after else b""
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
            + wait
            + b"connection: close\r\n\r\n"
            + body
        )
        self.transport.close()


def limited_protocol(settings: ServiceSettings) -> type[LimitedProtocol]:
    """The protocol class that the server makes an instance of for each connection."""

    class Protocol(LimitedProtocol):
        read_timeout = settings.read_timeout
        max_connections = settings.max_connections

    return Protocol
