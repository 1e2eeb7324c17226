"""Real pages in real Chromium: the public gRPC-Web and Connect clients, streams, and what pages of foreign origins may
not do."""

from __future__ import annotations

import base64
import contextlib
import http.server
import shutil
import threading
from pathlib import Path

import pytest

from conftest import ROOT, Server
from test_server import certificate
from typescript import bundle, copy_package

BUNDLE = ROOT / ".deps" / "browser" / "clients.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="skipped: no Chromium"),
    pytest.mark.skipif(not BUNDLE.exists(), reason="skipped: no node and npm at setup"),
]


class Page(http.server.BaseHTTPRequestHandler):
    """A web site of somebody else: one empty page."""

    def do_GET(self):
        body = b"<!doctype html><title>page</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def web_site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_address[1]}"
        site.shutdown()


@pytest.fixture(scope="module")
def friend():
    with web_site() as origin:
        yield origin


@pytest.fixture(scope="module")
def stranger():
    with web_site() as origin:
        yield origin


@pytest.fixture(scope="module")
def server(tmp_path_factory, friend):
    """Lets pages of `friend` call, and nobody else's."""
    config = f"""
listeners:
  - {{address: "127.0.0.1:0", allowed_origins: ["{friend}"]}}
"""
    with Server(tmp_path_factory.mktemp("browser"), config=config) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def clients(page, friend, descriptors):
    """A page of the friendly site with both gRPC-Web clients in it."""
    page.goto(friend)
    page.add_script_tag(path=BUNDLE)
    page.evaluate("d => clients.load(d)", descriptors)
    return page


CONNECT = "([url, method, request, options]) => clients.connect(url, method, request, options)"
GOOGLE = "([url, method, request, format, options]) => clients.google(url, method, request, format, options)"


# --- gRPC-Web ---


def test_connect_web_unary(server, clients, sample):
    answer = clients.evaluate(
        CONNECT, [server.url, "recognize", {"image": b64(sample)}, {"headers": {"x-request-id": "web-1"}}]
    )
    assert len(answer["faces"]) == 1 and answer["latency"] > 0
    (entry,) = server.log_lines("web-1")
    assert entry["protocol"] == "grpc-web" and entry["code"] == "OK"


def test_connect_web_server_stream(server, clients, sample):
    images = [{"image": b64(p), "id": str(i)} for i, p in enumerate([sample, b"junk", sample])]
    answers = clients.evaluate(CONNECT, [server.url, "watchRecognize", {"images": images}, {"stream": True}])
    assert sorted(a["id"] for a in answers) == ["0", "1", "2"]
    assert [a["id"] for a in answers if "error" in a] == ["1"]


def test_connect_web_errors_carry_code_message_and_details(server, clients):
    error = clients.evaluate(CONNECT, [server.url, "recognize", {}, {}])
    assert error["code"] == "InvalidArgument" and error["message"].startswith("image is empty")
    error = clients.evaluate(CONNECT, [server.url, "watchRecognize", {}, {"stream": True}])
    assert error["code"] == "InvalidArgument"


def test_connect_web_deadline(server, clients, sample):
    error = clients.evaluate(CONNECT, [server.url, "recognize", {"image": b64(sample)}, {"timeoutMs": 1}])
    assert error["code"] == "DeadlineExceeded"


@pytest.mark.parametrize("form", ["text", "binary"])
def test_googles_client_unary(server, clients, sample, form):
    answer = clients.evaluate(GOOGLE, [server.url, "recognize", {"image": b64(sample)}, form, {}])
    assert len(answer["faces"]) == 1, answer
    error = clients.evaluate(GOOGLE, [server.url, "recognize", {}, form, {}])
    assert error["code"] == 3 and error["message"].startswith("image is empty"), error


def test_googles_client_server_stream(server, clients, sample):
    images = [{"image": b64(p), "id": str(i)} for i, p in enumerate([sample] * 6)]
    answers = clients.evaluate(GOOGLE, [server.url, "watchRecognize", {"images": images}, "text", {"stream": True}])
    assert sorted(a["id"] for a in answers) == list("012345")
    assert all(len(a["faces"]) == 1 for a in answers)


def test_streams_of_requests_are_refused_with_a_reason(server, clients):
    error = clients.evaluate(GOOGLE, [server.url, "collectRecognize", {}, "binary", {}])
    assert error["code"] == 12 and "cannot stream requests" in error["message"]


# --- Connect ---


@pytest.mark.parametrize("binary", [False, True])
def test_connect_protocol(server, clients, sample, binary):
    transport = {"useBinaryFormat": binary}
    options = {"transport": transport, "headers": {"x-request-id": f"connect-{binary}"}}
    answer = clients.evaluate(CONNECT, [server.url, "recognize", {"image": b64(sample)}, options])
    assert len(answer["faces"]) == 1 and answer["latency"] > 0
    (entry,) = server.log_lines(f"connect-{binary}")
    assert entry["protocol"] == "connect" and entry["code"] == "OK"
    images = [{"image": b64(p), "id": str(i)} for i, p in enumerate([sample, b"junk", sample])]
    answers = clients.evaluate(
        CONNECT, [server.url, "watchRecognize", {"images": images}, {"stream": True, "transport": transport}]
    )
    assert sorted(a["id"] for a in answers) == ["0", "1", "2"] and [a["id"] for a in answers if "error" in a] == ["1"]


def test_connect_protocol_by_get(server, clients):
    """Side-effect free rpcs: a request that caches understand, and that needs no preflight."""
    requests = []
    clients.on("request", lambda request: requests.append((request.method, request.url)))
    options = {"of": "TextClassification", "transport": {"useHttpGet": True}}
    answer = clients.evaluate(CONNECT, [server.url, "classify", {"texts": ["中国女排获得世界杯冠军"]}, options])
    assert answer["results"][0]["label"] == "体育"
    ((verb, url),) = [r for r in requests if "Classify" in r[1]]
    assert verb == "GET" and "encoding=json" in url


def test_connect_protocol_errors(server, clients, sample):
    error = clients.evaluate(CONNECT, [server.url, "recognize", {}, {"transport": {}}])
    assert error["code"] == "InvalidArgument" and error["message"].startswith("image is empty")
    assert "google.rpc.ErrorInfo" in error["details"] and "google.rpc.BadRequest" in error["details"]
    error = clients.evaluate(CONNECT, [server.url, "watchRecognize", {}, {"stream": True, "transport": {}}])
    assert error["code"] == "InvalidArgument"
    error = clients.evaluate(
        CONNECT, [server.url, "recognize", {"image": b64(sample)}, {"timeoutMs": 1, "transport": {}}]
    )
    assert error["code"] == "DeadlineExceeded"


# --- clients/typescript ---

TYPESCRIPT = """async ([url, image]) => {
  const client = new sluice.Client(url);
  const photo = Uint8Array.from(atob(image), (c) => c.charCodeAt(0));
  const bad = new TextEncoder().encode("no image");
  const seen = (error) => [error instanceof sluice.SluiceError, error.reason, error.status];
  const failed = (promise) => promise.then(() => "", seen);
  const out = {
    faces: (await client.recognize(photo, { requestId: "typescript-page" })).faces.length,
    label: (await client.classify(["中国女排获得世界杯冠军"]))[0].label,
    collected: await client.collectRecognize([{ image: photo }, { image: bad }]),
    analysis: await client.analyze({ text: "中国女排获得世界杯冠军", image: bad }),
    error: await failed(client.recognize(bad)),
    late: await failed(client.recognize(photo, { timeoutMs: 1, retry: { attempts: 1 } })),
    watched: [], live: [],
  };
  const clip = client.watchRecognize([{ image: photo, id: "one" }]);
  for await (const one of clip) out.watched.push([one.id, one.faces.length]);
  const stream = client.streamRecognize();
  for (const frame of [photo, bad, photo]) await stream.send({ image: frame });
  for await (const answer of stream) if (out.live.push(answer.faces.length) === 3) break;
  stream.close();
  return out;
}"""


@pytest.fixture(scope="module")
def typescript(tmp_path_factory) -> Path:
    return bundle(copy_package(tmp_path_factory.mktemp("typescript")))


def check_typescript(page, url: str, sample: bytes) -> None:
    out = page.evaluate(TYPESCRIPT, [url, b64(sample)])
    assert (out["faces"], out["label"]) == (1, "体育")
    assert (out["collected"]["frames"], out["collected"]["failed_frames"], out["collected"]["faces"]) == (2, 1, 1)
    assert out["analysis"]["text"]["result"]["label"] == "体育" and out["analysis"]["image"]["error"]["code"] == 3
    assert out["error"] == [True, "INVALID_IMAGE", 400] and out["late"][0]
    assert out["watched"] == [["one", 1]] and out["live"] == [1, 0, 1]


def test_typescript_client(server, page, friend, typescript, sample):
    """Every kind of call of our own client, from a page of another origin."""
    page.goto(friend)
    page.add_script_tag(path=typescript)
    check_typescript(page, server.url, sample)
    (entry,) = server.log_lines("typescript-page")
    assert entry["protocol"] == "rest" and entry["code"] == "OK"


# --- over TLS ---


def test_everything_over_tls(tmp_path, browser, friend, descriptors, typescript, sample):
    """gRPC-Web, Connect, REST, events and wss:// of one page, by HTTP/2 as Chromium negotiates it."""
    certificate(tmp_path, "localhost")
    config = f"""
listeners:
  - address: "127.0.0.1:0"
    allowed_origins: ["{friend}"]
    tls: {{certificate: {tmp_path}/tls.crt, key: {tmp_path}/tls.key}}
"""
    server = Server(tmp_path, config=config)
    context = browser.new_context(ignore_https_errors=True)
    try:
        url = f"https://localhost:{server.address.split(':')[1]}"
        page = context.new_page()
        spoken = []
        devtools = context.new_cdp_session(page)
        devtools.on("Network.responseReceived", lambda event: spoken.append(event["response"].get("protocol")))
        devtools.send("Network.enable")
        page.goto(friend)
        page.add_script_tag(path=BUNDLE)
        page.evaluate("d => clients.load(d)", descriptors)
        for transport in (None, {}):
            answer = page.evaluate(CONNECT, [url, "recognize", {"image": b64(sample)}, {"transport": transport}])
            assert len(answer["faces"]) == 1, transport
        page.add_script_tag(path=typescript)
        check_typescript(page, url, sample)
        assert spoken.count("h2") > 5, spoken
    finally:
        context.close()
        assert server.stop() == 0, server.stderr_path.read_text()


# --- streams of a page's own means ---


def test_ndjson_in_a_page(server, page, friend, sample):
    page.goto(friend)
    results = page.evaluate(
        """async ([url, body]) => {
          const answer = await fetch(url, {method: "POST", body, headers: {"content-type": "application/json"}});
          return [answer.headers.get("x-request-id"), (await answer.text()).trim().split("\\n").map(JSON.parse)];
        }""",
        [f"{server.url}/api/v1/recognize:watch", f'{{"images": [{{"image": "{b64(sample)}"}}]}}'],
    )
    assert results[0] and len(results[1][0]["faces"]) == 1  # the id is exposed to pages


def test_websocket_in_a_page(server, page, friend, sample):
    page.goto(friend)
    answers = page.evaluate(
        """([url, image]) => new Promise((resolve, reject) => {
          const socket = new WebSocket(url);
          const got = [];
          socket.onopen = () => { socket.send(JSON.stringify({image})); socket.send("{}"); };
          socket.onmessage = ({data}) => { got.push(JSON.parse(data)); if (got.length === 2) socket.send("no json"); };
          socket.onclose = ({code, reason}) => resolve([got, code, reason]);
        })""",
        [f"ws://{server.address}/api/v1/recognize/stream", b64(sample)],
    )
    (first, second), code, reason = answers
    assert len(first["faces"]) == 1 and second["error"]["code"] == 3
    assert code == 4003 and reason.startswith("INVALID_BODY: ")


# --- what foreign pages may not do ---

FETCH = """async ([url, options]) => {
  try { const a = await fetch(url, options); return [a.status, a.type, await a.text()]; }
  catch (error) { return [0, String(error), ""]; }
}"""
SOCKET = """url => new Promise(resolve => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve("open");
  socket.onclose = ({code}) => resolve(code);
})"""


def test_a_foreign_page_cannot_call(server, page, stranger, sample):
    page.goto(stranger)
    url = f"{server.url}/api/v1/recognize"
    json_call = page.evaluate(
        FETCH, [url, {"method": "POST", "body": "{}", "headers": {"content-type": "application/json"}}]
    )
    assert json_call[0] == 0 and "Failed to fetch" in json_call[1]  # its preflight is refused
    # A "simple" request is sent without asking; the server must refuse it itself.
    with page.expect_response(url) as sent:
        page.evaluate(
            FETCH,
            [
                url,
                {
                    "method": "POST",
                    "mode": "no-cors",
                    "body": '{"image": ""}',
                    "headers": {"content-type": "text/plain"},
                },
            ],
        )
    assert sent.value.status == 403


def test_a_foreign_page_cannot_open_a_websocket(server, page, stranger, friend):
    page.goto(stranger)
    assert page.evaluate(SOCKET, f"ws://{server.address}/api/v1/recognize/stream") == 1006
    page.goto(friend)
    assert page.evaluate(SOCKET, f"ws://{server.address}/api/v1/recognize/stream") == "open"


def test_a_friendly_page_sends_and_reads_only_what_cors_names(server, page, friend):
    page.goto(friend)
    url = f"{server.url}/api/v1/recognize"
    options = {"method": "POST", "body": "{}", "headers": {"content-type": "application/json"}}
    assert page.evaluate(FETCH, [url, options])[0] == 400
    assert (
        page.evaluate(
            FETCH,
            [url, {**options, "headers": {**options["headers"], "idempotency-key": "k", "authorization": "Bearer x"}}],
        )[0]
        == 400
    )
    assert page.evaluate(FETCH, [url, {**options, "headers": {**options["headers"], "x-odd": "1"}}])[0] == 0
    assert page.evaluate(FETCH, [url, {**options, "credentials": "include"}])[0] == 0


def test_a_page_of_the_server_itself_needs_no_leave(server, page, sample):
    page.goto(f"{server.url}/healthz")
    status, kind, _ = page.evaluate(
        FETCH,
        [
            "/api/v1/recognize",
            {"method": "POST", "body": "{}", "headers": {"content-type": "application/json", "x-odd": "1"}},
        ],
    )
    assert (status, kind) == (400, "basic")
    assert page.evaluate(SOCKET, f"ws://{server.address}/api/v1/recognize/stream") == "open"


def test_dns_rebinding(server, page):
    """A page of rebind.test, whose name now leads to this machine: to the browser a call is same-origin, to the server
    the Host is not its own. (The page's script is the test's: it runs in the page that the server refused.)"""
    port = server.address.split(":")[1]
    site = f"http://rebind.test:{port}"
    assert page.goto(f"{site}/healthz").status == 421
    status, kind, text = page.evaluate(
        FETCH,
        [f"{site}/api/v1/recognize", {"method": "POST", "body": "{}", "headers": {"content-type": "application/json"}}],
    )
    assert (status, kind) == (421, "basic") and "HOST_NOT_ALLOWED" in text
    assert page.evaluate(FETCH, [f"{site}/metrics", {}])[0] == 421
    assert page.evaluate(SOCKET, f"ws://rebind.test:{port}/api/v1/recognize/stream") == 1006
