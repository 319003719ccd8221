"""All forms, serving side by side on one core, each checked to answer rightly before anything is measured."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
import psutil
import uvloop

from service.adapters.embedded import EmbeddedServers
from slo.children import free_port
from tests.benchmarks.peers import answers, bodies, generator, processes
from tests.benchmarks.peers.forms import ROOT, Behind, Form
from tests.benchmarks.peers.generator import Block
from tests.benchmarks.peers.processes import CpuClock, Memory, Server

READY_SECONDS = 120.0
TRIALS = 200
"""Requests by which the process that answers is told from its parent."""
_TICK = 0.2
_PROOFS = (
    '{"comments": ["Muy lento el internet, todos los días se corta 😡"], "quality": "fast"}'.encode(),
    '{"comments": [{"id": "a", "text": "Excelente atención"}, " todo bien ", "👍"], "quality": "fast"}'.encode(),
)
"""What every form must answer as the engine does."""


class PeerError(Exception):
    """A form does not serve, or does not answer rightly; says which and why."""


class Player(msgspec.Struct, frozen=True):
    """A form that serves."""

    form: Form
    port: int
    key: str
    worker: int
    """The process that answers."""
    resting: Memory
    """What it holds before all load."""


class Stage(msgspec.Struct, frozen=True):
    """Who serves, and the Redis server behind them."""

    players: dict[str, Player]
    redis: CpuClock
    one_core: bool
    """Whether servers and generator have to share a core."""


@contextmanager
def staged(chosen: Sequence[Form], folder: Path, tell: Callable[[str], None]) -> Iterator[Stage]:
    """``chosen`` forms and the servers behind them on the first core, while the block, on the second, runs.

    PeerError when one of them does not serve or does not answer rightly.
    """
    first, second = processes.cores()
    with ExitStack() as stack:
        tell("starting PostgreSQL and Valkey")
        with processes.on_core(first):
            servers = stack.enter_context(EmbeddedServers(folder / "data"))
            behind = Behind(servers.start_postgres(), servers.start_valkey())
        candidates = []
        for form in chosen:
            tell(f"starting {form.name}")
            candidates.append(_started(form, behind, stack, folder, first))
        stack.enter_context(processes.on_core(second))
        players = {}
        for candidate in candidates:
            tell(f"waiting for {candidate.form.name}")
            candidate.await_answer()
            candidate.prove()
            players[candidate.form.name] = candidate.player()
        yield Stage(players, CpuClock(_valkey()), first == second)


class _Candidate(msgspec.Struct, frozen=True):
    """A form that was started and has yet to show what it can."""

    form: Form
    server: Server
    port: int
    key: str

    def await_answer(self) -> None:
        """Wait until it answers anything."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.server.has_ended:
                raise PeerError(f"{self.form.name} ended: {_last_line(self.server.log)}")
            try:
                self._ask(_PROOFS[0], 1)
            except OSError:
                time.sleep(_TICK)
                continue
            return
        raise PeerError(f"{self.form.name} does not serve: {_last_line(self.server.log)}")

    def prove(self) -> None:
        """Check its answers, twice each, so that its cache is checked as well as the engine."""
        for proof in _PROOFS:
            block = self._ask(proof, 2)
            if len(block.kept) < 2:
                raise PeerError(f"{self.form.name} does not answer: {_last_line(self.server.log)}")
            for kept in block.kept:
                objection = answers.objection(kept, proof, analyses=self.form.analyses)
                if objection:
                    raise PeerError(f"{self.form.name} answers wrongly: {objection}")

    def player(self) -> Player:
        """Itself, with the process that answers."""
        worker = self.server.busiest(lambda: self._ask(_PROOFS[0], TRIALS))
        return Player(self.form, self.port, self.key, worker, processes.memory_of(worker))

    def _ask(self, body: bytes, times: int) -> Block:
        requests = [bodies.request(body, self.key)] * times
        return uvloop.run(
            generator.closed_loop(self.port, requests, connections=1, seconds=5.0, repeat=False, kept_every=1)
        )


def _started(form: Form, behind: Behind, stack: ExitStack, folder: Path, core: int) -> _Candidate:
    port = free_port()
    try:
        key = form.key(behind)
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise PeerError(f"{form.name} gives no key: {words[-1]}") from error
    variables = form.variables(behind, port, sha256(key.encode()).hexdigest())
    log = folder / f"{form.name.replace(' ', '-')}.log"
    server = stack.enter_context(processes.serving(form.command(port), variables, ROOT, log, core))
    return _Candidate(form, server, port, key)


def _valkey() -> int:
    for process in psutil.Process().children(recursive=True):
        if process.name().startswith("valkey"):
            return process.pid
    raise PeerError("the Valkey server is not there")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
