"""Measures, within a running Locust, what requests cost its process; writes it down as JSON.

A stretch begins some time after the first request, so that neither starting up nor connecting is part of it, and ends
before the load does.
"""

from __future__ import annotations

import json
import os
import time
from array import array
from pathlib import Path
from typing import Any

import gevent

RESULT, WARM_UP, STRETCH, KEEP = "METER_RESULT", "METER_WARM_UP", "METER_SECONDS", "METER_KEEPS_LATENCIES"
"""The environment variables that say where to, after how long, for how long, and whether to keep all latencies."""

_POLL_SECONDS = 0.02


def attach(events: Any) -> None:
    """Listen to ``events`` (`locust.events`)."""
    events.init.add_listener(_install)


def _install(environment: Any, **_: Any) -> None:
    # Timers count from the loop's idea of now, which is as old as the imports took: the load would end early.
    gevent.get_hub().loop.update_now()
    latencies = array("d")
    if os.environ.get(KEEP):
        environment.events.request.add_listener(
            lambda response_time, **_: latencies.append(response_time)  # in milliseconds, as Locust has them
        )
    gevent.spawn(_measure, environment, latencies)


def _measure(environment: Any, latencies: array[float]) -> None:
    stats = environment.stats  # whose total is another object from the start of the test on
    while not stats.total.num_requests:
        gevent.sleep(_POLL_SECONDS)
    gevent.sleep(float(os.environ[WARM_UP]))
    before = _reading(stats.total)
    gevent.sleep(float(os.environ[STRETCH]))
    found = {name: value - before[name] for name, value in _reading(stats.total).items()}
    if os.environ.get(KEEP):
        environment.events.quitting.add_listener(lambda **_: _write({**found, **_distribution(stats.total, latencies)}))
    else:
        _write(found)


def _reading(total: Any) -> dict[str, float]:
    return {
        "requests": total.num_requests,
        "failures": total.num_failures,
        "cpu_seconds": time.process_time(),
        "seconds": time.perf_counter(),
    }


def _distribution(total: Any, latencies: array[float]) -> dict[str, Any]:
    """Every latency of the run, and the percentiles of Locust's own statistics for comparison."""
    own = {str(fraction): total.get_response_time_percentile(fraction) for fraction in (0.5, 0.9, 0.99, 0.999)}
    return {"latencies_ms": latencies.tolist(), "locust_ms": own}


def _write(found: dict[str, Any]) -> None:
    path = Path(os.environ[RESULT])
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(found), encoding="utf-8")
    unfinished.replace(path)
