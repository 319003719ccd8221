"""Child processes: on their cores, their words in a log, ended with the block that started them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

START_SECONDS = 60.0
"""How long a server may take until it is ready."""
STOP_SECONDS = 30.0
"""How long a child may take to end by itself before it is killed."""
_TICK = 0.02
_REFUSALS = ("loadstone: ", "loadtests: ")
"""How the children begin a sentence that says why they will not start."""


class NotReadyError(Exception):
    """A server did not become ready; says what it said last."""


class _LogLine(msgspec.Struct):
    message: str


def free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cores() -> tuple[set[int], set[int]]:
    """The cores of services and those of the generator: apart where there are two or more."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


@contextmanager
def on_cores(wanted: set[int]) -> Iterator[None]:
    """Children started inside inherit the cores; the caller's own are given back."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def child(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    wanted: set[int],
    *,
    folder: Path | None = None,
    leads_group: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """``command`` in ``folder`` on the ``wanted`` cores, what it says appended to ``log``; it ends with the block.

    One that ``leads_group`` takes its whole process group with it, as commands of other projects may leave children.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, on_cores(wanted):
        process = subprocess.Popen(
            list(command),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            cwd=folder,
            start_new_session=leads_group,
        )
    try:
        yield process
    finally:
        _stop(process, group=leads_group)


def await_ready(process: subprocess.Popen[bytes], url: str, log: Path, *, any_answer: bool = False) -> float:
    """Wait until ``url`` answers with 200, or with ``any_answer`` at all; the seconds it took. Raises NotReadyError."""
    begun = time.monotonic()
    while (took := time.monotonic() - begun) < START_SECONDS:
        if process.poll() is not None:
            raise NotReadyError(last_words(log) or f"it ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - a loopback address of ours
                return took
        except urllib.error.HTTPError:
            if any_answer:
                return took
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(_TICK)
    raise NotReadyError(f"it was not ready within {START_SECONDS:.0f} s; its log is {log}")


def last_words(log: Path) -> str:
    """What ``log`` ends with: the sentence that a child refused with if there is one, else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    refusals = [line.partition(": ")[2] for line in lines if line.startswith(_REFUSALS)]
    if refusals:
        return refusals[-1]
    try:
        return msgspec.json.decode(lines[-1], type=_LogLine).message if lines else ""
    except msgspec.DecodeError:
        return lines[-1]


def _stop(process: subprocess.Popen[bytes], *, group: bool) -> None:
    if process.poll() is None:
        _signal(process, signal.SIGTERM, group=group)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL, group=group)
            process.wait()
        except BaseException:
            _signal(process, signal.SIGKILL, group=group)
            raise
    if group:
        _signal(process, signal.SIGKILL, group=True)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals, *, group: bool) -> None:
    if not group:
        process.send_signal(number)
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
