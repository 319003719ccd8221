"""Measures all forms side by side, block by block, under the same load."""

from __future__ import annotations

import gc
import platform
from collections.abc import Callable, Sequence
from random import Random

import msgspec
import numpy as np
import uvloop

from loadtests._running._machine import facts
from slo.record import utc_now
from tests.benchmarks.peers import answers, bodies, generator, processes
from tests.benchmarks.peers.findings import Held, Measured, Pace, Sample
from tests.benchmarks.peers.forms import BULK, CACHED, UNCACHED
from tests.benchmarks.peers.generator import Block
from tests.benchmarks.peers.processes import CpuClock
from tests.benchmarks.peers.stage import Player, Stage

SCENARIOS = (CACHED, UNCACHED, BULK)
PACED = (CACHED, UNCACHED)
COMMENTS = {UNCACHED: 1, BULK: bodies.BULK_COMMENTS}
MOST_A_SECOND = {UNCACHED: 12_000, BULK: 1_000}
"""Bodies that are prepared for each second of a block; a form that is faster ends its block early."""
PACE_SHARE = 0.5
"""The rate of the open loop, as a share of what the slowest form reached in the closed one."""
PACE_CONNECTIONS = 64
SEED = 20_261


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    blocks: int
    block_seconds: float
    paced_blocks: int
    paced_seconds: float
    warm_seconds: float = 0.5
    connections: int = 16


def order(block: int, names: Sequence[str]) -> list[str]:
    """The order of one block: forwards and backwards in turn, so that a drift of the machine meets all alike."""
    return list(names) if block % 2 == 0 else list(reversed(names))


class Measurement:
    """One run over ``stage``; ``tell`` hears what is being done."""

    def __init__(self, stage: Stage, scale: Scale, tell: Callable[[str], None]) -> None:
        self._players = stage.players
        self._redis = stage.redis
        self._one_core = stage.one_core
        self._scale = scale
        self._tell = tell
        self._samples: list[Sample] = []
        self._paces: list[Pace] = []
        self._checked = 0
        self._wrong: list[str] = []
        self._unheard = {name: bodies.Unheard(comments, SEED) for name, comments in COMMENTS.items()}

    def run(self) -> Measured:
        """Everything, in the order: warm-up, cost of each scenario, latency at a given rate, memory."""
        started_at = utc_now()
        for scenario in SCENARIOS:
            self._tell(f"warming up: {scenario}")
            self._closed_round(scenario, self._scale.warm_seconds, block=None)
        for scenario in SCENARIOS:
            for block in range(self._scale.blocks):
                self._tell(f"cost, {scenario}: block {block + 1} of {self._scale.blocks}")
                self._closed_round(scenario, self._scale.block_seconds, block)
        for scenario in PACED:
            rate = PACE_SHARE * self._slowest(scenario)
            for block in range(self._scale.paced_blocks):
                self._tell(f"latency at {rate:.0f}/s, {scenario}: block {block + 1} of {self._scale.paced_blocks}")
                self._open_round(scenario, rate, block)
        machine = facts()
        return Measured(
            started_at=started_at,
            machine=f"{machine.cpu}, {machine.cores} cores, {machine.kernel}",
            python=platform.python_version(),
            connections=self._scale.connections,
            one_core=self._one_core,
            blocks=self._scale.blocks,
            block_seconds=self._scale.block_seconds,
            samples=tuple(self._samples),
            paces=tuple(self._paces),
            held=tuple(_held(player) for player in self._players.values()),
            checked_answers=self._checked,
            wrong_answers=tuple(self._wrong),
        )

    def _bodies(self, scenario: str, number: int) -> list[bytes]:
        return bodies.cached() if scenario == CACHED else self._unheard[scenario].take(number)

    def _closed_round(self, scenario: str, seconds: float, block: int | None) -> None:
        """One block of every form, with the same bodies; without a number it is not counted."""
        sent = self._bodies(scenario, int(MOST_A_SECOND.get(scenario, 0) * seconds))
        for name in order(block or 0, list(self._players)):
            player = self._players[name]
            if scenario in player.form.scenarios:
                sample = self._closed(player, scenario, sent, seconds, block or 0)
                if block is not None:
                    self._samples.append(sample)

    def _closed(self, player: Player, scenario: str, sent: Sequence[bytes], seconds: float, number: int) -> Sample:
        requests = [bodies.request(body, player.key) for body in sent]
        worker = CpuClock(player.worker)
        cpu, redis = worker.read(), self._redis.read()
        block = _undisturbed(
            lambda: uvloop.run(
                generator.closed_loop(
                    player.port,
                    requests,
                    connections=self._scale.connections,
                    seconds=seconds,
                    repeat=scenario == CACHED,
                )
            )
        )
        cpu, redis = worker.read() - cpu, self._redis.read() - redis
        self._check(player, sent, block)
        return Sample(
            scenario=scenario,
            form=player.form.name,
            block=number,
            sent=block.sent,
            answered=block.answered,
            failed=block.failed,
            seconds=block.seconds,
            worker_cpu_seconds=cpu,
            redis_cpu_seconds=redis,
            generator_cpu_seconds=block.generator_cpu_seconds,
            received_bytes=block.received_bytes,
        )

    def _open_round(self, scenario: str, rate: float, number: int) -> None:
        """One block of every form, with the same arrivals and bodies."""
        dues = bodies.arrivals(rate, self._scale.paced_seconds, SEED + number)
        sent = self._bodies(scenario, len(dues))
        Random(number).shuffle(sent)
        for name in order(number, list(self._players)):
            player = self._players[name]
            if player.form.paced:
                self._paces.append(self._open(player, scenario, sent, dues, number))

    def _open(self, player: Player, scenario: str, sent: Sequence[bytes], dues: Sequence[float], number: int) -> Pace:
        requests = [bodies.request(body, player.key) for body in sent]
        block = _undisturbed(
            lambda: uvloop.run(generator.open_loop(player.port, requests, dues, connections=PACE_CONNECTIONS))
        )
        self._check(player, sent, block)
        p50, p99, longest = np.quantile(block.latencies or [0.0], [0.5, 0.99, 1.0]) * 1000
        return Pace(
            scenario=scenario,
            form=player.form.name,
            block=number,
            rate_per_s=len(dues) / self._scale.paced_seconds,
            sent=block.sent,
            answered=block.answered,
            failed=block.failed,
            p50_ms=float(p50),
            p99_ms=float(p99),
            longest_ms=float(longest),
            lateness_p99_ms=float(np.quantile(block.lateness or [0.0], 0.99)) * 1000,
        )

    def _slowest(self, scenario: str) -> float:
        """Answers a second of the slowest form that is paced, in its median block."""
        reached = []
        for player in self._players.values():
            if player.form.paced:
                own = [each for each in self._samples if (each.scenario, each.form) == (scenario, player.form.name)]
                reached.append(float(np.median([sample.answered / sample.seconds for sample in own])))
        return min(reached)

    def _check(self, player: Player, sent: Sequence[bytes], block: Block) -> None:
        for kept in block.kept:
            self._checked += 1
            objection = answers.objection(kept, sent[kept.request], analyses=player.form.analyses)
            if objection:
                self._wrong.append(f"{player.form.name}: {objection}")


def _undisturbed(block: Callable[[], Block]) -> Block:
    """``block()`` without a garbage collection of the generator in it."""
    gc.collect()
    gc.disable()
    try:
        return block()
    finally:
        gc.enable()


def _held(player: Player) -> Held:
    memory = processes.memory_of(player.worker)
    return Held(
        form=player.form.name,
        resting_bytes=player.resting.resident_bytes,
        resident_bytes=memory.resident_bytes,
        proportional_bytes=memory.proportional_bytes,
    )
