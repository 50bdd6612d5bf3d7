"""What every route asks: statements or an article in, the model's answers out, by one deadline.

Joins the model slot, the tokenizer, the queue and the counts. Knows nothing of the forms in which a
client asks or is answered.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from models.article_reader import read_article
from models.article_text import decode_article
from models.statement import Statement
from serve.http_errors import ClientGoneError, DeadlineError, OverloadedError, ServiceError, TooLargeError
from serve.model_slot import ModelSlot, ServedModel
from serve.request_batcher import Answer, RequestBatcher, Windows
from serve.service_metrics import ServiceMetrics
from serve.settings import ServiceSettings
from serve.truncation import cut

LongText = Literal["windows", "refuse", "left", "right"]
Result = TypeVar("Result")
# Shorter texts are tokenised on the event loop: handing them to a thread takes longer.
_SHORT_CHARS = 4_000
# More than a token of English has with its space: who is refused before the tokens are counted would be so after.
_MOST_CHARS_A_TOKEN = 8
_READERS_WAITING = 8
_STUCK_SECONDS = 60.0
_RATE_MEMORY = 0.2


@dataclass(kw_only=True)
class RequestRecord:
    """What is told of a request in its log line and its answer's headers; never its text."""

    id: str
    started: float
    statements: int = 0
    characters: int = 0
    tokens: int = 0
    model: str = ""
    tokenization: float = 0.0
    queued: float = 0.0
    gone: Callable[[], Awaitable[object]] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The answers in the order of the statements, and the model that gave all of them."""

    model: ServedModel
    answers: list[Answer]


class StanceService:
    """One an application. `start` inside the event loop, `stop` when no request is left."""

    def __init__(self, settings: ServiceSettings, slot: ModelSlot) -> None:
        self.settings, self.slot = settings, slot
        self.metrics = ServiceMetrics(drift_window=settings.drift_window)
        self.batcher = RequestBatcher(
            queue_tokens=settings.max_queue_tokens, batch_tokens=settings.max_batch_tokens, report=self.metrics.batch
        )
        self.metrics.watch(
            queue_size=lambda: self.batcher.waiting_statements,
            queue_tokens=lambda: self.batcher.waiting_tokens,
            in_flight=lambda: self.in_flight,
        )
        self.metrics.serves(slot.current)
        self.draining = False
        self.in_flight = 0
        self._tokenizing = ThreadPoolExecutor(1, thread_name_prefix="tokenizer")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._articles = 0
        self._article_seconds = 0.1

    def start(self) -> None:
        self.batcher.start()

    async def stop(self) -> None:
        await self.batcher.stop()
        for threads in (self._tokenizing, self._reading):
            threads.shutdown(wait=False, cancel_futures=True)

    @property
    def alive(self) -> bool:
        """Batches are made, and the model is not stuck in one."""
        return self.batcher.alive and self.batcher.busy_seconds < _STUCK_SECONDS

    @property
    def ready(self) -> bool:
        return self.alive and not self.draining

    @property
    def idle(self) -> bool:
        """No thread is at work."""
        return self._articles == 0 and self.batcher.idle

    def admit(self) -> None:
        """Takes a permit, to be given back by counting `in_flight` down. Raises OverloadedError where none is left."""
        if self.in_flight >= self.settings.max_concurrent_requests:
            raise OverloadedError("Model is overloaded", retry_after=self.batcher.seconds_until(0))
        self.in_flight += 1

    def refuse_too_many(self, number: int, what: str) -> None:
        """Raises TooLargeError where a request holds more of something than `max_items`."""
        if number > self.settings.max_items:
            raise TooLargeError(
                f"{number} {what}, more than {self.settings.max_items} in one request: send it in parts"
            )

    async def score(
        self, statements: Sequence[Statement], record: RequestRecord, *, long_text: LongText = "windows"
    ) -> Scored:
        """Raises a ServiceError where the request as a whole cannot be answered."""
        self._check_sizes(statements)
        return await self._score(statements, record, long_text)

    async def _score(self, statements: Sequence[Statement], record: RequestRecord, long_text: LongText) -> Scored:
        model = self.slot.current
        record.statements, record.model = len(statements), model.version
        record.characters = sum(len(one.text) + len(one.perspective) for one in statements)
        self.batcher.foresee(record.characters // _MOST_CHARS_A_TOKEN)
        started = time.monotonic()
        if record.characters <= _SHORT_CHARS:
            encoded: Sequence[Windows] = model.classifier.encode(statements)
        else:
            encoded = await self._in_thread(self._tokenizing, record, model.classifier.encode, statements)
        encoded = self._fitted(encoded, long_text, model.classifier.bundle.max_length)
        record.tokenization = time.monotonic() - started
        lengths = [sum(len(row.ids) for row in windows) for windows in encoded]
        record.tokens = sum(lengths)
        answers, record.queued = await self.batcher.answers(
            model.classifier, encoded, deadline=self._deadline(record), gone=record.gone
        )
        self._count(record, lengths, answers)
        return Scored(model=model, answers=answers)

    async def read(self, article: str, record: RequestRecord) -> tuple[tuple[Statement, ...], Scored]:
        """The statements of an article with their answers. Raises InputError where it has none."""
        most = self.settings.max_article_chars
        if len(article) > most:
            raise TooLargeError(f"the article has {len(article):,} characters, more than {most:,}: send it in parts")
        if self._articles >= _READERS_WAITING:
            raise OverloadedError("too many articles are waiting to be read", retry_after=self._article_seconds)
        self._articles += 1
        started = time.monotonic()
        try:
            statements = await self._in_thread(self._reading, record, _statements, article, done=self._article_done)
        finally:
            self._article_seconds += _RATE_MEMORY * (time.monotonic() - started - self._article_seconds)
        return statements, await self._score(statements, record, "windows")

    def _article_done(self) -> None:
        self._articles -= 1

    def _check_sizes(self, statements: Sequence[Statement]) -> None:
        longest = self.settings.max_text_chars
        for number, one in enumerate(statements, 1):
            if max(len(one.text), len(one.holder), len(one.counterpart)) > longest:
                raise TooLargeError(f"text {number} is longer than {longest:,} characters: send it in parts")

    def _fitted(self, encoded: Sequence[Windows], long_text: LongText, max_length: int) -> Sequence[Windows]:
        if long_text == "windows" or all(len(windows) == 1 for windows in encoded):
            return encoded
        if long_text == "refuse":
            raise ServiceError(
                f"Input validation error: `inputs` must have less than {max_length} tokens: "
                "shorten it, or leave `truncate` out to have all of it read"
            )
        return [cut(windows, long_text) for windows in encoded]

    def _deadline(self, record: RequestRecord) -> float:
        return record.started + self.settings.deadline

    async def _in_thread(
        self,
        threads: Executor,
        record: RequestRecord,
        work: Callable[..., Result],
        *arguments: object,
        done: Callable[[], None] = lambda: None,
    ) -> Result:
        """Waits for the work, the deadline or the client's leaving; `done` is called when the work itself ends."""
        future = asyncio.get_running_loop().run_in_executor(threads, work, *arguments)
        future.add_done_callback(lambda _: done())
        left = asyncio.ensure_future(record.gone()) if record.gone else None
        try:
            await asyncio.wait(
                {one for one in (future, left) if one},
                timeout=max(0.0, self._deadline(record) - time.monotonic()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if future.done():
                return future.result()
            if left and left.done():
                raise ClientGoneError
            raise DeadlineError("not answered within the deadline", retry_after=self.batcher.seconds_until(0))
        finally:
            future.cancel()
            if left:
                left.cancel()

    def _count(self, record: RequestRecord, lengths: Sequence[int], answers: Sequence[Answer]) -> None:
        self.metrics.tokenization_seconds.observe(record.tokenization)
        self.metrics.queue_seconds.observe(record.queued)
        for length, answer in zip(lengths, answers, strict=True):
            self.metrics.input_length.observe(length)
            self.metrics.stance(answer.stance)


def _statements(article: str) -> tuple[Statement, ...]:
    # For its refusals only: it takes a byte order mark off, and offsets must be into what was sent.
    decode_article(article.encode("utf-8"), "the article")
    return read_article(article)
