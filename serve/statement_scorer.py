"""Statements to stances, a block at a time: checked, each distinct statement once, tokenised ahead.

Knows faults of rows, the cache of exact duplicates, and that tokenising runs in one thread while
the model runs in another. Does not know files or shards.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, Protocol, TypeVar

from models.stance import StanceDistribution
from models.statement import Statement
from models.tokens import EncodedPair
from serve.prefetch import prefetched
from serve.record_block import Block, RowFault
from serve.statement_checks import statement_of

CACHE_STATEMENTS = 200_000
AHEAD = 2
Outcome = StanceDistribution | RowFault
Place = TypeVar("Place")


class EncodingClassifier(Protocol):
    """What this file needs of `models.classifier.StanceClassifier`."""

    def encode(self, statements: Sequence[Statement]) -> list[tuple[EncodedPair, ...]]: ...

    def classify_encoded(self, encoded: Sequence[Sequence[EncodedPair]]) -> list[StanceDistribution]: ...


class DuplicateCache:
    """Stances of statements met before, at most about `statements` of them; the oldest half goes first."""

    def __init__(self, statements: int) -> None:
        self._half = max(1, statements // 2)
        self._young: dict[bytes, StanceDistribution] = {}
        self._old: dict[bytes, StanceDistribution] = {}

    def get(self, key: bytes) -> StanceDistribution | None:
        return self._young.get(key) or self._old.get(key)

    def add(self, key: bytes, stance: StanceDistribution) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = stance

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def statement_key(statement: Statement) -> bytes:
    """What the model sees of a statement, as 16 bytes; a NUL cannot stand in either part."""
    return blake2b(f"{statement.text}\0{statement.perspective}".encode(), digest_size=16).digest()


@dataclass(frozen=True, kw_only=True)
class _Prepared(Generic[Place]):
    """A block with what is known before the model runs; a row that waits for it has its key."""

    place: Place
    block: Block
    rows: list[Outcome | bytes]
    new_keys: list[bytes]
    encoded: list[tuple[EncodedPair, ...]]


class StatementScorer:
    """Scores blocks in order. `reused` counts rows whose stance was known from an equal row."""

    def __init__(self, classifier: EncodingClassifier, *, cache: int = CACHE_STATEMENTS) -> None:
        self._classifier = classifier
        self._cache = DuplicateCache(cache)
        self.reused = 0

    def score(self, blocks: Iterable[tuple[Place, Block]]) -> Generator[tuple[Place, Block, list[Outcome]]]:
        """Each block with one outcome a row; blocks keep their order and the tag they came with."""
        prepared = prefetched((self._prepare(place, block) for place, block in blocks), ahead=AHEAD)
        for one in prepared:
            stances = dict(zip(one.new_keys, self._classifier.classify_encoded(one.encoded), strict=True))
            for key, stance in stances.items():
                self._cache.add(key, stance)
            yield one.place, one.block, [stances[row] if isinstance(row, bytes) else row for row in one.rows]

    def _prepare(self, place: Place, block: Block) -> _Prepared[Place]:
        rows: list[Outcome | bytes] = []
        new: dict[bytes, Statement] = {}
        for number, fields in enumerate(block.statement_fields()):
            statement = block.faults.get(number) or statement_of(*fields)
            if isinstance(statement, RowFault):
                rows.append(statement)
                continue
            key = statement_key(statement)
            known = self._cache.get(key)
            if known is None and key not in new:
                new[key] = statement
            else:
                self.reused += 1
            rows.append(known or key)
        return _Prepared(
            place=place,
            block=block,
            rows=rows,
            new_keys=list(new),
            encoded=self._classifier.encode(list(new.values())),
        )
