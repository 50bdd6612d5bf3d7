"""Does memory stay bounded when the corpus grows? Peak memory of a training over N rows, each N in its own process.

    python benchmarks/training_memory.py --rows 20000 100000 2000000 [--steps 20]

Rows are the corpus repeated, each text marked with its number, so that they have real lengths. The corpus is
read, checked, split, stored and tokenised in full; of the training itself a few steps are run, for memory does
not depend on how many follow. Anonymous memory is what counts: pages of a mapped table can be dropped at any time.
Writes benchmarks/results/training_memory.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "training_memory.json"


def write_rows(path: Path, count: int) -> None:
    """The shipped corpus again and again; a repeat has a group, an id and a text of its own."""
    sources = sorted((ROOT / "training" / "corpus").glob("*.jsonl"))
    lines = [line for file in sources for line in file.read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            record = json.loads(lines[number % len(lines)])
            turn = number // len(lines)
            record |= {"id": f"{record['id']}-{turn}", "group": f"{record['group']}-{turn}"}
            record["text"] = f"{record['text']} ({turn})" if turn else record["text"]
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def anonymous_memory() -> int:
    """Bytes of this process that no file backs (Linux)."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    return 0


class Watch:
    """The highest anonymous memory seen in each phase, looked at ten times a second."""

    def __init__(self) -> None:
        self.phases: dict[str, dict[str, float]] = {}
        self._name, self._started = "start", time.monotonic()
        threading.Thread(target=self._look, daemon=True).start()

    def phase(self, name: str) -> None:
        now = time.monotonic()
        self.phases.setdefault(self._name, {"peak_mb": 0})["seconds"] = round(now - self._started, 1)
        self._name, self._started = name, now

    def _look(self) -> None:
        while True:
            entry = self.phases.setdefault(self._name, {"peak_mb": 0})
            entry["peak_mb"] = max(entry["peak_mb"], round(anonymous_memory() / 1e6))
            time.sleep(0.1)


def measure(rows: int, steps: int, threads: int) -> dict[str, Any]:
    import torch

    from eval.leakage import write_corpus_traces
    from models.axis import load_axis
    from training.build_corpus import CorpusTexts, refuse_empty_classes
    from training.finetune import finetune
    from training.gold_files import gold_files
    from training.recipe import Recipe
    from training.stored_corpus import store_corpus

    if threads:
        torch.set_num_threads(threads)
    axis = load_axis()
    watch = Watch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        watch.phase("writing the rows")
        write_rows(folder / "rows.jsonl", rows)
        watch.phase("reading, checking, storing")
        corpus = store_corpus([folder / "rows.jsonl"], axis, folder / "corpus", against=gold_files(axis))
        refuse_empty_classes(corpus, axis)
        watch.phase("traces")
        write_corpus_traces(folder, CorpusTexts(corpus=corpus))
        watch.phase("tokenising and training")
        recipe = Recipe(version="memory", max_length=192, epochs=1, train_layers=1, prune_vocabulary=False)
        finetune(
            recipe,
            axis,
            corpus.train,
            work=folder / "work",
            checkpoint=folder / "checkpoint",
            quiet=True,
            most_steps=steps,
        )
        watch.phase("end")
        disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "rows": rows,
        "train": len(corpus.train),
        "steps": steps,
        "disk_mb": round(disk / 1e6),
        "phases": watch.phases,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 100_000, 2_000_000])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print("RESULT " + json.dumps(measure(options.one, options.steps, options.threads)))
        return
    results = []
    for rows in options.rows:
        command = [sys.executable, __file__, "--one", str(rows), "--steps", str(options.steps)]
        done = subprocess.run(
            [*command, "--threads", str(options.threads)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if not found:
            sys.exit(done.stderr[-3000:])
        results.append(json.loads(found[0].removeprefix("RESULT ")))
        print(json.dumps(results[-1], indent=2), flush=True)
        RESULT.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
