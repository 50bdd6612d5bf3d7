"""Behavioural checks: the authored cases are valid, bad ones are named, rates and moves are computed rightly."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from detente.cli import main
from eval.behaviour_cases import BehaviourSuite, read_behaviours
from eval.behaviour_runs import check
from eval.behavioural_checks import behaviour_report, capability_rates, wilson
from eval.fairness import fairness
from models.axis import load_axis
from models.classifier import StanceClassifier
from models.errors import GoldError
from models.stance import StanceDistribution
from models.statement import Statement

AXIS = load_axis()
BASE = {"text": "We will talk.", "holder": "us", "counterpart": "them"}
COMMON = {"id": "a", "capability": "negation", "conflict": "war"}
MFT = {**COMMON, **BASE, "kind": "MFT", "expect": ["open"]}
INV = {**COMMON, **BASE, "kind": "INV", "text": "WE WILL TALK.", "base": BASE, "tolerance": 0.2}
DIR = {
    **COMMON,
    **BASE,
    "kind": "DIR",
    "text": "We will not talk.",
    "base": BASE,
    "direction": "down",
    "least_move": 0.5,
}


class ByWord:
    """Says of each statement the label that its text names, with a given certainty; `open` at other times."""

    def __init__(self, certainty: float = 1.0) -> None:
        self.certainty = certainty

    def classify(self, statements: Sequence[Statement]) -> list[StanceDistribution]:
        found = []
        for statement in statements:
            label = next((name for name in AXIS.names if name in statement.text), "open")
            rest = (1 - self.certainty) / (len(AXIS.names) - 1)
            probabilities = tuple(self.certainty if name == label else rest for name in AXIS.names)
            found.append(StanceDistribution(axis=AXIS, probabilities=probabilities))
        return found


def suite(folder: Path, *records: object) -> BehaviourSuite:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (folder / "negation.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_behaviours(AXIS, folder)


def test_authored_cases_cover_the_capabilities() -> None:
    cases = read_behaviours(AXIS).cases
    sizes = Counter(case.capability for case in cases)
    assert len(sizes) >= 16
    assert min(sizes.values()) >= 40
    for swap in ("country", "name", "gender"):
        assert len({case.group for case in cases if case.swap == swap}) >= 12
    expected = {label for case in cases for label in case.expect}
    assert expected == set(AXIS.names)


def test_authored_texts_are_not_repeated() -> None:
    seen = Counter((case.statement, case.base) for case in read_behaviours(AXIS).cases)
    assert max(seen.values()) == 1


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ("{broken", "not JSON"),
        ("[]", "not a JSON object"),
        ({**MFT, "id": ""}, "the field 'id' is missing"),
        ({**MFT, "text": " "}, "the field 'text' is missing"),
        ({**MFT, "conflict": None}, "the field 'conflict' is missing"),
        ({**MFT, "holder": 3}, "the field 'holder' must be text"),
        ({**MFT, "capability": "tense"}, "capability 'tense' in the file of 'negation'"),
        ({**MFT, "kind": "XYZ"}, "kind 'XYZ' is not one of MFT, INV, DIR"),
        ({**MFT, "expect": []}, "'expect' must list at least one"),
        ({**MFT, "expect": ["hostile"]}, "expect 'hostile' is not one of refuse"),
        ({**MFT, "expect": list(AXIS.names)}, "'expect' lists every label"),
        ({**MFT, "tolerance": 0.2}, "'tolerance' has no meaning in a case of kind MFT"),
        ({**INV, "base": "text"}, "'base' must be an object"),
        ({**INV, "base": {**BASE, "text": ""}}, "base: the field 'text' is missing"),
        ({**INV, "text": BASE["text"]}, "'base' is the case itself"),
        ({**INV, "tolerance": "little"}, "'tolerance' must be a number between 0 and 4"),
        ({**INV, "tolerance": True}, "'tolerance' must be a number between 0 and 4"),
        ({**INV, "swap": "age", "swapped_in": "old"}, "swap 'age' is not one of country, name, gender"),
        ({**INV, "swap": "country"}, "the field 'swapped_in' is missing"),
        ({**INV, "swap": "name", "swapped_in": "Park"}, "the field 'origin' is missing"),
        ({**DIR, "direction": "left"}, "direction 'left' is not one of up, down"),
        ({**DIR, "least_move": 9}, "'least_move' must be a number between 0 and 4"),
    ],
)
def test_a_bad_case_is_named_by_file_and_line(tmp_path: Path, record: object, fault: str) -> None:
    with pytest.raises(GoldError) as caught:
        suite(tmp_path, {**MFT, "id": "first"}, record)
    assert "negation.jsonl:2: " in str(caught.value)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_id_stands_once_and_a_folder_is_not_empty(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="no behavioural cases in"):
        read_behaviours(AXIS, tmp_path)
    with pytest.raises(GoldError, match=r"negation\.jsonl:2: the id 'a' stands already at .*negation\.jsonl:1"):
        suite(tmp_path, MFT, MFT)


@pytest.mark.parametrize(
    ("record", "passed"),
    [
        ({**MFT, "text": "open"}, True),
        ({**MFT, "text": "refuse"}, False),
        ({**MFT, "text": "refuse", "expect": ["resist", "refuse"]}, True),
        ({**INV, "text": "open again"}, True),
        ({**INV, "text": "conditional"}, False),
        ({**INV, "text": "conditional", "tolerance": 1}, True),
        ({**INV, "text": "none", "tolerance": 3}, False),  # left the axis: no tolerance covers that
        ({**DIR, "text": "refuse"}, True),
        ({**DIR, "text": "refuse", "direction": "up"}, False),
        ({**DIR, "text": "open again"}, False),
        ({**DIR, "text": "conditional", "least_move": 1}, True),
        ({**DIR, "text": "conditional", "least_move": 1.1}, False),
    ],
)
def test_what_passes(tmp_path: Path, record: dict[str, object], passed: bool) -> None:
    (checked,) = check(suite(tmp_path, record), ByWord())
    assert checked.passed is passed


def test_rates_count_cases_and_intervals_count_sentences(tmp_path: Path) -> None:
    records = [{**MFT, "id": str(n), "text": f"{'open' if n < 6 else 'refuse'} {n}"} for n in range(8)]
    grouped = [{**record, "group": f"g{place % 4}"} for place, record in enumerate(records)]
    (plain,) = capability_rates(check(suite(tmp_path, *records), ByWord()))
    (by_sentence,) = capability_rates(check(suite(tmp_path, *grouped), ByWord()))
    assert (plain.n, plain.passed, plain.groups, by_sentence.groups) == (8, 6, 8, 4)
    assert plain.rate.value == by_sentence.rate.value == 0.75
    assert plain.rate.low == pytest.approx(0.4093, abs=1e-4)  # Wilson, 6 of 8, as R's prop.test(correct = FALSE)
    assert plain.rate.high == pytest.approx(0.9285, abs=1e-4)
    assert by_sentence.rate.low < plain.rate.low
    assert {one.case.id for one in plain.failures} == {"6", "7"}


@pytest.mark.parametrize(("share", "n"), [(0.0, 1), (1.0, 1), (1.0, 40), (0.0, 40), (0.5, 7)])
def test_wilson_stays_a_share_around_its_value(share: float, n: int) -> None:
    interval = wilson(share, n)
    assert 0 <= interval.low <= share <= interval.high <= 1
    assert interval.low < interval.high


def test_fairness_is_the_mean_absolute_move(tmp_path: Path) -> None:
    swapped = [("Iran", "conditional"), ("Peru", "refuse"), ("Iran", "open again")]
    records = [
        {**INV, "id": str(n), "text": word, "swap": "country", "swapped_in": country, "group": f"g{n}"}
        for n, (country, word) in enumerate(swapped)
    ]
    female = {**INV, "id": "f", "text": "resist", "swap": "gender", "swapped_in": "female", "origin": "Polish"}
    rows = {(row.by, row.value): row for row in fairness(check(suite(tmp_path, *records, female), ByWord()))}
    assert rows["country", "Iran"].absolute.value == pytest.approx(0.5)
    assert rows["country", "Iran"].signed == pytest.approx(-0.5)
    assert rows["country", "Peru"].absolute.value == pytest.approx(4.0)
    assert rows["swap", "country"].absolute.value == pytest.approx(5 / 3)
    assert rows["gender", "female"].absolute.value == pytest.approx(3.0)
    assert rows["conflict", "war"].n == 4
    assert not rows["country", "Peru"].within


def test_a_model_that_says_one_thing_is_not_praised_for_invariance() -> None:
    cases = read_behaviours(AXIS)
    flat = behaviour_report(cases, ByWord(certainty=1 / 6))
    assert flat["invariance_is_empty"]
    assert flat["fairness"]["within_limit"]
    assert flat["passed"] == sum(one["passed"] for one in flat["capabilities"].values())
    assert all(len(one["failures"]) == one["n"] - one["passed"] for one in flat["capabilities"].values())


def test_released_model_end_to_end(
    classifier: StanceClassifier, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "report.json"
    assert main(["evaluate", "--behaviours", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    report = json.loads(out.read_text(encoding="utf-8"))["behaviours"]
    assert report["model"] == classifier.bundle.version
    assert report["n"] == len(read_behaviours(AXIS).cases)
    for name, one in report["capabilities"].items():
        assert name.replace("_", " ") in printed
        assert 0 <= one["rate"]["low"] <= one["rate"]["value"] <= one["rate"]["high"] <= 1
    assert {row["by"] for row in report["fairness"]["rows"]} == {"swap", "country", "gender", "name", "conflict"}


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "name a gold file"),
        (["--behaviours", "--predictions", "scored.jsonl"], "--behaviours needs a model"),
        (["--behaviours", "--html", "page.html"], "--html shows a report on a gold file"),
    ],
)
def test_options_that_do_not_go_together(capsys: pytest.CaptureFixture[str], arguments: list[str], fault: str) -> None:
    assert main(["evaluate", *arguments]) == 2
    message = capsys.readouterr().err
    assert fault in message
    assert message.count("\n") == 1
