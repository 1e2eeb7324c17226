"""Asks a health path all the time, until its input ends; in a process of its own, so that nothing but the server and
the machine makes it wait. Prints what it saw as JSON: the longest answer, how late it was woken at worst (what the
machine itself does to somebody who wants to run), answers that failed, the server's peak memory.

    prober.py HOST:PORT PID
"""

import http.client
import json
import resource
import select
import sys
import time

PAUSE_S = 0.004


def main() -> None:
    address, pid = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    seen = {"worst_s": 0.0, "late_s": 0.0, "failures": 0, "peak_kib": 0}
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        start = time.monotonic()
        try:
            connection.request("GET", "/healthz")
            seen["failures"] += connection.getresponse().read() == b""
        except (OSError, http.client.HTTPException):
            seen["failures"] += 1
            connection.close()
        answered = time.monotonic()
        seen["worst_s"] = max(seen["worst_s"], answered - start)
        with open(f"/proc/{pid}/statm") as file:
            seen["peak_kib"] = max(seen["peak_kib"], int(file.read().split()[1]) * resource.getpagesize() // 1024)
        slept = time.monotonic()
        time.sleep(PAUSE_S)
        seen["late_s"] = max(seen["late_s"], time.monotonic() - slept - PAUSE_S)
    print(json.dumps(seen))


main()
