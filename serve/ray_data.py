"""Scoring on a Ray cluster: `StanceScorer` for Ray Data pipelines, and what runs `detente score --engine ray` with it.

Knows how statements go through Ray Data and come back in order. Files, shards and resuming stay with
`batch_scorer`, in the process that was started.

Exactly once: a worker that dies is started again by Ray and its blocks are scored again; each scored row is
matched with the row that the driver reads itself before it is written. Over restarts of the driver the journal
of `shard_store` counts, not Ray Data's checkpointing: that needs a column of unique ids, which the input need
not have; ends in a folder of files in no order, where one file in input order is wanted; and does not notice
another model, input or version in between. For a pipeline of one's own on data that has ids, it is the way:
`docs/scale.md` shows it with `StanceScorer`.
"""

import logging
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.bundle import Bundle
from models.calibration import read_calibration
from models.errors import DetenteError, InputError
from models.stance import StanceDistribution
from models.statement import Statement
from serve.batch_scorer import score_fields
from serve.record_block import ADDED_FIELDS, Block
from serve.record_columns import ColumnSurvey
from serve.record_writers import scored_table
from serve.shard_plan import ShardBlocks
from serve.statement_scorer import Outcome, StatementScorer, statement_key

# Ray reports its use over the network unless told otherwise before it is imported. Nobody here calls home.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

BLOCK_BYTES = 256 * 1024
"""What a worker gets at a time: about a thousand statements, so that small files keep all workers busy too."""
LOCAL_STORE_BYTES = 512 * 1024 * 1024


class StanceScorer:
    """Adds the fields of a score to batches of statements; the model is loaded once a worker.

    dataset.map_batches(StanceScorer, fn_constructor_kwargs={"model": "/path/of/bundle"},
                        batch_format="pyarrow", compute=ray.data.ActorPoolStrategy(size=2))
    """

    def __init__(self, model: str | None = None, threads: int = 1, carry: Sequence[str] | None = None) -> None:
        """`model` is the folder of a bundle, None the released one; `carry` the input columns to keep, None all."""
        from models.classifier import StanceClassifier

        classifier = StanceClassifier.load(Path(model) if model else None, threads=threads)
        self._bundle = classifier.bundle
        self._scorer = StatementScorer(classifier)
        self._carry = carry

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The columns under the names that `detente score` gives them, and the fields of a score."""
        [(_, _, outcomes)] = self._scorer.score([(0, Block(table=batch))])
        kept = batch if self._carry is None else batch.select(list(self._carry))
        survey = ColumnSurvey()
        survey.add_schema(kept.schema, where="batch")
        scores = [score_fields(outcome, self._bundle.version) for outcome in outcomes]
        return scored_table(Block(table=kept), scores, survey.columns(), self._bundle.axis.names)


class RayScorer:
    """Scores blocks on workers of a Ray cluster (that of RAY_ADDRESS, else one on this machine), in order."""

    def __init__(self, bundle: Bundle, *, workers: int, threads: int) -> None:
        """Raises InputError where Ray is not installed or does not start."""
        self._bundle, self._workers, self._threads = bundle, workers, threads
        self._abstain_below = read_calibration(bundle.calibration).abstain_below
        try:
            import ray.data
        except ImportError:
            raise InputError("the ray engine needs Ray: pip install 'detente[ray]'") from None
        self._ray = ray
        start(cpus=workers * threads + 1)
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.target_max_block_size = BLOCK_BYTES
        context.enable_progress_bars = False
        context.print_on_execution_start = False

    def score(self, blocks: ShardBlocks) -> Generator[tuple[int, Block, list[Outcome]]]:
        """Each block with one outcome a row. Raises InputError where the cluster fails for good."""
        from serve.ray_statements import KEY, StatementSource, checked_rows

        source = StatementSource(blocks)
        scored = self._rows(
            self._ray.data.read_datasource(source, override_num_blocks=max(1, len(source.get_read_tasks(1)))),
            key=KEY,
        )
        for place, block in blocks:
            outcomes: list[Outcome] = []
            for row in checked_rows(block):
                outcomes.append(self._matched(row, scored) if isinstance(row, Statement) else row)
            yield place, block, outcomes

    def _rows(self, statements: Any, *, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """The key and the score of each statement, in order."""
        dataset = statements.map_batches(
            StanceScorer,
            fn_constructor_kwargs={"model": str(self._bundle.path.resolve()), "threads": self._threads, "carry": [key]},
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=self._threads,
            compute=self._ray.data.ActorPoolStrategy(size=self._workers),
        )
        try:
            for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from zip(table.column(key).to_pylist(), table.select(list(ADDED_FIELDS)).to_pylist(), strict=True)
        except self._ray.exceptions.RayError as fault:
            raise _as_one_line(fault) from None

    def _matched(self, statement: Statement, scored: Iterator[tuple[bytes, dict[str, Any]]]) -> StanceDistribution:
        key, fields = next(scored, (None, {}))
        if key != statement_key(statement):
            raise InputError(
                "what the Ray workers read is not what was surveyed: the input changed while it was being scored; "
                "score it to a new output"
            )
        return StanceDistribution(
            axis=self._bundle.axis,
            probabilities=tuple(fields["probabilities"][name] for name in self._bundle.axis.names),
            abstain_below=self._abstain_below,
            truncated=fields["truncated"],
        )


def start(*, cpus: int) -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts one on this machine, which no other machine can reach.

    Raises InputError where neither is possible. Without effect where Ray runs already.
    """
    import ray

    if ray.is_initialized():
        return
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    local = {
        "num_cpus": max(cpus, os.cpu_count() or 1),
        "object_store_memory": LOCAL_STORE_BYTES,
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
    }
    try:
        ray.init(
            log_to_driver=False,
            logging_level=logging.WARNING,
            **({} if os.environ.get("RAY_ADDRESS") else local),
        )
    except Exception as fault:  # Ray raises plain Exception where a process of it does not come up in time
        reason = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
        raise InputError(f"Ray does not start: {reason}; see its logs in /tmp/ray/session_latest/logs") from None


def _as_one_line(fault: Exception) -> DetenteError:
    """What Ray reports of a worker, less the worker's traceback."""
    cause = getattr(fault, "cause", None)
    if isinstance(cause, DetenteError):
        return cause
    lines = [line.strip() for line in str(cause or fault).splitlines() if line.strip()] or [type(fault).__name__]
    return InputError(f"the Ray cluster failed ({lines[-1]}); finished shards are kept: go on with --resume")
