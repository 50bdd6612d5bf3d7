"""Memory and rate of `detente score` against the number of rows: the curve must be flat.

    python -m benchmarks.score_memory [--model BUNDLE] [--rows 10000 100000 1000000] [--forms jsonl csv parquet]

Rows repeat after `--distinct` statements, as wire copy does, so that millions of rows take minutes: what memory
follows from (blocks, shards, columns, the cache of repeats) is the same. Stores benchmarks/results/score_memory.json.
Knows the command line only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.throughput import statements

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "score_memory.json"


def measure(
    rows: int, form: str, options: argparse.Namespace, texts: list[dict[str, str]], folder: Path
) -> dict[str, Any]:
    """Peak memory of the process and rows a second, model loading included."""
    source = folder / f"in{rows}.jsonl"
    if not source.exists():
        with source.open("w", encoding="utf-8") as stream:
            for number in range(rows):
                record = {"id": number, **texts[number % len(texts)], "when": "2021-03-10", "weight": number / 7}
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    out = folder / f"out{rows}.{form}"
    model = ["--model", str(options.model)] if options.model else []
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", "score", str(source), "--out", str(out), "--quiet", *model], cwd=ROOT
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"scoring {rows} rows to {form} ended with status {status}")
    seconds = time.perf_counter() - began
    out.unlink()
    return {
        "rows": rows,
        "form": form,
        "rss_mb": round(usage.ru_maxrss / 1024),
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--forms", nargs="+", default=["jsonl", "csv", "parquet"])
    parser.add_argument("--distinct", type=int, default=5000)
    options = parser.parse_args()
    texts = [
        {"text": one.text, "holder": one.holder, "counterpart": one.counterpart} for one in statements(options.distinct)
    ]
    with tempfile.TemporaryDirectory() as name:
        found = [measure(rows, form, options, texts, Path(name)) for rows in options.rows for form in options.forms]
    content = {"distinct_statements": options.distinct, "runs": found}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
