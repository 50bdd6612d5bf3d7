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
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.bundle import Bundle
from models.calibration import read_calibration
from models.errors import DetenteError, InputError
from models.stance import StanceDistribution
from models.statement import Statement
from serve.batch_scorer import score_fields
from serve.record_block import Block, RowFault
from serve.record_columns import ColumnSurvey
from serve.record_writers import scored_table
from serve.shard_plan import ShardBlocks
from serve.statement_checks import statement_of
from serve.statement_scorer import Outcome, StatementScorer, statement_key

# Ray reports its use over the network unless told otherwise before it is imported. Nobody here calls home.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

KEY = "key"
BLOCK_BYTES = 256 * 1024
"""What a worker gets at a time: about a thousand statements, so that small files keep all workers busy too."""
LOCAL_STORE_BYTES = 512 * 1024 * 1024


class StanceScorer:
    """Adds the fields of a score to batches of statements; the model is loaded once a worker.

    dataset.map_batches(StanceScorer, fn_constructor_kwargs={"model": "/path/of/bundle"},
                        batch_format="pyarrow", compute=ray.data.ActorPoolStrategy(size=2))
    """

    def __init__(self, model: str | None = None, threads: int = 1) -> None:
        """`model` is the folder of a bundle, None the released one. Raises BundleError."""
        from models.classifier import StanceClassifier

        classifier = StanceClassifier.load(Path(model) if model else None, threads=threads)
        self._bundle = classifier.bundle
        self._scorer = StatementScorer(classifier)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """All columns under the names that `detente score` gives them, and the fields of a score."""
        survey = ColumnSurvey()
        survey.add_schema(batch.schema, where="batch")
        scores = [score_fields(outcome, self._bundle.version) for outcome in self.outcomes(batch)]
        return scored_table(Block(table=batch), scores, survey.columns(), self._bundle.axis.names)

    def outcomes(self, batch: pa.Table) -> list[Outcome]:
        [(_, _, found)] = self._scorer.score([(0, Block(table=batch))])
        return found


class ProbabilityScorer(StanceScorer):
    """Gives the driver what it needs to make the fields itself: probabilities with all their bits."""

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The keys of sound statements, float64 probabilities in axis order, and whether the text was truncated."""
        stances = [outcome for outcome in self.outcomes(batch) if isinstance(outcome, StanceDistribution)]
        columns = [
            batch.column(KEY),
            pa.array([stance.probabilities for stance in stances], pa.list_(pa.float64())),
            pa.array([stance.truncated for stance in stances], pa.bool_()),
        ]
        return pa.table(columns, names=[KEY, "probabilities", "truncated"])


class RayScorer:
    """Scores blocks on workers of a Ray cluster (that of RAY_ADDRESS, else one on this machine), in order."""

    def __init__(self, bundle: Bundle, *, workers: int, threads: int) -> None:
        """Raises InputError where Ray is not installed or does not start."""
        self._bundle, self._workers, self._threads = bundle, workers, threads
        self._abstain_below = read_calibration(bundle.calibration).abstain_below
        start(cpus=workers * threads + 1)
        import ray.data

        self._ray = ray
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.target_max_block_size = BLOCK_BYTES
        context.enable_progress_bars = False
        context.print_on_execution_start = False

    def score(self, blocks: ShardBlocks) -> Generator[tuple[int, Block, list[Outcome]]]:
        """Each block with one outcome a row. Raises InputError where the cluster fails for good."""
        from serve.ray_statements import StatementSource

        scored = self._stances(StatementSource(blocks))
        for place, block in blocks:
            outcomes: list[Outcome] = []
            for row in checked_rows(block):
                outcomes.append(_matched(row, scored) if isinstance(row, Statement) else row)
            yield place, block, outcomes

    def _stances(self, source: Any) -> Iterator[tuple[bytes, StanceDistribution]]:
        """The key and the stance of each statement of the source, in order."""
        statements = self._ray.data.read_datasource(
            source,
            override_num_blocks=len(source.files),
            # Unlike the scorers' share: of like operators Ray makes one, and then a file would have but one scorer.
            num_cpus=0.5,
        )
        dataset = statements.map_batches(
            ProbabilityScorer,
            fn_constructor_kwargs={"model": str(self._bundle.path.resolve()), "threads": self._threads},
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=self._threads,
            compute=self._ray.data.ActorPoolStrategy(size=self._workers),
        )
        try:
            for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                for key, probabilities, truncated in zip(*(one.to_pylist() for one in table.columns), strict=True):
                    yield (
                        key,
                        StanceDistribution(
                            axis=self._bundle.axis,
                            probabilities=tuple(probabilities),
                            abstain_below=self._abstain_below,
                            truncated=truncated,
                        ),
                    )
        except self._ray.exceptions.RayError as fault:
            raise _as_one_line(fault) from None


def checked_rows(block: Block) -> list[Statement | RowFault]:
    """Each row of a block as a statement, or what is wrong with it."""
    return [block.faults.get(place) or statement_of(*fields) for place, fields in enumerate(block.statement_fields())]


def _matched(statement: Statement, scored: Iterator[tuple[bytes, StanceDistribution]]) -> StanceDistribution:
    """The next stance, which must be that of the statement. Raises InputError."""
    key, stance = next(scored, (b"", None))
    if stance is None or key != statement_key(statement):
        raise InputError(
            "the Ray workers did not score what was surveyed: the input changed meanwhile; score it to a new output"
        )
    return stance


def start(*, cpus: int) -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts one on this machine, which listens on loopback only.

    Call it before anything imports Ray: Ray decides then on which addresses it will listen.
    Raises InputError where Ray is not installed or does not start. Without effect where it runs already.
    """
    joins = bool(os.environ.get("RAY_ADDRESS"))
    if not joins:
        # Ray's switch for "this machine only". `_node_ip_address` would not do: it replaces a loopback address.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray.data
    except ImportError:
        raise InputError("the ray engine needs Ray: pip install 'detente[ray]'") from None
    if ray.is_initialized():
        return
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    local = {
        "address": "local",
        "num_cpus": max(cpus, os.cpu_count() or 1),
        "object_store_memory": LOCAL_STORE_BYTES,
        "include_dashboard": False,
    }
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **({} if joins else local))
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
