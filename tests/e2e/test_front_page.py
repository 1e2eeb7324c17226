"""The front page: what the server is, its models, links that work, and an image to try, for browsers and for curl."""

from __future__ import annotations

import re

import httpx
import pytest

from browser import Browser
from conftest import Server

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}  # what Chromium sends


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def test_browsers_get_html_and_everything_else_text(client):
    page = client.get("/", headers=HTML)
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "{{" not in page.text
    for accept in ("*/*", "text/plain", "", "application/json, */*;q=0.1"):
        text = client.get("/", headers={"Accept": accept})
        assert text.headers["Content-Type"] == "text/plain; charset=utf-8" and "<" not in text.text.split("\n")[0]
    assert page.headers["Vary"] == text.headers["Vary"] == "accept"


def test_models_and_their_state_are_listed(client):
    for page in (client.get("/", headers=HTML).text, client.get("/").text):
        assert "Ready" in page or "ready" in page
        for model in client.post("/v2/repository/index").json():
            assert model["name"] in page
    assert re.search(r"face_detection_v1 +1 +face_detection +\w+ +serving", client.get("/").text)


def test_its_links_work(client):
    html, text = client.get("/", headers=HTML).text, client.get("/").text
    paths = re.findall(r'(?:href|src)="(/[^"]*)"', html)
    assert {"/docs", "/metrics", "/console/front.js", "/console/front.css"} <= set(paths)
    urls = re.findall(r"^  (http\S+)", text, re.M)
    assert {httpx.URL(url).path for url in urls} == {path for path in paths if not path.startswith("/console/")}
    for url in [*paths, *urls]:
        assert client.get(url).status_code == 200, url


def test_its_curl_line_works(client, sample):
    (url,) = re.findall(r"curl .* (http\S+)", client.get("/").text)
    answer = client.post(url, content=sample, headers={"Content-Type": "image/jpeg"})
    assert len(answer.json()["faces"]) == 1


@pytest.mark.parametrize(
    "path", ["/", "/console/front.js", "/console/astronaut.jpg", "/docs", "/docs/swagger-ui.css", "/openapi.json"]
)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_page_that_the_client_has_is_not_sent_again(client, path, coding):
    headers = {"Accept-Encoding": coding}
    first = client.get(path, headers=headers)
    assert first.status_code == 200 and first.headers["Cache-Control"] == "no-cache"
    again = client.get(path, headers=headers | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert client.get(path, headers=headers | {"If-None-Match": '"another"'}).content == first.content


def test_below_console_there_is_only_what_it_has(client):
    assert client.get("/console/no/such.js").status_code == 404
    assert client.post("/console/front.js").status_code == 405


def test_a_strict_policy(client):
    for path in ("/", "/console/front.js"):
        policy = client.get(path, headers=HTML).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "http" not in policy
    html = client.get("/", headers=HTML).text
    assert not re.search(r"<script>|style=|onclick", html) and "//" not in html


def test_a_listener_shows_what_it_exposes(tmp_path):
    """Without `console` there is no page; without `api` and `metrics` it offers neither."""
    config = 'listeners: [{address: "127.0.0.1:0", expose: [console]}, {address: "127.0.0.1:0", expose: [api]}]'
    server = Server(tmp_path, config=config)
    try:
        console, api = (f"http://{address}" for address in server.addresses)
        text = httpx.get(console).text
        assert "/readyz" in text and "/docs" not in text and "/metrics" not in text and "curl" not in text
        html = httpx.get(console, headers=HTML).text
        assert '<section id="try" hidden>' in html
        assert httpx.get(api).status_code == 404 and httpx.get(f"{api}/console/front.js").status_code == 404
    finally:
        assert server.stop() == 0


def test_one_click_finds_the_face(server, tmp_path):
    """Chromium draws the page under its own policy; the button sends the astronaut and draws a box."""
    with Browser(tmp_path) as browser:
        browser.open(f"{server.url}/")
        browser.wait_for(
            "document.getElementById('canvas')?.getContext('2d').getImageData(144, 144, 1, 1).data[3] === 255"
        )
        before = browser.run("document.getElementById('canvas').toDataURL()")
        browser.run("document.getElementById('run').click()")
        browser.wait_for("document.getElementById('said').innerText.startsWith('1 face (')")
        assert browser.run("document.getElementById('canvas').toDataURL()") != before
        assert browser.run("JSON.parse(document.getElementById('answer').innerText).faces.length") == 1
        # An image that is none: the server's own words.
        browser.run(
            "image.bytes = new Blob(['no image'], {type: 'image/jpeg'}); document.getElementById('run').click()"
        )
        browser.wait_for("document.getElementById('said').innerText.startsWith('400: ')")
        assert [error for error in browser.errors if "400" not in error] == []
