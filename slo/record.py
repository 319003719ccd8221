"""The run record: what a load test saw, as one file of JSON lines.

    header      once, first: plan, seed, commit, machine, target
    cell        per second, stage, workload and route: outcomes, two latency histograms, sizes
    pulse       per second and generator process: intended, started, dropped arrivals, lateness, CPU
    snapshot    the server's own counters at a named moment
    effort      what one side of a duel used in one second; only in duels
    duty        what one duty of the server adds to a request, measured before the load; often none
    footer      once, last: how the run ended. No footer means aborted, and an aborted run cannot pass.

Lines are written as the seconds end, so that a killed run still tells what it saw. All lines of one
kind add up: over seconds, over generator processes, over runs.

Errors, all under `RecordError`:

    RecordError
    ├── NotARecordError       the file is something else, or another format version
    └── RecordCorruptError    a line in the middle cannot be read, or the footer's sums do not add up
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Annotated, Literal, Self

import msgspec

from slo.histogram import Histogram, HistogramError

FORMAT = "loadstone.run/1"
LONGEST_LINE_BYTES = 4_194_304
LARGEST_FILE_BYTES = 1_073_741_824

OK = "ok"
"""The outcome of a request that was answered, and answered rightly. Every other outcome is a failure:
``http-503`` (an unexpected status), ``timeout``, ``refused``, ``reset``, ``wrong-answer`` and the like."""

FILE_NAME = "record.jsonl"
"""What the record is called in a run's folder."""

LONGEST_RUN_S = 1_000_000
"""Eleven days; what counts on a record may take time and memory by the second."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Second = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_RUN_S)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


class RecordError(Exception):
    """A run record cannot be used; ``path`` says which, the message why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NotARecordError(RecordError):
    """The file is no run record of this format."""


class RecordCorruptError(RecordError):
    """The file began as a run record and cannot be trusted any further."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stretch of the plan; the rate runs linearly from ``rate_from`` to ``rate_to`` (arrivals per second).

    In a closed plan nobody sets the rate, and both are 0: the users run from ``users_from`` to ``users_to``.
    """

    name: str
    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_RUN_S)]
    rate_from: Amount
    rate_to: Amount
    judged: bool
    users_from: Amount = 0.0
    users_to: Amount = 0.0
    side: Literal["both", "base", "head"] = "both"
    """In a duel, who gets the requests of this stage."""


class PlanFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was meant to happen."""

    name: str
    description: str
    arrivals: Literal["poisson", "constant", "closed"]
    stages: tuple[Stage, ...]
    mix: dict[str, float]
    objectives: tuple[str, ...] = ()
    pairs: bool = True
    """In a duel, whether of two requests one went to each side; else users kept to their sides, at their own pace."""
    source: str = ""
    """What the plan was asked for by: its name, or the path of its file; empty where nobody noted it."""
    time_scale: Amount = 1.0
    rate_scale: Amount = 1.0
    """By how much the stages here are longer, and their rates higher, than in ``source``."""

    @property
    def seconds(self) -> float:
        """The planned length of the run."""
        return sum(stage.seconds for stage in self.stages)


class MachineFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the generator ran."""

    cpu: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str


class TargetFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was loaded; empty texts where the target did not say."""

    url: str
    version: str = ""
    environment: str = ""
    workers: int = 0


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="header"):
    """The first line."""

    format: str
    id: str
    started_at: str
    """UTC, ISO 8601."""
    seed: int
    commit: str
    """Of the tree the load came from, with ``+dirty`` behind it where that tree had changes; empty if unknown."""
    plan: PlanFacts
    machine: MachineFacts
    target: TargetFacts
    base: TargetFacts | None = None
    """In a duel what ``target`` is compared with, which had half of the requests."""


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="cell"):
    """What happened to the requests of one route whose intended start lies in one second."""

    second: Second
    stage: str
    workload: str
    route: str
    outcomes: dict[str, Count]
    latency: str
    """Answered rightly, from the *intended* start to the end of the answer (`Histogram.encode`)."""
    service: str
    """The same requests, from the actual start."""
    items: Count = 0
    """Units of work in the answers, such as comments."""
    request_bytes: Count = 0
    response_bytes: Count = 0
    side: Literal["", "base", "head"] = ""
    """In a duel, who got these requests."""

    @property
    def requests(self) -> int:
        """Requests that ended, rightly or not."""
        return sum(self.outcomes.values())

    @property
    def failures(self) -> int:
        """Requests that did not end in a right answer."""
        return self.requests - self.outcomes.get(OK, 0)


class Pulse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="pulse"):
    """The health of one generator process in one second."""

    second: Second
    generator: str
    intended: Count
    """Arrivals that the plan put into this second."""
    started: Count
    dropped: Count
    """Arrivals given up, as too many requests were in flight or the generator came to them too late to be of use; a
    failure of the run, not of the target."""
    lateness: str
    """Actual minus intended start of the started ones (`Histogram.encode`)."""
    cpu: Amount
    """The process's CPU use in this second: 1.0 is one whole core."""
    steal: Amount = 0.0
    """The share of the machine's CPU time that its host took away."""
    waiting: Amount = 0.0
    """The share of this second in which the process could have run and had to wait for a core."""
    clock_error: Amount = 0.0
    """Seconds by which its second 0 may lie off the recorder's."""


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="snapshot"):
    """The target's counters, as its ``/metrics`` gave them."""

    moment: Literal["start", "judged", "end"]
    """``judged`` is when the warm-up ended; figures per request are taken from there to ``end``."""
    second: float
    samples: dict[str, float]
    """Series in Prometheus text form, ``name{label="value"}``, to their values."""
    side: Literal["", "base", "head"] = ""


class Effort(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="effort"):
    """What the processes of one side of a duel used in one second."""

    second: Second
    side: Literal["base", "head"]
    cpu: Amount
    """Seconds of CPU time of all of them, user and system."""
    resident_bytes: Count
    """Memory that they hold at the end of the second, summed; pages that two of them share count twice."""


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="duty"):
    """What one duty of the server, such as checking the key, adds to a request; measured in process, in rounds."""

    name: str
    title: str
    """For people: ``checking the key``."""
    added: tuple[float, ...]
    """Seconds for each request, a figure a round; noise may take a small one below zero."""
    reference: tuple[float, ...]
    """Seconds for one turn of a fixed piece of work, in the same rounds: how fast the machine was just then."""

    def __post_init__(self) -> None:
        if len(self.added) != len(self.reference):
            raise ValueError("a duty has as many figures of its own as of the reference")
        if not all(seconds > 0 for seconds in self.reference):
            raise ValueError("the reference of a duty takes time")


class Footer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="footer"):
    """The last line."""

    ended_at: str
    outcome: Literal["completed", "stopped"]
    """``stopped``: somebody ended the run before its plan did."""
    generators: dict[str, Literal["finished", "lost"]]
    cells: Count
    requests: Count
    """Sums over the cells, so that a record with a hole in it is found out."""


Line = Header | Cell | Pulse | Snapshot | Effort | Duty | Footer
"""Any line of a record, told apart by its ``type`` field."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run, in memory."""

    header: Header
    cells: tuple[Cell, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    duties: tuple[Duty, ...] = ()
    efforts: tuple[Effort, ...] = ()
    footer: Footer | None = None

    @property
    def judged_stages(self) -> frozenset[str]:
        """Names of the stages that count."""
        return frozenset(stage.name for stage in self.header.plan.stages if stage.judged)

    def judged(self, *, workload: str | None = None, route: str | None = None) -> Iterator[Cell]:
        """The cells of the judged stages, of one workload or route when given."""
        stages = self.judged_stages
        for cell in self.cells:
            if cell.stage in stages and workload in (None, cell.workload) and route in (None, cell.route):
                yield cell

    def snapshot(self, moment: str) -> Snapshot | None:
        """The server's counters at ``moment``, if they were taken."""
        return next((snapshot for snapshot in self.snapshots if snapshot.moment == moment), None)


def utc_now() -> str:
    """The wall clock as the record writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Writer:
    """Writes a record as the run goes; ``close`` without a `Footer` leaves it aborted, as it should."""

    def __init__(self, path: Path, header: Header) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file: IO[bytes] = path.open("xb")
        self._cells = 0
        self._requests = 0
        self.write(header)

    def write(self, *lines: Header | Cell | Pulse | Snapshot | Effort | Duty) -> None:
        """Append ``lines`` and hand them to the operating system."""
        for line in lines:
            if isinstance(line, Cell):
                self._cells += 1
                self._requests += line.requests
            self._file.write(_encoder.encode(line) + b"\n")
        self._file.flush()

    def finish(
        self,
        outcome: Literal["completed", "stopped"],
        generators: dict[str, Literal["finished", "lost"]],
    ) -> None:
        """Write the footer and close."""
        footer = Footer(
            ended_at=utc_now(),
            outcome=outcome,
            generators=generators,
            cells=self._cells,
            requests=self._requests,
        )
        self._file.write(_encoder.encode(footer) + b"\n")
        self.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write(path: Path, run: Run) -> None:
    """Write a whole run at once."""
    with Writer(path, run.header) as writer:
        writer.write(*run.duties, *run.cells, *run.pulses, *run.efforts, *run.snapshots)
        if run.footer is not None:
            writer.finish(run.footer.outcome, run.footer.generators)


def add_duties(path: Path, duties: Iterable[Duty]) -> None:
    """Put ``duties`` behind the header of the record in ``path``, whose other lines stay as they are, whole or cut."""
    header, *rest = path.read_bytes().splitlines(keepends=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(b"".join((header, *(_encoder.encode(duty) + b"\n" for duty in duties), *rest)))
    unfinished.replace(path)


def located(path: Path) -> Path:
    """The record that ``path`` means: itself, or the one in the run's folder that it names."""
    return path / FILE_NAME if path.is_dir() else path


def read(path: Path) -> Run:
    """The run in ``path``; without a footer it was aborted. A cut last line, as a kill leaves it, is dropped."""
    lines = _lines(path)
    number, line = next(lines, (0, b""))
    if not number:
        raise NotARecordError(path, "the file is empty")
    header = _header(path, line)
    found: dict[type[Line], list[Line]] = {Cell: [], Pulse: [], Snapshot: [], Effort: [], Duty: [], Footer: []}
    for number, line in lines:
        if found[Footer]:
            raise RecordCorruptError(path, f"line {number} comes after the footer")
        if not line.endswith(b"\n"):
            break
        parsed = _parsed(path, number, line)
        if isinstance(parsed, Header):
            raise RecordCorruptError(path, f"line {number} is a second header")
        found[type(parsed)].append(parsed)
    run = Run(
        header=header,
        cells=tuple(line for line in found[Cell] if isinstance(line, Cell)),
        pulses=tuple(line for line in found[Pulse] if isinstance(line, Pulse)),
        snapshots=tuple(line for line in found[Snapshot] if isinstance(line, Snapshot)),
        duties=tuple(line for line in found[Duty] if isinstance(line, Duty)),
        efforts=tuple(line for line in found[Effort] if isinstance(line, Effort)),
        footer=next((line for line in found[Footer] if isinstance(line, Footer)), None),
    )
    _check_sums(path, run)
    return run


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size > LARGEST_FILE_BYTES:
                raise NotARecordError(path, f"{size} bytes are too many for a run record")
            number = 0
            while line := file.readline(LONGEST_LINE_BYTES + 1):
                number += 1
                if len(line) > LONGEST_LINE_BYTES:
                    raise NotARecordError(path, f"line {number} is too long for a run record")
                yield number, line
    except OSError as error:
        raise NotARecordError(path, error.strerror or str(error)) from error


def _header(path: Path, line: bytes) -> Header:
    try:
        named = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotARecordError(path, "this is no run record: its first line is no JSON") from error
    version = named.get("format") if isinstance(named, dict) else None
    if version != FORMAT:
        found = f"its format is {version!r}" if version else "its first line is no header"
        raise NotARecordError(path, f"this is no run record of format {FORMAT!r}: {found}")
    header = _parsed(path, 1, line)
    if not isinstance(header, Header):
        raise NotARecordError(path, "this is no run record: its first line is no header")
    return header


def parse(line: bytes) -> Line:
    """One line of a record, for those who follow a record while it is written; raises `msgspec.DecodeError`."""
    parsed: Line = _decoder.decode(line)
    return parsed


def _parsed(path: Path, number: int, line: bytes) -> Line:
    try:
        parsed = parse(line)
        if isinstance(parsed, Cell):
            _check_histograms((parsed.latency, parsed.service))
        elif isinstance(parsed, Pulse):
            _check_histograms((parsed.lateness,))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, HistogramError) as error:
        raise RecordCorruptError(path, f"line {number}: {error}") from error
    return parsed


def _check_histograms(texts: Iterable[str]) -> None:
    for text in texts:
        Histogram.decode(text)


def _check_sums(path: Path, run: Run) -> None:
    if run.footer is None:
        return
    requests = sum(cell.requests for cell in run.cells)
    if (run.footer.cells, run.footer.requests) != (len(run.cells), requests):
        raise RecordCorruptError(
            path,
            f"the footer counts {run.footer.cells} cells and {run.footer.requests} requests, "
            f"the lines hold {len(run.cells)} and {requests}",
        )
