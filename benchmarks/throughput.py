"""Throughput of the CPU engine beside transformers, ONNX Runtime int8 and the machine's own limit, in one run.

    python -m benchmarks.throughput [--model BUNDLE] [--threads 2 1] [--statements 20000 20000]

Sides: `transformers.pipeline` as a user would write it (batch_size=32, fp32), ONNX Runtime with dynamic int8 and
batches sorted by length, our engine through `StatementScorer` (checks, cache and tokenising in its own thread, as
`detente score` runs it). Each side runs in a process of its own, all on the same statements, one after another.
The limit is this machine's measured matrix product of the model's shapes in fp32, bf16 and int8; the share of each
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
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import open_bundle, released_path
from models.calibration import Calibration, read_calibration
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
        "calibrated": side == "detente",
        "probabilities": np.asarray(probabilities).round(9).tolist(),
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
    """Multiply-adds a second (10^9) of a product of the model's size, the best of 40, by number type.

    int8 is that of ONNX Runtime: torch has no fast int8 product on processors without VNNI.
    """
    import onnxruntime as ort
    import torch
    from onnx import TensorProto, helper, numpy_helper

    torch.set_num_threads(threads)
    rows, hidden, inner = 2048, 384, 1536
    peaks: dict[str, float] = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = torch.randn(rows, hidden, dtype=dtype), torch.randn(hidden, inner, dtype=dtype)
        peaks[name] = rows * hidden * inner / _best(partial(torch.matmul, a, b)) / 1e9
    generator = np.random.default_rng(1)
    b8 = generator.integers(-100, 100, (hidden, inner), dtype=np.int8)
    a8 = generator.integers(0, 200, (rows, hidden), dtype=np.uint8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])], "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [rows, hidden])],
        [helper.make_tensor_value_info("c", TensorProto.INT32, [rows, inner])],
        [numpy_helper.from_array(b8, "b")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    peaks["int8"] = rows * hidden * inner / _best(lambda: session.run(None, {"a": a8})) / 1e9
    return peaks


def _best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of 40, after five to warm up, or of the first alone where that takes long."""
    began = time.perf_counter()
    work()
    if (first := time.perf_counter() - began) > 0.5:  # emulated number type
        return first
    times = []
    for _ in range(45):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times[5:])


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


def compare(bundle_path: Path, counts: Sequence[int], threads: Sequence[int], out: Path) -> dict[str, Any]:
    """One run for each number of threads. What is known so far is stored after each side: a long run can be cut."""
    from models.tokens import PairTokenizer

    bundle = open_bundle(bundle_path)
    calibration = read_calibration(bundle.calibration)
    config = json.loads((bundle.checkpoint / "config.json").read_text())
    work = statements(max(counts))
    tokenizer = PairTokenizer(bundle.checkpoint, max_length=bundle.max_length)
    lengths = [len(row.ids) for rows in tokenizer.encode([(s.text, s.perspective) for s in work]) for row in rows]
    results: dict[str, Any] = {
        "model": bundle.version,
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "token_quantiles": [int(q) for q in np.quantile(lengths, (0.05, 0.25, 0.5, 0.75, 0.95, 1.0))],
        "runs": [],
    }
    for count, number in zip(counts, threads, strict=True):
        tokens = lengths[:count]
        peaks = matrix_peak(number)
        run: dict[str, Any] = {
            "threads": number,
            "statements": count,
            "tokens": sum(tokens),
            "matrix_peak_gmacs": {name: round(value, 1) for name, value in peaks.items()},
            "sides": {},
        }
        results["runs"].append(run)
        needed = products_needed(
            tokens, config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
        )
        exact: np.ndarray | None = None
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([[s.text, s.holder, s.counterpart] for s in work[:count]], file)
            file.flush()
            for side in SIDES:
                found = in_own_process(side, bundle_path, Path(file.name), number)
                run["sides"][side] = _side(found, run, needed, exact, calibration)
                if side == "transformers" and "failed" not in found:
                    exact = np.array(found["probabilities"])
                out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
                print(number, side, run["sides"][side], file=sys.stderr, flush=True)
    return results


def _calibrated(probabilities: np.ndarray, calibration: Calibration) -> np.ndarray:
    """What our engine would give for them: softmax(log p) = p, so the logarithms serve as logits."""
    return calibration.probabilities(np.log(np.maximum(probabilities, 1e-12)))


def _side(
    found: dict[str, Any], run: dict[str, Any], needed: float, exact: np.ndarray | None, calibration: Calibration
) -> dict[str, Any]:
    """What is stored of a side. `exact`: uncalibrated probabilities of torch fp32, shape (statements, labels)."""
    if "failed" in found:
        return found
    seconds = found["seconds"]
    gmacs = needed / seconds / 1e9
    side = {
        "statements_per_second": round(run["statements"] / seconds, 1),
        "tokens_per_second": round(run["tokens"] / seconds),
        "gmacs_of_real_tokens": round(gmacs, 1),
        "share_of_peak": {name: round(gmacs / peak, 3) for name, peak in run["matrix_peak_gmacs"].items()},
        "start_up_seconds": round(found["start_up_seconds"], 2),
        "rss_mb": round(found["rss_mb"]),
    }
    if exact is not None:
        mine = np.array(found["probabilities"])
        theirs = _calibrated(exact, calibration)
        if not found["calibrated"]:
            mine = _calibrated(mine, calibration)
        side["label_agreement_with_torch"] = round(float((mine.argmax(1) == theirs.argmax(1)).mean()), 5)
        side["mean_probability_difference"] = round(float(np.abs(mine - theirs).mean()), 6)
    return side


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
        (f"{side}, {run['threads']} thread{'s' if run['threads'] > 1 else ''}", one["statements_per_second"])
        for run in results["runs"]
        for side, one in run["sides"].items()
        if "failed" not in one
    ]
    shown = axis.barh([name for name, _ in bars], [value for _, value in bars], color="#2166ac")
    axis.bar_label(shown, fmt="%.0f", padding=3)
    axis.set_xlabel(f"statements a second ({results['machine']['processor']})")
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--statements", type=int, nargs="+", default=[20_000, 20_000], help="one for each of --threads")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    model = options.model or released_path()
    if options.side:
        work = [Statement(text=t, holder=h, counterpart=c) for t, h, c in json.loads(options.work.read_text())]
        print(json.dumps(time_side(options.side, model, work, options.threads[0])))
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    results = compare(model, options.statements, options.threads, options.out)
    draw(results, options.out.with_suffix(".svg"))
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
