"""What `/metrics` says, in Prometheus' text format.

The names that begin with `te_` are those of text-embeddings-inference, so that its dashboards work;
those that begin with `detente_` are ours: label mix, abstentions, and how far the mix of late is from
the one of the bundle's own evaluation. Counts statements and times, keeps no text.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client import Counter as Total
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from models.stance import StanceDistribution
from serve.model_slot import ServedModel
from serve.request_batcher import BatchReport

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_TOKENS = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)


class _BareCounters(Collector):
    """Counters without the suffix `_total` that the client library insists on: TEI's names have none."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[tuple[tuple[str, str], ...]]] = {}

    def add(self, name: str, **labels: str) -> None:
        self.counts.setdefault(name, Counter())[tuple(labels.items())] += 1

    def collect(self) -> Iterable[Metric]:
        for name, counts in self.counts.items():
            metric = Metric(name, "as in text-embeddings-inference", "unknown")
            for labels, count in counts.items():
                metric.add_sample(name, dict(labels), count)
            yield metric


class LabelMix:
    """The labels of the last so many statements against what the model's evaluation lets expect."""

    def __init__(self, window: int) -> None:
        self._labels: deque[str] = deque(maxlen=window)
        self._counts: Counter[str] = Counter()
        self._expected: dict[str, float] = {}

    def restart(self, expected: dict[str, float]) -> None:
        """Another model has another mix: what was counted for the old one goes."""
        self._labels.clear()
        self._counts.clear()
        self._expected = expected

    def add(self, label: str) -> None:
        if len(self._labels) == self._labels.maxlen:
            self._counts[self._labels[0]] -= 1
        self._labels.append(label)
        self._counts[label] += 1

    def __len__(self) -> int:
        return len(self._labels)

    def share(self, label: str) -> float:
        return self._counts[label] / len(self._labels) if self._labels else math.nan

    def expected(self, label: str) -> float:
        return self._expected.get(label, math.nan)

    @property
    def drift(self) -> float:
        """Jensen–Shannon divergence in bits between late and expected mix: 0 equal, 1 disjoint, NaN unknown.

        Lin 1991, Divergence measures based on the Shannon entropy.
        """
        if not self._labels or not self._expected:
            return math.nan
        late = [self.share(label) for label in self._expected]
        return jensen_shannon(late, list(self._expected.values()))


def jensen_shannon(one: Sequence[float], other: Sequence[float]) -> float:
    """In bits, between two distributions of one length."""
    middle = [(a + b) / 2 for a, b in zip(one, other, strict=True)]

    def divergence(part: Sequence[float]) -> float:
        return sum(p * math.log2(p / m) for p, m in zip(part, middle, strict=True) if p > 0)

    return max(0.0, (divergence(one) + divergence(other)) / 2)


class ServiceMetrics:
    """One registry an application: two in one process do not share counts."""

    def __init__(self, *, drift_window: int) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series of times for each series of counts, which nobody asks for
        self.registry = CollectorRegistry()
        self.tei = _BareCounters()
        self.registry.register(self.tei)
        self.mix = LabelMix(drift_window)
        self._labels: tuple[str, ...] = ()
        self.request_seconds = self._histogram("te_request_duration", "seconds from request to answer", _SECONDS)
        self.tokenization_seconds = self._histogram("te_request_tokenization_duration", "seconds", _SECONDS)
        self.queue_seconds = self._histogram("te_request_queue_duration", "seconds in the queue", _SECONDS)
        self.inference_seconds = self._histogram("te_request_inference_duration", "seconds of a batch", _SECONDS)
        self.input_length = self._histogram("te_request_input_length", "tokens of a statement", _TOKENS)
        self.batch_size = self._histogram("te_batch_next_size", "statements in a batch", _SIZES)
        self.batch_tokens = self._histogram("te_batch_next_tokens", "padded tokens in a batch", _TOKENS)
        self.answered = self._total("detente_http_requests", "answers by route and status", ("route", "status"))
        self.statements = self._total("detente_statements", "statements by label", ("label",))
        self.abstentions = self._total("detente_abstentions", "statements below the reliable confidence")
        self.windowed = self._total("detente_windowed_statements", "statements longer than the model reads at once")
        self.refused_rows = self._total("detente_statement_errors", "statements that got an error", ("kind",))
        self.hung_up = self._total("detente_client_disconnects", "clients that left before their answer")
        self.swaps = self._total("detente_model_swaps", "hot swaps by outcome", ("outcome",))
        self._model = Gauge("detente_model", "1 for the bundle that is served", ("version",), registry=self.registry)
        self._share = self._gauge("detente_label_share", "share of a label of late", ("label",))
        self._expected = self._gauge("detente_label_share_expected", "share in the evaluation", ("label",))
        self._gauge("detente_label_mix_drift", "Jensen-Shannon divergence of the label mix, bits").set_function(
            lambda: self.mix.drift
        )
        self._gauge("detente_label_mix_statements", "statements in the late mix").set_function(lambda: len(self.mix))

    def watch(
        self, *, queue_size: Callable[[], float], queue_tokens: Callable[[], float], in_flight: Callable[[], float]
    ) -> None:
        """Gauges that are read when somebody asks."""
        self._gauge("te_queue_size", "statements that wait").set_function(queue_size)
        self._gauge("detente_queue_tokens", "tokens that wait").set_function(queue_tokens)
        self._gauge("detente_requests_in_flight", "requests at work or waiting").set_function(in_flight)

    def serves(self, model: ServedModel) -> None:
        """Another model is served from now on."""
        self._model.clear()
        self._model.labels(model.version).set(1)
        self.mix.restart(model.expected_mix)
        for gauge in (self._share, self._expected):
            gauge.clear()
        for label in model.labels:
            self._share.labels(label).set_function(partial(self.mix.share, label))
            self._expected.labels(label).set(self.mix.expected(label))

    def batch(self, done: BatchReport) -> None:
        self.batch_size.observe(done.statements)
        self.batch_tokens.observe(done.tokens)
        self.inference_seconds.observe(done.seconds)

    def stance(self, stance: StanceDistribution) -> None:
        label = stance.label
        self.statements.labels(label).inc()
        self.mix.add(label)
        if stance.abstain:
            self.abstentions.inc()
        if stance.truncated:
            self.windowed.inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, meaning, buckets=buckets, registry=self.registry)

    def _total(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Total:
        return Total(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)
