"""The running service: real clients over real sockets, an orderly end, hot swaps under load, hostile connections."""

import gzip
import json
import queue
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_service import RunningService, parsed, post, read_all, running_service
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from models.bundle import open_bundle, released_path, write_manifest
from models.classifier import StanceClassifier
from models.statement import Statement

TEXT = "If they lift the sanctions, we will come back to the table."
BODY = json.dumps({"inputs": TEXT}).encode()


@pytest.fixture(scope="module")
def service() -> Iterator[RunningService]:
    with running_service("--read-timeout", "0.5", "--max-connections", "40", "--max-body-bytes", "100000") as running:
        yield running
        assert httpx2.get(running.url + "/health/live").status_code == 200
        assert all(line["status"] < 500 for line in running.log_lines if line["event"] == "request")
        assert not [line for line in running.log_lines if line["level"] == "error"]
        assert "sanctions" not in json.dumps(running.log_lines)


# --- clients


def test_the_client_of_hugging_face_gets_what_the_classifier_says(
    service: RunningService, classifier: StanceClassifier
) -> None:
    expected = classifier.classify([Statement(text=TEXT)])[0].by_label
    for client in (InferenceClient(base_url=service.url), InferenceClient(model=service.url + "/")):
        found = client.text_classification(TEXT)
        assert {one.label: one.score for one in found} == expected
        assert [one.label for one in client.text_classification(TEXT, top_k=2)] == [one.label for one in found[:2]]
        raw = client.text_classification(TEXT, function_to_apply="none")
        assert max(one.score for one in raw) > 1
    with pytest.raises(HfHubHTTPError) as refused:
        InferenceClient(base_url=service.url).text_classification(" ")
    assert refused.value.response.status_code == 422


def test_a_token_is_asked_for_everywhere_but_at_the_health_routes() -> None:
    with running_service(DETENTE_TOKEN="s3cret-token") as running:
        for path in ("/health", "/health/live", "/health/ready"):
            assert httpx2.get(running.url + path).status_code == 200
        for method, path in (("GET", "/info"), ("GET", "/metrics"), ("GET", "/openapi.json"), ("POST", "/predict")):
            for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret-token"}):
                answer = httpx2.request(method, running.url + path, json={"inputs": TEXT}, headers=header)
                assert answer.status_code == 401
                assert answer.json()["error_type"] == "Unauthorized"
                assert answer.headers["www-authenticate"] == "Bearer"
        token = {"Authorization": "Bearer s3cret-token"}
        schema = httpx2.get(running.url + "/openapi.json", headers=token).json()
        assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        assert schema["paths"]["/health"]["get"]["security"] == []
        authorized = InferenceClient(base_url=running.url, token="s3cret-token")
        assert len(authorized.text_classification(TEXT)) == 6
        with pytest.raises(HfHubHTTPError):
            InferenceClient(base_url=running.url, token="other").text_classification(TEXT)
        assert "s3cret" not in json.dumps(running.log_lines)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_openapi_is_kept_for_what_schemathesis_thinks_of(service: RunningService, data: Any) -> None:
    """A few cases; `make fuzz-service` runs ten thousand."""
    schema = schemathesis.openapi.from_dict(httpx2.get(service.url + "/openapi.json").json())
    operations = [one.ok() for one in schema.get_all_operations()]
    case = data.draw(data.draw(st.sampled_from(operations)).as_strategy())
    # No schema can say that an article without a sentence is refused; GET / is the page.
    case.call_and_validate(
        base_url=service.url, excluded_checks=[positive_data_acceptance, unsupported_method], timeout=60
    )


# --- the end


def test_sigterm_turns_readiness_off_first_finishes_what_was_taken_and_exits_0() -> None:
    with running_service("--drain-delay", "1", "--shutdown-timeout", "60") as running:
        answers: list[int] = []

        def ask(number: int) -> None:
            statements = [[f"{TEXT} ({number})"]] * 30
            answers.append(httpx2.post(running.url + "/predict", json={"inputs": statements}, timeout=60).status_code)

        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(ask, number) for number in range(8)]
            until(lambda: metric(running, "detente_requests_in_flight") >= 4)
            running.process.send_signal(signal.SIGTERM)
            running.wait_for("stopping")
            ready = httpx2.get(running.url + "/health/ready")
            assert (ready.status_code, ready.json()["error_type"]) == (503, "Unhealthy")
            assert httpx2.get(running.url + "/health/live").status_code == 200
            for one in asked:
                one.result()
        assert answers == [200] * 8
        assert running.stop() == 0
        assert running.wait_for("stopped")["unfinished"] == 0
        with pytest.raises(ConnectionRefusedError):
            running.connect()


def test_the_end_is_bounded_though_a_client_dawdles() -> None:
    flags = ("--drain-delay", "0", "--shutdown-timeout", "1", "--read-timeout", "60")
    with running_service(*flags) as running, running.connect() as idle, running.connect() as slow:
        slow.sendall(post(BODY)[:-5])
        idle.sendall(b"GET /health HT")
        until(lambda: metric(running, "detente_requests_in_flight") >= 1)
        assert running.stop() == 0
        status, _, body = parsed(read_all(slow))
        assert (status, body["error_type"]) == (503, "Unhealthy")


def test_a_port_in_use_is_one_line_and_exit_2(service: RunningService) -> None:
    command = [sys.executable, "-m", "detente", "serve", "--port", str(service.address[1])]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("detente serve: cannot listen on 127.0.0.1:")
    assert run.stderr.count("\n") == 1


# --- hot swap


def copied_bundle(registry: Path, version: str, *, temperature: float) -> Path:
    """The released bundle under another version and with another calibration, so that its answers differ."""
    source = open_bundle(released_path())
    target = registry / version
    shutil.copytree(source.path, target)
    calibration = json.loads((target / "calibration.json").read_text(encoding="utf-8"))
    calibration["temperature"] = temperature
    (target / "calibration.json").write_text(json.dumps(calibration), encoding="utf-8")
    (target / "manifest.json").unlink()
    write_manifest(target, version=version, axis=source.axis, max_length=source.max_length, origin={})
    return target


def promote(registry: Path, version: str) -> None:
    with (registry / "history.jsonl").open("a", encoding="utf-8") as history:
        history.write(json.dumps({"axis": "negotiation", "version": version}) + "\n")


def test_a_promotion_swaps_the_model_without_dropping_or_mixing_a_request_and_back(tmp_path: Path) -> None:
    expected = {}
    for version, temperature in (("negotiation-1.0.0", 1.0), ("negotiation-2.0.0", 3.0)):
        path = copied_bundle(tmp_path, version, temperature=temperature)
        expected[version] = StanceClassifier.load(path).classify([Statement(text=TEXT)])[0].by_label
    promote(tmp_path, "negotiation-1.0.0")
    seen: list[str] = []
    ended = threading.Event()

    def ask(url: str) -> None:
        with httpx2.Client(timeout=60) as client:
            while not ended.is_set():
                answer = client.post(url + "/predict", json={"inputs": [[TEXT]] * 3})
                assert answer.status_code == 200
                version = answer.headers["x-model"]
                for predictions in answer.json():
                    assert {one["label"]: one["score"] for one in predictions} == expected[version]
                seen.append(version)

    with running_service("--registry", str(tmp_path), "--swap-check", "0.05") as running:
        with ThreadPoolExecutor(4) as threads:
            asked = [threads.submit(ask, running.url) for _ in range(4)]
            try:
                for version in ("negotiation-2.0.0", "negotiation-1.0.0"):
                    promote(tmp_path, version)
                    assert running.wait_for("model swapped")["new"] == version
                    before = len(seen)
                    while len(seen) < before + 8 and not any(one.done() for one in asked):
                        time.sleep(0.01)
                # A bundle that is not whole is named in the log; the served one stays.
                (tmp_path / "negotiation-2.0.0" / "calibration.json").write_text("{}", encoding="utf-8")
                promote(tmp_path, "negotiation-2.0.0")
                assert "does not match the manifest" in running.wait_for("model not swapped")["reason"]
                assert httpx2.get(running.url + "/info").json()["model_id"] == "negotiation-1.0.0"
            finally:
                ended.set()
            for one in asked:
                one.result()
        swaps = [
            line for line in httpx2.get(running.url + "/metrics").text.splitlines() if "model_swaps_total{" in line
        ]
    assert set(seen) == set(expected)
    assert sorted(swaps) == [
        'detente_model_swaps_total{outcome="refused"} 1.0',
        'detente_model_swaps_total{outcome="swapped"} 2.0',
    ]


# --- telemetry


def test_spans_go_to_the_collector_that_is_named_and_hold_no_text() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    received: queue.Queue[bytes] = queue.Queue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{collector.server_port}/v1/traces"}
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        with running_service("--telemetry", **endpoint, OTEL_BSP_SCHEDULE_DELAY="50") as running:
            parent = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
            assert httpx2.post(running.url + "/predict", json={"inputs": TEXT}, headers=parent).status_code == 200
            body = received.get(timeout=60)
        collector.shutdown()
    assert b"sanctions" not in body
    (span,) = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    attributes = {one.key: one.value for one in span.attributes}
    assert span.trace_id.hex() == trace_id
    assert attributes["http.route"].string_value == "/predict"
    assert attributes["http.response.status_code"].int_value == 200


# --- hostile connections


def test_a_head_without_end_and_a_head_in_drops_are_cut_off(service: RunningService) -> None:
    status, _, body = parsed(service.exchange(b"GET / HTTP/1.1\r\n" + b"X-A: " + b"a" * 400_000))
    assert (status, body["error_type"]) == (431, "Validation")
    with service.connect() as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: te")
        status, headers, body = parsed(read_all(slow))
    assert (status, body["error_type"], headers["connection"]) == (408, "Timeout", "close")
    with service.connect() as silent:
        assert read_all(silent) == b""


def test_a_body_in_drops_is_cut_off(service: RunningService) -> None:
    with service.connect() as slow:
        slow.sendall(post(BODY)[:-10])
        status, _, body = parsed(read_all(slow))
    assert (status, body["error_type"]) == (408, "Timeout")


def test_many_silent_connections_leave_room_for_others_after_their_time(service: RunningService) -> None:
    silent = [service.connect() for _ in range(60)]
    refused = [one for one in silent if b"503" in peek(one)]
    assert len(refused) >= 15
    for one in silent:
        read_all(one)
        one.close()
    assert parsed(service.exchange(post(BODY)))[0] == 200


def peek(connection: socket.socket) -> bytes:
    connection.settimeout(0.05)
    try:
        return connection.recv(200, socket.MSG_PEEK)
    except TimeoutError:
        return b""
    finally:
        connection.settimeout(60)


def test_a_hundred_megabytes_are_refused_by_length_and_in_chunks(service: RunningService) -> None:
    status, _, body = parsed(service.exchange(post(b"", "/predict").replace(b"Length: 0", b"Length: 104857600")))
    assert (status, body["error_type"]) == (413, "Validation")
    with service.connect() as connection:
        head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
        connection.sendall(head)
        try:
            for _ in range(1600):
                connection.sendall(chunk)
        except OSError:
            pass  # it has answered and closed before all was sent
        answer = read_all(connection)
    assert not answer or parsed(answer)[0] == 413
    assert memory_of(service.process.pid) < 1_500_000


def memory_of(pid: int) -> int:
    """Resident kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\r\n\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_our_form(service: RunningService, data: bytes) -> None:
    answer = service.exchange(data)
    if answer:
        status, _, body = parsed(answer)
        assert 400 <= status < 500
        assert set(body) == {"error", "error_type"}


def test_pipelined_requests_are_answered_in_order(service: RunningService) -> None:
    one = post(BODY).replace(b"Connection: close\r\n", b"")
    bad = post(b'{"inputs": 5}').replace(b"Connection: close\r\n", b"")
    answers = service.exchange(one + bad + post(BODY))
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"422", b"200"]


def test_who_hangs_up_is_not_waited_for(service: RunningService) -> None:
    body = json.dumps({"inputs": [[TEXT * 6]] * 64}).encode()
    for _ in range(6):
        connection = service.connect()
        connection.sendall(post(body))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    until(lambda: metric(service, "detente_requests_in_flight") == 0)
    assert metric(service, "detente_client_disconnects_total") >= 1
    assert metric(service, "detente_queue_tokens") == 0


def until(true: Any) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def metric(service: RunningService, name: str) -> float:
    lines = httpx2.get(service.url + "/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])
