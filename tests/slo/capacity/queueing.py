"""A service that is known exactly: one queue, one server, Poisson arrivals. It stands in for the real one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slo import record
from slo.histogram import Histogram

SETTLE_S, STEP_S = 2, 10
TIMEOUT_S = 10.0
SERVED = 'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/v1/comments"}'


class Server(NamedTuple):
    """Exponential service times with this mean; and what a request and a second take of its CPU."""

    per_s: float = 1000.0
    cpu_per_request: float = 0.0006
    idle: float = 0.02
    generator_per_s: float = np.inf
    """The rate from which the generator is saturated."""


def times(random: np.random.Generator, rate: float, server: Server) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Arrivals and the times in the system, by Lindley's recursion."""
    count = random.poisson(rate * (SETTLE_S + STEP_S))
    arrivals = np.sort(random.uniform(0, SETTLE_S + STEP_S, count))
    work = np.cumsum(random.exponential(1 / server.per_s, count))
    before = np.concatenate([[0.0], work[:-1]])[:count]
    departures = work + np.maximum.accumulate(arrivals - before) if count else arrivals
    return arrivals, departures - arrivals


def step(rate: float, server: Server, seed: int = 1, objectives: tuple[str, ...] = ("comments",)) -> record.Run:
    """The record of one step at ``rate``."""
    random = np.random.default_rng(seed)
    arrivals, spent = times(random, rate, server)
    cells, pulses = [], []
    for second in range(SETTLE_S + STEP_S):
        inside = (arrivals >= second) & (arrivals < second + 1)
        right = spent[inside & (spent <= TIMEOUT_S)]
        count = int(inside.sum())
        latency = Histogram.of(right.tolist()).encode()
        outcomes = {record.OK: len(right), "timeout": count - len(right)}
        cells.append(
            record.Cell(
                second=second,
                stage="settling" if second < SETTLE_S else "step",
                workload="comments",
                route="/v1/comments",
                outcomes={name: number for name, number in outcomes.items() if number},
                latency=latency,
                service=latency,
                items=len(right),
            )
        )
        pulses.append(
            record.Pulse(
                second=second,
                generator="generator-0",
                intended=count,
                started=count,
                dropped=0,
                lateness=Histogram.of([0.001] * count).encode(),
                cpu=0.95 if rate >= server.generator_per_s else 0.2,
            )
        )
    return record.Run(
        header=_header(rate, objectives),
        cells=tuple(cells),
        pulses=tuple(pulses),
        snapshots=_snapshots(rate, server),
        footer=record.Footer(
            ended_at="2026-01-02T03:05:00Z",
            outcome="completed",
            generators={"generator-0": "finished"},
            cells=len(cells),
            requests=sum(cell.requests for cell in cells),
        ),
    )


def _header(rate: float, objectives: tuple[str, ...]) -> record.Header:
    stages = (
        record.Stage(name="settling", seconds=SETTLE_S, rate_from=rate, rate_to=rate, judged=False),
        record.Stage(name="step", seconds=STEP_S, rate_from=rate, rate_to=rate, judged=True),
    )
    return record.Header(
        format=record.FORMAT,
        id="step",
        started_at="2026-01-02T03:04:05Z",
        seed=7,
        commit="abc1234",
        plan=record.PlanFacts(
            name="step-01",
            description="A step",
            arrivals="poisson",
            stages=stages,
            mix={"comments": 1.0},
            objectives=objectives,
        ),
        machine=record.MachineFacts(cpu="a cpu", cores=2, memory_bytes=2**32, kernel="Linux 6.1", python="3.11.9"),
        target=record.TargetFacts(url="http://127.0.0.1:8000", version="1.0", workers=1),
    )


def _snapshots(rate: float, server: Server) -> tuple[record.Snapshot, ...]:
    served = min(rate, server.per_s) * STEP_S
    cpu = server.cpu_per_request * served + server.idle * STEP_S
    workers = {"loadstone_workers": 1.0}
    return (
        record.Snapshot(
            moment="judged", second=SETTLE_S, samples={SERVED: 100.0, "process_cpu_time_seconds_total": 5.0, **workers}
        ),
        record.Snapshot(
            moment="end",
            second=SETTLE_S + STEP_S + 0.5,
            samples={SERVED: 100.0 + served, "process_cpu_time_seconds_total": 5.0 + cpu, **workers},
        ),
    )
