"""deploy/gateways: the routes are those of the API, a replica answers each, and administration is not among them."""

from __future__ import annotations

import importlib.util
import re

import grpc
import pytest
import requests
import yaml

from conftest import ROOT, descriptor_set

FOLDER = ROOT / "deploy/gateways"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate_gateways", FOLDER / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    files = sorted(str(file.relative_to(ROOT / "proto")) for file in (ROOT / "proto").rglob("*.proto"))
    return generate.texts(descriptor_set(tmp_path_factory.mktemp("set"), files, "--include_imports"))


@pytest.fixture(scope="module")
def kong() -> dict:
    return yaml.safe_load((FOLDER / "kong.yaml").read_text())


@pytest.fixture(scope="module")
def apisix() -> dict:
    return yaml.safe_load((FOLDER / "apisix.yaml").read_text())


def kong_paths(kong: dict) -> dict[str, list[str]]:
    """By service, as plain paths."""
    return {
        service["name"]: [
            re.sub(r"\\(.)", r"\1", path).strip("~$") for route in service["routes"] for path in route["paths"]
        ]
        for service in kong["services"]
    }


@pytest.mark.parametrize("name", ["kong.yaml", "apisix.yaml"])
def test_the_files_are_up_to_date(made, name):
    assert (FOLDER / name).read_text() == made[name], "python3 deploy/gateways/generate.py"


def test_both_have_the_same_routes(kong, apisix):
    assert kong_paths(kong) == {
        route["id"]: [uri.removesuffix("*") for uri in route["uris"]] for route in apisix["routes"]
    }
    assert (FOLDER / "apisix.yaml").read_text().endswith("\n#END\n"), "APISIX reads nothing without it"


def test_a_replica_answers_every_grpc_method(kong, server):
    with grpc.insecure_channel(server.address) as channel:
        for path in kong_paths(kong)["inference-grpc"]:
            code = grpc.StatusCode.OK
            try:
                for _ in channel.stream_stream(path, None, None)(iter([b""]), timeout=2):
                    break
            except grpc.RpcError as error:
                code = error.code()
            assert code != grpc.StatusCode.UNIMPLEMENTED, path


def test_a_replica_answers_every_rest_path(kong, server):
    for path in kong_paths(kong)["inference-rest"]:
        if path.endswith("/"):
            path += {"/v2/health/": "ready", "/v2/models/": "news_classification_v1"}[path]
        method = "GET" if path.startswith("/v2") or path.endswith("/stream") else "POST"
        answer = requests.request(method, server.url + path, json={} if method == "POST" else None)
        assert answer.status_code not in (404, 405, 501), path


def test_administration_is_not_reached(kong):
    paths = [path for some in kong_paths(kong).values() for path in some]
    assert not [path for path in paths if re.search("breaker|debug|repository|Repository|metrics|reflection", path)]
