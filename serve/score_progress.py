"""Shows how far a run is: a bar with rate and time left on a terminal, log lines elsewhere, or nothing.

Knows counts and time. Does not know what is counted.
"""

import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

LOG_SECONDS = 15.0


class _Rate(ProgressColumn):
    def render(self, task: Any) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "–/s")


class ScoreProgress:
    """Use as a context. Everything goes to standard error."""

    def __init__(self, total: int, *, quiet: bool, done: int = 0) -> None:
        self._total, self._done, self._first = total, done, done
        self._began = self._logged = time.monotonic()
        self._quiet = quiet
        self._bar: Progress | None = None
        if not quiet and sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                _Rate(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                speed_estimate_period=120,
            )
            self._task = self._bar.add_task("scoring", total=total, completed=done)

    def __enter__(self) -> "ScoreProgress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, rows: int) -> None:
        self._done += rows
        if self._bar:
            self._bar.advance(self._task, rows)
            return
        now = time.monotonic()
        if not self._quiet and now - self._logged >= LOG_SECONDS:
            self._logged = now
            rate = self.rate
            left = f", {(self._total - self._done) / rate / 60:,.0f} min left" if rate else ""
            share = 100 * self._done / max(1, self._total)
            print(f"{self._done:,} of {self._total:,} rows ({share:.0f} %), {rate:,.0f}/s{left}", file=sys.stderr)

    @property
    def rate(self) -> float:
        """Rows a second in this run; what was done before it does not count."""
        return (self._done - self._first) / max(1e-9, time.monotonic() - self._began)
