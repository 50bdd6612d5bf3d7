"""How input files are cut in shards, and the rows of shards as blocks.

Knows which rows belong to which shard. Does not know what becomes of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from models.errors import InputError
from serve.input_survey import InputFile
from serve.record_block import Block
from serve.record_readers import RowReader, open_rows


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Rows of one file that are written together; it follows from the input and `shard_rows` alone."""

    number: int
    file: InputFile
    start: int
    rows: int


def plan(files: Sequence[InputFile], shard_rows: int) -> list[Shard]:
    """The shards in order; none spans two files."""
    shards: list[Shard] = []
    for file in files:
        for start in range(0, file.rows, shard_rows):
            rows = min(shard_rows, file.rows - start)
            shards.append(Shard(number=len(shards), file=file, start=start, rows=rows))
    return shards


@dataclass(frozen=True, kw_only=True)
class ShardBlocks:
    """The rows of the shards `todo`, in order, each block tagged with its shard's number.

    Every iteration reads the files anew. Raises InputError where reading fails or a file has become shorter.
    """

    shards: tuple[Shard, ...]
    todo: frozenset[int]

    def __iter__(self) -> Iterator[tuple[int, Block]]:
        reader: RowReader | None = None
        file: InputFile | None = None
        for shard in self.shards:
            if file is not shard.file:
                file, reader = shard.file, open_rows(shard.file.path)
            assert reader is not None
            if shard.number not in self.todo:
                reader.skip(shard.rows)
                continue
            rows = 0
            for block in reader.take(shard.rows):
                rows += len(block)
                yield shard.number, block
            if rows < shard.rows:
                raise InputError(f"{file.path} changed while it was being scored: score it to a new output")

    def by_file(self) -> list["ShardBlocks"]:
        """The same blocks, one part for each file that has a shard to do."""
        found: list[ShardBlocks] = []
        for _, group in groupby(self.shards, key=lambda shard: shard.file.path):
            shards = tuple(group)
            todo = self.todo.intersection(shard.number for shard in shards)
            if todo:
                found.append(ShardBlocks(shards=shards, todo=todo))
        return found
