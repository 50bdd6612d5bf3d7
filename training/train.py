"""One recipe to one candidate bundle: corpus, fine-tuning, calibration, evaluation, manifest.

Knows the order of the steps and what each hands on. Each step is another file.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold_set import read_gold
from eval.harness import evaluate_gold, evaluate_predictions, predict
from eval.leakage import write_corpus_traces
from models.axis import Axis, load_axis
from models.bundle import MANIFEST, Bundle, open_bundle, released_path, write_manifest
from models.calibration import uncalibrated
from models.classifier import StanceClassifier, make_backend
from models.errors import TrainingError
from training.build_corpus import Corpus, CorpusTexts, build_corpus, refuse_empty_classes
from training.corpus_file import LabelledStatement
from training.distil import teacher_probabilities
from training.finetune import finetune, process, processes
from training.fit_calibration import fit_calibration
from training.gold_files import gold_files
from training.model_card import model_card
from training.pretrained import RELEASED
from training.provenance import provenance
from training.recipe import Recipe, read_recipe
from training.stored_corpus import is_large, store_corpus
from training.training_examples import training_examples
from training.weight_average import WEIGHTS, average_checkpoints


def train(recipe_path: Path, out: Path, *, more_data: Sequence[Path] = (), quiet: bool = False) -> Path:
    """Makes a candidate bundle in `out` and returns it; what the recipe comes `after` is made beside `out` first.

    Interrupted, it is called again with the same arguments and goes on from the last epoch. Raises
    TrainingError where `out` holds something else, CorpusError for the corpus.
    """
    recipe = read_recipe(recipe_path)
    axis = load_axis(recipe.axis)
    work = out.with_name(out.name + ".work")
    if (out / MANIFEST).exists():
        raise TrainingError(f"{out} is a finished bundle already: name another folder or remove it")
    paths = [*(recipe_path.parent / entry for entry in recipe.corpus), *more_data]
    if is_large(paths):
        corpus = store_corpus(paths, axis, work / f"corpus-{process()}", against=gold_files(axis))
    else:
        corpus = build_corpus(paths, axis, against=gold_files(axis))
    refuse_empty_classes(corpus, axis)
    parent = _parent(recipe, recipe_path, axis, out, quiet=quiet)
    averaged = [_made(entry, recipe_path, axis, out, quiet=quiet) for entry in recipe.average_of]
    fingerprint: dict[str, Any] = {
        "recipe": recipe.settings(),
        "corpus": corpus.content_hash,
        "axis": axis.content_hash,
    }
    if parent:
        fingerprint["parent"] = _named(parent)
    if averaged:
        fingerprint["average_of"] = [_named(bundle) for bundle in averaged]
    _claim(work, fingerprint)
    out.mkdir(parents=True, exist_ok=True)
    if averaged:
        if process() == 0:
            average_checkpoints([bundle.checkpoint for bundle in averaged], out / "checkpoint")
        log: dict[str, Any] = {"steps": 0, "examples": 0}
    else:
        # The very bundle that the fingerprint names: another might be promoted meanwhile.
        begun = replace(recipe, encoder=str(parent.checkpoint)) if parent else recipe
        examples = training_examples(recipe, corpus.train, more_data)
        log = finetune(
            begun,
            axis,
            examples,
            work=work,
            checkpoint=out / "checkpoint",
            soft_labels=_soft_labels(recipe, recipe_path, examples),
            quiet=quiet,
        )
    if process():
        return out  # the first process of several seals the bundle
    if recipe.average_with_start and parent:
        average_checkpoints([out / "checkpoint", parent.checkpoint], work / "mean")
        shutil.copy(work / "mean" / WEIGHTS, out / "checkpoint" / WEIGHTS)
    finish(
        recipe,
        axis,
        corpus,
        out,
        origin={
            **fingerprint,
            "seed": recipe.seed,
            **provenance(more_data),
            "training": {k: log[k] for k in ("steps", "examples")},
        },
    )
    shutil.rmtree(work)
    return out


def _soft_labels(recipe: Recipe, recipe_path: Path, examples: Sequence[LabelledStatement]) -> np.ndarray | None:
    if not recipe.teacher:
        return None
    teacher = recipe_path.parent / recipe.teacher
    return teacher_probabilities(teacher, [s.statement for s in examples], temperature=recipe.teacher_temperature)


def _parent(recipe: Recipe, recipe_path: Path, axis: Axis, out: Path, *, quiet: bool) -> Bundle | None:
    """The bundle that the recipe goes on from, made first where it is not there; None for a bare encoder."""
    if recipe.encoder == RELEASED:
        return open_bundle(released_path(axis.name))
    if not recipe.after:
        return None
    return _made(recipe.after, recipe_path, axis, out, quiet=quiet)


def _made(entry: str, recipe_path: Path, axis: Axis, out: Path, *, quiet: bool) -> Bundle:
    """The bundle of a folder, or of a recipe beside this one, made beside `out` where it is not there."""
    path = recipe_path.parent / entry
    if path.is_dir():
        return _of_axis(open_bundle(path), axis)
    earlier = out.parent / path.stem
    if not (earlier / MANIFEST).exists():
        if processes() > 1:
            raise TrainingError(f"train {entry} into {earlier} first: several processes carry out one recipe")
        train(path, earlier, quiet=quiet)
    bundle, wanted = open_bundle(earlier), read_recipe(path).version
    if bundle.version != wanted:
        raise TrainingError(f"{earlier} holds {bundle.version}, not {wanted} of {entry}: move it away")
    return _of_axis(bundle, axis)


def _of_axis(bundle: Bundle, axis: Axis) -> Bundle:
    if bundle.axis.content_hash != axis.content_hash:
        raise TrainingError(f"{bundle.path} was taught the axis {bundle.axis.name}, the recipe is for {axis.name}")
    return bundle


def _named(bundle: Bundle) -> dict[str, str]:
    return {"version": bundle.version, "hash": bundle.content_hash}


def finish(recipe: Recipe, axis: Axis, corpus: Corpus, out: Path, *, origin: dict[str, Any]) -> None:
    """Calibrates and evaluates a checkpoint that lies in `out`, then seals and verifies the bundle."""
    write_corpus_traces(out, CorpusTexts(corpus=corpus))
    unsealed = Bundle(path=out, version=recipe.version, axis=axis, max_length=recipe.max_length, manifest={})
    backend = make_backend(unsealed.checkpoint, engine="torch")
    uncalibrated(len(axis.names)).save(unsealed.calibration)
    fit_calibration(
        StanceClassifier(unsealed, backend).logits([s.statement for s in corpus.calibration]),
        np.array([axis.index(s.label) for s in corpus.calibration]),
        accuracy=recipe.abstain_accuracy,
    ).save(unsealed.calibration)
    evaluation = _evaluation(StanceClassifier(unsealed, backend), corpus, origin)
    unsealed.evaluation.write_text(json.dumps(evaluation, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(model_card(evaluation, axis, recipe.settings()), encoding="utf-8")
    write_manifest(out, version=recipe.version, axis=axis, max_length=recipe.max_length, origin=origin)
    open_bundle(out)


def _evaluation(classifier: StanceClassifier, corpus: Corpus, origin: dict[str, Any]) -> dict[str, Any]:
    """Reports by name: the test part of the corpus, then each gold file."""
    evaluation = {
        "corpus test": evaluate_predictions(
            classifier,
            [s.statement for s in corpus.test],
            [s.label for s in corpus.test],
            [s.group for s in corpus.test],
        )
    }
    for path in gold_files(classifier.bundle.axis):
        gold = read_gold(path, classifier.bundle.axis)
        # No hash of the model here: the manifest, which has it, is written over this report.
        source = {"model": classifier.bundle.version, "origin": origin}
        predictions = predict(classifier, [unit.statement for unit in gold.units], gold.labels)
        report = evaluate_gold(gold, predictions, source=source, baselines=False)
        evaluation[path.stem] = {name: value for name, value in report.items() if name not in ("units", "worst_errors")}
    return evaluation


def _claim(work: Path, fingerprint: dict[str, Any]) -> None:
    """A work folder belongs to one recipe and corpus: resuming with another would mix two models."""
    work.mkdir(parents=True, exist_ok=True)
    mark = work / "fingerprint.json"
    text = json.dumps(fingerprint, sort_keys=True)
    if mark.exists() and mark.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{work} holds an interrupted training of another recipe or corpus: remove it to start anew"
        )
    if process() == 0:
        mark.write_text(text, encoding="utf-8")
