"""Runs Locust as a user starts it, block after block, against a server that is never the bottleneck."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from loadtests._running._machine import facts
from slo import record
from slo.histogram import Histogram
from tests.benchmarks.generator import findings, meter
from tests.benchmarks.generator.findings import FAST, FORMS, OURS, Block, Form, Measured
from tests.benchmarks.peers.processes import cores, on_core

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
USERS = 16
OPEN_SHARE = 0.5
"""The rate of the open model, as a share of what the closed one reached in the warm-up block."""
ACCURACY_RATE = 1000.0
_REST_SECONDS = 1.5
"""By so much a load outlasts the stretch that is measured."""
_START_SECONDS = 60.0


class GeneratorError(Exception):
    """A block could not be measured; the message says why."""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    blocks: int
    block_seconds: float
    accuracy_seconds: float
    warm_seconds: float = 0.5


class Measurement:
    """One run in ``folder``; ``tell`` hears what is being done."""

    def __init__(self, folder: Path, scale: Scale, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._scale = scale
        self._tell = tell
        self._rate = 0.0
        self._url = ""

    def run(self) -> Measured:
        """Everything: a block to warm up, the blocks that count, forwards and backwards in turn, the percentiles."""
        started_at = record.utc_now()
        with _responder() as url:
            self._url = url
            self._tell("warming up")
            self._rate = round(self._block(OURS, 0).per_second * OPEN_SHARE, -2)
            blocks = []
            for number in range(self._scale.blocks):
                for form in FORMS if number % 2 == 0 else FORMS[::-1]:
                    self._tell(f"block {number + 1} of {self._scale.blocks}: {form}")
                    blocks.append(self._block(form, number))
            self._tell("percentiles")
            kept, histogram = self._kept()
        machine, (server, generator) = facts(), cores()
        return Measured(
            started_at=started_at,
            machine=f"{machine.cpu}, {machine.cores} cores, {machine.kernel}",
            python=platform.python_version(),
            locust=version("locust"),
            users=USERS,
            block_seconds=self._scale.block_seconds,
            one_core=server == generator,
            blocks=tuple(blocks),
            percentiles=tuple(findings.percentiles(kept["latencies_ms"], histogram, kept["locust_ms"])),
            latencies=len(kept["latencies_ms"]),
        )

    def _block(self, form: Form, number: int) -> Block:
        if form == FAST:
            whole = math.ceil(self._load_seconds(self._scale.block_seconds))
            load = ["-u", str(USERS), "-r", str(USERS), "-t", f"{whole}s"]
        else:
            load = ["--plan", str(self._plan("closed" if form == OURS else "poisson", self._rate))]
        found = self._locust("fast.py" if form == FAST else "ours.py", load, self._scale.block_seconds)
        counts = {name: round(found[name]) for name in ("requests", "failures")}
        seconds = {name: found[name] for name in ("cpu_seconds", "seconds")}
        return Block(form=form, number=number, **counts, **seconds)

    def _kept(self) -> tuple[dict[str, Any], Histogram]:
        """Every latency of one run at a modest rate, and what its record made of them."""
        path = self._folder / "accuracy.jsonl"
        plan = self._plan("poisson", ACCURACY_RATE, self._scale.accuracy_seconds)
        load = ["--plan", str(plan), "--run-record", str(path)]
        found = self._locust("ours.py", load, self._scale.accuracy_seconds, keep=True)
        cells = record.read(path).cells
        return found, Histogram.merged(Histogram.decode(cell.latency) for cell in cells)

    def _load_seconds(self, seconds: float) -> float:
        return self._scale.warm_seconds + seconds + _REST_SECONDS

    def _plan(self, arrivals: str, rate: float, seconds: float | None = None) -> Path:
        length = self._load_seconds(self._scale.block_seconds if seconds is None else seconds)
        paced = "think_seconds = 0.0" if arrivals == "closed" else f"in_flight = {100 * USERS}"
        stage = f'name = "all"\nseconds = {length}\n' + ("" if arrivals == "closed" else f"rate = {rate}\n")
        path = self._folder / f"{arrivals}-{rate:.0f}.toml"
        path.write_text(
            f'description = "a block"\narrivals = "{arrivals}"\nusers = {USERS}\n{paced}\n'
            f"[[stages]]\n{stage}[mix]\ncomments = 1.0\n"
        )
        return path

    def _locust(self, file: str, load: list[str], seconds: float, *, keep: bool = False) -> dict[str, Any]:
        """What the meter found in a Locust process on the generator's core."""
        result = self._folder / "result.json"
        result.unlink(missing_ok=True)
        variables = {
            meter.RESULT: str(result),
            meter.WARM_UP: str(self._scale.warm_seconds),
            meter.STRETCH: str(seconds),
            meter.KEEP: "1" if keep else "",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "locust", "-f", str(HERE / file), "--headless", "--only-summary"]
        with on_core(cores()[1]):
            child = subprocess.Popen(
                [*command, "--host", self._url, *load],
                cwd=self._folder,
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            output, _ = child.communicate(timeout=self._load_seconds(seconds) + _START_SECONDS)
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.communicate()
            raise GeneratorError(f"{file} did not come to an end") from error
        if child.returncode or not result.exists():
            raise GeneratorError(f"{file} ended with {child.returncode} and measured nothing: {output.strip()[-500:]}")
        found: dict[str, Any] = msgspec.json.decode(result.read_bytes())
        return found


@contextmanager
def _responder() -> Iterator[str]:
    """A running `responder` on the server's core; its address."""
    with on_core(cores()[0]):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.generator.responder"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        port = child.stdout.readline().strip() if child.stdout is not None else ""
        if not port:
            raise GeneratorError("the server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.communicate()
