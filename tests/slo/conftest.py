from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from slo import record, spec
from slo.histogram import Histogram

WARM_UP_S = 5
JUDGED_S = 30


def cell(second: int, *, good: Sequence[float] = (), failures: int = 0, **changes: Any) -> record.Cell:
    """A second of comments: right answers with these latencies, and so many timeouts."""
    latency = Histogram.of(good).encode()
    outcomes = {name: count for name, count in ((record.OK, len(good)), ("timeout", failures)) if count}
    facts: dict[str, Any] = {
        "second": second,
        "stage": "steady" if second >= WARM_UP_S else "warm-up",
        "workload": "comments",
        "route": "/v1/comments",
        "outcomes": outcomes,
        "latency": latency,
        "service": latency,
        "items": len(good),
    }
    return record.Cell(**{**facts, **changes})


def pulse(second: int, arrivals: int, **changes: Any) -> record.Pulse:
    """A healthy generator's second."""
    facts: dict[str, Any] = {
        "second": second,
        "generator": "generator-0",
        "intended": arrivals,
        "started": arrivals,
        "dropped": 0,
        "lateness": Histogram.of([0.001] * arrivals).encode(),
        "cpu": 0.3,
    }
    return record.Pulse(**{**facts, **changes})


def header(rate: float, **plan: Any) -> record.Header:
    """A plan with a warm-up of five seconds and thirty that are judged."""
    facts: dict[str, Any] = {
        "name": "comments",
        "description": "A steady load",
        "arrivals": "constant",
        "stages": (
            record.Stage(name="warm-up", seconds=WARM_UP_S, rate_from=rate, rate_to=rate, judged=False),
            record.Stage(name="steady", seconds=JUDGED_S, rate_from=rate, rate_to=rate, judged=True),
        ),
        "mix": {"comments": 1.0},
        "objectives": ("comments",),
    }
    return record.Header(
        format=record.FORMAT,
        id="run-1",
        started_at="2026-01-02T03:04:05Z",
        seed=7,
        commit="abc1234",
        plan=record.PlanFacts(**{**facts, **plan}),
        machine=record.MachineFacts(cpu="a cpu", cores=2, memory_bytes=2**32, kernel="6.1", python="3.11.9"),
        target=record.TargetFacts(url="http://127.0.0.1:8000"),
    )


def snapshots() -> tuple[record.Snapshot, ...]:
    """A server that used 2 ms of CPU for each of 3,000 requests, and held 100 MiB at most once it was warm."""
    requests = 'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/v1/comments"}'
    counters = {"start": (0, 0.0, 120), "judged": (500, 1.0, 100), "end": (3_500, 7.0, 90)}
    moments: tuple[Any, ...] = ("start", "judged", "end")
    return tuple(
        record.Snapshot(
            moment=moment,
            second={"start": 0.0, "judged": float(WARM_UP_S), "end": float(WARM_UP_S + JUDGED_S)}[moment],
            samples={
                requests: float(counters[moment][0]),
                "process_cpu_time_seconds_total": counters[moment][1],
                "process_memory_usage_bytes": counters[moment][2] * 2.0**20,
            },
        )
        for moment in moments
    )


def footer(cells: Sequence[record.Cell], **changes: Any) -> record.Footer:
    """The end of a run that went well."""
    facts: dict[str, Any] = {
        "ended_at": "2026-01-02T03:04:40Z",
        "outcome": "completed",
        "generators": {"generator-0": "finished"},
        "cells": len(cells),
        "requests": sum(cell.requests for cell in cells),
    }
    return record.Footer(**{**facts, **changes})


def make_run(
    *, rate: int = 100, good: Sequence[float] | None = None, failures: int = 0, plan: dict[str, Any] | None = None
) -> record.Run:
    """A healthy run: of ``rate`` arrivals a second, ``failures`` fail, the others take ``good``, or 10 ms each."""
    latencies = [0.01] * (rate - failures) if good is None else list(good)
    cells = tuple(
        cell(second, good=latencies, failures=failures if second >= WARM_UP_S else 0)
        for second in range(WARM_UP_S + JUDGED_S)
    )
    return record.Run(
        header=header(rate, **(plan or {})),
        cells=cells,
        pulses=tuple(pulse(second, rate) for second in range(WARM_UP_S + JUDGED_S)),
        snapshots=snapshots(),
        footer=footer(cells),
    )


def change(run: record.Run, **changes: Any) -> record.Run:
    """``run`` with other lines."""
    return msgspec.structs.replace(run, **changes)


@pytest.fixture(scope="session", name="make_run")
def make_run_fixture() -> Callable[..., record.Run]:
    return make_run


@pytest.fixture(scope="session", name="make_cell")
def make_cell_fixture() -> Callable[..., record.Cell]:
    return cell


@pytest.fixture(scope="session", name="make_pulse")
def make_pulse_fixture() -> Callable[..., record.Pulse]:
    return pulse


@pytest.fixture(name="load")
def load_shop(tmp_path: Path) -> Callable[..., spec.Specifications]:
    """Loads the files of ``shop/``; each argument is a text in the file of that name and what to write instead."""

    def load(in_objectives: tuple[str, str] = ("", ""), in_budgets: tuple[str, str] = ("", "")) -> spec.Specifications:
        for name, (old, new) in (("objectives.yaml", in_objectives), ("budgets.yaml", in_budgets)):
            text = (Path(__file__).parent / "shop" / name).read_text(encoding="utf-8")
            assert old in text
            (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return spec.load([tmp_path])

    return load
