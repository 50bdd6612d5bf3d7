"""Training in the background: one `detente train` at a time, as a process of its own.

Knows the labels that came in, the process and its state. Does not know Label Studio nor how training works.
"""

import hashlib
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.durable_files import append_line
from models.errors import InputError

LABELS = "labels.jsonl"


class TrainingJob:
    """Labels in `folder`, and the training that uses them. Safe to call from several threads."""

    def __init__(self, folder: Path, recipe: Path) -> None:
        """Raises InputError where the folder cannot be written."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise InputError(f"cannot write to {folder}: {fault.strerror}; name another one with --data") from None
        self._folder, self._recipe = folder, recipe
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._candidate: Path | None = None
        self._again = False
        self._started = ""

    def add(self, record: dict[str, Any]) -> int:
        """Keeps one label; of one statement and perspective the last one counts. Returns how many there are."""
        with self._lock:
            append_line(self._folder / LABELS, record)
            return len(self._labels())

    def remove(self, record_id: str) -> int:
        """A label that was taken back in Label Studio is taken back here: its line stays, and one that voids it."""
        with self._lock:
            append_line(self._folder / LABELS, {"id": record_id, "void": True})
            return len(self._labels())

    def start(self) -> str:
        """Starts a training and answers at once. While one runs, another is noted and follows it."""
        with self._lock:
            if self._process and self._process.poll() is None:
                self._again = True
                return "a training is running: another one follows it"
            labels = self._labels()
            if not labels:
                return "there are no labels to train on yet"
            text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in labels)
            # Named by what it is trained on: interrupted, the same labels go on where they were.
            name = hashlib.sha256(text.encode()).hexdigest()[:12]
            self._candidate = self._folder / f"candidate-{name}"
            if (self._candidate / "manifest.json").is_file():
                return f"{self._candidate.name} was trained on these labels already"
            data = self._folder / f"labels-{name}.jsonl"
            data.write_text(text, encoding="utf-8")
            command = [sys.executable, "-m", "detente", "train", str(self._recipe), "--quiet"]
            with (self._folder / f"{self._candidate.name}.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [*command, "--data", str(data), "--out", str(self._candidate)], stdout=log, stderr=log
                )
            self._started = datetime.now(UTC).isoformat(timespec="seconds")
            threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()
            return f"training {self._candidate.name} on {len(labels)} labels"

    def state(self) -> dict[str, Any]:
        """What is running or was last run, JSON-ready."""
        with self._lock:
            code = self._process.poll() if self._process else None
            status = "idle" if not self._process else "training" if code is None else "failed" if code else "ready"
            state: dict[str, Any] = {"status": status, "labels": len(self._labels()), "next": self._again}
            if self._candidate and self._process:
                state |= {"candidate": self._candidate.name, "started": self._started}
                if status == "failed":
                    log = self._folder / f"{self._candidate.name}.log"
                    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                    state["error"] = said[-1] if said else f"exit code {code}"
            return state

    def stop(self) -> None:
        """Ends a running training; its last finished epoch is kept."""
        with self._lock:
            self._again = False
            if self._process and self._process.poll() is None:
                self._process.terminate()
                self._process.wait(timeout=30)

    def _follow(self, process: "subprocess.Popen[bytes]") -> None:
        process.wait()
        with self._lock:
            again, self._again = self._again, False
            if again:
                self.start()

    def _labels(self) -> list[dict[str, Any]]:
        """The labels in force, in the order of their last change."""
        path = self._folder / LABELS
        if not path.is_file():
            return []
        found: dict[str, dict[str, Any]] = {}
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                record = json.loads(line)
            except ValueError:  # torn by a crash
                continue
            record.pop("time", None)
            found.pop(record["id"], None)
            if not record.get("void"):
                found[record["id"]] = record
        return list(found.values())
