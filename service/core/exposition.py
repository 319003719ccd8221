"""The metrics as text, for whoever scrapes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.core.metrics import Instrument, Metrics
from service.core.processes import resident_bytes
from service.core.slots import Reading


def render(metrics: Metrics, *, version: str, environment: str, started_at: float) -> bytes:
    """The sum over all workers in Prometheus text format 0.0.4; ``started_at`` in Unix seconds."""
    readings = metrics.readings()
    totals = metrics.layout.totals(readings)
    lines: list[str] = []
    for instrument, labels in metrics.layout.series.items():
        lines += _head(instrument.name, instrument.help, instrument.kind)
        rows = metrics.layout.rows(instrument, totals)
        shown = np.flatnonzero(rows.any(axis=1)).tolist() if instrument.sparse else range(len(labels))
        for index in shown:
            lines += _series(instrument, labels[index], rows[index])
    lines += _facts(readings, version, environment, started_at)
    return ("\n".join(lines) + "\n").encode()


def _head(name: str, text: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _series(instrument: Instrument, values: tuple[str, ...], cells: NDArray[np.float64]) -> Iterator[str]:
    labels = [f'{label}="{value}"' for label, value in zip(instrument.labels, values, strict=True)]
    if instrument.kind != "histogram":
        yield f"{instrument.name}{_braced(labels)} {_number(cells[0])}"
        return
    buckets = np.cumsum(cells[:-1])
    for edge, bucket in zip((*map(_number, instrument.edges), "+Inf"), buckets, strict=True):
        le = f'le="{edge}"'
        yield f"{instrument.name}_bucket{_braced([*labels, le])} {_number(bucket)}"
    yield f"{instrument.name}_sum{_braced(labels)} {_number(cells[-1])}"
    yield f"{instrument.name}_count{_braced(labels)} {_number(buckets[-1])}"


def _facts(readings: Sequence[Reading], version: str, environment: str, started_at: float) -> Iterator[str]:
    alive = [reading for reading in readings if reading.alive]
    resident = {reading.number: resident_bytes(reading.pid) for reading in alive}
    yield from _head("process_cpu_time_seconds_total", "CPU time of all workers.", "counter")
    yield f"process_cpu_time_seconds_total {_number(sum(reading.cpu for reading in readings))}"
    yield from _head("process_memory_usage_bytes", "Resident memory of all workers.", "gauge")
    yield f"process_memory_usage_bytes {_number(sum(resident.values()))}"
    yield from _head("process_start_time_seconds", "When the service started, in Unix time.", "gauge")
    yield f"process_start_time_seconds {_number(started_at)}"
    yield from _head("loadstone_worker_cpu_seconds_total", "CPU time by worker slot.", "counter")
    for reading in readings:
        yield f'loadstone_worker_cpu_seconds_total{{worker="{reading.number}"}} {_number(reading.cpu)}'
    yield from _head("loadstone_worker_resident_bytes", "Resident memory by worker slot.", "gauge")
    for number, size in resident.items():
        yield f'loadstone_worker_resident_bytes{{worker="{number}"}} {_number(size)}'
    yield from _head("loadstone_workers", "Living worker processes.", "gauge")
    yield f"loadstone_workers {len(alive)}"
    yield from _head("loadstone_build_info", "What runs here.", "gauge")
    yield f'loadstone_build_info{{version="{version}",environment="{environment}"}} 1'


def _braced(labels: Sequence[str]) -> str:
    return "{" + ",".join(labels) + "}" if labels else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
