"""A load generator for one HTTP service on loopback: requests at their own times, whatever the answers do.

In an open loop the arrivals do not wait for the service, as clients of the world do not; the latency of
a request counts from the moment at which it should have left, so that a stall is not hidden by the
generator stalling with it (coordinated omission). Bodies are made beforehand, connections are kept and
reused, and the parser reads no more than status and length: on a small machine the generator takes cores
from what it measures. Knows sockets and times. Does not know what is asked.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(kw_only=True)
class Outcome:
    """`latencies` are of the answers with 200, in seconds; `statuses` counts all, 0 where the connection broke."""

    seconds: float = 0.0
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    refusal_latencies: list[float] = field(default_factory=list)
    without_retry_after: int = 0

    def summary(self) -> dict[str, object]:
        return {
            "seconds": round(self.seconds, 2),
            "sent": self.sent,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "unanswered": self.sent - sum(self.statuses.values()) + self.statuses[0],
            "goodput": round(self.statuses[200] / self.seconds, 1),
            "ms": {f"p{q}": percentile_ms(self.latencies, q) for q in (50, 90, 99)},
            "refusal_ms_p99": percentile_ms(self.refusal_latencies, 99),
            "refusals_without_retry_after": self.without_retry_after,
        }


def percentile_ms(seconds: Sequence[float], q: float) -> float | None:
    """In milliseconds; None of nothing."""
    return round(float(np.percentile(seconds, q)) * 1000, 2) if seconds else None


class _Connection(asyncio.Protocol):
    """One request at a time; `ask` gives its status and whether it had Retry-After."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[tuple[int, bool]] | None = None
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bool]]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.buffer = b""
        if b"connection: close" in head:
            self.open = False
        if self.answer and not self.answer.done():
            self.answer.set_result((int(head[9:12]), b"retry-after:" in head))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        if self.answer and not self.answer.done():
            self.answer.set_result((0, False))


class Load:
    """Sends requests to one address over connections that it keeps."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._idle: deque[_Connection] = deque()

    async def open_loop(self, requests: Sequence[bytes], *, rate: float, seconds: float, seed: int = 1) -> Outcome:
        """Poisson arrivals at `rate` a second."""
        rng = random.Random(seed)
        outcome = Outcome()
        tasks = set()
        began = time.perf_counter()
        at = began
        while at < began + seconds:
            at += rng.expovariate(rate)
            wait = at - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._one(requests[outcome.sent % len(requests)], at, outcome))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            outcome.sent += 1
        outcome.seconds = time.perf_counter() - began
        in_time = outcome.statuses[200]
        if tasks:
            await asyncio.wait(tasks, timeout=60)
        # What was answered after the end was asked within it; it must not count as speed.
        outcome.seconds = outcome.seconds if outcome.statuses[200] == in_time else time.perf_counter() - began
        return outcome

    async def closed_loop(self, requests: Sequence[bytes], *, clients: int, seconds: float) -> Outcome:
        """So many clients that each ask again as soon as they are answered."""
        outcome = Outcome()
        began = time.perf_counter()

        async def client(number: int) -> None:
            while time.perf_counter() < began + seconds:
                outcome.sent += 1
                await self._one(requests[outcome.sent % len(requests)], time.perf_counter(), outcome)

        await asyncio.gather(*(client(number) for number in range(clients)))
        outcome.seconds = time.perf_counter() - began
        return outcome

    async def _one(self, request: bytes, at: float, outcome: Outcome) -> None:
        try:
            connection = await self._connection()
            status, retry_after = await connection.ask(request)
        except OSError:
            outcome.statuses[0] += 1
            return
        late = time.perf_counter() - at
        outcome.statuses[status] += 1
        if status == 200:
            outcome.latencies.append(late)
        elif status:
            outcome.refusal_latencies.append(late)
            outcome.without_retry_after += status in (429, 503) and not retry_after
        if connection.open:
            self._idle.append(connection)

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
        return connection


def http_request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
