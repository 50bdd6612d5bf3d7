"""More training examples out of the corpus itself: joined, renamed and misspelt ones.

Knows where a party's name stands in a text. Does not know the encoder, nor evaluation data: it is
given the training part only. Every example follows from the seed.

A model that reads tone instead of the holder does well on single statements. *Joined* examples take
that way out: two unrelated statements stand in one text, and each holder keeps the label of their own. With *two
counterparts* both statements are given to one holder, so that only the counterpart tells them apart.
*Renamed* ones exchange the two parties, or put other names in their place, so that no name tells
the label (counterfactual augmentation in the manner of Kaushik et al. 2020).
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from training.corpus_file import LabelledStatement

CONNECTIONS = (" ", " ", " ", " Meanwhile, ", " Separately, ", " \N{EM DASH} ", "; ")
# No part of a name by which one party is told from another.
COMMON_WORDS = frozenset(
    {
        *("the", "and", "for", "of", "government", "president", "minister", "foreign", "party"),
        *("union", "spokesman", "leader", "opposition", "side"),
    }
)
MOST_TRIES = 50


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How many examples of each kind to add, as a share of the statements given (0.5 adds half as many)."""

    joined: float = 0.0
    joined_words: int = 28
    two_counterparts: float = 0.0
    renamed: float = 0.0
    misspelt: float = 0.0


def augmented(statements: Sequence[LabelledStatement], shares: Shares, *, seed: int) -> list[LabelledStatement]:
    """The added examples only; each keeps the group of a statement that it was made from."""
    chance = random.Random(f"augmentation {seed}")
    makers: tuple[tuple[float, Callable[[random.Random], list[LabelledStatement]]], ...] = (
        (shares.joined, _joiner(statements, shares.joined_words)),
        (shares.renamed, _renamer(statements)),
        (shares.misspelt, _misspeller(statements)),
        (shares.two_counterparts, _counterpart_joiner(statements, shares.joined_words)),
    )
    added: list[LabelledStatement] = []
    for kind, (share, make) in enumerate(makers):
        made: list[LabelledStatement] = []
        while len(made) < round(share * len(statements)):
            one = make(chance)
            if not one:
                break
            made += one
        added += [replace(s, id=f"{s.id}+{kind}.{place}") for place, s in enumerate(made)]
    return added


def is_named(party: str, text: str) -> bool:
    """Whether the party stands in the text by this very name, as a word of its own."""
    return bool(party) and _pattern(party).search(text) is not None


def _pattern(party: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(party.removeprefix('the '))}(?!\w)")


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[^\W\d_]{3,}", text)} - COMMON_WORDS


def _in_one(text: str, other: str, chance: random.Random) -> str:
    """Both texts, in either order, with or without a connecting word."""
    first, second = (text, other) if chance.random() < 0.5 else (other, text)
    return first + chance.choice(CONNECTIONS) + second


def _joiner(
    statements: Sequence[LabelledStatement], most_words: int
) -> Callable[[random.Random], list[LabelledStatement]]:
    """Two statements as one text, asked for each holder; the holders are named and strange to the other text."""
    short = [s for s in statements if is_named(s.holder, s.text) and len(s.text.split()) <= most_words]
    holders = {s.id: _words(s.holder) for s in short}
    texts = {s.id: _words(s.text) for s in short}

    def make(chance: random.Random) -> list[LabelledStatement]:
        for _ in range(MOST_TRIES if len(short) > 1 else 0):
            one, other = chance.choice(short), chance.choice(short)
            if one.group == other.group or not holders[one.id] or not holders[other.id]:
                continue
            if holders[one.id] & texts[other.id] or holders[other.id] & texts[one.id]:
                continue
            text = _in_one(one.text, other.text, chance)
            return [replace(one, text=text), replace(other, text=text)]
        return []

    return make


def _counterpart_joiner(
    statements: Sequence[LabelledStatement], most_words: int
) -> Callable[[random.Random], list[LabelledStatement]]:
    """Two statements as one holder's, in one text, asked for each counterpart; the second takes the first's name."""
    short = [
        s
        for s in statements
        if is_named(s.holder, s.text)
        and is_named(s.counterpart, s.text)
        and s.holder[:1].isupper()
        and not _words(s.holder) & _words(s.counterpart)
        and len(s.text.split()) <= most_words
    ]

    def make(chance: random.Random) -> list[LabelledStatement]:
        for _ in range(MOST_TRIES if len(short) > 1 else 0):
            one, other = chance.choice(short), chance.choice(short)
            own, strange = _words(one.holder) | _words(one.counterpart), _words(other.text)
            if one.group == other.group or own & strange or _words(other.counterpart) & _words(one.text):
                continue
            told = _pattern(other.holder).sub(lambda _, name=one.holder: name, other.text)  # type: ignore[misc]
            text = _in_one(one.text, told, chance)
            return [replace(one, text=text), replace(other, text=text, holder=one.holder)]
        return []

    return make


def _renamer(statements: Sequence[LabelledStatement]) -> Callable[[random.Random], list[LabelledStatement]]:
    """A statement whose named parties have changed places, or have got other names."""
    fit = [s for s in statements if s.holder[:1].isupper() and is_named(s.holder, s.text)]
    names = sorted({s.holder for s in fit if len(s.holder.split()) < 3})

    def make(chance: random.Random) -> list[LabelledStatement]:
        if len(names) < 3:
            return []
        s = chance.choice(fit)
        both = s.counterpart[:1].isupper() and is_named(s.counterpart, s.text)
        if both and _words(s.holder) & _words(s.counterpart):
            both = False
        if both and chance.random() < 0.5:
            new_holder, new_counterpart = s.counterpart, s.holder
        else:
            new_holder, new_counterpart = chance.sample(names, 2)
        text = _pattern(s.holder).sub("\0", s.text)
        if both:
            text = _pattern(s.counterpart).sub(lambda _: new_counterpart, text)
        text = text.replace("\0", new_holder)
        return [replace(s, text=text, holder=new_holder, counterpart=new_counterpart if both else s.counterpart)]

    return make


def _misspeller(statements: Sequence[LabelledStatement]) -> Callable[[random.Random], list[LabelledStatement]]:
    """A statement with a slip of the keyboard in about every tenth word."""

    def make(chance: random.Random) -> list[LabelledStatement]:
        s = chance.choice(statements)
        return [replace(s, text=" ".join(_slip(word, chance) for word in s.text.split(" ")))]

    return make


def _slip(word: str, chance: random.Random) -> str:
    if len(word) < 4 or chance.random() > 0.1:
        return word
    place = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + (word[place] * 2 if kind == 1 else "") + word[place + 1 :]
