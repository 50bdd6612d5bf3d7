"""The labelling round trip: what to label, tasks out, annotations back; in files, and over a real server's API.

The last test needs a running Label Studio, which is no dependency of ours:

    python -m venv /tmp/lsenv && /tmp/lsenv/bin/pip install label-studio
    DETENTE_LABEL_STUDIO_VENV=/tmp/lsenv python -m pytest tests/test_eval_labelling.py
"""

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_eval_agreement import random_predictions

from detente.cli import main
from eval.gold_set import read_gold
from eval.label_studio import CHOICES, labelling_config
from eval.labelling_queue import STRATEGIES, choose, margin
from eval.scored_file import ScoredRow
from models.axis import load_axis
from models.errors import InputError

AXIS = load_axis()
SEED_GOLD = Path(__file__).parent.parent / "eval" / "gold" / "seed_article.jsonl"
ANNOTATORS = ("ann@example.org", "ben@example.org", "cleo@example.org")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def scored_records(number: int = 60) -> list[dict]:
    predictions = random_predictions(5, number, skill=1.0)
    return [
        {
            "id": f"s{row}",
            "text": f"Statement {row} about topic {row % 7}: “let us see” & <so on>.",
            "holder": "Aland" if row % 2 else "Beland",
            "counterpart": None,
            "cluster": f"doc{row // 4}",
            "label": label,
            "probabilities": dict(zip(AXIS.names, predictions.probabilities[row].tolist(), strict=True)),
            "confidence": float(predictions.confidence[row]),
            "abstain": False,
            "error": None,
            "model": "m-1",
        }
        for row, label in enumerate(predictions.labels)
    ]


def rows(number: int, seed: int = 0) -> list[ScoredRow]:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(6) * 0.7, number)
    return [
        ScoredRow(
            line=place + 1,
            id=f"r{place}",
            text=f"Words number {place} on subject{place % 12}.",
            holder="",
            counterpart="",
            label=AXIS.names[int(row.argmax())],
            probabilities=tuple(row.tolist()),
            fields={},
        )
        for place, row in enumerate(probabilities)
    ]


# What to label


def test_random_parts_of_successive_calls_add_up_to_one_random_sample():
    corpus = rows(200)
    whole = choose(corpus, number=60, random_share=1.0, seed=3)
    first = choose(corpus, number=40, random_share=0.5, seed=3)
    labelled = [row.key for row in (*first.random, *first.uncertain)]
    second = choose(
        corpus,
        number=80,
        random_share=0.5,
        labelled=labelled,
        labelled_at_random=[row.key for row in first.random],
        seed=3,
    )
    assert not {row.key for row in (*second.random, *second.uncertain)} & set(labelled)
    together = {row.id for row in (*first.random, *second.random, *second.random_already)}
    assert {row.id for row in whole.random} <= together
    # Units that were picked as uncertain before, but belong to the random sample, are named and not lost.
    assert {row.id for row in second.random_already} <= {row.id for row in first.uncertain}


def test_random_part_is_unbiased_and_the_rest_is_uncertain_and_diverse():
    corpus = rows(400)
    everyone = np.mean([margin(row) for row in corpus])
    drawn = [
        np.mean([margin(r) for r in choose(corpus, number=40, random_share=1.0, seed=s).random]) for s in range(40)
    ]
    assert np.mean(drawn) == pytest.approx(everyone, abs=0.02)
    chosen = choose(corpus, number=24, random_share=0.0).uncertain
    assert np.mean([margin(row) for row in chosen]) < everyone / 2
    assert len({row.text.split()[-1] for row in chosen}) == 12  # every subject


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(number=st.integers(1, 80), share=st.floats(0, 1), seed=st.integers(0, 5), texts=st.integers(1, 80))
@settings(max_examples=12, deadline=None)
def test_every_strategy_names_as_many_unlabelled_units_as_asked_for(strategy, number, share, seed, texts):
    corpus = [replace(row, text=f"Text {place % texts}", holder=row.id) for place, row in enumerate(rows(120, seed))]
    done = [row.key for row in corpus[:40]]
    queue = choose(corpus, number=number, random_share=share, labelled=done, strategy=strategy, seed=seed)
    chosen = [row.key for row in (*queue.random, *queue.uncertain)]
    assert len(chosen) == len(set(chosen)) == number
    assert not set(chosen) & set(done)
    again = choose(corpus, number=number, random_share=share, labelled=done, strategy=strategy, seed=seed)
    assert again == queue


def test_margin_takes_the_most_uncertain_and_diverse_spreads_over_more_texts():
    corpus = [
        replace(row, text=f"Text about subject{place // 20}", holder=row.id) for place, row in enumerate(rows(400))
    ]
    chosen = {name: choose(corpus, number=20, random_share=0.0, strategy=name).uncertain for name in STRATEGIES}
    assert sorted(map(margin, chosen["margin"])) == sorted(map(margin, corpus))[:20]
    texts = {name: len({row.text for row in own}) for name, own in chosen.items()}
    assert texts["diverse"] > texts["margin"]
    with pytest.raises(InputError, match="no strategy 'best': choose one of diverse, margin"):
        choose(corpus, number=4, random_share=0.0, strategy="best")


def test_next_writes_both_parts_and_refuses_too_many(tmp_path, capsys):
    scored = write_lines(tmp_path / "scored.jsonl", scored_records())
    out = tmp_path / "next.jsonl"
    arguments = ["label", "next", str(scored), "--random-share", "0.3", "--out", str(out)]
    assert main([*arguments, "--number", "20"]) == 0
    assert [record["sampling"] for record in lines(out)] == ["random"] * 6 + ["uncertain"] * 14
    assert main([*arguments, "--number", "61"]) == 2
    assert "61 units asked for, but only 60 of 60" in capsys.readouterr().err
    assert main([*arguments, "--number", "20", "--strategy", "best"]) == 2
    assert "no strategy 'best'" in capsys.readouterr().err


# Out


def test_config_holds_the_axis():
    root = ET.fromstring(labelling_config(AXIS))
    choices = root.find(f".//Choices[@name='{CHOICES}']")
    assert [choice.get("value") for choice in choices] == list(AXIS.names)
    assert [choice.get("hint") for choice in choices] == [label.definition for label in AXIS.all_labels]
    assert choices.get("choice") == "single-radio"


def exported(tmp_path: Path, records: list[dict], *more: str) -> list[dict]:
    statements = write_lines(tmp_path / "statements.jsonl", records)
    out, config = tmp_path / "tasks.json", tmp_path / "config.xml"
    assert main(["label", "export", str(statements), "--out", str(out), "--config", str(config), *more]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_export_shows_the_model_only_where_it_may(tmp_path):
    records = [{**one, "sampling": "random" if row < 3 else "uncertain"} for row, one in enumerate(scored_records(6))]
    helped = [
        [("predictions" in task) for task in exported(tmp_path, records, *more)]
        for more in ((), ("--preannotate", "none"), ("--preannotate", "all"))
    ]
    assert helped == [[False] * 3 + [True] * 3, [False] * 6, [True] * 6]


def test_a_models_label_never_travels_as_data(tmp_path):
    for task in exported(tmp_path, scored_records(5)):
        assert not {"label", "probabilities", "confidence", "model"} & set(task["data"]["record"])
        assert task["data"]["record"]["cluster"].startswith("doc")


# Back


def annotate(tasks: list[dict], choices: dict[str, list[str | None]]) -> list[dict]:
    """An export as Label Studio writes it; `choices` gives each annotator's label a task, None for skipped."""
    for place, task in enumerate(tasks):
        task["id"] = place + 1
        task["annotations"] = [
            {
                "id": 100 * place + number,
                "completed_by": {"id": number, "email": who},
                "created_at": f"2026-01-01T00:00:{number:02}Z",
                "was_cancelled": labels[place] is None,
                "ground_truth": False,
                "result": []
                if labels[place] is None
                else [{"from_name": CHOICES, "type": "choices", "value": {"choices": [labels[place]]}}],
            }
            for number, (who, labels) in enumerate(choices.items())
        ]
    return tasks


def imported(tmp_path: Path, export: list[dict], *more: str, name: str = "gold") -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    out = tmp_path / f"{name}.jsonl"
    assert main(["label", "import", str(path), "--out", str(out), *more]) == 0
    return out


def as_people(*who: str) -> list[str]:
    return [part for one in who for part in ("--annotator", f"{one}={one.split('@')[0]}:independent_person")]


def test_import_keeps_passes_disagreements_and_kinds(tmp_path, capsys):
    tasks = exported(tmp_path, scored_records(5))
    labels = {
        ANNOTATORS[0]: ["open", "refuse", "none", "open", None],
        ANNOTATORS[1]: ["open", "refuse", "none", "resist", None],
        ANNOTATORS[2]: ["open", "resist", None, "neutral", None],
    }
    out = imported(tmp_path, annotate(tasks, labels), *as_people(*ANNOTATORS))
    gold = read_gold(out, AXIS)
    assert gold.labels == ["open", "refuse", "none"]
    assert gold.units[1].passes == {"ann": "refuse", "ben": "refuse", "cleo": "resist"}
    assert gold.units[1].fields["disagreement"] is True
    assert gold.units[2].passes == {"ann": "none", "ben": "none"}
    assert gold.clusters[0] == "doc0"
    assert [gold.metadata.annotator(name).kind for name in gold.annotators] == ["independent_person"] * 3
    doubts = lines(tmp_path / "gold.disagreements.jsonl")
    assert [(one["id"], one["label"]) for one in doubts] == [("s1", "refuse"), ("s3", None)]
    assert "1 of them undecided and left out; 1 task(s) without annotation" in capsys.readouterr().out


def test_an_adjudicator_decides_and_is_no_pass(tmp_path):
    tasks = annotate(
        exported(tmp_path, scored_records(3)),
        {
            ANNOTATORS[0]: ["open", "refuse", "none"],
            ANNOTATORS[1]: ["resist", "refuse", "none"],
            ANNOTATORS[2]: ["conditional", None, None],
        },
    )
    gold = read_gold(imported(tmp_path, tasks, "--adjudicator", ANNOTATORS[2]), AXIS)
    assert gold.labels == ["conditional", "refuse", "none"]
    assert gold.annotators == ["ann", "ben"]


def test_who_saw_the_models_label_is_machine_assisted(tmp_path):
    records = [{**one, "sampling": "random" if row < 4 else "uncertain"} for row, one in enumerate(scored_records(8))]
    labels = ["open", "refuse", "none", "neutral"] * 2
    tasks = annotate(exported(tmp_path, records), dict.fromkeys(ANNOTATORS[:2], labels))
    people = as_people(*ANNOTATORS[:2])
    helped = read_gold(imported(tmp_path, tasks, *people), AXIS)
    assert [helped.metadata.annotator(name).kind for name in helped.annotators] == ["machine_assisted"] * 2
    blind = read_gold(imported(tmp_path, tasks, *people, "--sampling", "random", name="blind"), AXIS)
    assert len(blind.units) == 4
    assert [blind.metadata.annotator(name).kind for name in blind.annotators] == ["independent_person"] * 2


def test_blind_passes_from_a_project_each_come_together(tmp_path, capsys):
    tasks = exported(tmp_path, scored_records(3))
    paths = []
    for who, labels in zip(ANNOTATORS[:2], (["open", "refuse", "none"], ["open", "resist", "none"]), strict=True):
        paths.append(tmp_path / f"{who}.json")
        paths[-1].write_text(json.dumps(annotate(json.loads(json.dumps(tasks)), {who: labels})), encoding="utf-8")
    out = tmp_path / "gold.jsonl"
    assert main(["label", "import", *map(str, paths), "--out", str(out)]) == 0
    assert read_gold(out, AXIS).units[0].passes == {"ann": "open", "ben": "open"}
    assert [one["id"] for one in lines(tmp_path / "gold.disagreements.jsonl")] == ["s1"]
    paths[1].write_text(paths[1].read_text(encoding="utf-8").replace("Statement 2", "Sentence 2"), encoding="utf-8")
    assert main(["label", "import", *map(str, paths), "--out", str(tmp_path / "other.jsonl")]) == 2
    assert "task 3: the id 's2' has another 'text' in another export" in capsys.readouterr().err


def test_people_label_the_shipped_gold_anew(tmp_path, capsys):
    shipped = read_gold(SEED_GOLD, AXIS)
    tasks = exported(tmp_path, [unit.fields for unit in shipped.units], "--preannotate", "all")
    # Neither the labels of the gold nor its passes may be seen by the new annotators.
    assert not any("predictions" in task for task in tasks)
    assert not any(name.startswith("label") for task in tasks for name in task["data"]["record"])
    labels = [unit.label for unit in shipped.units]
    other = ["none", *labels[1:-1], None]
    export = annotate(tasks, {ANNOTATORS[0]: labels, ANNOTATORS[1]: other})
    more = [*as_people(*ANNOTATORS[:2]), "--add-to", str(SEED_GOLD)]
    gold = read_gold(imported(tmp_path, export, *more), AXIS)
    assert gold.labels == shipped.labels
    assert gold.annotators == ["a", "ann", "b", "ben"]
    assert gold.metadata.scope == shipped.metadata.scope
    kinds = {name: gold.metadata.annotator(name).kind for name in gold.annotators}
    assert kinds == {
        "a": "machine_assisted",
        "b": "machine_assisted",
        "ann": "independent_person",
        "ben": "independent_person",
    }
    export[4]["data"]["text"] += " And more."
    (tmp_path / "export.json").write_text(json.dumps(export), encoding="utf-8")
    arguments = ["label", "import", str(tmp_path / "export.json"), "--out", str(tmp_path / "other.jsonl"), *more]
    assert main(arguments) == 2
    assert "seed_article.jsonl:5: the field 'text' of 'g005' differs" in capsys.readouterr().err
    taken = ["label", "import", str(tmp_path / "export.json"), "--out", str(tmp_path / "o.jsonl"), "--add-to"]
    assert main([*taken, str(SEED_GOLD), "--annotator", f"{ANNOTATORS[0]}=a"]) == 2
    assert "has a pass 'a' already" in capsys.readouterr().err


def test_hand_labels_are_not_overwritten(tmp_path, capsys):
    tasks = annotate(exported(tmp_path, scored_records(2)), {ANNOTATORS[0]: ["open", "none"]})
    out = imported(tmp_path, tasks)
    before = out.read_bytes()
    assert main(["label", "import", str(tmp_path / "export.json"), "--out", str(out)]) == 2
    assert "hand labels are not overwritten" in capsys.readouterr().err
    assert out.read_bytes() == before


def broken(change) -> list[dict]:
    tasks = [{"data": {"id": f"s{row}", "text": f"Text {row}", "record": {}}} for row in range(2)]
    tasks = annotate(tasks, {ANNOTATORS[0]: ["open", "none"], "ann@elsewhere.org": ["open", "none"]})
    change(tasks)
    return tasks


@pytest.mark.parametrize(
    ("change", "arguments", "fault"),
    [
        (lambda tasks: tasks[1].pop("annotations"), [], "task 2: the field 'annotations' or 'data' is missing"),
        (lambda tasks: tasks[1]["data"].pop("id"), ["--annotator", "ann@elsewhere.org=x"], "task 2: the field 'id'"),
        (lambda tasks: tasks[1]["data"].update(id="s0"), ["--annotator", "ann@elsewhere.org=x"],
         "task 2: the id 's0' stands already in task 1"),
        (lambda tasks: tasks[0]["annotations"][0]["result"][0]["value"].update(choices=["hostile"]),
         ["--annotator", "ann@elsewhere.org=x"], "task 1: the field 'stance' of ann@example.org is 'hostile'"),
        (lambda tasks: tasks[0]["annotations"][0].update(result=[]), ["--annotator", "ann@elsewhere.org=x"],
         "holds 0 choices instead of one"),
        (lambda tasks: None, [], "would both be called 'ann'"),
        (lambda tasks: None, ["--annotator", "zoe@example.org=zoe"], "no annotation by 'zoe@example.org'"),
        (lambda tasks: None, ["--annotator", "ann@elsewhere.org=x:expert"], "kind 'expert' is not one of"),
    ],
)  # fmt: skip
def test_bad_exports(tmp_path, capsys, change, arguments, fault):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(broken(change)), encoding="utf-8")
    if fault.startswith("no annotation"):
        arguments = [*arguments, "--annotator", "ann@elsewhere.org=other"]
    assert main(["label", "import", str(path), "--out", str(tmp_path / "gold.jsonl"), *arguments]) == 2
    message = capsys.readouterr().err
    assert fault in message
    assert message.count("\n") == 1
    assert not (tmp_path / "gold.jsonl").exists()


# Over the API of a real server


class Server:
    """A running Label Studio and the tokens of its users."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.rstrip("/"), token

    def call(self, method: str, path: str, content: object = None, token: str = "") -> object:
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Authorization": f"Token {token or self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The server at DETENTE_LABEL_STUDIO_URL (with its token), or one started from DETENTE_LABEL_STUDIO_VENV."""
    if url := os.environ.get("DETENTE_LABEL_STUDIO_URL"):
        yield Server(url, os.environ["DETENTE_LABEL_STUDIO_TOKEN"])
        return
    program = Path(os.environ.get("DETENTE_LABEL_STUDIO_VENV", "/nowhere")) / "bin" / "label-studio"
    if not program.is_file():
        pytest.skip("set DETENTE_LABEL_STUDIO_URL and _TOKEN, or DETENTE_LABEL_STUDIO_VENV")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(20)
    settings = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path_factory.mktemp("label-studio")),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
    }
    process = subprocess.Popen(
        [program, "start", "--no-browser", "--port", str(port), "--internal-host", "127.0.0.1",
         "--username", ANNOTATORS[0], "--password", secrets.token_hex(8), "--user-token", token],
        env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    running = Server(f"http://127.0.0.1:{port}", token)
    deadline = time.monotonic() + 400
    try:
        while True:
            try:
                running.call("GET", "/api/projects/")
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert process.poll() is None, "Label Studio ended while it started"
                assert time.monotonic() < deadline, "Label Studio did not answer"
                time.sleep(2)
        yield running
    finally:
        process.terminate()
        process.wait(30)


def test_round_trip_over_a_real_server(server, tmp_path):
    records = [{**one, "sampling": "random" if row < 8 else "uncertain"} for row, one in enumerate(scored_records(12))]
    tasks = exported(tmp_path, records)
    config = (tmp_path / "config.xml").read_text(encoding="utf-8")
    project = server.call("POST", "/api/projects/", {"title": "detente test", "label_config": config})
    path = f"/api/projects/{project['id']}"
    answer = server.call("POST", f"{path}/import", tasks)
    assert (answer["task_count"], answer["prediction_count"]) == (12, 4)
    listed = server.call("GET", f"/api/tasks?project={project['id']}&fields=all&page_size=50")["tasks"]
    # A second account of the same organisation annotates too.
    second = server.call("POST", "/api/users/", {"email": ANNOTATORS[1], "username": "ben", "password": "long-pass-22"})
    chosen = {}
    for place, task in enumerate(sorted(listed, key=lambda one: one["id"])):
        unit = task["data"]["id"]
        chosen[unit] = (AXIS.names[place % 6], AXIS.names[(place + (place == 3)) % 6])
        for label, who in zip(chosen[unit], (None, second["id"]), strict=True):
            result = [{"from_name": CHOICES, "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
            annotation = {"result": result} | ({} if who is None else {"completed_by": who})
            server.call("POST", f"/api/tasks/{task['id']}/annotations/", annotation)
    export = server.call("GET", f"{path}/export?exportType=JSON")
    who = {annotation["completed_by"] for task in export for annotation in task["annotations"]}
    assert len(who) == 2
    first = next(one for one in who if one != second["id"])
    names = ["--annotator", f"{first}=ann:independent_person", "--annotator", f"{second['id']}=ben:independent_person"]
    gold = read_gold(imported(tmp_path, export, *names, "--sampling", "random"), AXIS)
    assert {unit.id: (unit.passes["ann"], unit.passes["ben"]) for unit in gold.units} == {
        unit: labels for unit, labels in chosen.items() if unit != "s3" and int(unit[1:]) < 8
    }
    assert [one["id"] for one in lines(tmp_path / "gold.disagreements.jsonl")] == ["s3"]
    statement = gold.units[0].statement
    assert statement.text == records[0]["text"]
    assert (statement.holder, gold.units[0].fields["cluster"]) == ("Beland", "doc0")
    assert {gold.metadata.annotator(name).kind for name in ("ann", "ben")} == {"independent_person"}
