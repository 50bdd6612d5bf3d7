"""The service's answers, as TEI, as Hugging Face and our own: the forms are theirs, the numbers the classifier's."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tokenizers import Tokenizer

from models.axis import load_axis
from models.classifier import StanceClassifier
from models.statement import Statement
from serve.http_app import create_app
from serve.model_slot import ModelSlot
from serve.settings import ServiceSettings
from serve.truncation import cut

TEXT = "If they lift the sanctions, we will come back to the table."
OTHER = "There is nothing to discuss with them."
LONG = "We are ready to sit down with them tomorrow. " * 60


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(ServiceSettings(threads=1, max_items=16, max_text_chars=5_000), ModelSlot(threads=1))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def by_label(predictions: list[dict[str, Any]]) -> dict[str, float]:
    return {one["label"]: one["score"] for one in predictions}


def stance(classifier: StanceClassifier, text: str, holder: str = "", counterpart: str = "") -> dict[str, float]:
    return classifier.classify([Statement(text=text, holder=holder, counterpart=counterpart)])[0].by_label


# --- text-embeddings-inference


@pytest.mark.parametrize(
    ("inputs", "pairs"),
    [
        (TEXT, [(TEXT,)]),
        ([TEXT], [(TEXT,)]),
        ([TEXT, "Iran -> United States"], [(TEXT, "Iran", "United States")]),
        ([[TEXT]], [(TEXT,)]),
        ([[TEXT], [OTHER, "the union->"], [OTHER]], [(TEXT,), (OTHER, "the union"), (OTHER,)]),
    ],
)
def test_predict_takes_the_forms_of_tei_and_gives_flat_or_nested_lists(
    client: TestClient, classifier: StanceClassifier, inputs: Any, pairs: list[tuple[str, ...]]
) -> None:
    answer = client.post("/predict", json={"inputs": inputs})
    assert answer.status_code == 200
    nested = isinstance(inputs, list) and isinstance(inputs[0], list)
    found = answer.json() if nested else [answer.json()]
    assert [by_label(one) for one in found] == [stance(classifier, *pair) for pair in pairs]
    for one in found:
        assert [p["score"] for p in one] == sorted((p["score"] for p in one), reverse=True)
    assert answer.headers["x-model"] == classifier.bundle.version
    assert int(answer.headers["x-compute-tokens"]) > 5


UNUSABLE: list[Any] = [
    *([], [TEXT, OTHER, TEXT], [[]], [[TEXT, OTHER, TEXT]], [[TEXT], TEXT], [TEXT, [OTHER]], [[TEXT], []], [[5]], [5]),
    *(5, None, True, {"text": TEXT}, "", " \n ", ["\t", "a -> b"], "a\0b", [TEXT, "a\0 -> b"], [[TEXT], [" "]]),
]


@pytest.mark.parametrize("inputs", UNUSABLE)
def test_predict_refuses_other_forms_as_tei_does(client: TestClient, inputs: Any) -> None:
    answer = client.post("/predict", json={"inputs": inputs})
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "error_type"}
    assert answer.json()["error_type"] == "Validation"


def test_raw_scores_are_the_logits_of_the_model(client: TestClient, classifier: StanceClassifier) -> None:
    answer = client.post("/predict", json={"inputs": TEXT, "raw_scores": True}).json()
    expected = dict(zip(classifier.bundle.axis.names, classifier.logits([Statement(text=TEXT)])[0], strict=True))
    assert by_label(answer) == expected


def test_a_long_text_is_read_whole_cut_or_refused_as_asked(client: TestClient, classifier: StanceClassifier) -> None:
    def scores(**more: Any) -> dict[str, float]:
        return by_label(client.post("/predict", json={"inputs": LONG + OTHER, **more}).json())

    assert scores() == stance(classifier, LONG + OTHER)
    assert scores(truncate=True) == scores(truncate=True, truncation_direction="right")
    right, left = scores(truncate=True), scores(truncate=True, truncation_direction="Left")
    assert len({json.dumps(one) for one in (scores(), right, left)}) == 3
    answer = client.post("/predict", json={"inputs": LONG, "truncate": False})
    assert answer.status_code == 422
    assert "must have less than 192 tokens" in answer.json()["error"]
    assert client.post("/predict", json={"inputs": TEXT, "truncate": False}).status_code == 200


@given(st.integers(1, 900), st.sampled_from(["", "the union -> the port"]), st.sampled_from(["left", "right"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cutting_keeps_the_tokens_that_the_tokenizer_would_keep(
    classifier: StanceClassifier, words: int, second: str, direction: Any
) -> None:
    text = " ".join(f"unprecedented{number}" if number % 7 else "talks" for number in range(words))
    holder, _, counterpart = second.partition(" -> ")
    windows = classifier.encode([Statement(text=text, holder=holder, counterpart=counterpart)])[0]
    tokenizer = Tokenizer.from_file(str(classifier.bundle.checkpoint / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(classifier.bundle.max_length, strategy="only_first", direction=direction)
    expected = tokenizer.encode(text, second) if second else tokenizer.encode(text)
    (row,) = cut(windows, direction)
    assert (list(row.ids), list(row.segments)) == (expected.ids, expected.type_ids)


def test_a_batch_beyond_the_limit_is_refused_in_teis_words(client: TestClient) -> None:
    answer = client.post("/predict", json={"inputs": [[TEXT]] * 17})
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "batch size 17 > maximum allowed batch size 16",
        "error_type": "Validation",
    }
    assert len(client.post("/predict", json={"inputs": [[TEXT]] * 16}).json()) == 16


def test_info_says_what_tei_says_of_a_classifier(client: TestClient, classifier: StanceClassifier) -> None:
    info = client.get("/info").json()
    names = (
        "model_id model_sha model_dtype served_model_name model_type max_concurrent_requests max_input_length "
        "max_batch_tokens max_batch_requests max_client_batch_size auto_truncate tokenization_workers version sha "
        "docker_label"
    )
    assert set(info) == set(names.split())
    labels = info["model_type"]["classifier"]
    assert tuple(labels["id2label"][str(place)] for place in range(6)) == classifier.bundle.axis.names
    assert labels["label2id"] == {name: int(place) for place, name in labels["id2label"].items()}
    assert info["model_sha"] == classifier.bundle.content_hash
    assert info["max_input_length"] == 192


def test_metrics_count_what_was_asked(client: TestClient) -> None:
    def value(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    single, statements = value('te_request_count{method="single"}'), value("detente_statements_total")
    failures = value('te_request_failure{err="validation"}')
    client.post("/predict", json={"inputs": TEXT})
    client.post("/predict", json={"inputs": [[TEXT], [OTHER]]})
    client.post("/predict", json={"inputs": [[TEXT]] * 17})
    assert value('te_request_count{method="single"}') == single + 1
    assert value('te_request_failure{err="validation"}') == failures + 1
    assert value("detente_statements_total") == statements + 3
    assert value("te_queue_size") == 0
    shares = value("detente_label_share{")
    assert shares == pytest.approx(1)
    assert value("detente_label_share_expected{") == pytest.approx(1)
    assert 0 < value("detente_label_mix_drift") <= 1
    assert value('detente_model{version="negotiation') == 1


# --- Hugging Face


def test_the_root_answers_a_list_for_each_input(client: TestClient, classifier: StanceClassifier) -> None:
    answer = client.post("/", json={"inputs": TEXT}).json()
    assert [by_label(one) for one in answer] == [stance(classifier, TEXT)]
    pair = {"text": TEXT, "text_pair": "Iran -> United States"}
    answer = client.post("/", json={"inputs": [pair, OTHER], "parameters": {"top_k": 2}}).json()
    assert [len(one) for one in answer] == [2, 2]
    assert answer[0][0]["score"] == max(stance(classifier, TEXT, "Iran", "United States").values())


def test_functions_to_apply(client: TestClient) -> None:
    def scores(function: str | None) -> np.ndarray:
        parameters = {"function_to_apply": function} if function else {}
        found = by_label(client.post("/", json={"inputs": TEXT, "parameters": parameters}).json()[0])
        return np.array([found[label] for label in load_axis().names])

    np.testing.assert_allclose(scores("sigmoid"), 1 / (1 + np.exp(-scores("none"))))
    np.testing.assert_array_equal(scores("softmax"), scores(None))
    assert scores("softmax").sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": TEXT, "parameters": {"top_k": 0}},
        {"inputs": TEXT, "parameters": {"top_k": "2"}},
        {"inputs": TEXT, "parameters": {"function_to_apply": "relu"}},
        {"inputs": TEXT, "parameters": []},
        {"inputs": []},
        {"inputs": {"text_pair": TEXT}},
        {},
        [],
    ],
)
def test_the_root_refuses_what_it_cannot_use(client: TestClient, body: Any) -> None:
    answer = client.post("/", json=body)
    assert answer.status_code == 422
    assert answer.json()["error_type"] == "Validation"


# --- our own


def test_stance_gives_the_fields_of_score_in_order_and_an_error_to_each_bad_item(
    client: TestClient, classifier: StanceClassifier
) -> None:
    items: list[Any] = [
        {"id": 1, "text": TEXT, "holder": "Iran", "counterpart": "United States", "date": "2024", "more": [1]},
        {"id": "b", "text": " "},
        "no object",
        {"text": 5, "id": 3},
        {"text": OTHER, "holder": ["a"]},
        {"text": "x" * 5_001},
        {"text": LONG},
        {"text": "a\0b"},
        {"text": OTHER, "id": {"deep": 1}},
        {"text": OTHER, "id": 1e308},
        {"text": OTHER, "id": True},
    ]
    body = client.post("/v1/stance", json={"statements": items}).json()
    assert body["axis"] == "negotiation"
    results = body["results"]
    assert [one["error"] is None for one in results] == [True, *[False] * 5, True, *[False] * 4]
    assert [one["id"] for one in results] == [1, "b", None, 3, *[None] * 7]
    assert {one["model"] for one in results} == {body["model"]} == {classifier.bundle.version}
    first, long = results[0], results[6]
    expected = classifier.classify([Statement(text=TEXT, holder="Iran", counterpart="United States")])[0]
    assert first["probabilities"] == {label: round(p, 6) for label, p in expected.by_label.items()}
    assert (first["label"], first["abstain"], first["truncated"]) == (expected.label, expected.abstain, False)
    assert first["score"] == round(expected.score, 6)
    assert long["truncated"] is True
    for one in results:
        if one["error"]:
            assert {one[name] for name in ("label", "score", "confidence", "abstain", "truncated")} == {None}
            assert one["probabilities"] is None
            assert "\n" not in one["error"]


def test_lone_surrogates_are_an_error_of_their_item(client: TestClient) -> None:
    items = (
        r'{"text": "talk \ud800"}, {"text": "talk", "id": "\udfff"}, {"text": "talk", "id": "\ud83d\ude00"}, '
        r'{"text": "talk", "holder": "\udc00"}'
    )
    body = f'{{"statements": [{items}]}}'.encode()
    answer = client.post("/v1/stance", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert [bool(one["error"]) for one in answer.json()["results"]] == [True, True, False, True]
    assert answer.json()["results"][2]["id"] == "😀"


def test_stance_as_a_whole_is_refused_only_where_nothing_can_be_said(client: TestClient) -> None:
    assert client.post("/v1/stance", json={"statements": [{"text": TEXT}] * 17}).status_code == 413
    for body in ({"statements": []}, {"statements": {"text": TEXT}}, {}, [], "x"):
        assert client.post("/v1/stance", json=body).status_code == 422
    answer = client.post("/v1/stance", json={"statements": [{"text": ""}]})
    assert answer.status_code == 200


def test_read_gives_statements_with_code_point_offsets(client: TestClient, classifier: StanceClassifier) -> None:
    article = (
        "🕊️ “We will sit down with the Finns whenever they like,” said President Ödön Ångström of Åland.\r\n\r\n"
        "The talks lasted three days."
    )
    body = client.post("/v1/read", json={"article": article, "source": "a paper", "date": "2024-05-14"}).json()
    assert body["statements"]
    for one in body["statements"]:
        assert article[one["start"] : one["end"]] == one["text"]
        assert (one["source"], one["date"]) == ("a paper", "2024-05-14")
        again = classifier.classify(
            [Statement(text=one["text"], holder=one["holder"] or "", counterpart=one["counterpart"] or "")]
        )[0]
        assert one["label"] == again.label
        assert one["confidence"] == round(again.confidence, 6)


@pytest.mark.parametrize("article", ["", " ", "Heading", "a\0b said no.", "\ud800 said no.", "\ufeff", "x" * 100_001])
def test_read_refuses_what_is_no_article(client: TestClient, article: str) -> None:
    answer = client.post(
        "/v1/read", content=json.dumps({"article": article}), headers={"content-type": "application/json"}
    )
    assert answer.status_code in (413, 422)
    assert set(answer.json()) == {"error", "error_type"}


def test_a_byte_order_mark_does_not_move_the_offsets(client: TestClient) -> None:
    article = "\ufeffThe minister said: “We will never talk to them.”"
    for one in client.post("/v1/read", json={"article": article}).json()["statements"]:
        assert article[one["start"] : one["end"]] == one["text"]


def test_the_axis_is_the_one_of_the_model(client: TestClient) -> None:
    body = client.get("/v1/axis").json()
    axis = load_axis()
    assert [(one["name"], one["value"], one["definition"]) for one in body["labels"]] == [
        (label.name, label.value, label.definition) for label in axis.all_labels
    ]
    assert body["labels"][-1]["value"] is None
    assert body["warm_end"] == axis.warm_end


# --- all


def test_health_and_request_ids(client: TestClient) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert client.get(path).status_code == 200
    given = client.get("/health", headers={"x-request-id": "run-7.a:1_b"})
    assert given.headers["x-request-id"] == "run-7.a:1_b"
    for odd in ('a"b', "a b", "x" * 129):
        made = client.get("/health", headers={"x-request-id": odd}).headers["x-request-id"]
        assert made != odd
        assert len(made) == 32


def test_every_operation_has_an_example_or_takes_nothing(app: FastAPI) -> None:
    schema = app.openapi()
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                assert schema["components"]["schemas"][reference.rpartition("/")[2]]["examples"], path


def test_examples_of_the_openapi_are_answered(app: FastAPI, client: TestClient) -> None:
    schema = app.openapi()
    asked = 0
    for path, operations in schema["paths"].items():
        if "post" in operations:
            name = operations["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            for example in schema["components"]["schemas"][name]["examples"]:
                assert client.post(path, json=example).status_code == 200, (path, example)
                asked += 1
    assert asked >= 7
