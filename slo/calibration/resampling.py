"""Judges thousands of drawn gates: how often one between equal builds fails, and how often a change is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple, Protocol

import numpy as np

from slo.calibration.model import NOTHING, Planted, Power, Ruling, Tally
from slo.calibration.pool import Pool, worse
from slo.duel.metrics import METRICS, Design
from slo.duel.model import Outcome, Samples

SIZES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2)
"""Of the changes that are planted into drawn gates."""
CHUNK = 50
"""Gates that a process judges before it reports."""


class Judge(Protocol):
    """Whoever says what a gate amounts to; it is handed to other processes."""

    @property
    def launches(self) -> int:
        """The most that it looks at."""

    def ruling(self, samples: Samples) -> Ruling:
        """What it says."""


class Plan(NamedTuple):
    """How many gates to draw."""

    gates: int
    """Between equal builds."""
    gates_with_change: int
    """For each metric and size."""
    seed: int


class Resampled(NamedTuple):
    """What came of it."""

    equal: Tally
    failed: Counter[str]
    """How often each metric failed between equal builds."""
    power: tuple[Power, ...]


class _Chunk(NamedTuple):
    planted: Planted
    number: int
    gates: int
    seed: int


class _Result(NamedTuple):
    planted: Planted
    gates: int
    outcomes: Counter[Outcome]
    failed: Counter[str]


def resampled(
    pool: Pool,
    judge: Judge,
    plan: Plan,
    metrics: Iterable[str],
    on_judged: Callable[[int, int], None] = lambda done, total: None,
    processes: int = 1,
) -> Resampled:
    """Draw and judge as ``plan`` says; ``on_judged`` hears of gates done and of all.

    Chunks of the same number draw the same launches for every metric and size, which takes chance out of the
    comparison of sizes. The result depends on the seed and not on ``processes``.
    """
    chunks = list(_chunks(plan, metrics))
    total = sum(chunk.gates for chunk in chunks)
    done = 0
    found: dict[Planted, list[_Result]] = {}
    for result in _judged(pool, judge, chunks, processes):
        found.setdefault(result.planted, []).append(result)
        done += result.gates
        on_judged(done, total)
    equal = found.pop(NOTHING)
    outcomes = sum((result.outcomes for result in equal), Counter[Outcome]())
    return Resampled(
        equal=Tally(gates=plan.gates, failed=outcomes[Outcome.FAILED], undecided=outcomes[Outcome.INCONCLUSIVE]),
        failed=sum((result.failed for result in equal), Counter[str]()),
        power=tuple(
            Power(
                planted=planted,
                found=sum(result.failed[planted.metric] for result in results),
                gates=sum(result.gates for result in results),
            )
            for planted, results in found.items()
        ),
    )


def plantable(samples: Sequence[Samples]) -> list[str]:
    """The metrics of ``samples`` that a change can be put into; a share of failed requests can not be stretched."""
    present = {each.metric for gate in samples for each in gate.series}
    return [name for name, metric in METRICS.items() if name in present and metric.design is not Design.COUNTED]


def _chunks(plan: Plan, metrics: Iterable[str]) -> Iterator[_Chunk]:
    changes = [worse(metric, size) for metric in metrics for size in SIZES]
    for planted, gates in ((NOTHING, plan.gates), *((change, plan.gates_with_change) for change in changes)):
        for number, first in enumerate(range(0, gates, CHUNK)):
            yield _Chunk(planted, number, min(CHUNK, gates - first), plan.seed)


def _judged(pool: Pool, judge: Judge, chunks: Sequence[_Chunk], processes: int) -> Iterator[_Result]:
    if processes == 1:
        yield from (_judged_chunk(pool, judge, chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _remember, (pool, judge)) as executor:
        yield from executor.map(_judged_here, chunks)


def _judged_chunk(pool: Pool, judge: Judge, chunk: _Chunk) -> _Result:
    random = np.random.default_rng([chunk.seed, chunk.number])
    rulings = [judge.ruling(pool.drawn(random, judge.launches, chunk.planted)) for _ in range(chunk.gates)]
    return _Result(
        chunk.planted,
        chunk.gates,
        Counter(ruling.outcome for ruling in rulings),
        Counter(metric for ruling in rulings for metric in ruling.failed),
    )


_remembered: list[tuple[Pool, Judge]] = []


def _remember(pool: Pool, judge: Judge) -> None:
    """In a new process: keep what all its chunks need, which is sent once."""
    _remembered[:] = [(pool, judge)]


def _judged_here(chunk: _Chunk) -> _Result:
    pool, judge = _remembered[0]
    return _judged_chunk(pool, judge, chunk)
