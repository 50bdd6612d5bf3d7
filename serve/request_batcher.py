"""One bounded queue for the statements of all clients, and one worker that empties it in batches.

A request is taken whole or refused at once with the measured time until it would fit; what is taken
is answered, or dropped when its deadline passes or its client hangs up, which frees its place. Each
batch goes round the waiting requests and takes a share of each, so that one long article does not
hold up single statements. Requests of one batch share the model that took them.

All state is touched on the event loop alone; only the model runs in a thread. Does not know HTTP.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from models.stance import StanceDistribution
from models.tokens import EncodedPair, padded_length
from serve.http_errors import BackendError, ClientGoneError, DeadlineError, OverloadedError, TooLargeError

Windows = Sequence[EncodedPair]
SHARE_TOKENS = 1_024
_RATE_MEMORY = 0.2
_FIRST_RATE = 5_000.0


class BatchClassifier(Protocol):
    """What this file needs of `models.classifier.StanceClassifier`."""

    def encoded_logits(self, encoded: Sequence[Windows]) -> np.ndarray: ...

    def distributions(self, logits: np.ndarray, encoded: Sequence[Windows]) -> list[StanceDistribution]: ...


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says of one statement; `logits` has one uncalibrated entry a label."""

    stance: StanceDistribution
    logits: np.ndarray


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """One batch that was done: `waited` is the longest time in the queue, `seconds` the time in the model."""

    statements: int
    requests: int
    tokens: int
    waited: float
    seconds: float


@dataclass(kw_only=True, eq=False)
class _Taken:
    """A request in the queue: its statements, how far they are, and who waits for them."""

    classifier: BatchClassifier
    encoded: Sequence[Windows]
    tokens: list[int]
    future: asyncio.Future[float]
    arrived: float
    given: int = 0
    answers: list[Answer] = field(default_factory=list)
    first_given: float = 0.0

    @property
    def waiting_tokens(self) -> int:
        return sum(self.tokens[self.given :])


@dataclass(frozen=True, kw_only=True)
class _Share:
    """Some statements of a request that go into one batch."""

    taken: _Taken
    encoded: Sequence[Windows]
    tokens: int


def token_count(windows: Windows) -> int:
    """Tokens that the model spends on a statement, padding included."""
    return sum(padded_length(len(row.ids)) for row in windows)


class RequestBatcher:
    """Start it inside a running event loop with `start`; `stop` ends the worker after its batch."""

    def __init__(
        self,
        *,
        queue_tokens: int,
        batch_tokens: int,
        report: Callable[[BatchReport], None] = lambda done: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bound, self._batch_tokens = queue_tokens, batch_tokens
        self._report, self._clock = report, clock
        self._queue: deque[_Taken] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._busy_since: float | None = None
        self._job: Future[list[Answer]] | None = None
        self.waiting_tokens = 0
        self.waiting_statements = 0
        self.tokens_per_second = _FIRST_RATE

    def start(self) -> None:
        self._worker = asyncio.create_task(self._work(), name="batches")

    async def stop(self) -> None:
        if self._worker:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        # Not waited for: a stuck engine must not keep the process from ending.
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def alive(self) -> bool:
        return self._worker is not None and not self._worker.done()

    @property
    def idle(self) -> bool:
        """No batch is in the model, abandoned ones included."""
        return self._job is None or self._job.done()

    @property
    def busy_seconds(self) -> float:
        """How long the batch in the model has been there; 0 when there is none."""
        return 0.0 if self._busy_since is None else self._clock() - self._busy_since

    def seconds_until(self, tokens: int) -> float:
        """Measured time until `tokens` more would fit the queue."""
        excess = self.waiting_tokens + tokens - self._bound
        return max(excess, min(self.waiting_tokens, self._batch_tokens)) / self.tokens_per_second

    async def answers(
        self,
        classifier: BatchClassifier,
        encoded: Sequence[Windows],
        *,
        deadline: float,
        gone: Callable[[], Awaitable[object]] | None = None,
    ) -> tuple[list[Answer], float]:
        """The answers in order, and the seconds that the request waited for its first batch.

        `deadline` is on the clock of the batcher; `gone` ends when the client hangs up. Raises
        OverloadedError, TooLargeError, DeadlineError, BackendError or ClientGoneError.
        """
        if not encoded:
            return [], 0.0
        taken = self._take(classifier, encoded)
        waiters: set[asyncio.Future[object]] = {taken.future}  # type: ignore[arg-type]
        left = asyncio.ensure_future(gone()) if gone else None
        if left:
            waiters.add(left)  # type: ignore[arg-type]
        try:
            await asyncio.wait(waiters, timeout=max(0.0, deadline - self._clock()), return_when=asyncio.FIRST_COMPLETED)
            if taken.future.done():
                return taken.answers, taken.future.result()
            if left and left.done():
                raise ClientGoneError
            raise DeadlineError("not answered within the deadline", retry_after=self.seconds_until(0))
        finally:
            if left:
                left.cancel()
            self._drop(taken)

    def foresee(self, tokens: int) -> None:
        """Raises OverloadedError where not even so few tokens would fit, so that nothing is tokenised in vain."""
        if tokens <= self._bound < self.waiting_tokens + tokens:
            raise OverloadedError("Model is overloaded", retry_after=self.seconds_until(tokens))

    def _take(self, classifier: BatchClassifier, encoded: Sequence[Windows]) -> _Taken:
        tokens = [token_count(windows) for windows in encoded]
        total = sum(tokens)
        if total > self._bound:
            raise TooLargeError(
                f"the request has {total:,} tokens and the queue takes {self._bound:,}: send it in parts"
            )
        if self.waiting_tokens + total > self._bound:
            raise OverloadedError("Model is overloaded", retry_after=self.seconds_until(total))
        taken = _Taken(
            classifier=classifier,
            encoded=encoded,
            tokens=tokens,
            future=asyncio.get_running_loop().create_future(),
            arrived=self._clock(),
        )
        self._queue.append(taken)
        self.waiting_tokens += total
        self.waiting_statements += len(encoded)
        self._arrived.set()
        return taken

    def _drop(self, taken: _Taken) -> None:
        """Frees the place of a request that nobody waits for any more; nothing to do where it is answered."""
        if taken.given < len(taken.encoded) and taken in self._queue:
            self._queue.remove(taken)
            self._free(taken.waiting_tokens, len(taken.encoded) - taken.given)
            taken.given = len(taken.encoded)
        taken.future.cancel()

    def _free(self, tokens: int, statements: int) -> None:
        self.waiting_tokens -= tokens
        self.waiting_statements -= statements

    def _next_batch(self) -> list[_Share]:
        """Shares of the waiting requests in turn, all for one model, about `batch_tokens` together."""
        batch: list[_Share] = []
        room = self._batch_tokens
        model = self._queue[0].classifier
        others: list[_Taken] = []
        while self._queue and room > 0:
            taken = self._queue.popleft()
            if taken.classifier is not model:
                others.append(taken)
                continue
            share = self._share(taken, min(room, SHARE_TOKENS))
            room -= share.tokens
            batch.append(share)
            if taken.given < len(taken.encoded):
                self._queue.append(taken)
        self._queue.extendleft(reversed(others))
        return batch

    def _share(self, taken: _Taken, most: int) -> _Share:
        """At least one statement, else as many as `most` tokens hold."""
        first, tokens = taken.given, 0
        while taken.given < len(taken.encoded) and (taken.given == first or tokens + taken.tokens[taken.given] <= most):
            tokens += taken.tokens[taken.given]
            taken.given += 1
        if first == 0:
            taken.first_given = self._clock()
        self._free(tokens, taken.given - first)
        return _Share(taken=taken, encoded=taken.encoded[first : taken.given], tokens=tokens)

    async def _work(self) -> None:
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            batch = self._next_batch()
            encoded = [windows for share in batch for windows in share.encoded]
            started = self._busy_since = self._clock()
            try:
                self._job = self._thread.submit(_classified, batch[0].taken.classifier, encoded)
                answers = await asyncio.wrap_future(self._job)
            except Exception as fault:
                self._fail(batch, fault)
                continue
            finally:
                self._busy_since = None
            self._deliver(batch, answers)
            self._measure(batch, len(encoded), started)

    def _deliver(self, batch: Sequence[_Share], answers: Sequence[Answer]) -> None:
        first = 0
        for share in batch:
            taken = share.taken
            taken.answers.extend(answers[first : first + len(share.encoded)])
            first += len(share.encoded)
            if len(taken.answers) == len(taken.encoded) and not taken.future.done():
                taken.future.set_result(taken.first_given - taken.arrived)

    def _fail(self, batch: Sequence[_Share], fault: Exception) -> None:
        for share in batch:
            if not share.taken.future.done():
                error = BackendError("Inference failed")
                error.__cause__ = fault
                share.taken.future.set_exception(error)

    def _measure(self, batch: Sequence[_Share], statements: int, started: float) -> None:
        now = self._clock()
        tokens = sum(share.tokens for share in batch)
        seconds = max(now - started, 1e-6)
        self.tokens_per_second += _RATE_MEMORY * (tokens / seconds - self.tokens_per_second)
        self._report(
            BatchReport(
                statements=statements,
                requests=len({id(share.taken) for share in batch}),
                tokens=tokens,
                waited=max(started - share.taken.arrived for share in batch),
                seconds=seconds,
            )
        )


def _classified(classifier: BatchClassifier, encoded: Sequence[Windows]) -> list[Answer]:
    logits = classifier.encoded_logits(encoded)
    stances = classifier.distributions(logits, encoded)
    return [Answer(stance=stance, logits=row) for stance, row in zip(stances, logits, strict=True)]
