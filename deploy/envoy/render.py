#!/usr/bin/env python3
"""Writes envoy.yaml with other addresses, a variant, TLS and HTTP/3 to stdout (JSON, which Envoy reads, too).

    render.py --replica 127.0.0.1:50051 --replica 127.0.0.1:50052 --replica 127.0.0.1:50053 --listen 127.0.0.1:8080
    render.py --variant least_request
    render.py --tls 0.0.0.0:8443 --certificate tls.crt --key tls.key

A variant (variants/NAME.yaml) is merged over the file: `cluster` over the replicas' cluster, `virtual_host` over the
virtual host, `route` over each route, `connection_manager` over the listener's; `clusters` are added.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
QUIC = "type.googleapis.com/envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport"
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"


def merged(base, patch):
    """Maps by key, lists element by element; everything else, and what only one of them has, as it is."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {key: merged(base.get(key), patch[key]) if key in patch else base[key] for key in {**base, **patch}}
    if isinstance(base, list) and isinstance(patch, list):
        both = [merged(a, b) for a, b in zip(base, patch, strict=False)]
        return both + base[len(both) :] + patch[len(both) :]
    return base if patch is None else patch


class Config:
    def __init__(self) -> None:
        self.document = yaml.safe_load((HERE / "envoy.yaml").read_text(encoding="utf-8"))
        self.resources = self.document["static_resources"]
        (self.listener,) = self.resources["listeners"]
        (self.cluster,) = self.resources["clusters"]
        ((self.filter,),) = (chain["filters"] for chain in self.listener["filter_chains"])

    @property
    def manager(self) -> dict:
        return self.filter["typed_config"]

    def replicas(self, addresses: list[str]) -> None:
        endpoints = [{"endpoint": {"address": socket_address(one)}} for one in addresses]
        self.cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": endpoints}]

    def variant(self, name: str) -> None:
        patch = yaml.safe_load((HERE / "variants" / f"{name}.yaml").read_text(encoding="utf-8"))
        vary(self.cluster, patch.get("cluster", {}))
        (host,) = self.manager["route_config"]["virtual_hosts"]
        host.update(merged(host, patch.get("virtual_host", {})))
        for route in host["routes"]:
            route["route"] = merged(route["route"], patch.get("route", {}))
        self.manager.update(patch.get("connection_manager", {}))
        self.resources["clusters"] += patch.get("clusters", [])

    def tls(self, address: str, pair: dict) -> None:
        """Two listeners on the port: HTTP/1.1 and HTTP/2 over TCP, which tell of the other, HTTP/3 over QUIC."""
        host, port = address.rsplit(":", 1)
        manager = copy.deepcopy(self.manager)
        manager["route_config"]["virtual_hosts"][0]["response_headers_to_add"] = [
            {"header": {"key": "alt-svc", "value": f'h3=":{port}"; ma=86400'}}
        ]
        tcp = {
            "name": "inference_tls",
            "address": socket_address(address),
            "filter_chains": [chain(TLS, {"alpn_protocols": ["h2", "http/1.1"], **pair}, manager, None)],
        }
        quic_manager = {
            **copy.deepcopy(manager),
            "codec_type": "HTTP3",
            "http3_protocol_options": {},
        }
        quic = {
            "name": "inference_quic",
            "address": {"socket_address": {"protocol": "UDP", "address": host, "port_value": int(port)}},
            "udp_listener_config": {"quic_options": {}, "downstream_socket_config": {"prefer_gro": True}},
            "filter_chains": [chain(QUIC, pair, quic_manager, "downstream_tls_context")],
        }
        self.resources["listeners"] += [tcp, quic]


def fixed_pair(certificate: str, key: str) -> dict:
    return {"tls_certificates": [{"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}]}


def watched_pair(file: str) -> dict:
    source = {"path_config_source": {"path": file}, "resource_api_version": "V3"}
    return {"tls_certificate_sds_secret_configs": [{"name": "inference", "sds_config": source}]}


def vary(cluster: dict, patch: dict) -> None:
    zones = patch.get("load_assignment", {}).get("endpoints", [])
    if len(zones) > 1:  # the replicas go to them in turn
        replicas = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        cluster["load_assignment"]["endpoints"] = [
            {**zone, "lb_endpoints": replicas[index :: len(zones)]} for index, zone in enumerate(zones)
        ]
        del patch["load_assignment"]
    cluster.update(merged(cluster, patch))


def chain(kind: str, context: dict, manager: dict, inside: str | None) -> dict:
    common = {"common_tls_context": context}
    config = {"@type": kind, **({inside: common} if inside else common)}
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "filters": filters,
        "transport_socket": {
            "name": "envoy.transport_sockets.tls" if not inside else "envoy.transport_sockets.quic",
            "typed_config": config,
        },
    }


def socket_address(text: str) -> dict:
    host, port = text.rsplit(":", 1)
    return {"socket_address": {"address": host, "port_value": int(port)}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replica", action="append", default=[], metavar="HOST:PORT")
    parser.add_argument("--listen", metavar="HOST:PORT", help="instead of 0.0.0.0:8080")
    parser.add_argument("--admin", metavar="HOST:PORT", help="instead of 127.0.0.1:9901")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        help=", ".join(sorted(p.stem for p in (HERE / "variants").glob("*.yaml"))),
    )
    parser.add_argument("--tls", metavar="HOST:PORT", help="TLS and HTTP/3 there, too")
    parser.add_argument("--certificate", default="/etc/envoy/tls.crt")
    parser.add_argument("--key", default="/etc/envoy/tls.key")
    parser.add_argument(
        "--sds", metavar="FILE", help="instead of the two: as certificate.yaml, read again when they change"
    )
    arguments = parser.parse_args()
    config = Config()
    if arguments.replica:
        config.replicas(arguments.replica)
    if arguments.listen:
        config.listener["address"] = socket_address(arguments.listen)
    if arguments.admin:
        config.document["admin"]["address"] = socket_address(arguments.admin)
    for name in arguments.variant:
        config.variant(name)
    if arguments.tls:
        pair = watched_pair(arguments.sds) if arguments.sds else fixed_pair(arguments.certificate, arguments.key)
        config.tls(arguments.tls, pair)
    print(json.dumps(config.document, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
