"""What is done to the cluster. A drill returns when all is well again; `struck` is when clients could notice last, if
it is not the beginning: a fault that Envoy cannot route around counts from its end."""

from __future__ import annotations

import signal
import ssl
import time
import urllib.request
from collections.abc import Callable

from place import RULES, ZONES, Place
from test_envoy import healthy_again
from test_server import certificate, served_name


def killed(place: Place, long: float) -> None:
    place.replicas.kill(0)
    time.sleep(2 * long)
    place.replicas.restart(0)


def rolling_restart(place: Place, long: float) -> None:
    for index in range(3):
        assert place.replicas.servers[index].stop() == 0
        place.replicas.restart(index)
        healthy_again(place.envoy)


def hung(place: Place, long: float) -> None:
    process = place.replicas.servers[0].process
    process.send_signal(signal.SIGSTOP)
    time.sleep(4 * long)
    process.send_signal(signal.SIGCONT)


def slow_link(place: Place, long: float) -> float:
    place.proxy.add("latency", latency=100)  # each way
    time.sleep(3 * long)
    place.proxy.clear()
    return time.monotonic()


def zone_gone(place: Place, long: float) -> None:
    """Nothing comes through to that zone any more, and nobody says so."""
    place.proxy.add("timeout", timeout=0)
    time.sleep(4 * long)
    place.proxy.clear()


def first_zone_killed(place: Place, long: float) -> None:
    place.replicas.kill(1)
    time.sleep(2 * long)
    place.replicas.restart(1)


def redis_hung(place: Place, long: float) -> None:
    place.redis.hang()
    time.sleep(2 * long)
    place.redis.go_on()


def redis_gone(place: Place, long: float) -> None:
    place.redis.stop()
    time.sleep(long)
    place.redis.start()


def even(place: Place, long: float) -> None:
    """By another that spreads the calls."""
    place.envoy.replace(place.ways)
    time.sleep(3)  # until the connections have gone over


def priorities(place: Place, long: float) -> None:
    """By another that gives all of them to the first zone."""
    place.envoy.replace(place.zones, *ZONES)
    time.sleep(3)


def disk_full(place: Place, long: float) -> None:
    place.replicas.disk.fill()
    time.sleep(2 * long)
    place.replicas.disk.empty()


def clock_jumps(place: Place, long: float) -> None:
    for offset in (3600, -3600, 0):
        place.replicas.clock.set(offset)
        time.sleep(long)


def certificates_renewed(place: Place, long: float) -> None:
    """Of Envoy and of all the replicas. Clients that trust the old one and the new one get through all the time."""
    everybody = [place.envoy.tls, *place.replicas.tls]
    old, now = served_name(place.envoy.tls), f"renewed-{time.monotonic():.0f}"
    trust = ssl.create_default_context(cafile=place.folder / "tls.crt")
    certificate(place.folder, now)
    trust.load_verify_locations(place.folder / "tls.crt")
    end = time.monotonic() + 20
    while (names := {served_name(address) for address in everybody}) != {now}:
        assert names <= {old, now} and time.monotonic() < end, names
        for address in everybody:
            with urllib.request.urlopen(f"https://{address}/v2", context=trust, timeout=10) as answer:
                assert answer.status == 200
        time.sleep(0.2)  # the handshakes and this program's share of the machine are the clients', too


def reloaded(place: Place, long: float) -> None:
    for count in (60, 70, 80, 50):
        place.replicas.rules.write_text(RULES % count)
        for server in place.replicas.servers:
            server.process.send_signal(signal.SIGHUP)
        time.sleep(0.3 * long)


Drill = Callable[[Place, float], "float | None"]
# In any order, while all three have work.
DRILLS: dict[str, Drill] = {
    "a replica is killed": killed,
    "all three are restarted, one after the other": rolling_restart,
    "a replica hangs": hung,
    "200 ms more on the way to one replica": slow_link,
    "a zone is gone, silently": zone_gone,
    "Redis hangs": redis_hung,
    "Redis goes and comes back empty": redis_gone,
    "the disk with a replica's logs is full": disk_full,
    "a replica's clock jumps an hour, back and forth": clock_jumps,
    "certificates are renewed": certificates_renewed,
    "rules change, SIGHUP to all, four times": reloaded,
}
# Before and after those: the cluster begins with priorities.
ZONE = "the zone with all the work is gone, silently"
EVEN = "Envoy is replaced (hot restart): from priorities to round robin"
PRIORITIES = "Envoy is replaced (hot restart): from round robin to priorities"
KILLED = "the zone with all the work is killed"
ORDERED: dict[str, Drill] = {ZONE: zone_gone, KILLED: first_zone_killed, EVEN: even, PRIORITIES: priorities}
