"""Starts what a run needs as child processes: the service on its embedded servers, and the load against it.

It imports neither room; it knows their commands, ``/health/ready`` and the run record. With two cores or
more, the service has the first one and the generator the others, so that neither takes the other's time.

    ConductorError
    ├── ServiceStartError    the service did not come up; quotes the last thing it said
    ├── DutiesError          what the service's duties cost could not be measured
    ├── LoadError            the load did not run; quotes the last thing it said
    └── LoadCutShortError    the load began and ended before its plan did
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from slo.exits import ExitCode
from slo.live import Progress, Show
from slo.record import Duty

START_SECONDS = 60.0
"""How long a service may take until it is ready; the embedded servers need about two of them."""
STOP_SECONDS = 30.0
"""How long a child may take to end by itself before it is killed."""
DUTIES_SECONDS = 60.0
"""How long measuring the duties may take, beyond what it sets out to take."""
_TICK = 0.2
_REFUSALS = ("loadstone: ", "loadtests: ")
"""How the children begin a sentence that says why they will not start."""


class _LogLine(msgspec.Struct):
    message: str


class ConductorError(Exception):
    """A child did not do its part."""


class ServiceStartError(ConductorError):
    """The service did not become ready."""


class DutiesError(ConductorError):
    """The service did not say what its duties cost."""


class LoadError(ConductorError):
    """The load did not run, or could not be recorded."""


class LoadCutShortError(ConductorError):
    """Somebody ended the load before its plan did; its record cannot be judged."""


def free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """A service that was started for a run; ``cores`` are those of this machine that it may use."""

    def __init__(self, url: str, child: subprocess.Popen[bytes], log: Path, cores: set[int]) -> None:
        self.url = url
        self.cores = cores
        self._child = child
        self._log = log

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        children = psutil.Process(self._child.pid).children()
        return [child.pid for child in children if "serve" in child.cmdline()]

    @property
    def loss(self) -> str:
        """How the service ended though nobody asked it to; empty while it is there."""
        code = self._child.poll()
        if code is None:
            return ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"the service ended during the load, with {how}; its log is {self._log}"


@contextmanager
def service(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Service]:
    """A service of this tree on a free port, with ``service.log`` in ``folder``; its data go when it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "service.log"
    data = Path(tempfile.mkdtemp(prefix="data-", dir=folder))
    port = free_port()
    environment = {
        **os.environ,
        "LOADSTONE_HOST": "127.0.0.1",
        "LOADSTONE_PORT": str(port),
        "LOADSTONE_DATA_DIR": str(data),
        **(variables or {}),
    }
    first, _ = _cores()
    url = f"http://127.0.0.1:{port}"
    try:
        with _child([sys.executable, "-m", "service", "serve"], log, environment, first) as child:
            _await_ready(child, url, log)
            yield Service(url, child, log, first)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def duties(folder: Path, seconds: float = 5.0) -> tuple[Duty, ...]:
    """What each duty of this tree's service adds to a request, measured in about ``seconds`` on the service's core.

    Leaves ``duties.log`` in ``folder`` when it fails.
    """
    log = folder / "duties.log"
    folder.mkdir(parents=True, exist_ok=True)
    first, _ = _cores()
    try:
        with log.open("wb") as errors, _on_cores(first):
            done = subprocess.run(
                [sys.executable, "-m", "service", "duties", "--json", "--seconds", f"{seconds:g}"],
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                timeout=DUTIES_SECONDS + seconds,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise DutiesError(f"measuring the duties took longer than {DUTIES_SECONDS + seconds:.0f} s") from error
    if done.returncode:
        raise DutiesError(_last_words(log) or f"measuring the duties ended with exit code {done.returncode}")
    try:
        found = msgspec.json.decode(done.stdout, type=tuple[Duty, ...])
    except msgspec.DecodeError as error:
        raise DutiesError(f"what the service says of its duties cannot be read: {error}") from error
    log.unlink()
    return found


def load(
    arguments: Sequence[str],
    record: Path,
    on_progress: Show,
) -> None:
    """Run Locust on ``loadtests`` with ``arguments``; it writes ``record``, and ``load.log`` beside it."""
    log = record.with_name("load.log")
    scenarios = Path(__file__).resolve().parent.parent / "loadtests"
    command = [sys.executable, "-m", "locust", "-f", str(scenarios), "--headless", *arguments]
    _, others = _cores()
    progress = Progress()
    with _child([*command, "--run-record", str(record)], log, dict(os.environ), others) as child:
        written = _lines_of(record, child)
        for line in written:
            if line:
                progress.take(line)
            else:
                on_progress(progress)
        code = child.wait()
    if not code:
        return
    if not record.exists():
        reason = _last_words(log)
        log.unlink()
        _remove_if_empty(log.parent)
        raise LoadError(reason or f"the load generator ended with exit code {code}")
    if code < 0:
        raise LoadCutShortError(f"the load generator was ended by signal {-code}; {record} cannot be judged")
    if code == ExitCode.UNJUDGED:
        raise LoadCutShortError(f"the load was stopped before its plan ended; {record} cannot be judged")
    raise LoadError(_last_words(log) or f"the load generator ended with exit code {code}")


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _lines_of(record: Path, child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The record's lines while ``child`` writes them, and an empty one whenever there is none yet."""
    while not record.exists():
        if child.poll() is not None:
            return
        time.sleep(_TICK)
    with record.open("rb") as file:
        unfinished = b""
        ended = False
        while True:
            chunk = file.readline()
            if chunk:
                unfinished += chunk
                if unfinished.endswith(b"\n"):
                    yield unfinished
                    unfinished = b""
            elif ended:
                yield b""
                return
            else:
                ended = child.poll() is not None
                yield b""
                time.sleep(0 if ended else _TICK)


@contextmanager
def _child(
    command: Sequence[str], log: Path, environment: Mapping[str, str], cores: set[int]
) -> Iterator[subprocess.Popen[bytes]]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, _on_cores(cores):
        child = subprocess.Popen(
            list(command), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(environment)
        )
    try:
        yield child
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _await_ready(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise ServiceStartError(_last_words(log) or f"the service ended with exit code {child.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2):  # noqa: S310 - a loopback address of ours
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_TICK)
    raise ServiceStartError(f"the service was not ready within {START_SECONDS:.0f} s; its log is {log}")


def _last_words(log: Path) -> str:
    """What ``log`` ends with: the sentence that a child refused with if there is one, else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    refusals = [line.partition(": ")[2] for line in lines if line.startswith(_REFUSALS)]
    if refusals:
        return refusals[-1]
    try:
        return msgspec.json.decode(lines[-1], type=_LogLine).message if lines else ""
    except msgspec.DecodeError:
        return lines[-1]


def _cores() -> tuple[set[int], set[int]]:
    """The cores of the service and those of the generator."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


@contextmanager
def _on_cores(cores: set[int]) -> Iterator[None]:
    """Children started inside inherit ``cores``; the caller's own are given back."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
