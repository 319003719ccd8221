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
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from slo import children
from slo.exits import ExitCode
from slo.live import Progress, Show
from slo.record import FILE_NAME, Duty

SCENARIOS = Path(__file__).resolve().parent.parent / "loadtests"
"""The load tests that come with Loadstone."""
PICTURES = "127.0.0.1:8899"
"""Where the load tests have pictures, for the service to fetch."""
DUTIES_SECONDS = 60.0
"""How long measuring the duties may take, beyond what it sets out to take."""
_TICK = 0.2


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


class Service:
    """A service that was started for a run.

    ``cores`` are those of this machine that it may use, ``start_up`` the seconds until it was ready.
    """

    def __init__(self, url: str, child: subprocess.Popen[bytes], log: Path, cores: set[int], start_up: float) -> None:
        self.url = url
        self.cores = cores
        self.start_up = start_up
        self._child = child
        self._log = log

    @property
    def pid(self) -> int:
        """The root of its processes."""
        return self._child.pid

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        below = psutil.Process(self._child.pid).children()
        return [process.pid for process in below if "serve" in process.cmdline()]

    @property
    def loss(self) -> str:
        """How the service ended though nobody asked it to; empty while it is there."""
        code = self._child.poll()
        if code is None:
            return ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"the service ended during the load, with {how}; its log is {self._log}"


@contextmanager
def service(
    folder: Path,
    variables: Mapping[str, str] | None = None,
    *,
    tree: Path | None = None,
    python: Path | None = None,
) -> Iterator[Service]:
    """A service on a free port, with ``service.log`` in ``folder``; its data go when it ends.

    It is that of ``tree``, run by ``python`` on servers of its own, whatever the environment offers; without them that
    of the present folder, run by this interpreter.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="data-", dir=folder)).resolve()
    port = children.free_port()
    outside = () if tree is None else ("DATABASE_URL", "REDIS_URL")
    environment = {
        # Another tree may not know what this is.
        **({"LOADSTONE_FETCH_ALLOW": PICTURES} if tree is None else {}),
        **{name: value for name, value in os.environ.items() if name not in outside},
        "LOADSTONE_HOST": "127.0.0.1",
        "LOADSTONE_PORT": str(port),
        "LOADSTONE_DATA_DIR": str(data),
        **({} if tree is None else {"PYTHONPATH": str(tree.resolve())}),
        **(variables or {}),
    }
    command = [str(python or sys.executable), "-m", "service", "serve"]
    try:
        with answering(command, port, "/health/ready", folder / "service.log", environment, tree=tree) as found:
            yield found
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def answering(
    command: Sequence[str],
    port: int,
    path: str,
    log: Path,
    environment: Mapping[str, str],
    *,
    tree: Path | None = None,
    foreign: bool = False,
) -> Iterator[Service]:
    """What ``command`` serves at ``port``, once it answers at ``path``; raises `ServiceStartError`.

    Of a ``foreign`` one any answer will do, and its whole process group ends with it.
    """
    url = f"http://127.0.0.1:{port}"
    first, _ = children.cores()
    with children.child(command, log, environment, first, folder=tree, leads_group=foreign) as process:
        try:
            seconds = children.await_ready(process, f"{url}{path}", log, any_answer=foreign)
        except children.NotReadyError as error:
            raise ServiceStartError(str(error)) from error
        yield Service(url, process, log, first, seconds)


def duties(folder: Path, seconds: float = 5.0) -> tuple[Duty, ...]:
    """What each duty of this tree's service adds to a request, measured in about ``seconds`` on the service's core.

    Leaves ``duties.log`` in ``folder`` when it fails.
    """
    log = folder / "duties.log"
    folder.mkdir(parents=True, exist_ok=True)
    first, _ = children.cores()
    try:
        with log.open("wb") as errors, children.on_cores(first):
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
        raise DutiesError(children.last_words(log) or f"measuring the duties ended with exit code {done.returncode}")
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
    scenarios: str = str(SCENARIOS),
) -> None:
    """Run Locust on ``scenarios`` with ``arguments``; it writes ``record``, and a log of its name beside it."""
    log = record.with_name("load.log") if record.name == FILE_NAME else record.with_suffix(".log")
    command = [sys.executable, "-m", "locust", "-f", scenarios, "--headless", *arguments]
    _, others = children.cores()
    progress = Progress()
    with children.child([*command, "--run-record", str(record)], log, os.environ, others) as child:
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
        reason = children.last_words(log)
        log.unlink()
        _remove_if_empty(log.parent)
        raise LoadError(reason or f"the load generator ended with exit code {code}")
    if code < 0:
        raise LoadCutShortError(f"the load generator was ended by signal {-code}; {record} cannot be judged")
    if code == ExitCode.UNJUDGED:
        raise LoadCutShortError(f"the load ended before its plan did, or lost a generator; {record} cannot be judged")
    raise LoadError(children.last_words(log) or f"the load generator ended with exit code {code}")


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
