"""The command line as a user meets it: real model, real article, bad input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detente.cli import main
from models.axis import load_axis

ARTICLE = Path("examples/article.txt")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_read_gives_literal_slices_with_a_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "read", str(ARTICLE), "--format", "json")
    article = ARTICLE.read_bytes().decode("utf-8")
    records = json.loads(out)
    assert code == 0
    assert len(records) >= 40
    for record in records:
        assert article[record["start"] : record["end"]] == record["text"]
        assert list(record["probabilities"]) == list(load_axis().names)
        assert sum(record["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)
        assert record["probabilities"][record["label"]] == max(record["probabilities"].values())
        assert -2 <= record["score"] <= 2
        assert record["error"] is None


def test_read_shows_a_table_and_writes_html(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "read", str(ARTICLE))
    assert code == 0
    assert "Khamenei" in out
    assert "refuse" in out
    page = tmp_path / "page.html"
    assert run(capsys, "read", str(ARTICLE), "--format", "html", "--out", str(page))[:2] == (0, "")
    assert "<table>" in page.read_text(encoding="utf-8")


def test_evaluate_prints_intervals_and_the_caveat(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    code, out, _ = run(capsys, "evaluate", "eval/gold/seed_article.jsonl", "--out", str(report), "--no-baselines")
    assert code == 0
    assert "self-consistency" in out
    content = json.loads(report.read_text(encoding="utf-8"))
    for name in ("alpha_ordinal", "macro_f1", "accuracy", "within_one", "mae", "kappa_quadratic", "on_axis_f1"):
        assert content[name]["low"] <= content[name]["value"] <= content[name]["high"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"   \n\n", "white space"),
        (b"\x00\x01\x02\x03" * 100, "not a text file"),
        (b"a" * 3_000_000, "line"),
    ],
)
def test_a_bad_article_gets_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "article.txt"
    path.write_bytes(content)
    code, out, err = run(capsys, "read", str(path))
    assert (code, out) == (2, "")
    assert says in err.lower()
    assert err.count("\n") == 1
    assert "article.txt" in err


def test_missing_files_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["read", "no/such.txt"], ["evaluate", "no/such.txt"], ["read", "examples"]):
        code, out, err = run(capsys, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert arguments[1] in err


def test_standard_input_is_an_article() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detente", "read", "-", "--format", "json"],
        input=b"The union said it would never negotiate with the port.",
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)[0]["voice"] == "narration"


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, detente.cli as c; c.build_parser().format_help(); print([m for m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("torch", "transformers", "numpy", "openvino", "sklearn"):
        assert f"'{heavy}'" not in loaded
