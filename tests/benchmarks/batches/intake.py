"""``python -m tests.benchmarks.batches.intake``: what a row costs on its way in, stage by stage.

The same rows go three ways, each with one stage more, in CPU seconds of one process:

    lines       bytes to lines of text and to cells
    rows        the same, each row checked by the workload, and gathered into chunks
    packed      the same, and chunks as the database keeps them

and at last over HTTP, from one connection, into the real service on a real PostgreSQL: rows a second of the clock, CPU
seconds of the service's processes, the most memory that one of them had, and whether every row is there.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psutil
import rich_click as click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from service.adapters.packing import packed
from service.core.batches import Row
from service.core.workload import AnyWorkload, BatchRule
from service.intake.csv_rows import CsvRows
from service.intake.json_rows import JsonRows
from service.intake.lines import Lines
from service.intake.reader import PIECE, Form, UploadReader
from service.workloads.comments import WORKLOAD as COMMENTS
from service.workloads.images import WORKLOAD as IMAGES
from tests.service.running import RunningService

PIECE_ROWS = 10_000
"""Rows of the piece that is sent again and again: no chunk holds two alike."""
MEDIA_TYPES = {Form.CSV: "text/csv", Form.NDJSON: "application/x-ndjson"}
WORKLOADS: dict[str, AnyWorkload] = {workload.name: workload for workload in (IMAGES, COMMENTS)}
PATIENCE = 900.0


class Upload(NamedTuple):
    """What was measured of an upload over HTTP."""

    batch: dict[str, Any]
    seconds: float
    cpu: dict[str, float]
    """Seconds by kind of process."""
    peak: int
    """Bytes of the largest process of the service."""
    early: int
    """The same when a tenth of the rows was sent."""


class Case(NamedTuple):
    """What is sent."""

    workload: AnyWorkload
    form: Form

    @property
    def rule(self) -> BatchRule[Any]:
        """Of the workload's rows."""
        assert self.workload.batch is not None
        return self.workload.batch

    @property
    def header(self) -> bytes:
        """What stands before the rows."""
        return f"{self._column},id\n".encode() if self.form is Form.CSV else b""

    def rows(self, number: int) -> bytes:
        """``number`` rows such as shops send them; no two alike."""
        lines = []
        for place in range(number):
            url = f"https://pictures.example/catalogue/{place % 997}/front-{place * 2_654_435_761 % 2**32:08x}.jpg"
            fields = {self._column: url, "id": f"sku-{place}"}
            lines.append(",".join(fields.values()) if self.form is Form.CSV else json.dumps(fields))
        return "".join([f"{line}\n" for line in lines]).encode()

    @property
    def _column(self) -> str:
        return next(iter(self.rule.columns))


def measured(case: Case, rows: int) -> dict[str, float]:
    """CPU seconds a row by stage."""
    content = case.header + case.rows(rows)
    pieces = [content[begin : begin + PIECE] for begin in range(0, len(content), PIECE)]
    return {stage.__name__.strip("_"): stage(case, pieces) / rows for stage in (_lines, _rows, _packed)}


def _lines(case: Case, pieces: Sequence[bytes]) -> float:
    lines = Lines()
    required, *others = case.rule.columns
    columns = {required, *others, "id"}
    reader = CsvRows(required, columns) if case.form is Form.CSV else JsonRows(columns)
    began = time.process_time()
    for piece in pieces:
        reader.rows(lines.feed(piece))
    return time.process_time() - began


def _rows(case: Case, pieces: Sequence[bytes]) -> float:
    began = time.process_time()
    for _ in _chunks(case, pieces):
        pass
    return time.process_time() - began


def _packed(case: Case, pieces: Sequence[bytes]) -> float:
    began = time.process_time()
    for chunk in _chunks(case, pieces):
        packed(chunk)
    return time.process_time() - began


def _chunks(case: Case, pieces: Sequence[bytes]) -> Iterator[Sequence[Row]]:
    reader = UploadReader(case.rule, case.rule.options(), case.form)
    for piece in pieces:
        reader.feed(piece)
        yield from reader.chunks()
    reader.end()
    yield from reader.chunks(rest=True)


def uploaded(service: RunningService, case: Case, rows: int, progress: Progress) -> Upload:
    """Send ``rows`` rows, a multiple of `PIECE_ROWS`, to ``service``."""
    piece, header = case.rows(PIECE_ROWS), case.header
    task = progress.add_task(f"{rows:,} rows as {case.form}", total=rows)
    early = 0

    def body() -> Iterator[bytes]:
        nonlocal early
        yield header
        for sent in range(0, rows, PIECE_ROWS):
            if sent >= rows // 10 and not early:
                early = _peak(processes)
            yield piece
            progress.update(task, completed=sent + PIECE_ROWS)

    processes = [service.supervisor, *service.supervisor.children(recursive=True)]
    before = _cpu(processes)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
    length = len(header) + len(piece) * (rows // PIECE_ROWS)
    began = time.perf_counter()
    headers = {"Content-Type": MEDIA_TYPES[case.form], "Content-Length": str(length)}
    with suppress(BrokenPipeError):  # an answer that comes early says why
        connection.request("POST", f"/v1/batches?workload={case.workload.name}&auto_start=false", body(), headers)
    response = connection.getresponse()
    told = json.loads(response.read())
    seconds = time.perf_counter() - began
    if response.status != 201 or (told["items"], told["refused"]) != (rows, 0):
        raise click.ClickException(f"The batch is not whole: {response.status} {told}")
    after = _cpu([service.supervisor, *service.supervisor.children(recursive=True)])
    cpu = {kind: spent - before.get(kind, 0.0) for kind, spent in after.items()}
    return Upload(told, seconds, cpu, _peak(processes), early)


def _kind(process: psutil.Process) -> str:
    return "postgres" if "postgres" in process.name() else "redis" if "redis" in process.name() else "service"


def _cpu(processes: Sequence[psutil.Process]) -> dict[str, float]:
    spent: dict[str, float] = {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent[_kind(process)] = spent.get(_kind(process), 0.0) + times.user + times.system
    return spent


def _peak(processes: Sequence[psutil.Process]) -> int:
    """The most memory that the kernel saw one process of the service hold."""
    peaks = [0]
    for process in processes:
        with suppress(psutil.NoSuchProcess, FileNotFoundError, StopIteration):
            if _kind(process) == "service":
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                peaks.append(1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))))
    return max(peaks)


def _stages(case: Case, costs: dict[str, float]) -> Table:
    table = Table(title=f"{case.workload.name} as {case.form} in one process")
    for heading in ("as far as", "CPU µs a row", "rows/s"):
        table.add_column(heading, justify="left" if heading == "as far as" else "right")
    for stage, seconds in costs.items():
        table.add_row(stage, f"{seconds * 1e6:,.2f}", f"{1 / seconds:,.0f}")
    return table


@click.command()
@click.option("--workload", type=click.Choice(list(WORKLOADS)), default="images", show_default=True)
@click.option("--form", type=click.Choice(list(Form)), default=Form.CSV, show_default=True, help="How rows are sent.")
@click.option("--rows", type=click.IntRange(PIECE_ROWS), default=1_000_000, show_default=True, help="Over HTTP.")
@click.option("--stage-rows", type=click.IntRange(1_000), default=200_000, show_default=True, help="In one process.")
def main(workload: str, form: str, rows: int, stage_rows: int) -> None:
    """Measure what a row of a batch costs on its way in."""
    console = Console()
    case = Case(WORKLOADS[workload], Form(form))
    console.print(_stages(case, measured(case, stage_rows)))
    rows -= rows % PIECE_ROWS
    with TemporaryDirectory(prefix="intake-") as folder, RunningService(Path(folder)) as service:
        service.wait_until_ready()
        with Progress(console=console) as progress:
            upload = uploaded(service, case, rows, progress)
    rate = rows / upload.seconds
    console.print(f"over HTTP: {rows:,} rows in {upload.seconds:,.1f} s, {rate:,.0f} rows/s; all are there")
    console.print(f"CPU µs a row: {', '.join(f'{kind} {s / rows * 1e6:,.2f}' for kind, s in upload.cpu.items())}")
    console.print(f"most memory: {upload.peak / 1e6:,.0f} MB, after a tenth {upload.early / 1e6:,.0f} MB")
    console.print(f"15,000,000 rows take {15e6 / rate:,.0f} s at this pace")


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.batches.intake")
