"""A training recipe: every choice that shapes a model, read from TOML.

Knows names, types and bounds of the settings. Does not know how any of them is carried out.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from models.errors import TrainingError
from models.tokens import WINDOW_OVERLAP
from training.pretrained import RELEASED

LISTS = (
    ("corpus", "files or folders"),
    ("emphasis", "patterns of corpus file names"),
    ("average_of", "recipes and folders of bundles"),
)
LOSSES = ("cross_entropy", "ordinal_smoothing", "emd")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way of making a model. Paths are relative to the recipe's folder.

    `encoder` "released" goes on from the released model, and `after` names a recipe beside this one that is carried
    out first and whose result this one goes on from. `average_of` names recipes beside this one, carried out first,
    or folders of bundles: the model is the mean of their weights, and nothing else is trained. `average_with_start`
    takes the mean of the trained weights and those of the bundle that training went on from. `replay` is the share of
    the recipe's corpus that is trained on beside `--data`, so that the model does not forget it. `emphasis` names
    corpus files by pattern ("plain_*"): their examples are read once more in each epoch for each pattern that they
    match; those of texts whose label changes with holder or counterpart are read `contrasts` times more. `masked` is
    the share of a statement's tokens that are hidden while training, other ones at each reading, so that no single
    word is learned by heart; holder and counterpart are never hidden.
    """

    version: str
    axis: str = "negotiation"
    encoder: str = "minilm"
    after: str = ""
    average_of: tuple[str, ...] = ()
    corpus: tuple[str, ...] = ("../corpus",)
    max_length: int = 256
    epochs: int = 5
    batch: int = 16
    learning_rate: float = 5e-5
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    loss: str = "ordinal_smoothing"
    smoothing: float = 0.15
    perspective: bool = True
    fraction: float = 1.0
    replay: float = 1.0
    emphasis: tuple[str, ...] = ()
    contrasts: int = 0
    pooling_layer: bool = True
    prune_vocabulary: bool = True
    freeze_embeddings: bool = False
    train_layers: int = -1
    average_last: int = 1
    average_with_start: bool = False
    teacher: str = ""
    teacher_weight: float = 0.7
    teacher_temperature: float = 2.0
    joined: float = 0.0
    joined_words: int = 28
    two_counterparts: float = 0.0
    renamed: float = 0.0
    misspelt: float = 0.0
    masked: float = 0.0
    abstain_accuracy: float = 0.9
    seed: int = 1

    def settings(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


_BOUNDS: dict[str, tuple[float, float]] = {
    "max_length": (2 * WINDOW_OVERLAP, 512),  # windows of long statements must move on
    "epochs": (1, 100),
    "batch": (1, 4096),
    "learning_rate": (1e-8, 1.0),
    "head_learning_rate": (1e-8, 1.0),
    "warmup": (0.0, 1.0),
    "smoothing": (0.0, 0.9),
    "fraction": (0.001, 1.0),
    "replay": (0.0, 1.0),
    "average_last": (1, 100),
    "contrasts": (0, 20),
    "teacher_weight": (0.0, 1.0),
    "joined": (0.0, 20.0),
    "joined_words": (1, 500),
    "two_counterparts": (0.0, 20.0),
    "renamed": (0.0, 20.0),
    "misspelt": (0.0, 20.0),
    "masked": (0.0, 0.9),
    "abstain_accuracy": (0.0, 1.0),
}


def read_recipe(path: Path) -> Recipe:
    """Raises TrainingError naming the setting that is unknown, of the wrong type or out of bounds."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"no recipe {path}; the shipped ones are in training/recipes") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as fault:
        raise TrainingError(f"cannot read the recipe {path}: {fault}") from None
    known = {field.name: field for field in fields(Recipe)}
    if "version" not in content:
        raise TrainingError(f"{path}: add `version`, the name of the bundle to make")
    for name, value in content.items():
        if name not in known:
            raise TrainingError(f"{path}: unknown setting {name!r}; the settings are {', '.join(known)}")
        expected = known[name].type
        fits = {
            str: isinstance(value, str),
            bool: isinstance(value, bool),
            int: isinstance(value, int) and not isinstance(value, bool),
            float: isinstance(value, int | float) and not isinstance(value, bool),
        }
        if expected in fits and not fits[expected]:  # type: ignore[index]
            raise TrainingError(f"{path}: {name} = {value!r} is not of type {getattr(expected, '__name__', expected)}")
        low, high = _BOUNDS.get(name, (float("-inf"), float("inf")))
        if isinstance(value, int | float) and not low <= value <= high:
            raise TrainingError(f"{path}: {name} = {value} lies outside {low} to {high}")
    if content.get("loss", "cross_entropy") not in LOSSES:
        raise TrainingError(f"{path}: loss = {content['loss']!r}; use one of {', '.join(LOSSES)}")
    for name, what in LISTS:
        if name in content:
            if not isinstance(content[name], list) or not content[name]:
                raise TrainingError(f"{path}: {name} must be a list of {what}")
            content[name] = tuple(str(entry) for entry in content[name])
    starts = [name for name in ("average_of", "after", "encoder") if content.get(name)]
    if len(starts) > 1:
        raise TrainingError(f"{path}: `{starts[0]}` and `{starts[1]}` both say where the weights come from: keep one")
    if content.get("average_with_start") and not content.get("after") and content.get("encoder") != RELEASED:
        raise TrainingError(f'{path}: average_with_start needs a bundle to start from: `after` or encoder = "released"')
    return Recipe(**content)
