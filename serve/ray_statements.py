"""The statements of input files as a Ray Data source: what `detente score --engine ray` scores.

Knows how shards become read tasks. Rows that cannot get a stance are left out: who asked meets them too, in
the same files, and knows what is wrong with them. Needs Ray; `ray_data` imports it when Ray is wanted.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from models.statement import Statement
from serve.ray_data import KEY, checked_rows
from serve.shard_plan import ShardBlocks
from serve.statement_scorer import statement_key

_SCHEMA = pa.schema(
    [(KEY, pa.binary(16)), ("text", pa.string()), ("holder", pa.string()), ("counterpart", pa.string())]
)


class StatementSource(Datasource):  # type: ignore[misc]
    """Text, holder and counterpart of each sound row, in order, with the `statement_key` it is known by.

    A file is one task, because lines and cells can only be found from its beginning; read anew after a crash
    it gives the same rows. Only the node that runs the command needs to see the files.
    """

    def __init__(self, blocks: ShardBlocks) -> None:
        super().__init__()
        files = {shard.file.path: replace(shard.file, path=shard.file.path.resolve()) for shard in blocks.shards}
        shards = tuple(replace(shard, file=files[shard.file.path]) for shard in blocks.shards)
        self._parts = ShardBlocks(shards=shards, todo=blocks.todo).by_file()

    @property
    def files(self) -> list[Path]:
        """Those with a shard to do; there is at least one."""
        return [part.shards[0].file.path for part in self._parts]

    @property
    def supports_distributed_reads(self) -> bool:
        return False

    def estimate_inmemory_data_size(self) -> int:
        return sum(part.shards[0].file.size for part in self._parts)

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        return [
            ReadTask(
                partial(_tables, part),
                BlockMetadata(
                    num_rows=None,
                    size_bytes=part.shards[0].file.size,
                    input_files=[str(part.shards[0].file.path)],
                    exec_stats=None,
                ),
                schema=_SCHEMA,
                per_task_row_limit=per_task_row_limit,
            )
            for part in self._parts
        ]


def _tables(part: ShardBlocks) -> Iterator[pa.Table]:
    for _, block in part:
        sound = [row for row in checked_rows(block) if isinstance(row, Statement)]
        columns = [
            [statement_key(row) for row in sound],
            [row.text for row in sound],
            [row.holder for row in sound],
            [row.counterpart for row in sound],
        ]
        yield pa.table(columns, schema=_SCHEMA)
