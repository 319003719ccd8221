"""Conducts profiles: the service under load with a profiler beside it, or its requests replayed and counted.

Like `slo.conductor` it knows the rooms by their commands alone.

    ProfilingError       a child did not do its part; quotes the last thing it said
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from slo import conductor
from slo.live import Progress, Show

REPLAYED = "service.replay:opened"
"""What answers recorded requests in one thread and out of time."""
CHILD_SECONDS = 900.0
"""How long one child may take, beyond what it sets out to take."""
PARTS = 5
"""Stretches that samples are taken in, whose spread gives the intervals."""


class ProfilingError(Exception):
    """There is no profile; says why."""


def counted(folder: Path, plan: str, requests: int, kind: str, *, seed: int | None, tree: Path) -> list[Path]:
    """What the service in ``tree`` does for so many requests of ``plan``; the recordings, one for each unit.

    ``kind`` is ``deterministic`` (bytecodes, calls) or ``memory`` (bytes, allocations).
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = _ran(
        ["loadtests._planning._requests", plan, str(requests), *([str(seed)] if seed is not None else [])], Path.cwd()
    )
    file = folder / "requests.jsonl"
    file.write_bytes(lines)
    arguments = ["profiles", "replay", REPLAYED, str(file.resolve()), "--kind", kind, "--out", str(folder.resolve())]
    # Sets of texts are walked in the order of their hashes, which are salted anew in every process unless told.
    return [Path(line) for line in _ran(arguments, tree, {"PYTHONHASHSEED": "0"}).decode().splitlines()]


def sampled(
    folder: Path, load: Sequence[str], seconds: int, on_progress: Show, *, rate: int, native: bool, warm_up: float
) -> Path:
    """Samples of a service's workers under the load of Locust's arguments ``load``, its first ``warm_up`` seconds
    left out."""
    recording = folder / "samples.profile.json"
    begun: list[Future[None]] = []
    with conductor.service(folder) as service, ThreadPoolExecutor(1) as pool:

        def watch(progress: Progress) -> None:
            on_progress(progress)
            if not begun and progress.second >= warm_up:
                begun.append(pool.submit(_sampled, service, recording, seconds, rate=rate, native=native))

        conductor.load([*load, "--host", service.url], folder / "record.jsonl", watch)
        for sampling in begun:
            sampling.result()
    if not begun:
        raise ProfilingError("the load ended before its warm-up did")
    return recording


def _sampled(service: conductor.Service, recording: Path, seconds: int, *, rate: int, native: bool) -> None:
    pids = [str(pid) for pid in service.workers()]
    arguments = [
        *("profiles", "cpu", *pids, "--seconds", str(seconds), "--parts", str(PARTS), "--rate", str(rate)),
        *("--served", f"{service.url}/metrics", "--out", str(recording), *(["--native"] if native else [])),
    ]
    _ran(arguments, Path.cwd())


def _ran(arguments: Sequence[str], tree: Path, variables: Mapping[str, str] | None = None) -> bytes:
    """What ``python -m arguments`` prints, run in ``tree`` with its modules first."""
    environment = {**os.environ, "PYTHONPATH": str(tree.resolve()), **(variables or {})}
    try:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=tree,
            env=environment,
            capture_output=True,
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProfilingError(f"{arguments[0]} did not end within {CHILD_SECONDS:.0f} s") from error
    if done.returncode:
        said = list(
            filter(None, (line.strip(" │╭╰─╮╯") for line in done.stderr.decode("utf-8", "replace").splitlines()))
        )
        raise ProfilingError(said[-1] if said else f"{arguments[0]} ended with exit code {done.returncode}")
    return done.stdout
