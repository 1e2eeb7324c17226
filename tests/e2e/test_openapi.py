"""/openapi.json and /docs: valid, true to the server, and its examples work."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import cv2
import numpy
import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from browser import Browser
from conftest import BINARY, ROOT

HOOKS = ROOT / "tests" / "e2e" / "schemathesis" / "hooks.py"


@pytest.fixture(scope="session")
def document(server) -> dict:
    answer = requests.get(f"{server.url}/openapi.json", timeout=10)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def operations(document: dict):
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield path, verb, operation


def test_valid(document):
    validate(document, cls=OpenAPIV31SpecValidator)


def test_the_command_prints_the_same(document):
    printed = subprocess.run([BINARY, "openapi"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert json.loads(printed) == document


def test_comments_are_the_descriptions(document):
    request = document["components"]["schemas"]["RecognizeRequest"]
    assert request["properties"]["image"]["description"].startswith("JPEG, PNG or WebP file")
    assert "image_base64" in request["properties"] and "`modelId`" in request["description"]
    recognize = document["paths"]["/api/v1/recognize"]["post"]
    assert recognize["summary"].startswith("One image in, its faces out")
    assert {"application/json", "image/jpeg", "image/png", "image/webp", "multipart/form-data"} <= set(
        recognize["requestBody"]["content"]
    )


def test_every_reason_is_described(document, protos):
    reasons = set(protos.errors.Reason.keys()) - {"REASON_UNSPECIFIED"}
    assert set(document["components"]["schemas"]["Problem"]["properties"]["reason"]["enum"]) == reasons
    described = "".join(response["description"] for response in document["components"]["responses"].values())
    assert all(f"`{reason}`" in described for reason in reasons)


def send_example(server, path: str, verb: str, operation: dict) -> requests.Response:
    parameters = [p for p in operation["parameters"] if "example" in p]
    for parameter in parameters:
        path = path.replace("{%s}" % parameter["name"], str(parameter["example"]))
    query = {p["name"]: p["example"] for p in parameters if p["in"] == "query"}
    content = operation.get("requestBody", {}).get("content", {})
    media_type = next((m for m in ("application/json", "application/x-ndjson") if m in content), None)
    if media_type is None:
        return requests.request(verb, server.url + path, params=query, timeout=30)
    example = content[media_type]["example"]
    body = example if isinstance(example, str) else json.dumps(example)
    return requests.request(
        verb, server.url + path, params=query, data=body.encode(), headers={"Content-Type": media_type}, timeout=30
    )


def test_examples_are_answered(document, server):
    """What the page offers to send is answered 200, and every operation with a body has an example."""
    for path, verb, operation in operations(document):
        answer = send_example(server, path, verb, operation)
        # This server has no rules, and so no breakers; and nobody knows the example's call.
        if path.startswith("/api/v1/breakers:") or path == "/debug/explain":
            assert answer.json()["reason"] == "NOT_FOUND"
            continue
        assert answer.status_code == 200, f"{verb} {path}: {answer.text}"
        assert path.startswith("/debug/") or "error" not in answer.text, f"{verb} {path}: {answer.text}"


def test_the_example_picture_has_a_face(document, server):
    body = document["paths"]["/api/v1/recognize"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert len(requests.post(f"{server.url}/api/v1/recognize", json=body, timeout=30).json()["faces"]) == 1


def test_limits_are_those_of_the_server(document, server):
    texts = document["components"]["schemas"]["ClassifyRequest"]["properties"]["texts"]
    most = texts["maxItems"]
    assert (
        requests.post(f"{server.url}/api/v1/classify", json={"texts": ["新闻"] * most}, timeout=60).status_code == 200
    )
    assert (
        requests.post(f"{server.url}/api/v1/classify", json={"texts": ["新闻"] * (most + 1)}, timeout=60).status_code
        == 400
    )
    picture = cv2.imencode(".png", numpy.zeros((8, 8, 3), numpy.uint8))[1].tobytes()
    for value, status in (("0", 200), ("1", 200), ("1.01", 400), ("-0.01", 400)):
        answer = requests.post(
            f"{server.url}/api/v1/recognize",
            params={"min_confidence": value},
            data=picture,
            headers={"Content-Type": "image/png"},
            timeout=30,
        )
        assert answer.status_code == status, value


def run_schemathesis(server, tmp_path, pictures: str, *arguments: str) -> None:
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS), "PICTURES": pictures}
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        HOOKS.with_name("schemathesis.toml"),
        "run",
        f"{server.url}/openapi.json",
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "40",
        "--seed",
        "1",
        "--suppress-health-check",
        "all",
        "--continue-on-failure",
        *arguments,
    ]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]


def test_schemathesis_finds_nothing_in_what_operators_ask(server, tmp_path):
    paths = "^/debug/(explain|requests|queues|models|config)$"
    run_schemathesis(server, tmp_path, "real", "--checks", "all", "--include-path-regex", paths)


def test_schemathesis_finds_nothing(server, tmp_path):
    run_schemathesis(server, tmp_path, "real", "--checks", "all", "--exclude-path-regex", "^/(v2|debug)")


def test_schemathesis_finds_nothing_in_the_open_inference_protocol(server, tmp_path):
    run_schemathesis(server, tmp_path, "real", "--checks", "all", "--include-path-regex", "^/v2")


def test_schemathesis_finds_nothing_with_random_pictures(server, tmp_path):
    """Nothing that looks like an image is sent; the server answers, as the document says, and does not break."""
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    run_schemathesis(server, tmp_path, "random", "--checks", checks, "--include-path-regex", "recognize")


def test_query_and_json_body_together(server, document):
    """A path that takes raw bodies reads the query with JSON, too; the body wins."""
    body = document["paths"]["/api/v1/recognize"]["post"]["requestBody"]["content"]["application/json"]["example"]
    url = f"{server.url}/api/v1/recognize"
    assert requests.post(url, params={"model_id": "none_such"}, json=body, timeout=30).status_code == 404
    assert (
        requests.post(
            url, params={"model_id": "none_such"}, json=body | {"model_id": "face_detection_v1"}, timeout=30
        ).status_code
        == 200
    )
    assert (
        requests.post(
            f"{server.url}/api/v1/classify", params={"model_id": "none_such"}, json={"texts": []}, timeout=30
        ).status_code
        == 400
    )


def test_docs_page_needs_nothing_from_elsewhere(server):
    page = requests.get(f"{server.url}/docs", timeout=10)
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text and "https://" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "docs.js", "LICENSE"):
        packed = requests.get(f"{server.url}/docs/{name}", timeout=10)
        plain = requests.get(f"{server.url}/docs/{name}", headers={"Accept-Encoding": "identity"}, timeout=10)
        assert packed.headers.get("Content-Encoding") == "gzip" and "Content-Encoding" not in plain.headers
        assert packed.content == plain.content and len(plain.content) > 20
    assert "SwaggerUIBundle" in requests.get(f"{server.url}/docs/swagger-ui-bundle.js", timeout=10).text


@pytest.mark.parametrize(
    "operation, wanted",
    [
        ("TextClassification/TextClassification_Classify", "体育"),
        ("OpenInferenceProtocol/OpenInferenceProtocol_ModelInfer", "FP32"),
    ],
)
def test_docs_page_tries_a_call_in_a_browser(server, tmp_path, operation, wanted):
    """Chromium draws the page under its own policy; "Execute" sends the example and shows the answer."""
    with Browser(tmp_path) as browser:
        browser.open(f"{server.url}/docs#/{operation}")
        # A click before the page is ready is lost, and one while an answer is awaited drops it.
        click = (
            "(Date.now() > (window.next ?? 0) && "
            "(window.next = Date.now() + 5000, document.querySelector('.execute')?.click()))"
        )
        status = browser.wait_for(
            f"(document.querySelector('.live-responses-table .response .response-col_status') ?? {click})?.innerText"
        )
        assert status.startswith("200")
        assert wanted in browser.run("document.querySelector('.live-responses-table').innerText")
        assert browser.errors == []


def test_the_postman_collection_is_up_to_date(document, server):
    """It is what tools/postman.py makes of the document, and its requests work as they stand."""
    printed = subprocess.run([BINARY, "openapi"], capture_output=True, check=True, timeout=60).stdout
    check = subprocess.run(
        [sys.executable, ROOT / "tools" / "postman.py", "--check"], input=printed, capture_output=True, timeout=60
    )
    assert check.returncode == 0, check.stdout.decode()
    collection = json.loads((ROOT / "clients/postman/sluice.postman_collection.json").read_text(encoding="utf-8"))
    for item in (item for folder in collection["item"] for item in folder["item"]):
        request = item["request"]
        url = request["url"]["raw"].replace("{{base}}", server.url)
        for variable in request["url"].get("variable", []):
            url = url.replace(f":{variable['key']}", variable["value"])
        headers = {h["key"]: h["value"] for h in request["header"] if not h.get("disabled")}
        answer = requests.request(
            request["method"], url, headers=headers, data=request.get("body", {}).get("raw", "").encode(), timeout=30
        )
        assert answer.status_code == (404 if "/breakers:" in url or "/debug/explain" in url else 200), (
            f"{item['name']}: {answer.text}"
        )


@pytest.mark.parametrize("command", [["openapi"], ["models", "--models", ROOT / "tests" / "models"]])
def test_what_cannot_be_written_is_no_success(command):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([BINARY, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.endswith("sluice: the output could not be written\n")


def test_logs_of_a_folder_are_an_error(tmp_path):
    ended = subprocess.run([BINARY, "logs", tmp_path], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, f"sluice: cannot read {tmp_path}\n")
