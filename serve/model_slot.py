"""The model that is served now, and its replacement when another bundle is promoted or rolled back.

A request takes the model out of the slot once and stays with it to its end, so a swap drops and mixes
nothing; the old model goes when its last request does. Knows the registry only through
`models.bundle.released_path`. A bundle that cannot be opened is reported and the served one stays.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.bundle import registry_folder, released_path
from models.classifier import StanceClassifier
from models.errors import DetenteError
from models.history import HISTORY
from models.statement import Statement

_WARM_UP = "They met on Tuesday and agreed to meet again."


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A loaded classifier. `expected_mix` is the share of each label among its answers in its own evaluation.

    It is empty where the bundle has no evaluation with a confusion matrix.
    """

    classifier: StanceClassifier
    path: Path
    sha256: str
    expected_mix: dict[str, float]

    @property
    def version(self) -> str:
        return self.classifier.bundle.version

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classifier.bundle.axis.names


def load_model(path: Path, *, threads: int = 0) -> ServedModel:
    """Verifies, loads and warms up a bundle. Raises BundleError."""
    classifier = StanceClassifier.load(path, threads=threads)
    classifier.classify([Statement(text=_WARM_UP)])
    bundle = classifier.bundle
    return ServedModel(
        classifier=classifier,
        path=path,
        sha256=bundle.content_hash,
        expected_mix=expected_mix(bundle.evaluation, bundle.axis.names),
    )


def expected_mix(evaluation: Path, labels: tuple[str, ...]) -> dict[str, float]:
    """Share of each label among the model's answers in the largest evaluation that the file holds."""
    try:
        content = json.loads(evaluation.read_text(encoding="utf-8"))
        matrices = [one["confusion"] for one in content.values() if isinstance(one, dict) and "confusion" in one]
        largest = max(matrices, key=lambda one: sum(map(sum, one["rows_gold_columns_predicted"])))
        columns = [sum(column) for column in zip(*largest["rows_gold_columns_predicted"], strict=True)]
        counts = dict(zip(largest["labels"], columns, strict=True))
        total = sum(counts.values())
        return {label: counts[label] / total for label in labels}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        return {}


class ModelSlot:
    """Holds the served model. With a fixed `model` there is nothing to follow."""

    def __init__(
        self, *, model: Path | None = None, axis: str = "negotiation", registry: Path | None = None, threads: int = 0
    ) -> None:
        """Loads the first model. Raises BundleError."""
        self._axis, self._registry, self._threads = axis, registry, threads
        self._follows = model is None
        self._seen = self._history_state()
        self.current = load_model(model or released_path(axis, self._registry), threads=threads)

    async def follow(
        self,
        every: float,
        *,
        swapped: Callable[[ServedModel, ServedModel], Any],
        refused: Callable[[str], Any],
    ) -> None:
        """Looks at the history every so many seconds, for ever; tells of each swap (old, new) and each refusal."""
        while self._follows:
            await asyncio.sleep(every)
            state = self._history_state()
            if state == self._seen:
                continue
            try:
                path = released_path(self._axis, self._registry)
                if path != self.current.path:
                    new = await asyncio.to_thread(load_model, path, threads=self._threads)
                    old, self.current = self.current, new
                    swapped(old, new)
            except (DetenteError, OSError) as fault:
                refused(str(fault))
            self._seen = state

    def _history_state(self) -> tuple[int, int] | None:
        try:
            found = ((self._registry or registry_folder()) / HISTORY).stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns
