"""Bodies that mean harm: the right code, our error body, and a service that goes on; plus settings and logs."""

import argparse
import gzip
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from models.axis import load_axis
from models.errors import InputError
from models.stance import StanceDistribution
from serve.http_app import create_app
from serve.model_slot import ModelSlot, expected_mix
from serve.request_log import JsonLines
from serve.service_metrics import LabelMix, jensen_shannon
from serve.settings import ServiceSettings, add_flags, settings_from, variable

TEXT = "If they lift the sanctions, we will come back to the table."
POSTS = ("/", "/predict", "/v1/stance", "/v1/read")
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def slot() -> ModelSlot:
    return ModelSlot(threads=1)


@pytest.fixture(scope="module")
def app(slot: ModelSlot) -> FastAPI:
    return create_app(ServiceSettings(max_body_bytes=200_000, max_text_chars=2_000, max_article_chars=3_000), slot)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
        assert client.post("/predict", json={"inputs": TEXT}).status_code == 200


def refused(client: TestClient, path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    """The code, after a look at the error body."""
    answer = client.post(path, content=body, headers={**JSON, **(headers or {})})
    assert set(answer.json()) == {"error", "error_type"}
    assert "\n" not in answer.json()["error"]
    return answer.status_code


# --- bodies


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"", {422}),
        (b"{", {400}),
        (b"\x00" * 50, {400}),
        (b"\xff\xfe{\x00}\x00", {400, 422}),
        (b'{"inputs": "\xff\xff"}', {400}),
        (b"[" * 100_000, {400}),
        (b'{"inputs":' * 15_000 + b"1" + b"}" * 15_000, {400}),
        (b'{"inputs": ' + b"[" * 900 + b"]" * 900 + b', "statements": 1}', {422}),
        (b"9" * 100_000, {400, 422}),
        (b'{"inputs": 1e999, "statements": NaN, "article": -Infinity}', {422}),
        (b"null", {422}),
        (b"[]", {422}),
        (b'"text"', {422}),
        (b'{"inputs": "\\ud800", "article": "\\ud800", "statements": "\\ud800"}', {422}),
        (b'{"inputs": "a\\u0000b", "article": "a\\u0000b", "statements": {}}', {422}),
        (b"a" * 200_001, {413}),
        (json.dumps({"inputs": "a " * 1_100, "article": "a " * 2_000, "statements": []}).encode(), {413, 422}),
    ],
)
def test_a_body_that_cannot_be_used(client: TestClient, path: str, body: bytes, codes: set[int]) -> None:
    assert refused(client, path, body) in codes


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "x"])
def test_compressed_bodies_are_never_inflated(client: TestClient, encoding: str) -> None:
    bomb = gzip.compress(b'{"inputs": "' + b"a" * 50_000_000 + b'"}')
    assert len(bomb) < 100_000
    assert refused(client, "/predict", bomb, {"content-encoding": encoding}) == 415


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
def test_only_json_by_its_header(client: TestClient, kind: str) -> None:
    assert refused(client, "/predict", json.dumps({"inputs": TEXT}).encode(), {"content-type": kind}) == 415


@given(st.binary(max_size=300), st.sampled_from(POSTS))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(client: TestClient, body: bytes, path: str) -> None:
    assert 400 <= refused(client, path, body) < 500


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(POSTS),
    st.fixed_dictionaries(
        {},
        optional={
            "inputs": JSON_VALUES,
            "parameters": JSON_VALUES,
            "truncate": JSON_VALUES,
            "raw_scores": JSON_VALUES,
            "article": JSON_VALUES,
            "source": JSON_VALUES,
            "statements": JSON_VALUES | st.lists(st.fixed_dictionaries({"text": JSON_VALUES, "id": JSON_VALUES})),
        },
    ),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json(client: TestClient, path: str, body: Any) -> None:
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert answer.status_code < 500
    content = json.loads(answer.content, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    if answer.status_code != 200:
        assert set(content) == {"error", "error_type"}


# --- who may ask


def test_foreign_origins_are_told_nothing_unless_they_are_named(client: TestClient, slot: ModelSlot) -> None:
    asking = {"Origin": "http://elsewhere.test", "Access-Control-Request-Method": "POST"}
    answer = client.options("/predict", headers=asking)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]
    named = create_app(ServiceSettings(cors_origins="http://elsewhere.test", token="abc"), slot)
    with TestClient(named) as other:
        answer = other.options("/predict", headers=asking)
        assert answer.headers["access-control-allow-origin"] == "http://elsewhere.test"
        answer = other.options("/predict", headers={**asking, "Origin": "http://other.test"})
        assert "access-control-allow-origin" not in answer.headers
        assert other.post("/predict", json={"inputs": TEXT}).status_code == 401


def test_more_requests_than_permits_are_refused_with_a_time(slot: ModelSlot) -> None:
    app = create_app(ServiceSettings(max_concurrent_requests=1), slot)
    with TestClient(app) as client:
        app.state.service.in_flight = 1
        answer = client.post("/predict", json={"inputs": TEXT})
        assert (answer.status_code, answer.json()["error_type"]) == (429, "Overloaded")
        assert int(answer.headers["retry-after"]) >= 1
        assert app.state.service.in_flight == 1
        app.state.service.in_flight = 0
        assert client.post("/predict", json={"inputs": TEXT}).status_code == 200


def test_a_request_beyond_its_deadline_is_answered_503(slot: ModelSlot) -> None:
    app = create_app(ServiceSettings(deadline=0.05), slot)
    with TestClient(app) as client:
        answer = client.post("/v1/stance", json={"statements": [{"text": TEXT * 40}] * 128})
        assert (answer.status_code, answer.json()["error_type"]) == (503, "Overloaded")
        assert int(answer.headers["retry-after"]) >= 1
        assert app.state.service.batcher.waiting_tokens == 0


def test_a_draining_service_is_live_but_not_ready(slot: ModelSlot) -> None:
    app = create_app(ServiceSettings(), slot)
    with TestClient(app) as client:
        app.state.service.draining = True
        codes = [client.get(path).status_code for path in ("/health", "/health/ready", "/health/live")]
        assert codes == [503, 503, 200]
        assert client.post("/predict", json={"inputs": TEXT}).status_code == 200


def test_a_fault_of_ours_is_500_in_our_form_and_logged_without_its_message(
    slot: ModelSlot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(ServiceSettings(), slot)

    async def broken(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("a secret text")

    with TestClient(app, raise_server_exceptions=False) as client, caplog.at_level(logging.INFO, "detente.serve"):
        monkeypatch.setattr(app.state.service, "score", broken)
        answer = client.post("/predict", json={"inputs": TEXT})
        assert answer.status_code == 500
        assert set(answer.json()) == {"error", "error_type"}
    lines = [JsonLines().format(record) for record in caplog.records]
    assert "secret" not in "".join(lines)
    failed = next(json.loads(line) for line in lines if "request failed" in line)
    assert failed["exception"] == "RuntimeError"
    assert any("broken" in frame for frame in failed["where"])


# --- settings


def test_each_setting_is_a_flag_and_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="detente serve")
    add_flags(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    shown = capsys.readouterr().out
    for one in fields(ServiceSettings):
        assert "--" + one.name.replace("_", "-") in shown
        assert variable(one.name) in shown


def test_flags_beat_the_environment_and_that_beats_defaults() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    environment = {"DETENTE_PORT": "81", "DETENTE_MAX_ITEMS": " 7 ", "DETENTE_TELEMETRY": "Yes", "DETENTE_TOKEN": "t"}
    chosen = settings_from(parser.parse_args(["--port", "82"]), environment)
    assert (chosen.port, chosen.max_items, chosen.telemetry, chosen.token) == (82, 7, True, "t")
    assert (chosen.host, chosen.deadline) == ("127.0.0.1", 30.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65536"),
        ("MAX_ITEMS", "0"),
        ("DEADLINE", "nan"),
        ("TELEMETRY", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("TOKEN", "two words"),
        ("MAX_BODY_BYTES", "1.5"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=name.lower().replace("_", "[-_]") + "|" + name):
        settings_from(argparse.Namespace(), {f"DETENTE_{name}": value})


# --- drift


@given(st.lists(st.sampled_from(load_axis().names), min_size=1, max_size=60), st.integers(10, 40))
def test_the_label_mix_is_that_of_the_last_so_many(labels: list[str], window: int) -> None:
    mix = LabelMix(window)
    mix.restart(dict.fromkeys(load_axis().names, 1 / 6))
    for label in labels:
        mix.add(label)
    late = labels[-window:]
    for label in load_axis().names:
        assert mix.share(label) == pytest.approx(late.count(label) / len(late))
    assert 0 <= mix.drift <= 1


def test_drift_is_nothing_for_equal_and_one_bit_for_disjoint_mixes() -> None:
    assert jensen_shannon([0.2, 0.8], [0.2, 0.8]) == 0
    assert jensen_shannon([1, 0], [0, 1]) == 1
    assert jensen_shannon([0.5, 0.5, 0], [0.5, 0, 0.5]) == pytest.approx(0.5)
    assert math.isnan(LabelMix(10).drift)


def test_the_expected_mix_is_what_the_model_said_in_its_evaluation(slot: ModelSlot, tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    matrix = {"labels": ["a", "b"], "rows_gold_columns_predicted": [[3, 1], [2, 4]]}
    path.write_text(json.dumps({"small": {}, "one": {"confusion": matrix}, "note": "x"}), encoding="utf-8")
    assert expected_mix(path, ("a", "b")) == {"a": 0.5, "b": 0.5}
    assert expected_mix(path, ("a", "c")) == {}
    assert expected_mix(tmp_path / "none.json", ("a",)) == {}
    assert sum(slot.current.expected_mix.values()) == pytest.approx(1)


def test_abstentions_and_windows_are_counted(slot: ModelSlot) -> None:
    service = create_app(ServiceSettings(), slot).state.service
    axis = load_axis()
    probabilities = (1.0, *[0.0] * (len(axis.names) - 1))
    service.metrics.stance(StanceDistribution(axis=axis, probabilities=probabilities, abstain_below=0.5))
    service.metrics.stance(StanceDistribution(axis=axis, probabilities=(1 / 6,) * 6, abstain_below=0.5, truncated=True))
    text = service.metrics.text().decode()
    assert "detente_abstentions_total 1.0" in text
    assert "detente_windowed_statements_total 1.0" in text
    assert f'detente_label_share{{label="{axis.names[0]}"}} 1.0' in text
