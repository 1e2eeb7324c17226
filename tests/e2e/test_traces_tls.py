"""Spans over TLS: a collector with a certificate of the test's own authority, and with ones that prove nothing."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import subprocess
import time
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
    def __init__(self, files: tuple[Path, Path]):
        self.posts: list[tuple[str, bytes]] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        self.receiver = Receiver(lambda path, _, body: self.posts.append((path, gzip.decompress(body))), tls=context)
        self.url = self.receiver.url

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


def test_a_file_without_authorities_is_an_error_at_start(tmp_path):
    with pytest.raises(RuntimeError, match=r"tracing\.ca_file '/no\.pem' cannot be read"):
        serve(tmp_path, "exporter: otlp, endpoint: 'https://127.0.0.1:1', ca_file: /no.pem")
