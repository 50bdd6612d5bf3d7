"""Bad gold and bad predictions: one clear line that names file, line and field, and exit code 2."""

import json

import pytest
from test_eval_agreement import random_predictions

from detente.cli import main
from eval.gold_set import read_gold
from models.axis import load_axis

AXIS = load_axis()
UNITS = [
    {"id": "a", "text": "We are ready for talks.", "holder": "X", "label": "open"},
    {"id": "b", "text": "There is nothing to discuss.", "holder": "Y", "label": "refuse"},
    {"id": "c", "text": "It rained.", "holder": None, "label": "none"},
]


def scored(unit: dict, **changes: object) -> dict:
    probabilities = {name: 0.5 if name == unit["label"] else 0.1 for name in AXIS.names}
    return {**unit, "probabilities": probabilities, **changes}


def evaluated(tmp_path, gold: list, predictions: list | None = None) -> int:
    files = {
        "gold.jsonl": gold,
        "scored.jsonl": [scored(unit) for unit in UNITS] if predictions is None else predictions,
    }
    for name, records in files.items():
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return main(
        ["evaluate", str(tmp_path / "gold.jsonl"), "--predictions", str(tmp_path / "scored.jsonl"), "--no-baselines"]
    )


@pytest.mark.parametrize(
    ("gold", "fault"),
    [
        ([UNITS[0], {"id": "b", "text": "x"}], "gold.jsonl:2: the field 'label' is missing"),
        ([UNITS[0], {**UNITS[1], "text": ""}], "gold.jsonl:2: the field 'text' is missing"),
        ([UNITS[0], {**UNITS[1], "label": "hostile"}], "gold.jsonl:2: label 'hostile' is not one of refuse"),
        ([UNITS[0], {**UNITS[1], "label_b": "maybe"}], "gold.jsonl:2: label_b 'maybe' is not one of"),
        ([*UNITS, UNITS[0]], "gold.jsonl:4: the id 'a' stands already on line 1"),
        ([UNITS[0], "{broken"], "gold.jsonl:2: not JSON"),
        ([UNITS[0], {**UNITS[1], "holder": 3}], "gold.jsonl:2: the field 'holder' must be text"),
        ([UNITS[0], {**UNITS[0], "id": "z"}], "the field 'label' is 'open' on all lines from 1 to 2"),
        ([UNITS[0]], "holds 1 unit(s): agreement needs at least two"),
        ([], "holds 0 unit(s)"),
    ],
)
def test_bad_gold(tmp_path, capsys, gold, fault):
    assert evaluated(tmp_path, gold) == 2
    message = capsys.readouterr().err
    assert fault in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"probabilities": {**dict.fromkeys(AXIS.names, 0.0), "open": float("nan")}}, "'probabilities' holds NaN"),
        ({"probabilities": dict.fromkeys(AXIS.names, 0.5)}, "'probabilities' sums to 3.0000"),
        ({"probabilities": {"open": 1.0}}, "'probabilities' lacks the label 'refuse'"),
        ({"probabilities": "often"}, "'probabilities' is not a JSON object"),
        ({"label": "hostile"}, "'label' is 'hostile'"),
        ({"text": None}, "'text' is missing"),
        ({"text": "Other words."}, "'text' of 'b' differs from the gold's"),
        ({"id": "a"}, "the id 'a' stands already on line 1"),
        ({"id": None}, "the field 'id' is missing"),
    ],
)
def test_bad_predictions(tmp_path, capsys, changes, fault):
    predictions = [scored(UNITS[0]), scored(UNITS[1], **changes), scored(UNITS[2])]
    assert evaluated(tmp_path, UNITS, predictions) == 2
    message = capsys.readouterr().err
    assert "scored.jsonl:2: " in message
    assert fault in message
    assert message.count("\n") == 1


def test_undefined_agreement_is_said_in_words(tmp_path, capsys):
    # Gold varies, but only one unit is on the axis on both sides.
    gold = [UNITS[0], UNITS[2], {**UNITS[2], "id": "d", "text": "It snowed."}]
    assert evaluated(tmp_path, gold, [scored(unit) for unit in gold]) == 0
    shown = capsys.readouterr().out
    assert "alpha_ordinal is undefined: 1 unit(s) that both" in shown
    assert "nan" not in shown.lower()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_predictions_in_other_formats(tmp_path, form):
    import csv

    import pyarrow as pa
    import pyarrow.parquet as pq

    predictions = random_predictions(1, 12)
    gold = [{"id": f"u{row}", "text": f"Text {row}", "label": label} for row, label in enumerate(predictions.gold)]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(unit) + "\n" for unit in gold), encoding="utf-8")
    rows = [
        {**unit, "label": label, "probabilities": dict(zip(AXIS.names, row, strict=True))}
        for unit, label, row in zip(gold, predictions.labels, predictions.probabilities.tolist(), strict=True)
    ]
    path = tmp_path / f"scored.{form}"
    if form == "csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, ["id", "text", "label", "probabilities"])
            writer.writeheader()
            writer.writerows({**row, "probabilities": json.dumps(row["probabilities"])} for row in rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    out = tmp_path / "report.json"
    arguments = ["evaluate", str(tmp_path / "gold.jsonl"), "--predictions", str(path), "--out", str(out)]
    assert main([*arguments, "--no-baselines"]) == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["accuracy"]["value"] == pytest.approx(predictions.correct.mean())


def test_units_of_the_same_text_are_one_cluster(tmp_path):
    path = tmp_path / "gold.jsonl"
    units = [*UNITS, {**UNITS[0], "id": "d", "holder": "Y", "label": "neutral"}]
    path.write_text("".join(json.dumps(unit) + "\n" for unit in units), encoding="utf-8")
    clusters = read_gold(path, AXIS).clusters
    assert clusters[0] == clusters[3]
    assert len(set(clusters)) == 3
