"""One recipe to one candidate bundle: corpus, fine-tuning, calibration, evaluation, manifest.

Knows the order of the steps and what each hands on. Each step is another file.
"""

import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold_set import read_gold
from eval.harness import evaluate, evaluate_predictions
from eval.leakage import write_corpus_traces
from models.axis import Axis, load_axis
from models.bundle import MANIFEST, open_bundle, write_manifest
from models.calibration import uncalibrated
from models.classifier import StanceClassifier, make_backend
from models.errors import TrainingError
from training.build_corpus import Corpus, build_corpus
from training.corpus_file import LabelledStatement
from training.distil import teacher_probabilities
from training.finetune import finetune
from training.fit_calibration import fit_calibration
from training.gold_files import gold_files
from training.model_card import model_card
from training.recipe import Recipe, read_recipe

ROOT = Path(__file__).parent.parent


def train(recipe_path: Path, out: Path, *, more_data: Sequence[Path] = (), quiet: bool = False) -> Path:
    """Makes a candidate bundle in `out` and returns it.

    Interrupted, it is called again with the same arguments and goes on from the last epoch. Raises
    TrainingError where `out` holds something else, CorpusError for the corpus.
    """
    recipe = read_recipe(recipe_path)
    axis = load_axis(recipe.axis)
    work = out.with_name(out.name + ".work")
    if (out / MANIFEST).exists():
        raise TrainingError(f"{out} is a finished bundle already: name another folder or remove it")
    corpus = build_corpus(
        [*(recipe_path.parent / entry for entry in recipe.corpus), *more_data], axis, against=gold_files(axis)
    )
    fingerprint = {"recipe": recipe.settings(), "corpus": corpus.content_hash, "axis": axis.content_hash}
    _claim(work, fingerprint)
    out.mkdir(parents=True, exist_ok=True)
    soft = None
    if recipe.teacher:
        soft = teacher_probabilities(
            recipe_path.parent / recipe.teacher,
            [s.statement for s in corpus.train],
            temperature=recipe.teacher_temperature,
        )
    log = finetune(recipe, axis, corpus.train, work=work, checkpoint=out / "checkpoint", soft_labels=soft, quiet=quiet)
    finish(
        recipe,
        axis,
        corpus,
        out,
        origin={**fingerprint, **_provenance(), "training": {k: log[k] for k in ("steps", "examples")}},
    )
    shutil.rmtree(work)
    return out


def finish(recipe: Recipe, axis: Axis, corpus: Corpus, out: Path, *, origin: dict[str, Any]) -> None:
    """Calibrates, evaluates and seals a checkpoint that lies in `out`."""
    uncalibrated(len(axis.names)).save(out / "calibration.json")
    write_corpus_traces(out, [s.text for s in corpus.all])
    version = recipe.version
    write_manifest(out, version=version, axis=axis, max_length=recipe.max_length, origin=origin)
    backend = make_backend(out / "checkpoint", engine="torch")
    classifier = StanceClassifier(open_bundle(out), backend)

    def seen(part: Sequence[LabelledStatement]) -> list[Any]:
        return [s.statement for s in part]

    gold_places = np.array([axis.index(s.label) for s in corpus.calibration])
    calibration = fit_calibration(
        classifier.logits(seen(corpus.calibration)), gold_places, accuracy=recipe.abstain_accuracy
    )
    calibration.save(out / "calibration.json")
    write_manifest(out, version=version, axis=axis, max_length=recipe.max_length, origin=origin)
    classifier = StanceClassifier(open_bundle(out), backend)
    evaluation = {
        "corpus test": evaluate_predictions(
            classifier, seen(corpus.test), [s.label for s in corpus.test], [s.group for s in corpus.test]
        )
    }
    for path in gold_files(axis):
        # The corpus was refused already if it overlapped: a chance hit of a sketch must not lose a training.
        report = evaluate(read_gold(path, axis), classifier, baselines=False, allow_leak=True)
        evaluation[path.stem] = {name: value for name, value in report.items() if name not in ("units", "worst_errors")}
    (out / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(model_card(evaluation, axis, recipe.settings()), encoding="utf-8")
    write_manifest(out, version=version, axis=axis, max_length=recipe.max_length, origin=origin)


def _claim(work: Path, fingerprint: dict[str, Any]) -> None:
    """A work folder belongs to one recipe and corpus: resuming with another would mix two models."""
    work.mkdir(parents=True, exist_ok=True)
    mark = work / "fingerprint.json"
    text = json.dumps(fingerprint, sort_keys=True)
    if mark.exists() and mark.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{work} holds an interrupted training of another recipe or corpus: remove it to start anew"
        )
    mark.write_text(text, encoding="utf-8")


def _provenance() -> dict[str, Any]:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return {
        "git_commit": git("rev-parse", "HEAD"),
        "hardware": f"{platform.machine()}, {platform.processor() or platform.system()}",
        "python": platform.python_version(),
    }
