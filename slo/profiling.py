"""Conducts profiles: the service under load with a profiler beside it, or its requests replayed and counted.

Like `slo.conductor` it knows the rooms by their commands alone.

    ProfilingError       a child did not do its part; quotes the last thing it said
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from slo import conductor
from slo.live import Progress, Show

REPLAYED = "service.replay:opened"
"""What answers recorded requests in one thread and out of time."""
ROOT = Path(__file__).resolve().parents[1]
"""Where this Loadstone's rooms lie."""
CHILD_SECONDS = 900.0
"""How long one child may take, beyond what it sets out to take."""
PARTS = 5
"""Stretches that samples are taken in, whose spread gives the intervals."""


class ProfilingError(Exception):
    """There is no profile; says why."""


def drawn(file: Path, plan: str, requests: int, seed: int | None = None) -> Path:
    """``file``, with so many requests of ``plan`` in it, to be counted in as many trees as one likes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    words = ["loadtests._planning._requests", plan, str(requests), *([str(seed)] if seed is not None else [])]
    file.write_bytes(_ran(words))
    return file


def counted(folder: Path, requests: Path, kind: str, *, tree: Path, python: Path | None = None) -> list[Path]:
    """What the service in ``tree`` does for the ``requests`` of a file; the recordings, one for each unit.

    ``kind`` is ``deterministic`` (bytecodes, calls), ``memory`` (bytes, allocations) or ``waits`` (waited, queries).
    The tree's service is run by ``python``; who counts is always this Loadstone, so that both sides of a comparison
    are counted alike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [
        *("profiles", "replay", REPLAYED, str(requests.resolve()), "--kind", kind),
        *("--tree", str(tree.resolve()), "--out", str(folder.resolve())),
    ]
    # Sets of texts are walked in the order of their hashes, which are salted anew in every process unless told.
    return [Path(line) for line in _ran(arguments, {"PYTHONHASHSEED": "0"}, python).decode().splitlines()]


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
    looked_into(recording, service.workers(), seconds, rate=rate, native=native, metrics=f"{service.url}/metrics")


def looked_into(
    recording: Path,
    pids: Sequence[int],
    seconds: int,
    *,
    metrics: str,
    rate: int = 250,
    native: bool = False,
    parts: int = PARTS,
) -> None:
    """Write samples of the running processes ``pids`` to ``recording``; ``metrics`` is the URL that tells how many
    requests they answer meanwhile."""
    arguments = [
        *("profiles", "cpu", *map(str, pids), "--seconds", str(seconds), "--parts", str(parts), "--rate", str(rate)),
        *("--served", metrics, "--out", str(recording), *(["--native"] if native else [])),
    ]
    _ran(arguments)


def _ran(arguments: Sequence[str], variables: Mapping[str, str] | None = None, python: Path | None = None) -> bytes:
    """What ``python -m arguments`` of this Loadstone prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})}
    command = [str(python or sys.executable), "-m", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        _running.add(child)
        try:
            output, errors = child.communicate(timeout=CHILD_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ProfilingError(f"{arguments[0]} did not end within {CHILD_SECONDS:.0f} s") from error
        finally:
            _running.discard(child)
            child.kill()
    if child.returncode:
        said = errors.decode("utf-8", "replace").strip().splitlines()
        raise ProfilingError(
            said[-1].removeprefix("profiles: ") if said else f"{arguments[0]} ended with exit code {child.returncode}"
        )
    return output


_running: set[subprocess.Popen[bytes]] = set()


@contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Two children at a time, by threads; whoever ends the block early ends them as well."""
    with ThreadPoolExecutor(2) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in tuple(_running):
                child.kill()
            raise
