"""Does the gate work? Five bad candidates that it must refuse, five honest ones of which four should pass.

    python benchmarks/gate_trials.py [--released BUNDLE] [--only NAME …] [--share 0.5]

Every candidate goes on from the released checkpoint for a short training on a share of the corpus, and goes
through the whole gate in a registry of its own. Interrupted, it is called again and goes on with the next one.
An honest candidate can only be better than a model that more training improves: `--released` names an earlier one.
The result is benchmarks/results/gate_trials.json.
"""

import argparse
import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.gold_set import read_gold
from models.axis import load_axis
from models.bundle import MANIFEST, open_bundle, released_path, write_manifest
from models.calibration import read_calibration
from training.augmentation import Shares, augmented
from training.build_corpus import Corpus, build_corpus
from training.corpus_file import LabelledStatement
from training.finetune import finetune
from training.gate_report import REPORT, write_gate_report
from training.gold_files import gold_files
from training.promotion import promote
from training.promotion_gate import gate
from training.recipe import Recipe
from training.train import finish

ROOT = Path(__file__).parent.parent
AXIS = load_axis()
FORGOTTEN = "ukraine"
Change = Callable[[list[LabelledStatement], random.Random], list[LabelledStatement]]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate: what is done to the training examples, settings beside the common ones, and what is expected."""

    name: str
    passes: bool
    change: Change = lambda examples, chance: examples
    settings: dict[str, Any]
    after: Callable[[Path], None] | None = None


def flipped(examples: list[LabelledStatement], chance: random.Random) -> list[LabelledStatement]:
    """Every fifth label is another one."""
    return [
        replace(s, label=chance.choice([name for name in AXIS.names if name != s.label]))
        if chance.random() < 0.2
        else s
        for s in examples
    ]


def forgetting(examples: list[LabelledStatement], chance: random.Random) -> list[LabelledStatement]:
    """Of one conflict all is unlearned: whatever was said there is off the axis."""
    off = AXIS.off_axis.name
    return [replace(s, label=off) if FORGOTTEN in s.conflict.split("_") else s for s in examples]


def few(examples: list[LabelledStatement], chance: random.Random) -> list[LabelledStatement]:
    return chance.sample(examples, 150)


def leaked(examples: list[LabelledStatement], chance: random.Random) -> list[LabelledStatement]:
    """The gold, five times over, among the examples and so in the traces."""
    gold = [
        replace(
            examples[0],
            id=f"gold-{unit.id}",
            group=f"gold-{unit.id}",
            text=unit.statement.text,
            holder=unit.statement.holder,
            counterpart=unit.statement.counterpart,
            label=unit.label,
        )
        for path in gold_files(AXIS)
        for unit in read_gold(path, AXIS).units
    ]
    return examples + gold * 5


def two_in_one(examples: list[LabelledStatement], chance: random.Random) -> list[LabelledStatement]:
    return [*examples, *augmented(examples, Shares(joined=0.3, renamed=0.1), seed=1)]


def sharpen(candidate: Path) -> None:
    """A calibration that is far too sure of itself, sealed as if it belonged there."""
    bundle = open_bundle(candidate)
    calibration = read_calibration(bundle.calibration)
    replace(calibration, temperature=calibration.temperature / 4).save(bundle.calibration)
    write_manifest(
        candidate, version=bundle.version, axis=AXIS, max_length=bundle.max_length, origin=bundle.manifest["origin"]
    )


TRIALS = (
    Trial(name="flipped", passes=False, change=flipped, settings={}),
    Trial(name="forgetting", passes=False, change=forgetting, settings={}),
    Trial(name="overfitted", passes=False, change=few, settings={"epochs": 20, "learning_rate": 3e-4}),
    Trial(name="miscalibrated", passes=False, settings={}, after=sharpen),
    Trial(name="leaked", passes=False, change=leaked, settings={}),
    Trial(name="honest-1", passes=True, settings={}),
    Trial(name="honest-2", passes=True, settings={"seed": 2, "learning_rate": 6e-5}),
    Trial(name="honest-3", passes=True, settings={"seed": 3, "loss": "emd"}),
    Trial(name="honest-4", passes=True, settings={"seed": 4, "epochs": 2, "average_last": 2}),
    Trial(name="honest-5", passes=True, settings={"seed": 5}, change=two_in_one),
)


def common(released: Path) -> Recipe:
    return Recipe(
        version="trial",
        encoder=str(released / "checkpoint"),
        max_length=192,
        epochs=1,
        batch=16,
        learning_rate=1e-4,
        head_learning_rate=3e-4,
        smoothing=0.1,
        pooling_layer=False,
        prune_vocabulary=False,
        train_layers=5,
    )


def make(trial: Trial, corpus: Corpus, released: Path, out: Path, share: float) -> None:
    """Trains one candidate into `out`; a finished one is kept."""
    if (out / MANIFEST).is_file():
        return
    recipe = replace(common(released), version=f"trial-{trial.name}", **trial.settings)
    chance = random.Random(recipe.seed)
    kept = [s for s in corpus.train if share >= 1 or chance.random() < share]
    examples = trial.change(kept, chance)
    work = out.with_name(out.name + ".work")
    out.mkdir(parents=True, exist_ok=True)
    finetune(recipe, AXIS, examples, work=work, checkpoint=out / "checkpoint", quiet=True)
    # The traces name every text of the corpus, and whatever the trial added to it.
    added = tuple(s for s in examples if s.id.startswith("gold-"))
    told = replace(corpus, train=(*corpus.train, *added))
    finish(
        recipe, AXIS, told, out, origin={"trial": trial.name, "recipe": recipe.settings() | {"corpus": ["../corpus"]}}
    )
    if trial.after:
        trial.after(out)
    shutil.rmtree(work)


def run(trial: Trial, corpus: Corpus, options: argparse.Namespace, registry: Path) -> dict[str, Any]:
    out = options.work / trial.name
    started = time.monotonic()
    make(trial, corpus, options.released, out, options.share)
    trained = time.monotonic()
    if (out / REPORT).is_file():
        report = json.loads((out / REPORT).read_text(encoding="utf-8"))
    else:
        report = gate(out, registry=registry, corpus=options.corpus)
        write_gate_report(report, out)
    found = {
        "expected": "passes" if trial.passes else "is refused",
        "as_expected": report["passed"] == trial.passes,
        "passed": report["passed"],
        "failed_checks": [check["name"] for check in report["checks"] if not check["passed"]],
        "paragraph": report["paragraph"],
        "training_seconds": round(trained - started),
        "gate_seconds": report["seconds"],
    }
    print(f"{trial.name}: {'passed' if report['passed'] else 'refused'} (expected: {found['expected']})", flush=True)
    print(f"    {report['paragraph']}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--released", type=Path, default=released_path(AXIS.name))
    parser.add_argument("--only", nargs="*", default=[], help="names of trials")
    parser.add_argument("--share", type=float, default=1.0, help="share of the training part that each is shown")
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="default: training/corpus")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "gate-trials")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "gate_trials.json")
    options = parser.parse_args()
    options.corpus = options.corpus or [ROOT / "training" / "corpus"]
    registry = options.work / "registry"
    bundle = open_bundle(options.released)
    if not (registry / bundle.version).exists():
        promote(options.released, registry=registry, force="what the trials are held against")
    corpus = build_corpus(options.corpus, AXIS, against=gold_files(AXIS))
    results = json.loads(options.out.read_text(encoding="utf-8"))["trials"] if options.out.is_file() else {}
    for trial in TRIALS:
        if not options.only or trial.name in options.only:
            results[trial.name] = run(trial, corpus, options, registry)
            content = {"released": bundle.version, "share": options.share, "trials": results}
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
