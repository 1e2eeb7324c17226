#!/usr/bin/env python3
"""Writes kong.yaml and apisix.yaml: the routes of the API for two gateways, from its descriptor set.

    generate.py [--descriptors build/descriptors.pb] [--check]

Which services are for clients is said here; their methods and REST paths come from the descriptors. Needs the Python
packages protobuf, googleapis-common-protos and pyyaml.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import yaml
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

HERE = Path(__file__).resolve().parent
# Administration and diagnosis are not here: a gateway is no way to them.
CLIENTS = ("ai.inference.ImageRecognition", "ai.inference.TextClassification", "ai.inference.Multimodal")
HEALTH = ("grpc.health.v1.Health",)
OPEN_INFERENCE = "inference.GRPCInferenceService"
# What of the Open Inference Protocol computes or tells; its REST paths have no annotations.
OPEN_METHODS = "ServerLive ServerReady ModelReady ServerMetadata ModelMetadata ModelInfer ModelStreamInfer".split()
OPEN_PATHS = ("/v2/health/", "/v2/models/")
REPLICAS = [f"inference-{number}:50051" for number in (1, 2, 3)]


class Api:
    def __init__(self, descriptors: bytes):
        self.methods: list[str] = []  # /package.Service/Method
        self.paths: list[str] = []  # of REST
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors).file:
            for service in file.service:
                self._service(f"{file.package}.{service.name}", service)
        self.paths = sorted({*self.paths, "/api/v1/recognize/stream", "/api/v1/analyze/stream"})
        self.methods.sort()

    def _service(self, name: str, service) -> None:
        for method in service.method:
            if name in CLIENTS + HEALTH or (name == OPEN_INFERENCE and method.name in OPEN_METHODS):
                self.methods.append(f"/{name}/{method.name}")
            if name in CLIENTS and method.options.HasExtension(annotations_pb2.http):
                rule = method.options.Extensions[annotations_pb2.http]
                for one in (rule, *rule.additional_bindings):
                    self.paths.append(getattr(one, one.WhichOneof("pattern")))


def check(kind: str) -> dict:
    """How often a replica is asked, for both gateways."""
    healthy, unhealthy = {"interval": 1, "successes": 1}, {"interval": 1, "http_failures": 2, "timeouts": 2}
    if kind == "kong":
        unhealthy["tcp_failures"] = 2
        return {"type": "http", "http_path": "/readyz", "timeout": 1, "healthy": healthy, "unhealthy": unhealthy}
    return {
        "type": "http",
        "http_path": "/readyz",
        "host": "localhost",
        "timeout": 1,
        "healthy": healthy,
        "unhealthy": unhealthy,
    }


def kong(api: Api) -> dict:
    common = {
        "host": "inference_cluster",
        "port": 50051,
        "retries": 3,
        "connect_timeout": 500,
        "read_timeout": 15000,
        "write_timeout": 15000,
    }
    rest = [f"~{re.escape(path)}$" for path in api.paths] + list(OPEN_PATHS)
    return {
        "_format_version": "3.0",
        "upstreams": [
            {
                "name": "inference_cluster",
                "algorithm": "round-robin",
                "healthchecks": {"active": check("kong")},
                "targets": [{"target": one, "weight": 100} for one in REPLICAS],
            }
        ],
        "services": [
            {
                "name": "inference-grpc",
                "protocol": "grpc",
                **common,
                "routes": [
                    {
                        "name": "inference-grpc",
                        "protocols": ["grpc", "grpcs"],
                        "paths": [f"~{re.escape(one)}$" for one in api.methods],
                    }
                ],
            },
            {
                "name": "inference-rest",
                "protocol": "http",
                **common,
                "routes": [
                    {
                        "name": "inference-rest",
                        "protocols": ["http", "https"],
                        "paths": rest,
                        "strip_path": False,
                        "preserve_host": True,
                        "request_buffering": False,
                        "response_buffering": False,
                    }
                ],
            },
        ],
        # The client's id goes on byte for byte; one is made if there is none.
        "plugins": [
            {
                "name": "correlation-id",
                "config": {"header_name": "X-Request-ID", "generator": "uuid", "echo_downstream": True},
            }
        ],
    }


def apisix(api: Api) -> dict:
    def upstream(name: str, scheme: str) -> dict:
        return {
            "id": name,
            "type": "roundrobin",
            "scheme": scheme,
            "nodes": dict.fromkeys(REPLICAS, 1),
            "retries": 3,
            "timeout": {"connect": 0.5, "send": 15, "read": 15},
            "checks": {"active": check("apisix")},
        }

    plugins = {"request-id": {"header_name": "X-Request-ID", "include_in_response": True}}
    return {
        "upstreams": [upstream("inference-grpc", "grpc"), upstream("inference-rest", "http")],
        "routes": [
            {
                "id": "inference-grpc",
                "uris": api.methods,
                "methods": ["POST"],
                "upstream_id": "inference-grpc",
                "plugins": plugins,
            },
            {
                "id": "inference-rest",
                "uris": api.paths + [f"{path}*" for path in OPEN_PATHS],
                "enable_websocket": True,
                "upstream_id": "inference-rest",
                "plugins": plugins,
            },
        ],
    }


def texts(descriptors: bytes) -> dict[str, str]:
    api = Api(descriptors)
    head = "# Made by generate.py from the API's descriptors; what it does and what not: README.md.\n"

    def dump(document: dict) -> str:
        yaml.SafeDumper.ignore_aliases = lambda *_: True
        return head + yaml.safe_dump(document, sort_keys=False, width=120)

    return {"kong.yaml": dump(kong(api)), "apisix.yaml": dump(apisix(api)) + "#END\n"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--descriptors", type=Path, default=HERE.parents[1] / "build/descriptors.pb")
    parser.add_argument("--check", action="store_true", help="exit 1 when the files are not up to date")
    arguments = parser.parse_args()
    made = texts(arguments.descriptors.read_bytes())
    if arguments.check:
        return int(any((HERE / name).read_text(encoding="utf-8") != text for name, text in made.items()))
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
