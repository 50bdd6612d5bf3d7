"""Scoring on a Ray cluster: a pool of workers for `detente score --engine ray`, a class for Ray Data pipelines.

Knows how blocks travel to workers and come back in order. Files, shards and resuming stay with
`batch_scorer`, in the process that was started: a worker that dies is started again and its blocks
are sent again, and only what came back is written, so no row is lost or written twice.
"""

from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.errors import InputError
from serve.batch_scorer import score_fields
from serve.record_block import Block, RowFault
from serve.record_columns import ColumnSurvey
from serve.record_writers import scored_table
from serve.statement_scorer import Outcome, StatementScorer

IN_FLIGHT = 2  # blocks a worker: one that it scores and one that waits beside it


class StanceScorer:
    """Adds the fields of a score to batches of statements; the model is loaded once a worker.

    dataset.map_batches(StanceScorer, fn_constructor_kwargs={"model": "/path/of/bundle"},
                        batch_format="pyarrow", compute=ray.data.ActorPoolStrategy(size=2))

    With an id column, Ray Data's checkpointing writes each row exactly once over restarts:

    DataContext.get_current().checkpoint_config = CheckpointConfig(id_column="id", checkpoint_path="/shared/done")
    """

    def __init__(self, model: str | None = None, threads: int = 1) -> None:
        """`model` is the folder of a bundle, None the released one."""
        from models.classifier import StanceClassifier

        classifier = StanceClassifier.load(Path(model) if model else None, threads=threads)
        self._bundle = classifier.bundle
        self._scorer = StatementScorer(classifier)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """All columns under the names that `detente score` gives them, and the fields of a score."""
        survey = ColumnSurvey()
        survey.add_schema(batch.schema, where="batch")
        block = Block(table=batch)
        scores = [score_fields(outcome, self._bundle.version) for outcome in self.outcomes(block)]
        return scored_table(block, scores, survey.columns(), self._bundle.axis.names)

    def outcomes(self, block: Block) -> list[Outcome]:
        [(_, _, found)] = self._scorer.score(iter([(0, block)]))
        return found


class _Worker:
    """Runs in a process of its own."""

    def __init__(self, model: str, threads: int) -> None:
        self._scorer = StanceScorer(model, threads)

    def outcomes(self, fields: list[tuple[Any, Any, Any]], faults: dict[int, RowFault]) -> list[Outcome]:
        records = [{"text": text, "holder": holder, "counterpart": other} for text, holder, other in fields]
        return self._scorer.outcomes(Block(records=records, faults=faults))


class RayScorer:
    """Scores blocks on workers of a Ray cluster (that of RAY_ADDRESS, else one on this machine), in order."""

    def __init__(self, model: Path, *, workers: int, threads: int) -> None:
        """Raises InputError where Ray is not installed."""
        try:
            import ray
        except ImportError:
            raise InputError("the ray engine needs Ray: pip install 'detente[ray]'") from None
        self._ray = ray
        if not ray.is_initialized():
            ray.init(log_to_driver=False, include_dashboard=False)
        remote = ray.remote(num_cpus=threads, max_restarts=-1, max_task_retries=-1)(_Worker)
        self.workers = [remote.remote(str(model.resolve()), threads) for _ in range(workers)]

    def score(self, blocks: Iterator[tuple[int, Block]]) -> Generator[tuple[int, Block, list[Outcome]]]:
        waiting: deque[tuple[int, Block, Any]] = deque()
        for number, (place, block) in enumerate(blocks):
            worker = self.workers[number % len(self.workers)]
            waiting.append((place, block, worker.outcomes.remote(block.statement_fields(), block.faults)))
            if len(waiting) >= IN_FLIGHT * len(self.workers):
                yield self._finished(waiting.popleft())
        while waiting:
            yield self._finished(waiting.popleft())

    def _finished(self, sent: tuple[int, Block, Any]) -> tuple[int, Block, list[Outcome]]:
        place, block, answer = sent
        return place, block, self._ray.get(answer)
