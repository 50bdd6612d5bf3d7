"""The service under load beside the offline engine and beside one inference a request, in one run.

    python -m benchmarks.service [--seconds 30] [--threads 0] [--out FILE] [--soak MINUTES [--rate N]]

Single-statement requests to `POST /predict`, statements with the lengths of news. On the same machine, one after
another: the offline engine as `detente score` runs it; the service; and the same service with batches of one
statement, which is what a server without a shared queue does. For each service: the time of a single request with
nobody else there, goodput at saturation (closed loop), latency at half of that (open loop, Poisson), goodput and
refusals at three times of it (open loop). Before anything is timed, answers are compared with the offline ones.

Stores benchmarks/results/service.json. With --soak nothing is timed, but the service's memory watched over the
minutes at `--rate` requests a second, for benchmarks/results/service_soak.json. The generator shares the cores with
the service: figures are lower bounds. Run it on a machine that does nothing else.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

from benchmarks.open_loop import Load, http_request, percentile_ms
from benchmarks.throughput import statements
from models.classifier import StanceClassifier
from models.statement import Statement

RESULTS = Path(__file__).parent / "results" / "service.json"
SOAK_RESULTS = RESULTS.with_name("service_soak.json")
SIDES = {"shared queue": (), "one inference a request": ("--max-batch-tokens", "1")}


@contextmanager
def running(flags: Sequence[str], threads: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service in a process of its own, and its port."""
    command = [sys.executable, "-m", "detente", "serve", "--port", "0", "--threads", str(threads), *flags]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        first = json.loads(process.stderr.readline())
        # Nobody reads the log during the run: it would fill the pipe, so it goes nowhere.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield process, int(first["address"].rpartition(":")[2])
    finally:
        process.terminate()
        assert process.wait(60) == 0
        drain.wait(60)


def memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def body(statement: Statement) -> bytes:
    return json.dumps({"inputs": [statement.text, statement.perspective]}).encode()


def offline_rate(work: Sequence[Statement], threads: int) -> float:
    """Statements a second of the engine over all of them, tokenising included."""
    classifier = StanceClassifier.load(threads=threads)
    classifier.classify(work[:200])
    began = time.perf_counter()
    classifier.classify(work)
    return len(work) / (time.perf_counter() - began)


def check_answers(work: Sequence[Statement], port: int) -> None:
    """The service says what the engine says, to the last bit. Raises AssertionError."""
    stances = StanceClassifier.load().classify(work)
    for statement, stance in zip(work, stances, strict=True):
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/predict", body(statement), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found = {one["label"]: one["score"] for one in json.load(answer)}
        assert found == stance.by_label


async def measure(port: int, requests: Sequence[bytes], seconds: float) -> dict[str, Any]:
    load = Load("127.0.0.1", port)
    await load.closed_loop(requests, clients=8, seconds=min(5.0, seconds))  # warm-up
    single = await load.closed_loop(requests, clients=1, seconds=seconds / 2)
    saturation = max(
        [await load.closed_loop(requests, clients=clients, seconds=seconds) for clients in (64, 256)],
        key=lambda one: one.statuses[200] / one.seconds,
    )
    peak = saturation.statuses[200] / saturation.seconds
    half = await load.open_loop(requests, rate=peak / 2, seconds=seconds)
    over = await load.open_loop(requests, rate=peak * 3, seconds=seconds)
    single_ms = float(np.median(single.latencies)) * 1000
    half_p99 = percentile_ms(half.latencies, 99)
    return {
        "single_request": {**single.summary(), "median_ms": round(single_ms, 2)},
        "saturation": saturation.summary(),
        "half_load": {
            **half.summary(),
            "p99_over_single": round(half_p99 / single_ms, 2) if half_p99 else None,
        },
        "overload": {**over.summary(), "goodput_over_peak": round(over.statuses[200] / over.seconds / peak, 3)},
    }


async def soak(port: int, pid: int, requests: Sequence[bytes], rate: float, minutes: float) -> dict[str, Any]:
    """Memory each ten seconds, and its slope over the second half."""
    load = Load("127.0.0.1", port)
    began = time.perf_counter()
    curve: list[tuple[float, float]] = []

    async def watch() -> None:
        while True:
            curve.append((round(time.perf_counter() - began, 1), round(memory_mb(pid), 2)))
            await asyncio.sleep(10)

    watching = asyncio.create_task(watch())
    outcome = await load.open_loop(requests, rate=rate, seconds=minutes * 60)
    watching.cancel()
    late = curve[len(curve) // 2 :]
    slope = float(np.polyfit([at for at, _ in late], [mb for _, mb in late], 1)[0]) * 3600 if len(late) > 2 else None
    return {"minutes": minutes, **outcome.summary(), "mb_per_hour_second_half": slope, "memory_mb": curve}


def _side(
    work: Sequence[Statement],
    requests: Sequence[bytes],
    flags: Sequence[str],
    options: argparse.Namespace,
    offline: float,
) -> dict[str, Any]:
    with running(flags, options.threads) as (process, port):
        check_answers(work[:100], port)
        before = memory_mb(process.pid)
        found = uvloop.run(measure(port, requests, options.seconds))
        found["share_of_offline"] = round(found["saturation"]["goodput"] / offline, 3)
        found["memory_mb"] = {"before": round(before, 1), "after": round(memory_mb(process.pid), 1)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each phase")
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine (default: all cores)")
    parser.add_argument("--statements", type=int, default=10_000)
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--rate", type=float, default=25.0, help="requests a second of the soak")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out or (SOAK_RESULTS if options.soak else RESULTS)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = statements(options.statements)
    requests = [http_request("/predict", body(one)) for one in work]
    report: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
        "threads": options.threads,
        "load_before": os.getloadavg(),
    }
    if options.soak:
        with running((), options.threads) as (process, port):
            report["soak"] = uvloop.run(soak(port, process.pid, requests, options.rate, options.soak))
    else:
        report["seconds_a_phase"] = options.seconds
        report["offline_statements_per_second"] = round(offline_rate(work, options.threads), 1)
        for side, flags in SIDES.items():
            report[side] = _side(work, requests, flags, options, report["offline_statements_per_second"])
            print(json.dumps({side: report[side]}, indent=2)[:2000], file=sys.stderr)
    report["load_after"] = os.getloadavg()
    out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
