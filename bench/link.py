"""A slow link between two network namespaces of this run: the server stays in the root one, clients run in the
other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True)


class Link:
    """A veth pair whose speed can be set; needs root, iproute2 and the kernel's token bucket filter."""

    def __init__(self):
        self.name = f"sluice{os.getpid()}"
        self.near, self.far = f"sl{os.getpid()}a", f"sl{os.getpid()}b"
        self.server, self.client = "198.18.91.1", "198.18.91.2"  # of the range for benchmarks, RFC 2544

    def __enter__(self) -> "Link":
        ip("netns", "add", self.name)
        ip("link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.name)
        ip("addr", "add", f"{self.server}/30", "dev", self.near)
        ip("-n", self.name, "addr", "add", f"{self.client}/30", "dev", self.far)
        ip("link", "set", self.near, "up")
        ip("-n", self.name, "link", "set", self.far, "up")
        return self

    def __exit__(self, *_) -> None:
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)
        subprocess.run(["ip", "link", "del", self.near], capture_output=True)

    def shape(self, rate: str) -> None:
        """For example "100mbit", in each direction."""
        for prefix, device in (([], self.near), (["ip", "netns", "exec", self.name], self.far)):
            tc = [
                *prefix,
                "tc",
                "qdisc",
                "replace",
                "dev",
                device,
                "root",
                "tbf",
                "rate",
                rate,
                "burst",
                "64kb",
                "latency",
                "100ms",
            ]
            subprocess.run(tc, check=True, capture_output=True)

    def command(self, args: list[str]) -> list[str]:
        """`args` as run by a client at the other end."""
        return ["ip", "netns", "exec", self.name, *args]

    def bytes_in(self) -> int:
        """Bytes that came to the server's end, with all headers of the link."""
        return int(Path(f"/sys/class/net/{self.near}/statistics/rx_bytes").read_text())
