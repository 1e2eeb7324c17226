"""overload.weights: who counts for more is given more while all want more than there is."""

from __future__ import annotations

import http.client
import json
import threading
import time

import pytest

from conftest import Server

ALICE, BOB = "127.0.0.2", "127.0.0.3"
CALLS = 6  # of each, always under way
SECONDS = 4
BODY = json.dumps({"texts": ["中国女排获得世界杯冠军"] * 100, "model_id": "news_classification_bert_v1"})


def call(server: Server, source: str, until: float, answered: list[str]) -> None:
    connection = http.client.HTTPConnection(server.address, timeout=60, source_address=(source, 0))
    while time.monotonic() < until:
        connection.request("POST", "/api/v1/classify", BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        if time.monotonic() < until:
            answered.append(source)


def test_a_client_of_weight_three_is_given_three_times_as_much(tmp_path):
    config = f"workers: {{count: 1}}\noverload: {{weights: [{{client: {BOB}, weight: 3}}]}}"
    server = Server(tmp_path, config=config, listeners=1)
    try:
        answered: list[str] = []
        until = time.monotonic() + SECONDS
        threads = [
            threading.Thread(target=call, args=(server, source, until, answered)) for source in [ALICE, BOB] * CALLS
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 2 < answered.count(BOB) / answered.count(ALICE) < 4.5, (answered.count(BOB), answered.count(ALICE))
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("[{client: 10.0.0.0/8, weight: 3}]", "client '10.0.0.0/8' is not an IP address"),
        ("[{client: 10.0.0.1}]", "client '10.0.0.1' has no weight"),
        ("[{client: 10.0.0.1, weight: 2}, {client: 10.0.0.1, weight: 3}]", "client '10.0.0.1' is there twice"),
        ("[{client: 10.0.0.1, weight: 1001}]", "weight"),
    ],
)
def test_what_is_wrong_is_said_at_the_start(tmp_path, weights, says):
    with pytest.raises(RuntimeError, match="the server did not start") as error:
        Server(tmp_path, config=f"overload: {{weights: {weights}}}")
    assert says in str(error.value)
