"""deploy/observability: rules that fire, dashboards whose every query has an answer, files that name what exists."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import pytest
import requests
import yaml

from conftest import ROOT, Server
from receiver import Receiver
from programs import program
from prometheus import DEPLOY, Prometheus
from redis_server import RedisServer

DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
RULES = sorted((DEPLOY / "prometheus/rules").glob("*.yml"))
OPERATIONS = ROOT / "docs/operations.md"
METRIC = r"\b(?:ai|process)_[a-z_]+[a-z]"
# Of Prometheus itself.
GIVEN = {"up", "ALERTS"}


def rules_of(*files: Path) -> list[dict]:
    return [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules_of(*RULES) if "alert" in rule}


def panels_of(file: Path) -> list[dict]:
    return [panel for panel in json.loads(file.read_text())["panels"] if panel["type"] != "row"]


def grafana_queries() -> list[tuple[str, str, str]]:
    return [
        (file.stem, panel["title"], target["expr"])
        for file in DASHBOARDS
        for panel in panels_of(file)
        for target in panel["targets"]
    ]


def perses_queries() -> list[tuple[str, str, str]]:
    panels = json.loads((DEPLOY / "perses/overview.json").read_text())["spec"]["panels"].values()
    return [
        ("perses", panel["spec"]["display"]["name"], one["spec"]["plugin"]["spec"]["query"])
        for panel in panels
        for one in panel["spec"]["queries"]
    ]


QUERIES = grafana_queries() + perses_queries()


# --- files ---


def test_what_is_generated_is_up_to_date():
    run = subprocess.run([sys.executable, DEPLOY / "generate", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_promtool_accepts_configuration_and_rules():
    run = subprocess.run(
        [program("promtool"), "check", "config", DEPLOY / "prometheus/prometheus.yml"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("rules found") == len(RULES)


@pytest.mark.parametrize("file", sorted((DEPLOY / "prometheus/tests").glob("*.yml")), ids=lambda file: file.stem)
def test_alerts_fire_in_their_minute_and_are_silent_without_a_fault(file):
    run = subprocess.run([program("promtool"), "test", "rules", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_a_fault_that_fires_it():
    tested = set()
    for file in (DEPLOY / "prometheus/tests").glob("*.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for expectation in test["promql_expr_test"]:
                for sample in expectation["exp_samples"]:
                    tested |= set(re.findall(r'ALERTS\{alertname="(\w+)",alertstate="firing"', sample["labels"]))
    assert tested == set(ALERTS)


def headings(file: Path) -> list[str]:
    """As the anchors that a link to them has."""
    return [
        re.sub(r"[^\w -]", "", line.lstrip("# ")).replace(" ", "-").lower()
        for line in re.findall(r"^#+ .*", file.read_text(), re.M)
    ]


def test_every_alert_has_its_section_in_operations_md_and_no_other_has_one():
    for rule in ALERTS.values():
        file, anchor = rule["annotations"]["runbook_url"].split("#")
        assert anchor == rule["alert"].lower() and anchor in headings(ROOT / file), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]
    assert {name for name in headings(OPERATIONS) if name.startswith("sluice")} == {name.lower() for name in ALERTS}


def test_operations_md_names_log_events_that_exist():
    sources = "".join(file.read_text() for file in (ROOT / "src").rglob("*.cc"))
    events = set(re.findall(r"`([a-z]+\.[a-z_]+)`", OPERATIONS.read_text())) - {"cpu.stat"}
    knobs = {name for name in events if name.startswith(("logs.", "http."))}
    assert {name for name in events - knobs if f'"{name}"' not in sources} == set()
    assert len(events) > 4


# --- dashboards, as far as they can be judged without Grafana ---


def overlap(a: dict, b: dict) -> bool:
    return (
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_is_one_that_grafana_can_provision(file):
    board = json.loads(file.read_text())
    assert 36 <= board["schemaVersion"] <= 39 and board["uid"] == f"sluice-{file.stem}" and len(board["uid"]) <= 40
    assert not {"id", "__inputs", "__requires"} & set(board) and board["editable"] is False
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "job", "instance"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    boxes = [panel["gridPos"] for panel in board["panels"]]
    for i, box in enumerate(boxes):
        assert 0 <= box["x"] and box["x"] + box["w"] <= 24 and box["h"] > 0
        assert not any(overlap(box, other) for other in boxes[:i]), board["panels"][i]["title"]


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_panel_says_what_it_shows_and_where_from(file):
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels_of(file):
        title = panel["title"]
        assert title and panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["unit"], title
        assert panel["type"] in ("timeseries", "stat", "piechart", "bargauge", "table", "heatmap"), title
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None, title
        assert panel["datasource"] == source and all(target["datasource"] == source for target in panel["targets"])


@pytest.mark.parametrize("expression", sorted({expression for _, _, expression in QUERIES}))
def test_a_query_selects_its_job_and_rates_its_counters(expression):
    selectors = re.findall(rf"({METRIC}|up|sluice:[\w:]+)\{{([^}}]*)\}}(\[[^\]]*\])?", expression)
    assert selectors and not re.search(rf"{METRIC}(?!\w|\{{)", expression), "a metric without a selection"
    for name, labels, window in selectors:
        assert 'job=~"$job"' in labels, name
        counted = name.endswith(("_total", "_bucket", "_count", "_sum"))
        assert (window in ("[$__rate_interval]", "[$__range]")) if counted else window == "", name
    assert expression.count("[") - expression.count("[.]") <= len(re.findall(r"\b(?:rate|increase)\(", expression))


# --- what ships the access log ---

LOGS = DEPLOY / "logs"


def shipped_fields() -> dict[str, set[str]]:
    """What each file reads of an access line."""
    template = json.loads((LOGS / "elasticsearch-template.json").read_text())
    patterns = {
        LOGS / "config.alloy": r'\w+ = "([a-z_]+)"(?=[,}])',
        LOGS / "fluent-bit.yaml": r"\$([a-z_]+)|time_key: (\w+)",
        LOGS / "vector.yaml": r"\{\{ (\w+) \}\}| \.(timestamp) =",
        LOGS / "logstash.conf": r'match => \["(\w+)"',
        LOGS / "rsyslog.conf": r"\$!(\w+)",
        DEPLOY / "otel/collector.yaml": r"attributes\.(\w+)",
    }
    fields = {
        file.name: {
            name
            for names in re.findall(pattern, file.read_text())
            for name in ([names] if isinstance(names, str) else names)
            if name
        }
        for file, pattern in patterns.items()
    }
    fields["elasticsearch-template.json"] = set(template["template"]["mappings"]["properties"]) - {"@timestamp"}
    return fields


def test_shippers_read_fields_that_an_access_line_has(server, sample):
    for file in (*LOGS.glob("*.yaml"), *(DEPLOY / "otel").glob("*.yaml"), *(DEPLOY / "grafana").rglob("*.yml")):
        assert yaml.safe_load(file.read_text()), file
    requests.post(
        f"{server.url}/api/v1/recognize", sample, headers={"Content-Type": "image/jpeg", "X-Request-ID": "shipped"}
    )
    line = set(server.log_lines("shipped")[0])
    fields = shipped_fields()
    for name, read in fields.items():
        assert "timestamp" in read and read <= line, (name, read - line)
    assert line <= fields["elasticsearch-template.json"], "a field without a type"


# --- against three live servers ---


class Load:
    """A little of everything, on every server, until it is told to stop."""

    def __init__(self, servers: list[Server], protos, sample: bytes):
        self.protos, self.sample = protos, sample
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=[server]) for server in servers]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _run(self, server: Server) -> None:
        with requests.Session() as session, grpc.insecure_channel(server.address) as channel:
            images = self.protos.images_grpc.ImageRecognitionStub(channel)
            turn = 0
            while not self.stopped.is_set():
                turn += 1
                self._rest(session, server, turn)
                request = self.protos.images.RecognizeRequest(image=self.sample)
                images.Recognize(request)
                assert len(list(images.StreamRecognize(iter([request] * 2)))) == 2
                time.sleep(0.05)

    def _rest(self, session: requests.Session, server: Server, turn: int) -> None:
        image = {"Content-Type": "image/jpeg", "X-Request-ID": f"one-of-two-{turn // 2}"}
        session.post(f"{server.url}/api/v1/recognize", self.sample, headers=image)
        session.post(f"{server.url}/api/v1/classify", json={"texts": ["足球比赛"]})
        assert session.post(f"{server.url}/api/v1/classify", json={"texts": 5}).status_code == 400
        what = "open" if turn % 4 == 0 else "auto"
        session.post(f"{server.url}/api/v1/breakers:{what}", json={"model_id": "face_detection_v1"})


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("three")
    models = folder / "models"
    models.mkdir()
    for name in ("face_detection_v1", "face_detection_lite", "news_classification_v1"):
        (models / name).symlink_to(ROOT / "models" / name)
    running = []
    collector = Receiver()
    redis = RedisServer(folder)
    for number in range(3):
        (folder / str(number)).mkdir()
        config = f"""breaker: {{rules: {ROOT / "deploy/sentinel/rules.json"}}}
tracing: {{exporter: otlp, endpoint: "{collector.url}"}}
idempotency: {{store: redis}}
redis: {{address: "{redis.address}"}}
"""
        running.append(Server(folder / str(number), config=config, models=models, listeners=1))
    yield running
    for server in running:
        assert server.stop() == 0, server.stderr_path.read_text()
    collector.server.shutdown()
    redis.stop()


@pytest.fixture(scope="module")
def prometheus(servers, protos, sample, tmp_path_factory):
    program("prometheus")
    load = Load(servers, protos, sample)
    try:
        running = Prometheus(tmp_path_factory.mktemp("prometheus"), [server.address for server in servers])
        try:
            yield running
        finally:
            running.stop()
    finally:
        load.stop()


def filled(expression: str) -> str:
    for variable, value in (("$__rate_interval", "20s"), ("$__range", "1m"), ("$job", "sluice"), ("$instance", ".*")):
        expression = expression.replace(variable, value)
    return expression


def fault(prometheus: Prometheus, expression: str) -> str | None:
    series = prometheus.query(filled(expression))
    if not series:
        return "no series"
    wrong = [one for one in series if not math.isfinite(float(one["value"][1]))]
    return f"not a number: {wrong[0]}" if wrong else None


def test_every_query_of_every_dashboard_has_an_answer(prometheus):
    """Rates need a few scrapes first, so what has no answer yet is asked again."""
    open_ones = {(board, title, expression): "" for board, title, expression in QUERIES}
    end = time.monotonic() + 60
    while open_ones and time.monotonic() < end:
        time.sleep(2)
        found = {key: fault(prometheus, key[2]) for key in open_ones}
        open_ones = {key: what for key, what in found.items() if what}
    assert not open_ones, "\n".join(f"{key}: {what}" for key, what in open_ones.items())


def documented_queries() -> list[str]:
    text = re.sub(r"^```.*?^```", "", OPERATIONS.read_text(), flags=re.M | re.S)
    quoted = [one.replace("\n", " ") for one in re.findall(r"`([^`]+)`", text)]
    return [one for one in quoted if re.search(METRIC, one) and re.search(r"[({]", one)]


@pytest.mark.parametrize("query", documented_queries())
def test_a_query_of_operations_md_has_an_answer(prometheus, query):
    """The servers are well: what fails here is the clients'."""
    query = query.replace('"ID"', '"face_detection_v1"').replace("model|overload", "client")
    end = time.monotonic() + 60
    while not prometheus.query(query) and time.monotonic() < end:
        time.sleep(1)
    assert prometheus.query(query)


def test_prometheus_evaluates_every_rule_and_three_replicas_are_up(prometheus):
    assert sum(float(one["value"][1]) for one in prometheus.query('up{job="sluice"}')) == 3
    rules = prometheus.rules()
    assert len(rules) == len(rules_of(*RULES))
    assert [(rule["name"], rule["lastError"]) for rule in rules if rule["health"] == "err"] == []
    answered = [rule["name"] for rule in rules if rule["type"] == "recording" and prometheus.query(rule["name"])]
    assert set(answered) == {rule["record"] for rule in rules_of(*RULES) if "record" in rule}


def autoscaling_queries() -> list[str]:
    """Of deploy/kubernetes, as the adapter and KEDA ask them."""
    folder = ROOT / "deploy/kubernetes"
    rules = yaml.safe_load((folder / "prometheus-adapter.yaml").read_text())["rules"]["custom"]
    asked = [
        rule["metricsQuery"].replace("<<.GroupBy>>", "instance").replace("<<.LabelMatchers>>", 'job="sluice"')
        for rule in rules
    ]
    triggers = yaml.safe_load((folder / "keda.yaml").read_text())["spec"]["triggers"]
    return asked + [trigger["metadata"]["query"] for trigger in triggers]


def test_what_autoscalers_ask_has_an_answer_for_each_replica(prometheus):
    end = time.monotonic() + 30
    while any(fault(prometheus, query) for query in autoscaling_queries()) and time.monotonic() < end:
        time.sleep(1)
    assert [len(prometheus.query(query)) for query in autoscaling_queries()] == [3, 3, 1]
    assert all(float(one["value"][1]) > 0 for query in autoscaling_queries() for one in prometheus.query(query))


def exposed_by(servers: list[Server]) -> set[str]:
    pages = [requests.get(f"{server.url}/metrics").text for server in servers]
    return {name for page in pages for name in re.findall(r"^# TYPE (\w+)", page, re.M)}


def test_every_metric_that_a_file_names_exists(prometheus, servers):
    named = {expression for _, _, expression in QUERIES} | {rule["expr"] for rule in rules_of(*RULES)}
    named.add(OPERATIONS.read_text())
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for text in named for name in re.findall(METRIC, text)}
    end = time.monotonic() + 60  # some begin with the first call that they count
    while names - exposed_by(servers) and time.monotonic() < end:
        time.sleep(0.5)
    assert names - exposed_by(servers) == set()
    records = {rule["record"] for rule in rules_of(*RULES) if "record" in rule}
    used = {name for text in named for name in re.findall(r"\bsluice:[\w:]+", text)}
    assert used - records == set()
