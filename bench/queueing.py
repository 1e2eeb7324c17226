"""Replicas behind a balancer, simulated: the model with which docs/scale.md answers how many are needed and how long
calls take.

A call costs CPU twice: `around` it (network loop, proxy, here also the load generator), which the system favours, and
`inside` a replica's worker, in whose queue it waits its turn. Replicas on the same machine share its cores evenly.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    replicas: int
    workers: int  # of each replica
    cores: float  # of the machine that all of them share; replicas * workers: one each
    around_ms: float
    inside_ms: float

    @property
    def capacity(self) -> float:
        """Calls a second."""
        by_cores = 1e3 * self.cores / (self.around_ms + self.inside_ms)
        return min(by_cores, 1e3 * self.replicas * self.workers / self.inside_ms)


def simulate(place: Place, rate: float, calls: int, seed: int, kill_at: float | None = None) -> list[float]:
    """Latencies in ms of calls that come by chance and go to the replicas in turn. kill_at: one is lost after that
    share of them."""
    rng = random.Random(seed)
    # What is left for workers when the rest has had its share.
    free = place.cores - rate * place.around_ms / 1e3
    queues: list[list[tuple[float, float]]] = [[] for _ in range(place.replicas)]
    running: list[list[list[float]]] = [[] for _ in range(place.replicas)]  # [work left, arrived]
    done: list[float] = []
    now, arrivals, turn, alive = 0.0, 0, 0, place.replicas
    next_arrival = rng.expovariate(rate / 1e3)
    while len(done) < calls:
        active = [job for some in running for job in some]
        speed = min(1.0, free / len(active)) if active else 1.0
        first = min((job[0] for job in active), default=float("inf")) / speed
        step = min(next_arrival - now, first)
        for job in active:
            job[0] -= step * speed
        now += step
        if step == first:
            for index, some in enumerate(running):
                for job in [job for job in some if job[0] <= 1e-9]:
                    some.remove(job)
                    done.append(now - job[1] + place.around_ms)
                    if queues[index]:
                        arrived, work = heapq.heappop(queues[index])
                        some.append([work, arrived])
        else:
            arrivals += 1
            if kill_at is not None and arrivals == int(calls * kill_at):
                alive -= 1
            next_arrival = now + rng.expovariate(rate / 1e3)
            index, turn = turn % alive, turn + 1
            work = place.inside_ms * rng.gauss(1, 0.1)
            if len(running[index]) < place.workers:
                running[index].append([work, now])
            else:
                heapq.heappush(queues[index], (now, work))
    return done


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
