"""`detente score`: forms of files, types of columns, bad rows; the model is a small random one."""

import csv
import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_bundle import make_tiny_bundle

from detente.cli import main
from models.axis import load_axis
from models.classifier import StanceClassifier
from models.statement import Statement
from serve.record_block import ADDED_FIELDS

TEXTS = [
    "We will never negotiate with the company.",
    "If they stop the bombing, we will talk.",
    "The delegations met for two hours in Geneva.",
    "We doubt that these talks lead anywhere.",
    "Let us sit down today.",
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("tiny"))


def score(bundle: Path, source: Path | str, out: Path | str, *more: str) -> int:
    return main(["score", str(source), "--out", str(out), "--model", str(bundle), "--quiet", *more])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": n, "text": f"{TEXTS[n % 5]} {n // 10}", "holder": "the union"} for n in range(count)]


def test_each_row_gets_the_stance_that_the_classifier_gives_it(bundle: Path, tmp_path: Path) -> None:
    given = records(60)
    assert score(bundle, write(tmp_path / "in.jsonl", given), tmp_path / "out.jsonl", "--shard-rows", "7") == 0
    found = lines(tmp_path / "out.jsonl")
    stances = StanceClassifier.load(bundle).classify([Statement(text=r["text"], holder=r["holder"]) for r in given])
    assert [row["id"] for row in found] == list(range(60))
    assert len({row["label"] for row in found}) > 1, "a model that says one thing would hide a mix-up of rows"
    for row, stance in zip(found, stances, strict=True):
        assert row["label"] == stance.label
        assert row["score"] == round(stance.score, 6)
        assert list(row["probabilities"]) == list(load_axis().names)
        assert row["probabilities"] == {name: round(p, 6) for name, p in stance.by_label.items()}
        assert (row["confidence"], row["abstain"]) == (round(stance.confidence, 6), stance.abstain)
        assert (row["error"], row["truncated"], row["model"]) == (None, False, "tiny-0.0.1")


@given(order=st.permutations(range(25)), shard_rows=st.integers(1, 30))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_shards_and_repeats_change_no_bit(
    bundle: Path, tmp_path_factory: pytest.TempPathFactory, order: list[int], shard_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("order")
    given = records(25)
    score(bundle, write(folder / "a.jsonl", given), folder / "a.out.jsonl")
    mixed = [given[n] for n in order] + given[:5]
    score(bundle, write(folder / "b.jsonl", mixed), folder / "b.out.jsonl", "--shard-rows", str(shard_rows))
    plain = {row["id"]: row for row in lines(folder / "a.out.jsonl")}
    assert lines(folder / "b.out.jsonl") == [plain[row["id"]] for row in mixed]


def test_forms_agree_and_compression_changes_nothing(bundle: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", records(30))
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(source.read_bytes()))
    for name in ("a.jsonl", "b.csv", "c.parquet", "d.jsonl.gz", "e.csv.zst"):
        assert score(bundle, source, tmp_path / name, "--shard-rows", "8") == 0
    assert score(bundle, tmp_path / "packed.jsonl.gz", tmp_path / "f.jsonl", "--shard-rows", "8") == 0
    plain = lines(tmp_path / "a.jsonl")
    assert (tmp_path / "f.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    assert gzip.decompress((tmp_path / "d.jsonl.gz").read_bytes()) == (tmp_path / "a.jsonl").read_bytes()
    assert pq.read_table(tmp_path / "c.parquet").to_pylist() == plain
    unpacked = pa.input_stream(str(tmp_path / "e.csv.zst"), compression="zstd").read()
    assert unpacked == (tmp_path / "b.csv").read_bytes()
    table = list(csv.DictReader(io.StringIO(unpacked.decode())))
    assert [json.loads(row["probabilities"]) for row in table] == [row["probabilities"] for row in plain]
    assert [(int(row["id"]), row["text"], row["label"], row["error"]) for row in table] == [
        (row["id"], row["text"], row["label"], "") for row in plain
    ]


def test_a_scored_file_can_be_scored_again(bundle: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": TEXTS[0], "label": "mine", "input_label": "older"}])
    for form in ("jsonl", "parquet", "csv"):
        assert score(bundle, source, tmp_path / f"out.{form}") == 0
    row = lines(tmp_path / "out.jsonl")[0]
    assert (row["input_input_label"], row["input_label"]) == ("mine", "older")
    assert row["label"] in load_axis().names
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [row]
    assert list(row) == (tmp_path / "out.csv").read_text().split("\n")[0].split(",")


def test_parquet_columns_keep_their_types(bundle: Path, tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": TEXTS,
            "when": pa.array([datetime(2021, 3, 10, 9, 30)] * 5, pa.timestamp("us", tz="UTC")),
            "day": pa.array([date(2021, 3, 10)] * 5),
            "small": pa.array([1, None, 3, 4, 5], pa.int8()),
            "price": pa.array([Decimal("1.10")] * 5, pa.decimal128(10, 2)),
            "kind": pa.array(["a", "b", "a", None, "b"]).dictionary_encode(),
            "list": pa.array([[{"x": 1}], [], None, [{"x": 2}], [{"x": None}]]),
            "raw": pa.array([b"\xff\x00"] * 5),
            "score": pa.array([9] * 5, pa.int32()),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    assert score(bundle, tmp_path / "in.parquet", tmp_path / "out.parquet", "--shard-rows", "2") == 0
    found = pq.read_table(tmp_path / "out.parquet")
    for name in table.column_names:
        carried = found.column("input_score" if name == "score" else name)
        assert carried.type == table.column(name).type
        assert carried.to_pylist() == table.column(name).to_pylist()
    assert found.column("score").type == pa.float64()
    assert score(bundle, tmp_path / "in.parquet", tmp_path / "out.jsonl") == 0
    row = lines(tmp_path / "out.jsonl")[0]
    assert (row["when"], row["day"], row["price"]) == ("2021-03-10T09:30:00+00:00", "2021-03-10", "1.10")
    assert (row["list"], row["raw"]) == ([{"x": 1}], "/wA=")


def test_json_values_find_a_parquet_type_that_holds_them_all(bundle: Path, tmp_path: Path) -> None:
    given = [
        {"text": TEXTS[0], "n": 1, "mixed": "a", "deep": {"a": 1}, "big": 2**60, "empty": {}, "flag": True},
        {"text": TEXTS[1], "n": 2.5, "mixed": 7, "deep": {"b": "x"}, "big": 0.5, "empty": {}, "late": [1, 2]},
        {"text": TEXTS[2], "huge": 10**40, "surrogate": "\ud800"},
    ]
    assert score(bundle, write(tmp_path / "in.jsonl", given), tmp_path / "out.parquet", "--shard-rows", "1") == 0
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["n"] for row in rows] == [1.0, 2.5, None]
    assert [row["mixed"] for row in rows] == ['"a"', "7", None]
    assert [row["deep"] for row in rows] == [{"a": 1, "b": None}, {"a": None, "b": "x"}, None]
    assert [row["big"] for row in rows] == [str(2**60), "0.5", None]
    assert [row["late"] for row in rows] == [None, [1, 2], None]
    assert (rows[0]["empty"], rows[0]["flag"], rows[2]["huge"]) == ("{}", True, str(10**40))


BAD_LINES = [
    (b'{"id": 1}', "'text' is missing"),
    (b'{"id": 2, "text": null}', "'text' is missing or null"),
    (b'{"id": 3, "text": 5}', "not a string but a number"),
    (b'{"id": 4, "text": ["a"]}', "not a string but a list"),
    (b'{"id": 5, "text": " \\n"}', "'text' is empty"),
    (b'{"id": 6, "text": "caf\xe9"}', "line 6: not UTF-8"),
    (b'{"id": 7, "text": "' + b"We talk. " * 600_000 + b'"}', "5,400,000 characters"),
    (b'{"id": 8, "text": ', "line 8: not JSON"),
    (b"[1, 2]", "line 9: not a JSON object"),
    (b"", "line 10: empty"),
    (b'{"id": 11, "text": "a\\u0000b"}', "NUL character at 2"),
    (b'{"id": 12, "text": "a\x00b"}', "line 12: not JSON"),
    (b'{"id": 13, "text": "a\\ud800"}', "not valid Unicode"),
    (b'{"id": 14, "text": "a", "holder": 5}', "'holder' is not a string"),
    (b"[" * 100_000, "line 15: not JSON (nested too deeply)"),
    (b"\xff" * 50, "line 16: not UTF-8"),
]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_bad_lines_become_rows_with_an_error(bundle: Path, tmp_path: Path, form: str) -> None:
    good = json.dumps({"id": 0, "text": TEXTS[0]}).encode()
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\n".join([*(line for line, _ in BAD_LINES), good, b"", b""]))
    assert score(bundle, source, tmp_path / f"out.{form}", "--shard-rows", "5") == 0
    if form == "parquet":
        rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    elif form == "jsonl":
        rows = lines(tmp_path / "out.jsonl")
    else:
        csv.field_size_limit(10_000_000)
        rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode())))
    assert len(rows) == len(BAD_LINES) + 1
    for row, (_, says) in zip(rows, BAD_LINES, strict=False):
        assert says in row["error"]
        assert all(row[name] in (None, "") for name in ("label", "score", "confidence", "abstain", "probabilities"))
        assert row["model"] == "tiny-0.0.1"
    assert rows[-1]["label"] in load_axis().names
    assert not rows[-1]["error"]
    if form == "jsonl":
        assert rows[5]["id"] == 6, "what could be read of a row goes on with it"
        assert [row["line"] for row in rows if "line" in row] == [8, 9, 10, 12, 15, 16]


def test_ragged_and_broken_csv_rows_cost_one_row_each(bundle: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(
        b"\xef\xbb\xbfid,text,note\r\n"
        b'0,"We talk,\r\nat last.",fine\r\n'
        b"1,We talk.\r\n"
        b"2,We talk.,a,b\r\n"
        b"\r\n"
        b'3,caf\xe9,"a"\r\n'
        b"4,a\x00b,x\r\n"
        b'5,"never closed,x\r\n'
        b"6,We will not talk.,007\r\n"
        b"\r\n"
    )
    assert score(bundle, source, tmp_path / "out.jsonl") == 0
    rows = lines(tmp_path / "out.jsonl")
    assert [row.get("id") for row in rows] == ["0", "1", "2", None, "3", "4", None, "6"]
    assert rows[0]["text"] == "We talk,\r\nat last."
    assert rows[-1]["note"] == "007"
    says = [None, "line 4: 2 cells", "line 5: 4 cells", "line 6: empty", "line 7: not UTF-8", "NUL", "line 9: not CSV"]
    for row, expected in zip(rows, [*says, None], strict=True):
        assert row["error"] is None if expected is None else expected in row["error"]


def test_parquet_text_that_is_no_utf8_is_a_bad_row(bundle: Path, tmp_path: Path) -> None:
    raw = pa.array([b"We talk.", b"caf\xe9", None])
    text = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    pq.write_table(pa.table({"text": text, "n": [1, 2, 3]}), tmp_path / "in.parquet")
    for form in ("jsonl", "parquet"):
        assert score(bundle, tmp_path / "in.parquet", tmp_path / f"out.{form}") == 0
    rows = lines(tmp_path / "out.jsonl")
    assert [bool(row["error"]) for row in rows] == [False, True, True]
    assert "not valid Unicode" in rows[1]["error"]
    assert pq.read_table(tmp_path / "out.parquet", columns=["n", "error"]).to_pylist() == [
        {"n": row["n"], "error": row["error"]} for row in rows
    ]


def test_long_text_is_scored_by_windows_and_flagged(bundle: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": "We are ready to talk. " * 100}, {"text": "We are ready."}])
    assert main(["score", str(source), "--out", str(tmp_path / "out.jsonl"), "--model", str(bundle)]) == 0
    assert [row["truncated"] for row in lines(tmp_path / "out.jsonl")] == [True, False]


def test_folders_and_globs(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    write(folder / "b.jsonl", records(3))
    write(folder / "deep" / "a.jsonl", [{"text": TEXTS[4], "id": "deep"}])
    (folder / "c.csv").write_text(f"id,text\nlast,{TEXTS[0]}\n")
    (folder / "README.txt").write_text("no records")
    assert score(bundle, folder, tmp_path / "one.jsonl") == 0
    assert [row["id"] for row in lines(tmp_path / "one.jsonl")] == [0, 1, 2, "last", "deep"]
    assert score(bundle, folder, tmp_path / "each") == 0
    assert sorted(path.name for path in (tmp_path / "each").rglob("*") if path.suffix in (".jsonl", ".csv")) == [
        "a.jsonl",
        "b.jsonl",
        "c.csv",
    ]
    assert lines(tmp_path / "each" / "deep" / "a.jsonl") == lines(tmp_path / "one.jsonl")[4:]
    assert score(bundle, f"{folder}/*.jsonl", tmp_path / "glob.parquet") == 0
    assert pq.read_table(tmp_path / "glob.parquet").column("id").to_pylist() == [0, 1, 2]
    # An output inside its own input folder is no input of the next run.
    assert score(bundle, folder, folder / "out.jsonl") == 0
    assert score(bundle, folder, folder / "out.jsonl", "--resume") == 0
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "each")]) == 0
    assert capsys.readouterr().out.count("is complete") == 3


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_no_rows_in_no_rows_out(bundle: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"")
    assert score(bundle, tmp_path / "in.jsonl", tmp_path / f"out.{form}") == 0
    assert main(["verify", str(tmp_path / f"out.{form}")]) == 0
    if form == "csv":
        assert (tmp_path / "out.csv").read_text() == ",".join(ADDED_FIELDS) + "\n"
    if form == "parquet":
        assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("in.txt", b"x", "must end in"),
        ("in.csv", b"id,body\n1,a\n", "no column 'text'"),
        ("in.csv", b"text,text\na,b\n", "stands twice"),
        ("in.csv", "text\na\n".encode("utf-16"), "UTF-16"),
        ("in.parquet", b"PAR1 not really", "cannot read"),
        ("in.jsonl.gz", b"not packed", "cannot read"),
        ("in.jsonl.zst", b"not packed", "cannot read"),
    ],
)
def test_unusable_files_get_one_line(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert score(bundle, tmp_path / name, tmp_path / "out.jsonl") == 2
    error = capsys.readouterr().err
    assert says in error
    assert name in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_the_summary_counts_what_became_of_the_rows(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.jsonl", [{"text": TEXTS[0]}, {"text": 5}, {}, {"text": ""}, {"text": "talk " * 300}])
    assert main(["score", str(source), "--out", str(tmp_path / "a.jsonl"), "--model", str(bundle)]) == 0
    said = capsys.readouterr().err
    assert "5 rows" in said
    assert "3 with an error" in said
    assert "no text 2, text is not a string 1" in said
    assert "1 longer than the model reads" in said
    assert score(bundle, source, tmp_path / "b.jsonl") == 0
    assert capsys.readouterr() == ("", "")
