"""Kills `detente score` with SIGKILL at random moments and resumes it, until the output must be whole.

    python -m benchmarks.kill_resume --model BUNDLE [--kills 100] [--rows 2000] [--shard-rows 50]

Every run that gets through must have written the bytes of an undisturbed run and pass `detente verify`.
Stores benchmarks/results/kill_resume.json. Knows the command line only, nothing of how it works.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "kill_resume.json"
FORMS = ("jsonl", "csv.gz", "parquet")


def write_input(path: Path, rows: int) -> None:
    """Short statements, some repeated, some without text."""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(rows):
            text = f"We will talk about point {number // 2}." if number % 17 else None
            stream.write(json.dumps({"id": number, "text": text, "holder": "the union"}) + "\n")


def command(source: Path, out: Path, options: argparse.Namespace) -> list[str]:
    model = ["--model", str(options.model)] if options.model else []
    rows = ["--shard-rows", str(options.shard_rows)]
    return [
        sys.executable, "-m", "detente", "score", str(source), "--out", str(out), "--resume", "--quiet", *rows, *model,
    ]  # fmt: skip


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kill_until(
    form: str, kills: int, folder: Path, options: argparse.Namespace, rng: random.Random
) -> dict[str, object]:
    """Kills runs of one form until so many died; each output that gets through is compared."""
    source = folder / "in.jsonl"
    undisturbed = folder / f"undisturbed.{form}"
    began = time.perf_counter()
    subprocess.run(command(source, undisturbed, options), check=True, cwd=ROOT)
    span = time.perf_counter() - began
    expected = digest(undisturbed)
    killed = finished = different = unverified = 0
    resumed = False
    states: dict[str, int] = {}
    while killed < kills:
        out = folder / f"out{finished}.{form}"
        began = time.perf_counter()
        process = subprocess.Popen(command(source, out, options), cwd=ROOT)
        try:
            process.wait(timeout=rng.uniform(0, span))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed, resumed = killed + 1, True
            state = state_of(out)
            states[state] = states.get(state, 0) + 1
            continue
        if process.returncode:
            raise SystemExit(f"a resumed run ended with exit code {process.returncode}: see its message above")
        if not resumed:
            # The first run may have been a slow one: later ones would then mostly get through before they are killed.
            span = min(span, time.perf_counter() - began)
        different += digest(out) != expected
        unverified += subprocess.run([sys.executable, "-m", "detente", "verify", str(out)], cwd=ROOT).returncode != 0
        finished, resumed = finished + 1, False
    subprocess.run(command(source, folder / f"out{finished}.{form}", options), check=True, cwd=ROOT)
    different += digest(folder / f"out{finished}.{form}") != expected
    return {
        "form": form,
        "kills": killed,
        "finished_runs": finished + 1,
        "different_outputs": different,
        "failed_verifications": unverified,
        "killed_in_state": states,
        "undisturbed_seconds": round(span, 2),
    }


def state_of(out: Path) -> str:
    """How far a killed run had come."""
    journal = out.with_name(out.name + ".shards") / "journal.jsonl"
    if out.with_name(out.name + ".manifest.json").exists():
        return "finished"
    if out.exists():
        return "output without manifest"
    if not journal.exists():
        return "before the journal"
    return "between shards" if journal.read_text().count("\n") > 1 else "no shard yet"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--shard-rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_input(folder / "in.jsonl", options.rows)
        shares = [options.kills // len(FORMS) + (place < options.kills % len(FORMS)) for place in range(len(FORMS))]
        results = [kill_until(form, kills, folder, options, rng) for form, kills in zip(FORMS, shares, strict=True)]
    content = {"rows": options.rows, "shard_rows": options.shard_rows, "seed": options.seed, "forms": results}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=1))
    if any(one["different_outputs"] or one["failed_verifications"] for one in results):
        raise SystemExit("an output differs from that of the undisturbed run")


if __name__ == "__main__":
    main()
