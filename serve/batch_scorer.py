"""Scores files of statements: input files to one output file, in shards that survive a crash.

Knows the order of the work: survey, fingerprint, shards, join. How rows are read, scored, written
and stored is in the files that it calls.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from models.bundle import Bundle
from models.errors import InputError
from models.stance import StanceDistribution
from serve.input_survey import Survey, survey
from serve.record_block import ADDED_FIELDS, Block, RowFault
from serve.record_files import Inputs, require_form, write_error
from serve.record_writers import ShardWriter, join, make_writer
from serve.score_progress import ScoreProgress
from serve.shard_plan import Shard, ShardBlocks, plan
from serve.shard_store import Fingerprint, ShardStore
from serve.stance_tables import stance_fields
from serve.statement_scorer import Outcome

SHARD_ROWS = 20_000
ERROR_PREFIX = "error: "
# What may change the bits of a score or the bytes of a file; another version may not go on with a run.
_SOFTWARE = ("numpy", "pyarrow", "tokenizers")
_ENGINE_SOFTWARE = {"cpu": "openvino", "torch": "torch", "ray": "openvino"}


class BlockScorer(Protocol):
    """What gives the rows of blocks their outcomes: `statement_scorer.StatementScorer` or Ray."""

    def score(self, blocks: ShardBlocks) -> Generator[tuple[int, Block, list[Outcome]]]: ...


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How a run is done. `max_errors` None lets any number of rows fail."""

    engine: str = "cpu"
    shard_rows: int = SHARD_ROWS
    resume: bool = False
    max_errors: int | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What became of the rows. `already` says that an earlier run had finished them."""

    out: Path
    rows: int
    tally: Counter[str]
    rate: float
    already: bool

    @property
    def errors(self) -> dict[str, int]:
        """Rows with an error, by kind, the most frequent first."""
        return {
            kind.removeprefix(ERROR_PREFIX): count
            for kind, count in sorted(self.tally.items(), key=lambda one: (-one[1], one[0]))
            if kind.startswith(ERROR_PREFIX)
        }


def score_file(
    inputs: Inputs, out: Path, *, bundle: Bundle, scorer: BlockScorer, settings: ScoreSettings
) -> ScoreSummary:
    """One output row for each input row, in order. Raises InputError; finished shards then stay for --resume."""
    form = require_form(out)
    surveyed = survey(inputs, form)
    shards = plan(surveyed.files, settings.shard_rows)
    labels = bundle.axis.names
    with ShardStore(out, fingerprint(surveyed, bundle, settings), resume=settings.resume) as store:
        already = store.finished
        done = sum(record.rows for record in store.records.values())
        with ScoreProgress(surveyed.rows, quiet=settings.quiet, done=done) as progress:
            if not already:
                todo = [shard for shard in shards if shard.number not in store.records]
                blocks = ShardBlocks(shards=tuple(shards), todo=frozenset(shard.number for shard in todo))
                work = _ShardWork(store, surveyed, bundle, settings, progress)
                # Closing ends the thread that reads ahead, also where an error ends the run.
                with closing(scorer.score(blocks)) as scored:
                    work.run(scored, todo)
                for file in surveyed.files:
                    file.check_unchanged()
                store.finish(lambda paths, joined: join(paths, joined, form, surveyed.columns, labels))
            return ScoreSummary(out=out, rows=surveyed.rows, tally=store.tally, rate=progress.rate, already=already)


class _ShardWork:
    """Writes scored blocks to their shards."""

    def __init__(
        self, store: ShardStore, surveyed: Survey, bundle: Bundle, settings: ScoreSettings, progress: ScoreProgress
    ) -> None:
        self._store, self._surveyed, self._bundle = store, surveyed, bundle
        self._settings, self._progress = settings, progress
        self._errors = sum(n for kind, n in store.tally.items() if kind.startswith(ERROR_PREFIX))

    def run(self, scored: Iterator[tuple[int, Block, list[Outcome]]], todo: Sequence[Shard]) -> None:
        for shard in todo:
            self._write(shard, scored)

    def _write(self, shard: Shard, scored: Iterator[tuple[int, Block, list[Outcome]]]) -> None:
        out = self._store.out
        tally: Counter[str] = Counter()
        written = 0
        try:
            writer: ShardWriter = make_writer(
                self._store.partial_path(shard.number),
                require_form(out),
                self._surveyed.columns,
                self._bundle.axis.names,
            )
        except OSError as fault:
            raise write_error(out, fault) from None
        while written < shard.rows:
            number, block, outcomes = next(scored)
            assert number == shard.number
            tally.update(kind for outcome in outcomes for kind in kinds(outcome))
            self._check_errors(tally)
            try:
                writer.write(block, [score_fields(outcome, self._bundle.version) for outcome in outcomes])
            except (OSError, pa.ArrowException) as fault:
                raise write_error(out, fault) from None
            written += len(block)
            self._progress.advance(len(block))
        try:
            writer.close()
        except (OSError, pa.ArrowException) as fault:
            raise write_error(out, fault) from None
        self._store.record(shard.number, rows=written, tally=tally)
        self._errors += _errors(tally)

    def _check_errors(self, tally: Counter[str]) -> None:
        most = self._settings.max_errors
        found = self._errors + _errors(tally)
        if most is not None and found > most:
            frequent = max((k for k in tally if k.startswith(ERROR_PREFIX)), key=lambda kind: tally[kind])
            raise InputError(
                f"{found:,} rows have an error, more than --max-errors {most:,} (lately: "
                f"{frequent.removeprefix(ERROR_PREFIX)}): mend the input, or raise it and go on with --resume"
            )


def _errors(tally: Counter[str]) -> int:
    return sum(count for kind, count in tally.items() if kind.startswith(ERROR_PREFIX))


def kinds(outcome: Outcome) -> Iterator[str]:
    """What the summary counts of a row."""
    if isinstance(outcome, RowFault):
        yield ERROR_PREFIX + outcome.kind
        return
    yield "scored"
    if outcome.truncated:
        yield "windowed"
    if outcome.abstain:
        yield "abstained"


def score_fields(outcome: Outcome, model: str) -> dict[str, Any]:
    """The fields that a row gets, with a stance or with an error."""
    if isinstance(outcome, StanceDistribution):
        found = {**stance_fields(outcome, model), "truncated": outcome.truncated}
    else:
        found = {"error": outcome.message, "model": model}
    return {name: found.get(name) for name in ADDED_FIELDS}


def fingerprint(surveyed: Survey, bundle: Bundle, settings: ScoreSettings) -> Fingerprint:
    """What the bytes of the output follow from. Thread count is not among it: it changes nothing."""
    software = (*_SOFTWARE, _ENGINE_SOFTWARE[settings.engine])
    return {
        "inputs": [
            {"name": file.name, "sha256": file.sha256, "size": file.size, "rows": file.rows} for file in surveyed.files
        ],
        "model": {"version": bundle.version, "sha256": bundle.content_hash},
        "axis": bundle.axis.content_hash,
        "settings": {
            "engine": "cpu" if settings.engine == "ray" else settings.engine,
            "shard_rows": settings.shard_rows,
            **{f"{name} version": version(name) for name in software},
            "detente version": version("detente"),
        },
    }
