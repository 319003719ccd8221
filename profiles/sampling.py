"""Samples the processes of a service while it works, part by part, and counts the requests of each part."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from profiles.recording import Recording
from profiles.samplers import py_spy
from profiles.stacks import Profile

COUNTER: Final = "http_server_request_duration_seconds_count"
"""What a service counts its requests by, after OpenTelemetry's semantic conventions."""
_PATIENCE_SECONDS: Final = 5.0
_LARGEST_BYTES: Final = 16 * 2**20
_SERIES: Final = re.compile(rf"^{COUNTER}(?:\{{.*\}})?\s+(?P<value>\S+)", re.MULTILINE)


class UncountedError(Exception):
    """Requests cannot be counted; says why."""


def sample(
    pids: Sequence[int],
    seconds: int,
    parts: int = 1,
    *,
    rate: int = 250,
    native: bool = False,
    served: str | None = None,
) -> Recording:
    """Samples of all processes ``pids`` in ``parts`` stretches of ``seconds`` each.

    With ``served``, the URL of a service's metrics, costs are those of a request. A part without any is no part.
    """
    profiles: list[Profile] = []
    requests: list[float] = []
    capture = partial(py_spy.capture, seconds=seconds, samples_per_second=rate, native=native)
    with ThreadPoolExecutor(len(pids)) as pool:
        for _ in range(parts):
            before = served_requests(served) if served else 0.0
            profile = Profile.combined(pool.map(capture, pids))
            answered = served_requests(served) - before if served else 1.0
            if answered > 0:
                profiles.append(profile)
                requests.append(answered)
    if not profiles:
        raise UncountedError("the service answered no request while it was sampled")
    return Recording.of_profiles(profiles, requests, f"{len(pids)} processes, {parts * seconds} s at {rate}/s")


def served_requests(url: str) -> float:
    """The requests that the service whose metrics lie at ``url`` has answered."""
    if not url.startswith(("http://", "https://")):
        raise UncountedError(f"{url!r} is no http:// or https:// address")
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - checked above
            text = answer.read(_LARGEST_BYTES).decode("utf-8", "replace")
    except (urllib.error.URLError, OSError) as error:
        raise UncountedError(f"{url} cannot be read: {getattr(error, 'reason', error)}") from error
    values = [float(found["value"]) for found in _SERIES.finditer(text)]
    if not values:
        raise UncountedError(f"{url} has no {COUNTER}")
    return sum(values)
