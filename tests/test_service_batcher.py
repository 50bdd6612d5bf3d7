"""The queue of the service: same bits whatever the company, bounded, fair, and nobody's place outlives its use."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.classifier import StanceClassifier
from models.stance import StanceDistribution
from models.statement import Statement
from models.tokens import EncodedPair
from serve.http_errors import BackendError, ClientGoneError, DeadlineError, OverloadedError, TooLargeError
from serve.request_batcher import BatchReport, RequestBatcher, token_count

TEXTS = [
    "We will never talk.",
    "If they come back to the accord, we will come back to it as well, and not a day earlier than that.",
    "The delegations met for two hours on Tuesday.",
    "Our door is open, today as yesterday.",
    "They cannot be trusted with a signature. " * 25,
]


@pytest.fixture(scope="module")
def classifier() -> StanceClassifier:
    return StanceClassifier.load(threads=1)


class Held:
    """The real classifier behind a gate: a batch waits until it is opened; `sizes` are those of the batches."""

    def __init__(self, classifier: StanceClassifier, *, opened: bool = False) -> None:
        self._classifier = classifier
        self.gate = threading.Event()
        self.sizes: list[int] = []
        if opened:
            self.gate.set()

    def encoded_logits(self, encoded: Sequence[Sequence[EncodedPair]]) -> np.ndarray:
        self.sizes.append(len(encoded))
        assert self.gate.wait(30)
        return self._classifier.encoded_logits(encoded)

    def distributions(self, logits: np.ndarray, encoded: Sequence[Sequence[EncodedPair]]) -> list[StanceDistribution]:
        return self._classifier.distributions(logits, encoded)


class Failing(Held):
    def encoded_logits(self, encoded: Sequence[Sequence[EncodedPair]]) -> np.ndarray:
        raise RuntimeError("the engine broke")


def rows(classifier: StanceClassifier, *texts: str) -> list[tuple[EncodedPair, ...]]:
    return classifier.encode([Statement(text=text) for text in texts])


def run(work: Callable[[RequestBatcher], Awaitable[None]], *, queue_tokens: int = 100_000, batch: int = 4096) -> None:
    """Runs a coroutine with a started batcher; afterwards its books must be even."""

    async def main() -> None:
        batcher = RequestBatcher(queue_tokens=queue_tokens, batch_tokens=batch)
        batcher.start()
        try:
            await work(batcher)
            assert (batcher.waiting_tokens, batcher.waiting_statements) == (0, 0)
            assert batcher.alive
        finally:
            await batcher.stop()

    asyncio.run(main())


def soon(seconds: float = 30.0) -> float:
    return time.monotonic() + seconds


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.002)


@given(
    st.lists(st.lists(st.integers(0, len(TEXTS) - 1), min_size=0, max_size=4), min_size=1, max_size=5),
    st.sampled_from([16, 64, 256, 4096]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_request_gets_its_own_answers_bit_for_bit(
    classifier: StanceClassifier, requests: list[list[int]], batch: int
) -> None:
    alone = classifier.classify([Statement(text=text) for text in TEXTS])
    encoded = rows(classifier, *TEXTS)

    async def work(batcher: RequestBatcher) -> None:
        asked = [batcher.answers(classifier, [encoded[i] for i in request], deadline=soon()) for request in requests]
        for request, (answers, waited) in zip(requests, await asyncio.gather(*asked), strict=True):
            assert [one.stance for one in answers] == [alone[i] for i in request]
            assert waited >= 0

    run(work, batch=batch)


def test_waiting_requests_share_a_batch(classifier: StanceClassifier) -> None:
    held = Held(classifier)
    one = rows(classifier, TEXTS[0])

    async def work(batcher: RequestBatcher) -> None:
        asked = [asyncio.create_task(batcher.answers(held, one, deadline=soon()))]
        await until(lambda: len(held.sizes) == 1)
        asked += [asyncio.create_task(batcher.answers(held, one, deadline=soon())) for _ in range(19)]
        await until(lambda: batcher.waiting_statements == 19)
        held.gate.set()
        await asyncio.gather(*asked)

    run(work)
    assert held.sizes == [1, 19]


def test_a_long_request_does_not_hold_up_a_short_one(classifier: StanceClassifier) -> None:
    held = Held(classifier)
    finished: list[str] = []

    async def ask(batcher: RequestBatcher, name: str, statements: int) -> None:
        await batcher.answers(held, rows(classifier, TEXTS[1]) * statements, deadline=soon())
        finished.append(name)

    async def work(batcher: RequestBatcher) -> None:
        long = asyncio.create_task(ask(batcher, "long", 200))
        await until(lambda: len(held.sizes) == 1)
        short = asyncio.create_task(ask(batcher, "short", 1))
        await until(lambda: batcher.waiting_statements > 100)
        held.gate.set()
        await asyncio.gather(long, short)

    run(work, batch=1024)
    assert finished == ["short", "long"]


def test_what_does_not_fit_is_refused_at_once_with_a_time(classifier: StanceClassifier) -> None:
    held = Held(classifier)
    one = rows(classifier, TEXTS[0])
    size = token_count(one[0])

    async def work(batcher: RequestBatcher) -> None:
        first = asyncio.create_task(batcher.answers(held, one, deadline=soon()))
        await until(lambda: len(held.sizes) == 1)
        waiting = [asyncio.create_task(batcher.answers(held, one, deadline=soon())) for _ in "a" * 10]
        await until(lambda: batcher.waiting_statements == 10)
        for _ in range(1000):
            with pytest.raises(OverloadedError) as refused:
                await batcher.answers(held, one, deadline=soon())
            assert int(refused.value.headers["Retry-After"]) >= 1
        assert batcher.waiting_tokens == 10 * size
        with pytest.raises(OverloadedError):
            batcher.foresee(1)
        # Too large for any queue is not a matter of waiting: it is left to be told so.
        batcher.foresee(10 * size + 1)
        with pytest.raises(TooLargeError, match="in parts"):
            await batcher.answers(held, one * 11, deadline=soon())
        held.gate.set()
        await asyncio.gather(first, *waiting)
        batcher.foresee(10 * size)
        assert await batcher.answers(held, one * 10, deadline=soon())

    run(work, queue_tokens=10 * size)


def test_retry_after_follows_the_measured_speed(classifier: StanceClassifier) -> None:
    async def work(batcher: RequestBatcher) -> None:
        for _ in range(30):
            await batcher.answers(classifier, rows(classifier, TEXTS[1]), deadline=soon())
        measured = batcher.tokens_per_second
        assert batcher.seconds_until(100_000 + int(measured * 7)) == pytest.approx(7, abs=0.1)

    run(work)


def test_a_deadline_frees_the_place(classifier: StanceClassifier) -> None:
    held = Held(classifier)

    async def work(batcher: RequestBatcher) -> None:
        first = asyncio.create_task(batcher.answers(held, rows(classifier, TEXTS[0]), deadline=soon()))
        await until(lambda: len(held.sizes) == 1)
        with pytest.raises(DeadlineError):
            await batcher.answers(held, rows(classifier, *TEXTS), deadline=soon(0.02))
        assert batcher.waiting_tokens == 0
        held.gate.set()
        await first

    run(work)
    assert held.sizes == [1]


def test_who_hangs_up_frees_the_place(classifier: StanceClassifier) -> None:
    held = Held(classifier)

    async def work(batcher: RequestBatcher) -> None:
        hung_up = asyncio.Event()
        first = asyncio.create_task(batcher.answers(held, rows(classifier, TEXTS[0]), deadline=soon()))
        await until(lambda: len(held.sizes) == 1)
        gone = asyncio.create_task(batcher.answers(held, rows(classifier, *TEXTS), deadline=soon(), gone=hung_up.wait))
        cancelled = asyncio.create_task(batcher.answers(held, rows(classifier, *TEXTS), deadline=soon()))
        await until(lambda: batcher.waiting_statements == 2 * len(TEXTS))
        hung_up.set()
        cancelled.cancel()
        with pytest.raises(ClientGoneError):
            await gone
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert batcher.waiting_tokens == 0
        held.gate.set()
        await first

    run(work)
    assert held.sizes == [1]


def test_requests_of_two_models_never_meet_in_a_batch(classifier: StanceClassifier) -> None:
    old, new = Held(classifier), Held(classifier, opened=True)

    async def work(batcher: RequestBatcher) -> None:
        one = rows(classifier, TEXTS[0])
        asked = [asyncio.create_task(batcher.answers(old, one, deadline=soon()))]
        await until(lambda: len(old.sizes) == 1)
        for model in (old, new, old, new, new):
            asked.append(asyncio.create_task(batcher.answers(model, one, deadline=soon())))
        await until(lambda: batcher.waiting_statements == 5)
        old.gate.set()
        await asyncio.gather(*asked)

    run(work)
    assert (old.sizes, new.sizes) == ([1, 2], [3])


def test_a_failure_of_the_model_is_told_to_its_batch_only(classifier: StanceClassifier) -> None:
    async def work(batcher: RequestBatcher) -> None:
        with pytest.raises(BackendError, match="Inference failed"):
            await batcher.answers(Failing(classifier), rows(classifier, *TEXTS * 30), deadline=soon())
        answers, _ = await batcher.answers(classifier, rows(classifier, TEXTS[0]), deadline=soon())
        assert len(answers) == 1

    run(work, batch=256)


def test_each_batch_is_reported(classifier: StanceClassifier) -> None:
    reports: list[BatchReport] = []

    async def main() -> None:
        batcher = RequestBatcher(queue_tokens=100_000, batch_tokens=512, report=reports.append)
        batcher.start()
        await batcher.answers(classifier, rows(classifier, *TEXTS * 10), deadline=soon())
        await batcher.stop()

    asyncio.run(main())
    assert sum(one.statements for one in reports) == 50
    assert sum(one.tokens for one in reports) == sum(token_count(one) for one in rows(classifier, *TEXTS * 10))
    assert all(one.seconds > 0 and one.waited >= 0 and one.requests == 1 for one in reports)
