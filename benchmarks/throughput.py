"""Throughput of the CPU engine beside transformers, ONNX Runtime int8 and the machine's own limit, in one run.

    python -m benchmarks.throughput [--model BUNDLE] [--statements 20000] [--threads 1 2]

Sides: `transformers.pipeline` as a user would write it (batch_size=32, fp32), ONNX Runtime with dynamic int8 and
batches sorted by length, our engine through `StatementScorer` (checks, cache and tokenising in its own thread, as
`detente score` runs it). Each side runs in a process of its own, all on the same statements, one after another.
The limit is the best of this machine's fp32, bf16 and int8 matrix products of the model's shapes; the share of it
counts the multiplications that real tokens need, without padding.

Stores benchmarks/results/throughput.json and .svg. Run it on a machine that does nothing else.
Knows how to time sides. Does not know how any of them works.
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import open_bundle, released_path
from models.statement import Statement

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "throughput.json"
SIDES = ("transformers", "onnxruntime", "detente")


def statements(count: int, seed: int = 1) -> list[Statement]:
    """Sentences of the corpus, joined to the lengths of news statements: log-normal, median 22 words, at most 400.

    All distinct: repeats would flatter the side that has a cache.
    """
    rng = random.Random(seed)
    lines = [line for path in sorted((ROOT / "training" / "corpus").glob("*.jsonl")) for line in path.open()]
    records = [json.loads(line) for line in lines]
    made: dict[str, Statement] = {}
    while len(made) < count:
        words: list[str] = []
        target = min(400, max(4, round(rng.lognormvariate(3.1, 0.6))))
        one = rng.choice(records)
        while len(words) < target:
            words += rng.choice(records)["text"].split()
        text = " ".join(words[:target])
        made[text] = Statement(text=text, holder=one.get("holder") or "", counterpart=one.get("counterpart") or "")
    return list(made.values())


def time_side(side: str, bundle_path: Path, work: Sequence[Statement], threads: int) -> dict[str, Any]:
    """Runs in a process of its own. Warm-up on a tenth, then once over all."""
    began = time.perf_counter()
    score = {"transformers": _transformers, "onnxruntime": _onnxruntime, "detente": _detente}[side](
        bundle_path, threads
    )
    score(work[:1])
    start_up = time.perf_counter() - began
    score(work[: max(1, len(work) // 10)])
    began = time.perf_counter()
    probabilities = score(work)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "start_up_seconds": start_up,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "probabilities": np.asarray(probabilities).round(6).tolist(),
    }


Scoring = Callable[[Sequence[Statement]], Any]


def _transformers(bundle_path: Path, threads: int) -> Scoring:
    import torch
    from transformers import pipeline

    torch.set_num_threads(threads)
    run = pipeline("text-classification", model=str(open_bundle(bundle_path).checkpoint), device="cpu", top_k=None)
    names = open_bundle(bundle_path).axis.names

    def score(work: Sequence[Statement]) -> list[list[float]]:
        pairs = [{"text": s.text, "text_pair": s.perspective} for s in work]
        found = run(pairs, batch_size=32, truncation="only_first")
        by_label = [{one["label"]: one["score"] for one in row} for row in found]
        return [[row[name] for name in names] for row in by_label]

    return score


def _onnxruntime(bundle_path: Path, threads: int) -> Scoring:
    import onnxruntime as ort
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModelForSequenceClassification

    from models.tokens import PairTokenizer

    bundle = open_bundle(bundle_path)
    folder = Path(tempfile.mkdtemp())
    model = AutoModelForSequenceClassification.from_pretrained(bundle.checkpoint).eval()
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    example = tuple(torch.ones(2, 8, dtype=torch.int64) for _ in inputs)
    axes = {name: {0: "rows", 1: "tokens"} for name in inputs}
    torch.onnx.export(
        model, example, str(folder / "fp32.onnx"), input_names=list(inputs), output_names=["logits"],
        dynamic_axes={**axes, "logits": {0: "rows"}}, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(str(folder / "fp32.onnx"), str(folder / "int8.onnx"), weight_type=QuantType.QInt8)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(folder / "int8.onnx"), options, providers=["CPUExecutionProvider"])
    tokenizer = PairTokenizer(bundle.checkpoint, max_length=bundle.max_length)

    def score(work: Sequence[Statement]) -> np.ndarray:
        rows = [windows[0] for windows in tokenizer.encode([(s.text, s.perspective) for s in work])]
        order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
        logits = np.zeros((len(rows), len(bundle.axis.names)))
        for first in range(0, len(order), 32):
            chosen = order[first : first + 32]
            width = max(len(rows[place].ids) for place in chosen)
            feed = {name: np.zeros((len(chosen), width), np.int64) for name in inputs}
            for number, place in enumerate(chosen):
                size = len(rows[place].ids)
                feed["input_ids"][number, :size] = rows[place].ids
                feed["token_type_ids"][number, :size] = rows[place].segments
                feed["attention_mask"][number, :size] = 1
            logits[chosen] = session.run(["logits"], feed)[0]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    return score


def _detente(bundle_path: Path, threads: int) -> Scoring:
    from models.classifier import StanceClassifier
    from serve.record_block import Block, RowFault
    from serve.statement_scorer import StatementScorer

    classifier = StanceClassifier.load(bundle_path, threads=threads)

    def score(work: Sequence[Statement]) -> list[tuple[float, ...]]:
        records = [{"text": s.text, "holder": s.holder, "counterpart": s.counterpart} for s in work]
        blocks = ((place, Block(records=records[place : place + 4096])) for place in range(0, len(records), 4096))
        # A scorer of its own for each pass: its cache must not know the statements from the warm-up.
        outcomes = [one for _, _, found in StatementScorer(classifier).score(blocks) for one in found]
        assert not any(isinstance(one, RowFault) for one in outcomes)
        return [one.probabilities for one in outcomes if not isinstance(one, RowFault)]

    return score


def matrix_peak(threads: int) -> dict[str, float]:
    """Multiply-adds a second (10^9) of the model's largest product, the best of ten tries, by number type."""
    import torch

    torch.set_num_threads(threads)
    rows, hidden, inner = 2048, 384, 1536
    peaks: dict[str, float] = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = torch.randn(rows, hidden, dtype=dtype), torch.randn(hidden, inner, dtype=dtype)
        peaks[name] = rows * hidden * inner / _best(lambda a=a, b=b: a @ b) / 1e9
    a8 = torch.randint(-100, 100, (rows, hidden), dtype=torch.int8)
    b8 = torch.randint(-100, 100, (hidden, inner), dtype=torch.int8)
    with suppress(RuntimeError, NotImplementedError):  # no int8 product in this build
        peaks["int8"] = rows * hidden * inner / _best(lambda: torch._int_mm(a8, b8)) / 1e9
    return peaks


def _best(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(10):
        began = time.perf_counter()
        for _ in range(5):
            work()
        times.append((time.perf_counter() - began) / 5)
    return min(times)


def products_needed(lengths: Sequence[int], hidden: int, inner: int, layers: int) -> float:
    """Multiply-adds for rows of so many real tokens: the products of the layers and of attention."""
    tokens, squares = float(sum(lengths)), float(sum(length**2 for length in lengths))
    return layers * (tokens * (4 * hidden**2 + 2 * hidden * inner) + 2 * squares * hidden)


def in_own_process(side: str, bundle_path: Path, work: Path, threads: int) -> dict[str, Any]:
    # Told to libraries before they load, so that no side helps itself to more cores.
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:threads])
    done = subprocess.run(
        ["taskset", "-c", cores, sys.executable, "-m", "benchmarks.throughput", "--side", side, "--work", str(work),
         "--model", str(bundle_path), "--threads", str(threads)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(bundle_path: Path, count: int, threads: Sequence[int]) -> dict[str, Any]:
    from models.tokens import PairTokenizer

    bundle = open_bundle(bundle_path)
    config = json.loads((bundle.checkpoint / "config.json").read_text())
    work = statements(count)
    tokenizer = PairTokenizer(bundle.checkpoint, max_length=bundle.max_length)
    lengths = [len(row.ids) for rows in tokenizer.encode([(s.text, s.perspective) for s in work]) for row in rows]
    needed = products_needed(lengths, config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"])
    results: dict[str, Any] = {
        "model": bundle.version,
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "statements": count,
        "tokens": sum(lengths),
        "token_quantiles": [int(q) for q in np.quantile(lengths, (0.05, 0.25, 0.5, 0.75, 0.95, 1.0))],
        "runs": [],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([[s.text, s.holder, s.counterpart] for s in work], file)
        file.flush()
        for number in threads:
            peaks = matrix_peak(number)
            found = {side: in_own_process(side, bundle_path, Path(file.name), number) for side in SIDES}
            results["runs"].append(_run(found, count, sum(lengths), needed, number, peaks))
    return results


def _run(
    found: dict[str, dict[str, Any]], count: int, tokens: int, needed: float, threads: int, peaks: dict[str, float]
) -> dict[str, Any]:
    exact = found["transformers"].get("probabilities")
    sides: dict[str, Any] = {}
    for side, one in found.items():
        if "failed" in one:
            sides[side] = one
            continue
        sides[side] = {
            "statements_per_second": round(count / one["seconds"], 1),
            "tokens_per_second": round(tokens / one["seconds"]),
            "share_of_peak": round(needed / one["seconds"] / 1e9 / max(peaks.values()), 3),
            "start_up_seconds": round(one["start_up_seconds"], 2),
            "rss_mb": round(one["rss_mb"]),
        }
        if exact is not None:
            mine, theirs = np.array(one["probabilities"]), np.array(exact)
            sides[side]["label_agreement"] = round(float((mine.argmax(1) == theirs.argmax(1)).mean()), 5)
    return {"threads": threads, "matrix_peak_gmacs": {k: round(v, 1) for k, v in peaks.items()}, "sides": sides}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def draw(results: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "detente"
    figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
    bars = [
        (f"{side}, {run['threads']} thread(s)", one["statements_per_second"])
        for run in results["runs"]
        for side, one in run["sides"].items()
        if "failed" not in one
    ]
    shown = axis.barh([name for name, _ in bars], [value for _, value in bars], color="#2166ac")
    axis.bar_label(shown, fmt="%.0f", padding=3)
    axis.set_xlabel(f"statements a second ({results['statements']:,} statements, {results['machine']['processor']})")
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    model = options.model or released_path()
    if options.side:
        work = [Statement(text=t, holder=h, counterpart=c) for t, h, c in json.loads(options.work.read_text())]
        print(json.dumps(time_side(options.side, model, work, options.threads[0])))
        return
    results = compare(model, options.statements, options.threads)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draw(results, options.out.with_suffix(".svg"))
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
