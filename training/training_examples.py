"""What a recipe makes of the training part: which statements are read, and how often in each epoch.

Knows the recipe's shares. Does not know the encoder; evaluation data never comes here.
"""

from collections.abc import Sequence
from pathlib import Path

from training.augmentation import Shares, augmented
from training.build_corpus import contrasting, emphasised, replayed
from training.corpus_file import LabelledStatement
from training.recipe import Recipe


def training_examples(
    recipe: Recipe, statements: Sequence[LabelledStatement], more_data: Sequence[Path]
) -> Sequence[LabelledStatement]:
    """The training part with repeats and made examples behind it; the part itself where the recipe adds nothing."""
    taught = replayed(statements, more_data, share=recipe.replay, seed=recipe.seed)
    shares = Shares(
        joined=recipe.joined,
        joined_words=recipe.joined_words,
        two_counterparts=recipe.two_counterparts,
        renamed=recipe.renamed,
        misspelt=recipe.misspelt,
    )
    added = [
        *augmented(taught, shares, seed=recipe.seed),
        *emphasised(taught, recipe.emphasis),
        *(contrasting(taught) * recipe.contrasts if recipe.contrasts else ()),
    ]
    return [*taught, *added] if added else taught
