"""Spans over TLS: a collector with a certificate of the test's own authority, and with ones that prove nothing."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import subprocess
import time
from email.message import Message
from pathlib import Path

import httpx
import pytest
from conftest import Server
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from receiver import Receiver

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]


def openssl(folder: Path, *args: str) -> None:
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> Path:
    openssl(folder, "req", "-x509", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
    return folder / f"{name}.crt"


def certificate(folder: Path, issuer: str, name: str, host: str) -> tuple[Path, Path]:
    files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
    signed = ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key", "-addext", f"subjectAltName={host}"]
    openssl(folder, "req", "-x509", *KEY, "-subj", f"/CN={name}", *signed, *files)
    return folder / f"{name}.crt", folder / f"{name}.key"


class TlsCollector:
    """`clients`: the authority that its clients must come from."""

    def __init__(self, files: tuple[Path, Path], clients: Path | None = None):
        self.posts: list[tuple[str, bytes]] = []
        self.headers: list[Message] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        self.receiver = Receiver(self._posted, tls=context)
        self.url = self.receiver.url

    def _posted(self, path: str, headers: Message, body: bytes) -> None:
        self.headers.append(headers)
        self.posts.append((path, gzip.decompress(body) if headers["content-encoding"] == "gzip" else body))

    def wait(self) -> tuple[str, bytes]:
        end = time.monotonic() + 20
        while not self.posts and time.monotonic() < end:
            time.sleep(0.05)
        assert self.posts, "nothing came"
        return self.posts[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority(folder, "ours")
    authority(folder, "theirs")
    return folder


@pytest.fixture
def collector(folder):
    collector = TlsCollector(certificate(folder, "ours", "good", "DNS:localhost,IP:127.0.0.1"))
    yield collector
    collector.receiver.server.shutdown()


def serve(tmp_path: Path, tracing: str, env: dict[str, str] | None = None) -> Server:
    return Server(tmp_path, config=f"tracing: {{interval_ms: 100, {tracing}}}", listeners=1, env=env)


def fail_once(server: Server) -> None:
    """A call that is kept."""
    headers = {"content-type": "image/png", "x-request-id": "over-tls"}
    assert httpx.post(f"{server.url}/api/v1/recognize", content=b"x", headers=headers).status_code == 400


def dropped(server: Server, reason: str) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    return float(re.search(rf'^ai_inference_traces_dropped_total{{reason="{reason}"}} (.*)$', text, re.M).group(1))


def test_otlp_by_environment(tmp_path, folder, collector):
    """The host as an address, which the certificate names, too."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_CERTIFICATE": str(folder / "ours.crt")}
    with serve(tmp_path, "sample_ratio: 0", env) as server:
        fail_once(server)
        path, body = collector.wait()
    request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    assert path == "/v1/traces"
    assert "over-tls" in [a.value.string_value for a in span.attributes]


def test_a_collector_that_knows_its_clients(tmp_path, folder):
    """By certificate and by a header, all of it from the environment. What is secret stays with the two of them."""
    ours = certificate(folder, "ours", "mutual", "IP:127.0.0.1")
    collector = TlsCollector(ours, clients=folder / "theirs.crt")
    shown, key = certificate(folder, "theirs", "client", "DNS:sluice.test")
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(folder / "ours.crt"),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(shown),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=overruled",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "Authorization=Bearer%20s3cret,x-scope=a%2Cb",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
    }
    with serve(tmp_path, "sample_ratio: 0", env) as server:
        fail_once(server)
        path, body = collector.wait()
        config = httpx.get(f"{server.url}/debug/config").text
        log = server.stderr_path.read_text()
    collector.receiver.server.shutdown()
    trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    headers = collector.headers[0]
    assert headers.get_all("authorization") == ["Bearer s3cret"] and headers["x-scope"] == "a,b"
    assert headers["content-encoding"] is None and path == "/v1/traces"
    assert "Authorization=(set)" in config and "x-scope=(set)" in config
    assert "s3cret" not in config + log and "overruled" not in config + log


def test_who_shows_a_collector_no_certificate_is_known_again_once_it_does(tmp_path, folder):
    collector = TlsCollector(certificate(folder, "ours", "strict", "IP:127.0.0.1"), clients=folder / "theirs.crt")
    shown, key = certificate(folder, "ours", "wrong", "DNS:sluice.test")
    tracing = f"ca_file: '{folder}/ours.crt', certificate: '{shown}', key: '{key}'"
    with serve(tmp_path, f"exporter: otlp, endpoint: '{collector.url}', {tracing}") as server:
        fail_once(server)
        end = time.monotonic() + 20
        while "not_exported" not in server.stderr_path.read_text() and time.monotonic() < end:
            time.sleep(0.05)
        assert not collector.posts
        right = certificate(folder, "theirs", "right", "DNS:sluice.test")
        shown.write_bytes(right[0].read_bytes())
        key.write_bytes(right[1].read_bytes())
        fail_once(server)
        collector.wait()
    collector.receiver.server.shutdown()


def test_zipkin_by_name(tmp_path, folder, collector):
    endpoint = collector.url.replace("127.0.0.1", "localhost")
    with serve(tmp_path, f"exporter: zipkin, endpoint: '{endpoint}', ca_file: '{folder}/ours.crt'") as server:
        fail_once(server)
        path, body = collector.wait()
    assert path == "/api/v2/spans"
    assert json.loads(body)[0]["tags"]["sluice.request_id"] == "over-tls"


@pytest.mark.parametrize(
    ("issuer", "host", "why"),
    [
        ("theirs", "IP:127.0.0.1", "unable to get local issuer certificate"),
        ("ours", "DNS:elsewhere.test,IP:127.0.0.2", "IP address mismatch"),
    ],
    ids=["another authority", "another host"],
)
def test_who_cannot_prove_to_be_the_collector_gets_nothing(tmp_path, folder, issuer, host, why):
    collector = TlsCollector(certificate(folder, issuer, "bad", host))
    tracing = f"exporter: otlp, endpoint: '{collector.url}', ca_file: '{folder}/ours.crt'"
    with serve(tmp_path, tracing) as server:
        for lost in (1, 2):
            fail_once(server)
            end = time.monotonic() + 20
            while dropped(server, "untrusted") < lost and time.monotonic() < end:
                time.sleep(0.05)
        assert dropped(server, "untrusted") == 2
        assert dropped(server, "unreachable") == 0
        lines = [json.loads(line) for line in server.stderr_path.read_text().splitlines() if "not_exported" in line]
        assert [line["why"] for line in lines] == [f"the collector: its certificate: {why}"], "one a minute"
        assert lines[0]["hint"] == "see tracing.ca_file"
    assert not collector.posts
    collector.receiver.server.shutdown()


def test_authorities_that_were_replaced_are_read_again(tmp_path, folder, collector):
    trusted = tmp_path / "ca.crt"
    trusted.write_bytes((folder / "theirs.crt").read_bytes())
    with serve(tmp_path, f"exporter: otlp, endpoint: '{collector.url}', ca_file: '{trusted}'") as server:
        fail_once(server)
        end = time.monotonic() + 20
        while dropped(server, "untrusted") < 1 and time.monotonic() < end:
            time.sleep(0.05)
        trusted.write_bytes((folder / "ours.crt").read_bytes())
        fail_once(server)
        collector.wait()


@pytest.mark.parametrize(
    ("tracing", "env", "why"),
    [
        ("certificate: /no.pem, key: /no.key", {}, r"tracing\.certificate '/no\.pem' cannot be read"),
        ("key: /no.key", {}, "tracing needs both certificate and key, or neither"),
        ("headers: ['s3cret']", {}, r"tracing\.headers\[0\] is not name=value"),
        ("", {"OTEL_EXPORTER_OTLP_HEADERS": "s3cret"}, "OTEL_EXPORTER_OTLP_HEADERS is not name=value"),
        ("", {"OTEL_EXPORTER_OTLP_HEADERS": "x=s3cret%0a"}, "OTEL_EXPORTER_OTLP_HEADERS has a value for x"),
        ("", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', not http/protobuf"),
    ],
    ids=["no file", "a key alone", "no header", "no header in the environment", "a line of its own", "a protocol"],
)
def test_what_is_wrong_is_an_error_at_start(tmp_path, tracing, env, why):
    with pytest.raises(RuntimeError, match=why) as error:
        serve(tmp_path, ", ".join(filter(None, ["exporter: otlp, endpoint: 'https://127.0.0.1:1'", tracing])), env)
    assert "s3cret" not in str(error.value)


def test_a_port_for_grpc_is_named_as_such(tmp_path):
    """Where many charts send spans. It does not matter whether somebody listens there: no span is taken."""
    with serve(tmp_path, "sample_ratio: 0", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}) as server:
        fail_once(server)
        assert server.stop() == 0  # the last try
        log = server.stderr_path.read_text()
    assert re.search(r'"traces.not_exported","why":"the collector[^"]*; 4317 is .* for HTTP is 4318"', log), log


def test_a_file_without_authorities_is_an_error_at_start(tmp_path):
    with pytest.raises(RuntimeError, match=r"tracing\.ca_file '/no\.pem' cannot be read"):
        serve(tmp_path, "exporter: otlp, endpoint: 'https://127.0.0.1:1', ca_file: /no.pem")
