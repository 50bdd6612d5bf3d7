"""Does a gold overlap what the model was trained on? Exact texts and near-duplicates.

A bundle carries two files about its corpus, neither of which gives a text away: `corpus_hashes.txt`, one
hash a normalised text, and `corpus_sketches.npz`, a sample of each text's character 8-grams as 16-bit
hashes (a FracMinHash sketch, Irber et al. 2022; containment as in Broder 1997). Training writes them,
the harness reads them. Knows texts only.
"""

import hashlib
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.gold_set import GoldSet
from models.bundle import Bundle
from models.errors import GoldError

HASHES = "corpus_hashes.txt"
SKETCHES = "corpus_sketches.npz"
GRAM = 8
CONTAINED = 0.6
"""Share of the smaller sketch that must be shared. Training refuses above a half, exactly; a sample errs a little."""
LEAST_GRAMS = 12
"""Below this a sketch is too short to tell a near-duplicate from a common phrase; the exact hash still holds."""
SKETCH_BYTES = 900_000


def normalised(text: str) -> str:
    """Lower case, letters and digits only, single spaces: what near-duplicates share."""
    return " ".join(re.findall(r"\w+", text.lower()))


def text_hash(text: str) -> str:
    """First 16 hex digits of the sha256 of the normalised text."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:16]


def gram_hashes(text: str) -> np.ndarray:
    """Distinct 32-bit hashes of the character 8-grams of the normalised text."""
    clean = normalised(text)
    grams = {clean[place : place + GRAM].encode() for place in range(max(1, len(clean) - GRAM + 1))}
    found = [int.from_bytes(hashlib.blake2b(gram, digest_size=4).digest(), "little") for gram in grams]
    return np.unique(np.array(found, dtype=np.uint32))


def _sample(hashes: np.ndarray, scale: int) -> np.ndarray:
    """The grams that the high half of the hash selects, as their low halves: 16 bits each."""
    kept = hashes[(hashes >> np.uint32(16)) % np.uint32(scale) == 0]
    return np.unique((kept & np.uint32(0xFFFF)).astype(np.uint16))


def write_corpus_traces(folder: Path, texts: Iterable[str]) -> None:
    """Writes both files for the distinct texts of a corpus; together below 1 MB for any corpus that a person wrote.

    Goes through `texts` twice and keeps 8 bytes a text, so that the corpus need not fit into memory.
    """
    total, found = 0, array("Q")
    for text in texts:
        found.append(int(text_hash(text), 16))
        total += max(1, len(normalised(text)) - GRAM + 1)
    hashes = np.unique(np.array(found, dtype=np.uint64))
    with (folder / HASHES).open("w", encoding="utf-8") as lines:
        lines.writelines(f"{one:016x}\n" for one in hashes)
    scale = max(2, -(-2 * total // SKETCH_BYTES))
    seen = np.zeros(len(hashes), bool)
    sampled, lengths = array("H"), array("I")
    for text in texts:
        place = int(np.searchsorted(hashes, np.uint64(int(text_hash(text), 16))))
        if not seen[place]:
            seen[place] = True
            sample = _sample(gram_hashes(text), scale)
            sampled.extend(sample.tolist())
            lengths.append(len(sample))
    np.savez_compressed(
        folder / SKETCHES,
        grams=np.array(sampled, dtype=np.uint16),
        lengths=np.array(lengths, dtype=np.uint32),
        scale=np.array(scale),
    )


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A gold unit that the model's corpus holds, or nearly; `share` is the estimated part of it that is shared."""

    line: int
    id: str
    how: str
    share: float


@dataclass(frozen=True, kw_only=True)
class LeakCheck:
    """What was looked at and what was found."""

    leaks: tuple[Leak, ...]
    looked_for: tuple[str, ...]

    @property
    def sentence(self) -> str:
        if not self.looked_for:
            return "The bundle carries no traces of its corpus: leakage could not be checked."
        looked = " and ".join(self.looked_for)
        if not self.leaks:
            return f"No unit overlaps the model's training corpus ({looked} checked)."
        return (
            f"{len(self.leaks)} unit(s) overlap the model's training corpus ({looked} checked): the figures "
            "overstate how the model does on new text."
        )


def check_leakage(gold: GoldSet, bundle: Bundle) -> LeakCheck:
    """Compares every gold text with the traces in the bundle."""
    looked_for: list[str] = []
    leaks: dict[int, Leak] = {}
    if bundle.corpus_hashes.is_file():
        looked_for.append("exact texts")
        known = set(bundle.corpus_hashes.read_text(encoding="utf-8").split())
        for unit in gold.units:
            if text_hash(unit.statement.text) in known:
                leaks[unit.line] = Leak(line=unit.line, id=unit.id, how="the same text", share=1.0)
    sketches = bundle.path / SKETCHES
    if sketches.is_file():
        looked_for.append("near-duplicates")
        texts = [unit.statement.text for unit in gold.units]
        for row, share in near_duplicates(texts, sketches).items():
            unit = gold.units[row]
            leaks.setdefault(unit.line, Leak(line=unit.line, id=unit.id, how="a near-duplicate", share=share))
    return LeakCheck(leaks=tuple(leaks[line] for line in sorted(leaks)), looked_for=tuple(looked_for))


def near_duplicates(texts: Sequence[str], sketches: Path) -> dict[int, float]:
    """Rows of `texts` that share 60 % or more of the smaller sketch with one corpus text, with that share."""
    with np.load(sketches, allow_pickle=False) as stored:
        grams, lengths, scale = stored["grams"], stored["lengths"].astype(int), int(stored["scale"])
    owner = np.repeat(np.arange(len(lengths)), lengths)
    order = np.argsort(grams, kind="stable")
    sorted_grams, sorted_owner = grams[order], owner[order]
    found: dict[int, float] = {}
    for row, text in enumerate(texts):
        sketch = _sample(gram_hashes(text), scale)
        left = np.searchsorted(sorted_grams, sketch, side="left")
        right = np.searchsorted(sorted_grams, sketch, side="right")
        hits = np.concatenate([sorted_owner[a:b] for a, b in zip(left, right, strict=True)] or [owner[:0]])
        shared = np.bincount(hits, minlength=len(lengths))
        smaller = np.minimum(lengths, len(sketch))
        share = np.where(smaller >= LEAST_GRAMS, shared / np.maximum(smaller, 1), 0.0)
        if share.size and share.max() >= CONTAINED:
            found[row] = float(share.max())
    return found


def refuse_leaks(gold: GoldSet, check: LeakCheck) -> None:
    """Raises GoldError naming the first unit that overlaps the corpus."""
    if check.leaks:
        first = check.leaks[0]
        raise GoldError(
            f"{gold.path}:{first.line}: the field 'text' of unit {first.id} is {first.how} of a training text of the "
            f"model ({len(check.leaks)} of {len(gold.units)} units overlap its corpus): evaluate on other units, or "
            "pass --allow-leak, and the report will say so"
        )
