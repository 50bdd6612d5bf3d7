"""`detente serve` in a process of its own, on a free port: for tests of what a client sees on the wire."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 60.0


class RunningService:
    """A running process; `log_lines` are its log so far, parsed."""

    def __init__(self, *flags: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "detente", "serve", "--port", "0", "--threads", "1", *flags],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.log_lines: list[dict[str, Any]] = []
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.url: str = self.wait_for("listening")["address"]
        host, port = self.url.removeprefix("http://").split(":")
        self.address = (host, int(port))

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next log line of that event."""
        while True:
            line = self._events.get(timeout=SECONDS)
            if line["event"] == event:
                return line

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=SECONDS)

    def exchange(self, data: bytes) -> bytes:
        """Sends bytes on a new connection and reads until the service closes it."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_all(connection)

    def stop(self) -> int:
        """Sends SIGTERM, once more where it was sent before, and gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=SECONDS)
        self._reader.join(timeout=SECONDS)
        return code

    def _read_log(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            fields = json.loads(line)
            self.log_lines.append(fields)
            self._events.put(fields)


@contextmanager
def running_service(*flags: str, **environment: str) -> Iterator[RunningService]:
    service = RunningService(*flags, **environment)
    try:
        yield service
    finally:
        service.process.kill()
        service.stop()
        assert service.process.stderr
        service.process.stderr.close()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes, or cuts the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def post(body: bytes, path: str = "/predict", *headers: str) -> bytes:
    """A request whose connection closes after the answer."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: test",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def parsed(response: bytes) -> tuple[int, dict[str, str], Any]:
    """Status, headers (lower case), and the JSON of the body."""
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body) if body else None
